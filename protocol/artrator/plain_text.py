"""Words on one line that strangers write and people are shown."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from artrator._pydantic import AfterValidator

# What takes a terminal over, turns the direction of what follows it, or is half a character.
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _plain(text: str) -> str:
    if _HIDDEN.search(text):
        raise ValueError("it has a line break or a hidden control character")
    return text


#: A signed document travels in base64, where nobody who passes it on sees what it holds: so it is the document itself
#: that may not hold what steers a terminal.
PlainText: TypeAlias = Annotated[str, AfterValidator(_plain)]
