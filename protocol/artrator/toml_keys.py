"""Bounds what a stranger's TOML file may name, before it is read.

``tomllib`` keeps every beginning of a dotted key: one of a hundred thousand parts, in 200 KB, takes forty GB.
"""

from __future__ import annotations

import re
from typing import Final

#: Parts of one dotted key; what anybody writes has three or four.
MAX_PARTS: Final = 32

# Strings and comments, in which dots part nothing. One that never ends reaches as far as TOML would look for its end:
# so each character is looked at once.
_PASSED_OVER: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*(?:"|\n|\Z)'
    r"|'[^'\n]*(?:'|\n|\Z)"
    r"|#[^\n]*",
    re.DOTALL,
)
_PARTED: Final = re.compile(r"[A-Za-z0-9_\-. \t]+")


def has_long_key(text: str) -> bool:
    """Whether a key in a TOML text has more than ``MAX_PARTS`` parts; of what is no TOML, whether it seems to."""
    if text.count(".") < MAX_PARTS:
        return False
    return any(run[0].count(".") >= MAX_PARTS for run in _PARTED.finditer(_PASSED_OVER.sub("s", text)))
