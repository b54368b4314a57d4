"""Verify a folder again without reading it again, where the system can tell that nothing of it has changed.

A signature is checked by hashing every byte, and a package of several gigabytes is loaded many times a day. What a
write leaves behind on a file cannot be taken back by whoever wrote: its number, its size, and the time of its last
change, which only the clock of the machine moves. While all of them are as they were when this process hashed the
file, so are its bytes. A disk that rots under a file at rest is found at the next start of the process.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from artrator.errors import ArtratorError
from artrator.package.folder import VerifiedPackage, verify
from artrator.package.tree import SIGNATURE_NAME, scan

if TYPE_CHECKING:  # a worker reads packages without the libraries that signing takes
    from artrator.keys import PublicKey

#: Device, number, size, and when the bytes and the entry itself were last changed.
Identity: TypeAlias = tuple[int, int, int, int, int]

#: A file system may note times no finer than this, so a file that is younger could change and look the same.
_YOUNG_SECONDS: Final = 3.0
#: Folders that are remembered. One more, and the one that was verified longest ago is forgotten.
_REMEMBERED: Final = 1000


@dataclass(frozen=True)
class _Seen:
    package: VerifiedPackage
    files: dict[str, Identity]


_seen: Final[dict[tuple[Path, str], _Seen]] = {}
_lock: Final = threading.Lock()


def verify_again(folder: Path, key: PublicKey) -> VerifiedPackage:
    """As ``verify``, but a folder that this process has verified and that has not changed is not read.

    Raises:
        ArtratorError: as of ``verify``.
    """
    place = folder.resolve(), key.id
    now = _identities(folder)
    with _lock:
        seen = _seen.get(place)
    if seen is not None and now is not None and seen.files == now:
        return seen.package
    package = verify(folder, key)
    with _lock:
        _seen.pop(place, None)
        # Only if it is the same before and after, and old enough that a change would show.
        if now is not None and _identities(folder) == now and _are_old(now):
            _seen[place] = _Seen(package, now)
            while len(_seen) > _REMEMBERED:
                del _seen[next(iter(_seen))]
    return package


def identity(path: Path) -> Identity:
    """What changes when the file does; raises OSError. Links are not followed."""
    found = path.lstat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _identities(folder: Path) -> dict[str, Identity] | None:
    """Of every file; None if the folder is not as a package must be, which ``verify`` puts into words."""
    try:
        files, problems = scan(folder)
        if problems:
            return None
        return {name: identity(folder / name) for name in (SIGNATURE_NAME, *(file.name for file in files))}
    except (OSError, ArtratorError):
        return None


def _are_old(files: dict[str, Identity]) -> bool:
    youngest = max(max(found[3], found[4]) for found in files.values())
    return time.time() - youngest / 1e9 > _YOUNG_SECONDS
