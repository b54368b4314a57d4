"""What lies in a package: which files do not belong there, and which could run code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from artrator.package.problems import Problem

# Formats that run code while they are read; safetensors and ONNX hold numbers only.
_PICKLES: Final = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".p7", ".mar"})
_PROGRAMS: Final = frozenset(
    {".exe", ".dll", ".so", ".dylib", ".pyd", ".pyc", ".com", ".scr", ".msi", ".jar", ".class", ".bat", ".cmd"}
    | {".ps1", ".vbs", ".apk", ".deb", ".rpm"}
)
_SCRIPTS: Final = frozenset({".py", ".sh", ".js", ".ipynb", ".rb", ".pl", ".lua", ".php"})
_LEFTOVERS: Final = re.compile(
    r"(?i:\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|.*~|.*\.swp|.*\.tmp|.*\.part|.*\.orig|\.model\.sig\..*"
    r"|__pycache__|\.git|\.github|\.gitignore|\.gitattributes|\.ipynb_checkpoints|\.idea|\.vscode|__MACOSX"
    r"|\.ruff_cache|\.mypy_cache|\.pytest_cache)"
)
# The first bytes of programs for Linux, Windows and macOS, and of pickles of protocol 2 and later.
_PROGRAM_MAGIC: Final = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PICKLE_MAGIC: Final = re.compile(rb"\x80[\x02-\x05](?:[}\](cX\x8a\x95q.]|\x8c)")
_ZIP: Final = b"PK\x03\x04"

#: How many first bytes ``content_problem`` wants to see.
HEAD_BYTES: Final = 4096


def content_problem(name: str, head: bytes) -> Problem | None:
    """Why a file cannot be in a package, by its name and first bytes; None if it can."""
    suffix = PurePosixPath(name).suffix.lower()
    for part in name.split("/"):
        if _LEFTOVERS.fullmatch(part):
            return Problem(name, None, f"{part} is left over from another program.", "Delete it.")
    # torch.save writes a zip archive whose first entry lies in a folder named after the file.
    torch_archive = head.startswith(_ZIP) and b"/data.pkl" in head
    if suffix in _PICKLES or torch_archive or _PICKLE_MAGIC.match(head):
        return Problem(
            name, None, "It is a pickle, which can run code when it is loaded.", "Convert it to ONNX or safetensors."
        )
    if suffix in _PROGRAMS or head.startswith(_PROGRAM_MAGIC):
        return Problem(name, None, "It is a program.", "Take it out: a package holds data, its backend is the program.")
    return None


def content_warnings(sizes: Iterable[tuple[str, int]]) -> list[Problem]:
    """What is allowed but worth a second look; ``sizes`` are names and bytes."""
    found = []
    total = 0
    for name, size in sizes:
        total += size
        if PurePosixPath(name).suffix.lower() in _SCRIPTS:
            found.append(
                Problem(name, None, "It is a script; nothing will ever run it here.", "Keep it if it is for readers.")
            )
        if size == 0:
            found.append(Problem(name, None, "It is empty.", "Take it out if nothing needs it."))
        if name.lower().endswith(".onnx") and size > 2**31 - 1:
            found.append(
                Problem(
                    name, None, "It is larger than 2 GiB, which ONNX does not allow.", "Save weights as external data."
                )
            )
    if total > 8 * 2**30:
        found.append(
            Problem(".", None, f"The package has {total / 2**30:.1f} GiB.", "Store weights as float16 to halve it.")
        )
    return found
