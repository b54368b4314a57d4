"""Files that belong to the person: written whole or not at all, and if not, it is said why and what helps."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.profile import write_atomically

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def save(path: Path, data: bytes) -> None:
    """Write a file, and the folders it needs. Blocks.

    Raises:
        ArtratorError: ``disk_full``; ``folder_unwritable`` for everything else that is in the way: a read-only disk, a
            folder of somebody else, a drive that is not there.
    """
    try:
        write_atomically(path, data)
    except (ArtratorError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) else str(error)
        if isinstance(cause, OSError) and cause.errno in _FULL:
            words, cure = f"There is no room on the disk of {path.parent}.", "Free some space there."
            raise ArtratorError(Code.DISK_FULL, words, cure=cure) from error
        raise ArtratorError(Code.FOLDER_UNWRITABLE, f"Nothing can be written in {path.parent}: {reason}.") from error
