"""A picture's bytes, handed to a decoder in so many pieces at most.

Decoders walk through the pieces of a file (chunks, markers, blocks) one by one in Python. A file of millions of empty
pieces is small and holds no pixels, and keeps a processor busy for minutes; each of its pieces takes a read.
"""

from __future__ import annotations

import io
from typing import Final

#: For what surrounds the pixels: text, profiles, thumbnails, camera notes.
_FEWEST: Final = 50_000
#: The pixels themselves: four reads for a piece of two KiB, where common programs write eight or more.
_BYTES_A_READ: Final = 512


class TooManyPiecesError(Exception):
    """The file is made of more pieces than any program would write."""


class MeteredBytes(io.BytesIO):
    """A file in memory that may be read so often, for its size."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = _FEWEST + len(data) // _BYTES_A_READ

    def read(self, size: int | None = -1, /) -> bytes:
        """Some bytes.

        Raises:
            TooManyPiecesError: It has been read too often.
        """
        self._left -= 1
        if self._left < 0:
            raise TooManyPiecesError
        return super().read(size)
