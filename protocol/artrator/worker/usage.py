"""How much a process and a folder hold at this moment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

#: More files than this count as over any limit: measuring them would itself cost too much.
_MAX_FILES: Final = 5000


def resident_bytes(pid: int) -> int:
    """The host memory of a process; 0 where the system has no ``/proc``."""
    if sys.platform == "win32":
        return 0
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def folder_bytes(folder: Path, limit: int) -> int:
    """What a folder takes on the disk; stops counting above ``limit``. Links are not followed.

    What cannot be looked into counts as over the limit: a folder made deeper than a path may be long, or without the
    right to read it, would else hide what is in it.
    """
    total, files, waiting = 0, 0, [str(folder)]
    while waiting and total <= limit:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if files > _MAX_FILES:
                        return limit + 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        found = entry.stat(follow_symlinks=False)
                        # Blocks may be taken beyond the end of a file.
                        total += max(found.st_size, 512 * getattr(found, "st_blocks", 0))
        except FileNotFoundError:
            continue  # It went while it was looked at.
        except OSError:
            return limit + 1
    return total
