"""Bodies of any bytes, cut anywhere: a request, or a refusal of the catalogue; never anything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artrator.errors import ArtratorError, Code
from artrator.messages.node import FileRef, JobRequest
from artrator_node.files import Spool
from artrator_node.http.antechamber import Antechamber
from artrator_node.http.multipart import PartBegin, PartData, part_events
from artrator_node.http.upload import Expected, Upload, file_references, receive

TYPE = "multipart/form-data; boundary=frontier"
SHA = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of b"foo"
JOB = (
    '{"ticket": "t", "salt": "' + "A" * 43 + '", "body": {"package": "p", "inputs": {"start": '
    '{"sha256": "' + SHA + '", "size": 3, "media_type": "image/png"}}}}'
)
BODY = (
    "--frontier\r\n"
    'Content-Disposition: form-data; name="job"; filename="job.json"\r\n'
    "Content-Type: application/json\r\n\r\n"
    f"{JOB}\r\n"
    "--frontier\r\n"
    f'Content-Disposition: form-data; name="{SHA}"; filename="{SHA}"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
    "foo\r\n"
    "--frontier--\r\n"
).encode()


# A server reads header bytes as Latin-1.
_HEADER = st.text(st.characters(max_codepoint=255), max_size=40)


async def _chunks(data: bytes, cuts: Sequence[int]) -> AsyncIterator[bytes]:
    at = 0
    for cut in sorted({*(cut for cut in cuts if cut < len(data)), len(data)}):
        yield data[at:cut]
        at = cut


def receives(data: bytes, cuts: Sequence[int], folder: Path, content_type: str = TYPE) -> Upload | ArtratorError:
    async def examine(request: JobRequest) -> Expected:
        return Expected(file_references(request.body.inputs))

    async def run() -> Upload | JobRequest:
        parts = part_events(_chunks(data, cuts), content_type, 10_000)
        async with asyncio.timeout(60) as clock:
            with Antechamber().enter(clock) as text:
                return await receive(parts, Spool(folder), text, examine)

    try:
        found = asyncio.run(run())
    except ArtratorError as error:
        return error
    assert isinstance(found, Upload)
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(BODY)), max_size=12))
def test_a_whole_body_is_read_however_it_is_cut(tmp_path_factory: object, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("spool")  # type: ignore[attr-defined]
    found = receives(BODY, cuts, folder)
    assert isinstance(found, Upload)
    assert (found.folder / SHA).read_bytes() == b"foo"


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(BODY)), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=4),
    st.lists(st.integers(0, len(BODY)), max_size=4),
)
def test_a_changed_body_is_a_request_or_refused(
    tmp_path_factory: object, edits: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    data = BODY
    for at, length, new in edits:
        data = data[:at] + new + data[at + length :]
    found = receives(data, cuts, tmp_path_factory.getbasetemp() / "spool")  # type: ignore[attr-defined]
    if isinstance(found, Upload):
        assert (found.folder / SHA).read_bytes() == b"foo"
    else:
        assert found.code in (Code.REQUEST_INVALID, Code.REQUEST_TOO_LARGE)


@settings(max_examples=80, deadline=None)
@given(_HEADER | _HEADER.map(lambda text: "multipart/form-data; boundary=" + text))
def test_any_content_type_is_read_or_refused(tmp_path_factory: object, content_type: str) -> None:
    found = receives(BODY, [], tmp_path_factory.getbasetemp() / "spool", content_type)  # type: ignore[attr-defined]
    assert isinstance(found, Upload) or found.code is Code.REQUEST_INVALID


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_header_of_a_part_is_read_or_refused(header: bytes) -> None:
    async def run() -> list[object]:
        body = b"--frontier\r\nContent-Disposition: " + header + b"\r\n\r\nx\r\n--frontier--\r\n"
        return [event async for event in part_events(_chunks(body, []), TYPE, 10_000)]

    try:
        events = asyncio.run(run())
    except ArtratorError as error:
        caught: ArtratorError | None = error
    else:
        caught = None
        assert all(isinstance(event, PartBegin | PartData) or event for event in events)
    assert caught is None or caught.code is Code.REQUEST_INVALID


@given(st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists)))
def test_whatever_stands_in_inputs_is_no_file_or_a_rightly_named_one(inputs: dict[str, object]) -> None:
    assert all(isinstance(found, FileRef) for found in file_references(inputs).values())


def test_whoever_takes_up_most_leaves_first_and_the_room_is_never_overfull() -> None:
    async def run() -> None:
        antechamber = Antechamber(room=10)

        async def waits(size: int) -> str:
            try:
                async with asyncio.timeout(60) as clock:
                    with antechamber.enter(clock) as text:
                        text.add(bytes(size))
                        await asyncio.sleep(30)
            except TimeoutError:
                return f"{size} left, {len(text)} kept"
            raise AssertionError

        small, large = (asyncio.ensure_future(waits(size)) for size in (2, 7))
        await asyncio.sleep(0)
        with antechamber.enter(asyncio.timeout(60)) as text:
            text.add(bytes(3))  # five, and seven would be too much
            assert await large == "7 left, 0 kept"
            text.add(bytes(5))
            assert (len(text), small.done()) == (8, False)
            antechamber.leave(text)  # known: no stranger's any more
            antechamber.leave(text)
            text.add(bytes(50))
            assert not text.sent_away
        small.cancel()
        await asyncio.gather(small, return_exceptions=True)
        await _refused_itself(Antechamber(room=10))

    asyncio.run(run())


async def _refused_itself(antechamber: Antechamber) -> None:
    async with asyncio.timeout(60) as clock:
        with antechamber.enter(clock) as text:
            with pytest.raises(ArtratorError) as caught:
                text.add(bytes(11))
            assert (caught.value.code, len(text)) == (Code.NODE_BUSY, 0)
            clock.reschedule(None)
