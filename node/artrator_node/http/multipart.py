"""``multipart/form-data`` as a stream of part events: nothing is kept, so nothing can fill the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from artrator.errors import ArtratorError, Code

if TYPE_CHECKING:  # the library has the name for type checkers only
    from python_multipart.multipart import MultipartCallbacks

#: A part's name is ``job`` or a digest; its headers are short.
_MAX_NAME: Final = 100


@dataclass(frozen=True)
class PartBegin:
    """A part begins."""

    name: str


@dataclass(frozen=True)
class PartData:
    """Some bytes of the part that began last."""

    data: bytes


@dataclass(frozen=True)
class PartEnd:
    """The part that began last is whole."""


PartEvent = PartBegin | PartData | PartEnd


async def part_events(stream: AsyncIterator[bytes], content_type: str, max_bytes: int) -> AsyncIterator[PartEvent]:
    """Read a body part by part.

    Raises:
        ArtratorError: ``request_invalid`` for a malformed body, ``request_too_large`` beyond ``max_bytes``.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary or len(boundary) > 200:
        raise ArtratorError(Code.REQUEST_INVALID, "A job is sent as multipart/form-data.")
    collector = _Collector()
    parser = MultipartParser(boundary, collector.callbacks())
    seen = 0
    async for chunk in stream:
        seen += len(chunk)
        if seen > max_bytes:
            raise ArtratorError(
                Code.REQUEST_TOO_LARGE, f"The request is larger than {max_bytes >> 20} MiB.", limit=max_bytes
            )
        try:
            parser.write(chunk)
        except MultipartParseError as error:
            raise _malformed() from error
        for event in collector.take():
            yield event
    try:
        parser.finalize()
    except MultipartParseError as error:
        raise _malformed() from error
    if not collector.ended:
        raise ArtratorError(Code.REQUEST_INVALID, "The request ended in the middle.")


class _Collector:
    """Turns the parser's callbacks into events."""

    def __init__(self) -> None:
        self.ended = False
        self._events: list[PartEvent] = []
        self._field = bytearray()
        self._value = bytearray()
        self._name: str | None = None

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def take(self) -> list[PartEvent]:
        events, self._events = self._events, []
        return events

    def _part_begin(self) -> None:
        self._name = None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._field).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode("latin-1")
        self._field.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        if not self._name or len(self._name) > _MAX_NAME:
            raise ArtratorError(Code.REQUEST_INVALID, "Every part of a request has a name.")
        self._events.append(PartBegin(self._name))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartData(data[start:end]))

    def _part_end(self) -> None:
        self._events.append(PartEnd())

    def _end(self) -> None:
        self.ended = True


def _malformed() -> ArtratorError:
    return ArtratorError(Code.REQUEST_INVALID, "The request's parts could not be read.")
