"""Receiving a job: its request first and through the gate, then its files, streamed to the spool and digested.

A request without files is JSON alone. One with files is multipart: the part ``job`` is that same JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import pydantic

from artrator.errors import ArtratorError, Code
from artrator.messages.node import FileRef, JobRequest
from artrator_node.files import Spool, disk_errors
from artrator_node.http.antechamber import JobText
from artrator_node.http.multipart import PartBegin, PartData, PartEnd, PartEvent

#: The frames of a film, as many masks and as many guides.
_MAX_FILES: Final = 2048


@dataclass(frozen=True)
class Expected:
    """The files that a request refers to, by hex SHA-256; ``None`` in its place means that none need be read."""

    files: Mapping[str, FileRef] = field(default_factory=dict)


@dataclass(frozen=True)
class Upload:
    """A request that arrived whole; its files, if it has any, are in a folder of the spool."""

    request: JobRequest
    folder: Path | None = None


async def receive_alone(
    body: AsyncIterator[bytes], text: JobText, examine: Callable[[JobRequest], Awaitable[Expected | None]]
) -> Upload | JobRequest:
    """Read a job that is sent as JSON; like ``receive``, for requests without files."""
    async for chunk in body:
        text.add(chunk)
    request = _request(text)
    expected = await examine(request)
    if expected is None:
        return request
    if expected.files:
        raise ArtratorError(Code.REQUEST_INVALID, "A request with files is sent as multipart/form-data.")
    return Upload(request)


async def receive(
    parts: AsyncIterator[PartEvent],
    spool: Spool,
    text: JobText,
    examine: Callable[[JobRequest], Awaitable[Expected | None]],
) -> Upload | JobRequest:
    """Read a job's parts.

    Args:
        parts: The body's part events.
        spool: Where files go.
        text: Where the request itself is kept until it is whole.
        examine: Called with the request before any file is read; raises to refuse, answers None if the files do
            not matter (the job is known already): then the rest of the body is read and forgotten.

    Raises:
        ArtratorError: ``request_invalid``, ``request_too_large``, ``disk_full``, ``node_busy``, or what ``examine``
            raises.
    """
    request = await _job_part(parts, text)
    expected = await examine(request)
    if expected is None:
        async for _ in parts:
            pass
        return request
    if not expected.files:
        async for _ in parts:
            raise _no_such_part()
        return Upload(request)
    with disk_errors("the request"):
        folder = spool.begin()
    try:
        await _file_parts(parts, folder, expected.files)
    except BaseException:
        spool.drop(folder)
        raise
    return Upload(request, folder)


def file_references(inputs: Mapping[str, Any]) -> Mapping[str, FileRef]:
    """Every file that the inputs refer to, by digest.

    Raises:
        ArtratorError: ``request_invalid`` for a malformed reference.
    """
    found: dict[str, FileRef] = {}
    for name, value in inputs.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict):
                continue
            try:
                reference = FileRef.model_validate(item)
            except pydantic.ValidationError as error:
                raise ArtratorError(
                    Code.REQUEST_INVALID, f"The input {name!r} does not name a file as it should.", input=name
                ) from error
            if found.setdefault(reference.sha256, reference).size != reference.size:
                raise ArtratorError(Code.REQUEST_INVALID, f"The input {name!r} gives one file two sizes.", input=name)
    if len(found) > _MAX_FILES:
        raise ArtratorError(Code.REQUEST_TOO_LARGE, f"A request has at most {_MAX_FILES} files.", limit=_MAX_FILES)
    return found


async def _job_part(parts: AsyncIterator[PartEvent], text: JobText) -> JobRequest:
    first = await anext(parts, None)
    if first != PartBegin("job"):
        raise ArtratorError(Code.REQUEST_INVALID, "The first part of a request must be 'job'.")
    async for event in parts:
        if isinstance(event, PartEnd):
            break
        assert isinstance(event, PartData)  # noqa: S101  # parts do not nest
        text.add(event.data)
    return _request(text)


def _request(text: JobText) -> JobRequest:
    try:
        return JobRequest.model_validate_json(bytes(text))
    except pydantic.ValidationError as error:
        first_problem = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first_problem["loc"]) or "(whole)"
        # "from None": pydantic's message quotes the prompt, and a traceback would carry it into a log.
        raise ArtratorError(
            Code.REQUEST_INVALID, f"The field {where} of the job is wrong: {first_problem['msg']}.", field=where
        ) from None


async def _file_parts(parts: AsyncIterator[PartEvent], folder: Path, expected: Mapping[str, FileRef]) -> None:
    missing = dict(expected)
    file: _Incoming | None = None
    try:
        async for event in parts:
            if isinstance(event, PartBegin):
                reference = missing.pop(event.name, None)
                if reference is None:
                    raise _no_such_part()
                file = _Incoming(reference, folder)
            elif file is None:
                continue
            elif isinstance(event, PartData):
                await asyncio.to_thread(file.write, event.data)
            else:
                file.finish()
                file = None
    finally:
        if file is not None:
            file.close()
    if missing:
        raise ArtratorError(Code.REQUEST_INVALID, f"{len(missing)} of the request's files did not come with it.")


def _no_such_part() -> ArtratorError:
    return ArtratorError(Code.REQUEST_INVALID, "The request has a part that no input refers to.")


class _Incoming:
    """One file on its way to the spool: never longer than it said, and digested as it comes."""

    def __init__(self, reference: FileRef, folder: Path) -> None:
        self._reference = reference
        self._digest = hashlib.sha256()
        self._left = reference.size
        with disk_errors("the request"):
            self._file: BinaryIO = (folder / reference.sha256).open("wb")

    def write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise ArtratorError(Code.REQUEST_INVALID, "A file of the request is longer than it was said to be.")
        self._digest.update(data)
        with disk_errors("the request"):
            self._file.write(data)

    def finish(self) -> None:
        self.close()
        if self._left or self._digest.hexdigest() != self._reference.sha256:
            raise ArtratorError(Code.REQUEST_INVALID, "A file of the request is not the one that its digest names.")

    def close(self) -> None:
        with disk_errors("the request"):
            self._file.close()
