"""A graph on its way into onnxruntime in pieces, so that nobody holds all of its bytes beside what is made of them.

Given bytes, onnxruntime keeps three copies of every weight for a moment: the bytes, a copy of its own, and what it
reads from that. Given a path, it reads as it goes. The path here is that of a pipe, because a file can change after it
was verified: what goes through the pipe is what was hashed on the way, and it has no end before it is known to be what
was signed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, TypeAlias

#: Makes the bytes of a graph from the beginning, in pieces. What it raises comes out of ``feed``.
Pieces: TypeAlias = Callable[[], Iterator[bytes]]

_PIECE: Final = 1 << 20
#: No field of a protobuf message begins like this, so that what was cut off is refused and never taken for a whole.
_NO_FIELD: Final = b"\x07" * 16


def cut(model: bytes) -> Iterator[bytes]:
    """Bytes in pieces."""
    for begin in range(0, len(model), _PIECE):
        yield model[begin : begin + _PIECE]


@cache
def can_feed() -> bool:
    """Whether a pipe has a path here that this process may open."""
    if sys.platform != "linux":
        return False
    reading, writing = os.pipe()
    try:
        os.close(os.open(_path(reading), os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    finally:
        os.close(reading)
        os.close(writing)
    return True


@contextlib.contextmanager
def feed(pieces: Pieces) -> Iterator[str]:
    """A path from which the pieces can be read once, by whoever opens it inside.

    Raises:
        Exception: What ``pieces`` raised, at the end; the reader was then given what is no graph.
    """
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def write() -> None:
        try:
            for piece in pieces():
                _write(writing, piece)
        except BrokenPipeError:
            pass  # the reader has had enough
        except Exception as error:
            failed.append(error)
            with contextlib.suppress(BrokenPipeError):
                _write(writing, _NO_FIELD)
        finally:
            os.close(writing)

    writer = threading.Thread(target=write, name="feed")
    writer.start()
    try:
        yield _path(reading)
    except Exception:
        _end(reading, writer)
        if failed:
            raise failed[0] from None
        raise
    except BaseException:
        _end(reading, writer)
        raise
    _end(reading, writer)
    if failed:
        raise failed[0]


def _end(reading: int, writer: threading.Thread) -> None:
    os.close(reading)  # whoever still writes is told that nobody reads
    writer.join()


def _write(descriptor: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


def _path(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"
