"""Names of files in a package: the same files on every system, or refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

#: Longest name of a file with its folders, in bytes of UTF-8; Windows allows 260 characters in all.
MAX_NAME: Final = 200

_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


def name_fault(name: str) -> str | None:
    """Why a file may not have this name ("holds a backslash"), or None.

    A name is a relative POSIX path that means the same file on Linux, macOS and Windows, and that reads as what it
    is: no ``..``, no character that is invisible, changes the reading direction or has two encodings.
    """
    if not name:
        return "is empty"
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME:
        return f"is longer than {MAX_NAME} bytes"
    if name.startswith("/"):
        return "is absolute"
    if _FORBIDDEN.search(name):
        return "holds a character that some systems do not allow in names"
    if not unicodedata.is_normalized("NFC", name):
        return "is not in the composed Unicode form (NFC)"
    for character in name:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or (category == "Zs" and character != " "):
            return f"holds the invisible or undefined character U+{ord(character):04X}"
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return "has an empty, . or .. part"
        if part.endswith((".", " ")) or part.startswith(" "):
            return "has a part that begins or ends with a space or ends with a dot"
        if _RESERVED.fullmatch(part):
            return "is reserved by Windows"
    return None


def collision(names: Iterable[str]) -> tuple[str, str] | None:
    """Two names that are one file on some system (letters of different case, a file that is also a folder)."""
    written: dict[str, str] = {}  # folded path of a file or a folder -> how it was written first
    folders: dict[str, str] = {}  # folded path of a folder -> a file in it
    files: dict[str, str] = {}  # folded path of a file -> its name
    for name in names:
        parts = name.split("/")
        paths = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        for path in paths:
            folded = _fold(path)
            if written.setdefault(folded, path) != path:
                return files.get(folded) or folders[folded], name
            if folded in files:
                return files[folded], name
            if path != name:
                folders[folded] = name
        if _fold(name) in folders:
            return folders[_fold(name)], name
        files[_fold(name)] = name
    return None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
