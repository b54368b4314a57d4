"""Outputs as files beside each other, and whether they could be written, before anything is paid for them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from artrator.clients.news import Delivered
from artrator.errors import ArtratorError, Code
from artrator.profile import write_atomically

_SUFFIXES: Final[Mapping[str, str]] = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "application/json": ".json",
}
#: What must be free where outputs go: a large picture without loss, and its papers. How large they get nobody knows.
_SPARE_BYTES: Final = 32 << 20
#: The longest that is put after a name: the number of an output, and the ending of its papers.
_LONGEST_ENDING: Final = "-1000.receipt.json"


def write_outputs(outputs: Sequence[Delivered], output: Path | None, *, default: Path) -> list[Path]:
    """Write every output. With several, the second is NAME-2 and so on. Existing files are replaced whole.

    Args:
        outputs: What was made.
        output: Where to, as it was given.
        default: Where to if nothing was given, without an ending: each output's own is put after it.
    """
    written = []
    for number, delivered in enumerate(outputs, start=1):
        kind = delivered.output.media_type.partition(";")[0]
        path = output or default.with_name(default.name + _SUFFIXES.get(kind, ".bin"))
        if number > 1:
            path = path.with_name(f"{path.stem}-{number}{path.suffix}")
        write_atomically(path, delivered.data)
        written.append(path)
    return written


def try_place(path: Path) -> None:
    """Try whether files could be written here, and leave nothing behind.

    Args:
        path: Of the first file.

    Raises:
        ArtratorError: ``request_invalid`` or ``disk_full``, with what to do.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no plain file"
        raise ArtratorError(Code.REQUEST_INVALID, f"{path} is {kind}.", cure="Name a file that may be replaced.")
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # As long a name as any that will be written: it is as good as the system's own answer.
        descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}", suffix=_LONGEST_ENDING)
        os.close(descriptor)
        Path(scratch).unlink()
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"Nothing can be written to {path}: {error.strerror}.",
            cure="Name another place; nothing has been made or paid.",
        ) from error
    finally:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
    if free < _SPARE_BYTES:
        raise ArtratorError(
            Code.DISK_FULL,
            f"Only {free >> 20} MiB are free where {path} would be written.",
            cure=f"Free {_SPARE_BYTES >> 20} MiB, or name another place; nothing has been made or paid.",
        )
