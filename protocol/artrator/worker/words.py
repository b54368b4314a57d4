"""Words of strangers, made safe to show."""

from __future__ import annotations


def sentence(text: object, limit: int = 500) -> str:
    """Somebody else's words as one line: printable, so that no terminal is steered by them, and short."""
    words = " ".join(str(text).split())
    return "".join(letter for letter in words if letter.isprintable())[:limit]
