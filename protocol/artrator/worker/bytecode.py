"""Bytecode of what workers import, written by their parent.

A worker may write nothing, so without this each one would compile the modules that no other process imports: a third
of its start. Python's own rules hold for what is written, beside the sources: it is used as long as they do not change.
"""

from __future__ import annotations

import compileall
import sys
import threading
from pathlib import Path
from typing import Final

import artrator
from artrator.plugins.info import PluginInfo

#: Of ``artrator``: what only workers import, and what goes with it.
_FOLDERS: Final = ("worker", "onnx_runtime")

_seen: Final[set[Path]] = set()


def compile_once(plugin: PluginInfo) -> threading.Thread | None:
    """Begin to compile what workers of a plugin import and nobody has compiled; None if there is nothing to do.

    Only of this environment's own plugins: what is installed for a plugin alone was compiled then. What cannot be
    written is left as it is, and so is everything where Python is told to write no bytecode.
    """
    if sys.dont_write_bytecode or plugin.origin != "built-in":
        return None
    host = Path(artrator.__file__).parent
    folders = {host / name for name in _FOLDERS} | _packages(plugin)
    new = folders - _seen
    _seen.update(new)
    if not new:
        return None
    thread = threading.Thread(target=_compile, args=(sorted(new),), name="artrator-bytecode", daemon=True)
    thread.start()
    return thread


def _packages(plugin: PluginInfo) -> set[Path]:
    """The folders that a plugin's entry points are imported from."""
    found = set()
    for point in plugin.entry_points.values():
        name = point.partition(":")[0].partition(".")[0]
        found.update(next(([path / name] for path in plugin.sys_path if (path / name / "__init__.py").is_file()), []))
    return found


def _compile(folders: list[Path]) -> None:
    for folder in folders:
        # It compiles what has changed since it was compiled last, passes over what it cannot write, and says nothing.
        compileall.compile_dir(folder, quiet=2)
