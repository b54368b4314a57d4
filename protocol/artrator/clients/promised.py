"""What a request was to bring: the outputs that the creator's signed manifest declares, as the format was asked for.

A node names and labels what it delivers, and signs that. A file under another name or label is not what was bought, and
nobody would look whether it is whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

from artrator.documents import OutputDigest
from artrator.manifest import Manifest, OutputType

#: A million characters, and a number as any program writes it: what nodes deliver at most.
_MAX_BYTES: Final = {OutputType.TEXT: 4_000_000, OutputType.NUMBER: 400}
_MEDIA_TYPES: Final = {OutputType.TEXT: "text/plain", OutputType.NUMBER: "application/json"}


def promised(manifest: Manifest) -> dict[str, str]:
    """The type of each output by its name, in the manifest's order: plain, to be kept with an order."""
    return {spec.name: spec.type.value for spec in manifest.outputs.values()}


def fault(promise: Mapping[str, str], image_format: str, outputs: Sequence[OutputDigest]) -> str:
    """What is wrong with the names and types of a delivery; an empty text if nothing is.

    How many pictures a list has is another question: see ``Counted``.
    """
    left = list(outputs)
    for name, value in promise.items():
        kind = OutputType(value)
        expected = f"{name}-1" if kind is OutputType.IMAGES else name
        if not left or left[0].name != expected:
            return f"The node did not deliver {expected}."
        number = 1
        while left and left[0].name == expected:
            wrong = _wrong(kind, image_format, left.pop(0))
            if wrong or kind is not OutputType.IMAGES:
                break
            number += 1
            expected = f"{name}-{number}"
        if wrong:
            return wrong
    return f"The node delivers {left[0].name!a:.100}, which nobody ordered." if left else ""


def _wrong(kind: OutputType, image_format: str, output: OutputDigest) -> str:
    media_type = _MEDIA_TYPES.get(kind, f"image/{image_format}")
    if output.media_type.partition(";")[0] != media_type:
        return f"The output {output.name} is said to be of another type than {media_type}."
    if output.size > _MAX_BYTES.get(kind, output.size):
        return f"The output {output.name} is longer than such an output can be."
    return ""


def reads(data: bytes, media_type: str) -> bool:
    """Whether what is no picture can be read as what it is said to be."""
    try:
        text = data.decode()
        if media_type == _MEDIA_TYPES[OutputType.NUMBER]:
            number = json.loads(text)
            return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
    except (ValueError, RecursionError, OverflowError):
        return False
    return True
