"""A job and its outputs in one answer (``multipart/mixed``), read by the lengths that its parts say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from artrator.clients._http import MisbehavedError

_BOUNDARY: Final = re.compile(r'multipart/mixed; *boundary="?([A-Za-z0-9._-]{1,70})"?', re.IGNORECASE)
#: The lines of one part's headers, and how many parts there may be: a job and what it delivers.
_MAX_HEADERS: Final = 1024
_MAX_PARTS: Final = 1001


def read_mixed(content_type: str, content: bytes) -> Sequence[bytes] | None:
    """The parts in their order; None if the answer is of another type.

    Raises:
        MisbehavedError: The parts are not as they say.
    """
    found = _BOUNDARY.fullmatch(content_type)
    if found is None:
        return None
    mark, at = b"--" + found[1].encode(), 0
    parts: list[bytes] = []
    while not content.startswith(mark + b"--", at):
        head = content.find(b"\r\n\r\n", at, at + _MAX_HEADERS)
        if not content.startswith(mark + b"\r\n", at) or head < 0 or len(parts) == _MAX_PARTS:
            raise MisbehavedError("sends an answer in parts that cannot be told apart")
        begin = head + 4
        end = begin + _length(content[at:head])
        if content[end : end + 2] != b"\r\n":
            raise MisbehavedError("sends a part that is not as long as it says")
        parts.append(content[begin:end])
        at = end + 2
    return parts


def _length(headers: bytes) -> int:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(value) < 12:
            return int(value)
    raise MisbehavedError("sends a part without its length")
