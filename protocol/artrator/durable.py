"""Names that survive a power cut: a file that was synced is lost all the same if its folder forgets its name."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk. Windows keeps them by itself, and opens no folder."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(scratch: Path, path: Path) -> None:
    """Give a written and synced file its name; on return the file is there after a power cut, whole, under it."""
    scratch.replace(path)
    sync_folder(path.parent)
