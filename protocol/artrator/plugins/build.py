"""Build a wheel from a folder of source.

Building runs the folder's build backend: code of its author, before anybody could look at it. It runs as everything of
uv does here (``confined``): on Linux it cannot read a key. Elsewhere the person is told so before.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.plugins import uv
from artrator.plugins.confined import MOST_FILES
from artrator.profile import home

#: What is no source: environments, version control, caches.
_NO_SOURCE: Final = re.compile(r"\.git|\.venv|venv|__pycache__|\..*_cache|node_modules|dist")
#: Of a folder of source.
_MOST_BYTES: Final = 2 << 30


def build_wheel(folder: Path, scratch: Path) -> Path:
    """Build the project in ``folder``; the wheel lies in ``scratch``.

    Raises:
        ArtratorError: ``plugin_invalid`` if it is no project or does not build, ``disk_full``.
        OSError: It cannot be copied.
    """
    if not (folder / "pyproject.toml").is_file():
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"{folder} holds no pyproject.toml, so it is no plugin's source.",
            cure="Name the folder that holds it.",
        )
    if home().resolve().is_relative_to(folder):
        # The copy that the build may read would hold the keys.
        raise ArtratorError(
            Code.PLUGIN_INVALID,
            f"{folder} holds your profile with its keys, so it is not built.",
            cure="Copy the plugin's source into a folder of its own.",
        )
    source = scratch / "source"
    _copy(folder, source)
    found = uv.build(source, scratch)
    if len(found) != 1:
        raise ArtratorError(Code.PLUGIN_INVALID, f"Building {folder.name} made {len(found)} wheels instead of one.")
    return found[0]


def _copy(folder: Path, target: Path) -> None:
    """Copy plain files, folders and links as links; a pipe or a device would be read without end."""
    size = entries = 0
    waiting = [(str(folder), target)]
    while waiting:
        path, copy = waiting.pop()
        copy.mkdir()
        with os.scandir(path) as found:
            for entry in found:
                if _NO_SOURCE.fullmatch(entry.name):
                    continue
                entries += 1
                if entry.is_symlink():
                    (copy / entry.name).symlink_to(os.readlink(entry.path))  # noqa: PTH115 - an entry of scandir
                elif entry.is_dir():
                    waiting.append((entry.path, copy / entry.name))
                elif entry.is_file():
                    size += entry.stat().st_size
                    if size > _MOST_BYTES or entries > MOST_FILES:
                        raise ArtratorError(
                            Code.PLUGIN_INVALID,
                            f"{folder} holds more than {_MOST_BYTES >> 30} GiB or {MOST_FILES:,} files.",
                            cure="Keep what is no source elsewhere, or build the wheel yourself and install that.",
                        )
                    shutil.copyfile(entry.path, copy / entry.name)
                    shutil.copymode(entry.path, copy / entry.name)
