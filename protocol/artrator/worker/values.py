"""Values of ``Model.run`` as they cross the wire: plain ones in the header, pictures as arrays.

``unpack`` is what stands between an untrusted worker and the node, so it accepts exactly what the contract knows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from artrator.backend import Array, Image, Value

#: Characters of one text.
MAX_TEXT: Final = 1 << 20
#: More inputs or outputs than any manifest has.
MAX_VALUES: Final = 256


class ValueInvalid(Exception):  # noqa: N818 - reads as what it is
    """A value is none of those that the contract knows; the message names it in one sentence."""


def pack(values: Mapping[str, Value]) -> tuple[dict[str, Any], list[Array]]:
    """Values as (header part, arrays).

    Raises:
        ValueInvalid: Something is no text, number, picture or list of pictures.
    """
    described: dict[str, Any] = {}
    arrays: list[Array] = []
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            described[str(name)] = {"image": len(arrays)}
            arrays.append(_image(name, value))
        elif isinstance(value, str | bool | int):
            described[str(name)] = {"value": value}
        elif isinstance(value, float | np.floating | np.integer):
            number = value.item() if isinstance(value, np.generic) else value
            if not math.isfinite(number):
                raise ValueInvalid(f"{name} is not a finite number.")
            described[str(name)] = {"value": number}
        elif isinstance(value, Sequence):
            described[str(name)] = {"images": list(range(len(arrays), len(arrays) + len(value)))}
            arrays.extend(_image(name, image) for image in value)
        else:
            raise ValueInvalid(f"{name} is a {type(value).__name__}, which no input or output can be.")
    return described, arrays


def unpack(described: object, arrays: Sequence[Array]) -> dict[str, Value]:
    """The values that ``pack`` described; every array belongs to one value.

    Raises:
        ValueInvalid: The description or an array is not as the contract says.
    """
    if not isinstance(described, dict) or len(described) > MAX_VALUES:
        raise ValueInvalid("The values are not described.")
    values: dict[str, Value] = {}
    rest = dict(enumerate(arrays))
    for name, entry in described.items():
        match entry:
            case {"image": int(index)}:
                values[name] = _image(name, _taken(rest, index))
            case {"images": list(indices)}:
                values[name] = [_image(name, _taken(rest, index)) for index in indices]
            case {"value": str(text)} if len(text) <= MAX_TEXT:
                values[name] = text
            case {"value": bool() | int() as number}:
                values[name] = number
            case {"value": float(number)} if math.isfinite(number):
                values[name] = number
            case _:
                raise ValueInvalid(f"{name[:64]} is of a kind that no input or output can be.")
    return values


def _taken(rest: dict[int, Array], index: object) -> Array:
    """Each picture once: one that stood a thousand times in a list would be encoded and kept as often."""
    if type(index) is not int or index not in rest:
        raise ValueInvalid("A picture is announced that did not come.")
    return rest.pop(index)


def _image(name: str, array: object) -> Image:
    """Check that this is a picture: uint8, [height, width] or [height, width, 3 or 4], not empty."""
    if not isinstance(array, np.ndarray):
        raise ValueInvalid(f"{name[:64]} holds a {type(array).__name__} where a picture belongs.")
    if array.dtype != np.uint8:
        raise ValueInvalid(f"{name[:64]} is of dtype {array.dtype.name}, but pictures are uint8.")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or not array.size:
        raise ValueInvalid(f"{name[:64]} has the shape {list(array.shape)}, which no picture has.")
    return array
