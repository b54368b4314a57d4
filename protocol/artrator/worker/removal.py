"""Remove a folder that a stranger filled.

``shutil.rmtree`` goes down with the folders, and a thousand of them inside each other are deeper than Python may go or
a path may be long.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def remove_folder(folder: Path) -> None:
    """Remove ``folder`` with all that is in it, as far as the system allows. Links are removed, never followed."""
    count = 0
    try:
        waiting = _emptied(folder)
        while waiting:
            # What lies two floors down is moved up, so that no path grows long and nothing here goes deep.
            inner = waiting.pop()
            with contextlib.suppress(OSError):
                for name in _emptied(inner):
                    count += 1
                    moved = folder / f".{count}-{os.urandom(4).hex()}"
                    name.rename(moved)
                    waiting.append(moved)
                inner.rmdir()
        folder.rmdir()
    except OSError:
        return


def _emptied(folder: Path) -> list[Path]:
    """Remove the files of a folder; returns the folders in it."""
    folder.chmod(0o700)
    folders = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            else:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()
    return folders
