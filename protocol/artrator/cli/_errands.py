"""Ids that outlive a command, as those of the desktop do: the same wish asked again is done once.

An id is on the disk before anything is asked. An answer or a refusal ends it. Where neither came (the line broke, the
command was killed), the same command within a day carries the same id.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from artrator.canonical import canonical_json, sha256
from artrator.errors import ArtratorError, Code
from artrator.profile import Profile, write_atomically

#: After these nobody knows whether it was done.
_UNANSWERED: Final = frozenset({Code.INTERNAL, Code.REGISTRY_UNREACHABLE, Code.STORAGE_BUSY})
_DAY: Final = 86_400.0


@contextlib.contextmanager
def errand(kind: str, **wish: str | int | bool) -> Iterator[str]:
    """The id under which something is asked of the profile's registry, kept until the block has an answer.

    Args:
        kind: What is asked.
        wish: All that makes it this wish and no other.
    """
    profile = Profile()
    whose = {"registry": profile.registry_url or "", "api_key": os.environ.get("ARTRATOR_API_KEY", "")}
    file = profile.folder / "errands" / sha256(canonical_json({"kind": kind, "wish": wish, **whose}))[-32:]
    made = _unanswered(file)
    if made is None:
        made = str(uuid.uuid4())
        write_atomically(file, made.encode())
    try:
        yield made
    except ArtratorError as problem:
        if problem.code not in _UNANSWERED:
            file.unlink(missing_ok=True)
        raise
    file.unlink(missing_ok=True)


def _unanswered(file: Path) -> str | None:
    """The id of the same wish, if it had no answer today; older ones are forgotten."""
    for old in file.parent.glob("*"):
        with contextlib.suppress(OSError):
            if not 0 <= time.time() - old.stat().st_mtime < _DAY:
                old.unlink()
    try:
        return str(uuid.UUID(file.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return None
