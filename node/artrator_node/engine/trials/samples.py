"""Inputs to try a package with: what a buyer might send, made from the manifest alone.

Their size goes from 0, the least that the manifest allows, to 1, its defaults. What has neither gets something
harmless. The same manifest and size always give the same inputs, so that pictures can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from artrator.backend import Image, Value
from artrator.inputs import measure
from artrator.manifest import InputSpec, InputType, Manifest
from artrator.values import FILE_TYPES, fault, normal

#: The longer side of a picture that goes in, where the manifest does not ask for more.
_SMALL_SIDE: Final = 128
_USUAL_SIDE: Final = 512
_TEXT: Final = "a red apple on a wooden table"
_SEED: Final = 7


#: Sizes to choose from, the usual one first.
SIZES: Final = (1.0, 0.5, 0.25, 0.1, 0.0)


def growth(manifest: Manifest, size: float) -> float:
    """How many times the work of the least request this size is: by whatever is paid for, and by pixels."""
    least, wanted = _measures(manifest, 0.0), _measures(manifest, size)
    return max((wanted[unit] / max(1, least[unit]) for unit in wanted), default=1.0)


def _measures(manifest: Manifest, size: float) -> dict[str, int]:
    values = inputs(manifest, size)
    sides = {name: [(p.shape[1], p.shape[0]) for p in _listed(value)] for name, value in values.items()}
    pixels = sum(width * height for pictures in sides.values() for width, height in pictures)
    # What is not paid for by the pixel takes longer for a larger picture all the same.
    return {**measure(manifest, values, sides), "": pixels}


def _listed(value: Value) -> Sequence[Image]:
    """The pictures of a value."""
    if isinstance(value, np.ndarray):
        return [value]
    return [] if isinstance(value, str | int | float) else value


def inputs(manifest: Manifest, size: float) -> dict[str, Value]:
    """A request of a size between 0 and 1."""
    side = round(_SMALL_SIDE + (_USUAL_SIDE - _SMALL_SIDE) * size)
    # What a price is put on is what makes a job long: steps, sides, pictures.
    dear = {factor for unit in manifest.cost.units for factor in unit.factors}
    sampled = next((sample.inputs for sample in manifest.samples if sample.inputs), {})
    found: dict[str, Value] = {}
    for name, spec in manifest.inputs.items():
        if spec.type in FILE_TYPES:
            if spec.required:
                found[name] = _pictures(spec, side)
            continue
        value = _plain(spec, sampled.get(name))
        if name in dear and spec.type is InputType.INTEGER and isinstance(value, int) and not spec.random:
            least = int(spec.minimum or 0)
            value = _whole(spec, round(least + (value - least) * size))
        if value is not None:
            found[name] = value
    return found


def _plain(spec: InputSpec, sampled: object) -> str | int | float | bool | None:
    if spec.random:
        return _whole(spec, _SEED)
    given: Any = normal(spec, sampled)
    if sampled is not None and fault(spec, given) is None:
        return given  # type: ignore[no-any-return]  # a value without fault is of the input's own type
    if spec.default is not None:
        return spec.default
    if not spec.required:
        return None
    match spec.type:
        case InputType.TEXT:
            return _TEXT[: spec.max_length or len(_TEXT)]
        case InputType.CHOICE:
            return spec.choices[0].value
        case InputType.BOOLEAN:
            return False
        case InputType.INTEGER:
            return _whole(spec, 1)
        case _:
            return float(max(spec.minimum or 0.0, min(1.0, spec.maximum if spec.maximum is not None else 1.0)))


def _whole(spec: InputSpec, wanted: int) -> int:
    """A whole number within the bounds, on a step."""
    low, high = int(spec.minimum or 0), int(spec.maximum if spec.maximum is not None else wanted)
    step = int(spec.step or 1)
    wanted = max(low, min(high, wanted))
    return low + (wanted - low) // step * step


def _pictures(spec: InputSpec, side: int) -> Value:
    side = max(side, spec.min_side or 1)
    if spec.max_side is not None:
        side = min(side, spec.max_side)
    if spec.max_pixels is not None:
        side = min(side, int(spec.max_pixels**0.5))
    side = max(1, side)
    if spec.type is InputType.MASK:
        mask = np.zeros((side, side), np.uint8)
        mask[side // 4 : side * 3 // 4, side // 4 : side * 3 // 4] = 255
        return mask
    picture = _scene(side, 4 if spec.alpha else 3)
    return picture if spec.type is InputType.IMAGE else [picture, np.ascontiguousarray(picture[::-1])]


def _scene(side: int, channels: int) -> Image:
    """Soft colours with edges and some grain: a picture that no filter finds empty."""
    y, x = np.mgrid[0:side, 0:side] / max(1, side - 1)
    colours = [x, y, (x + y) / 2, np.ones_like(x)][:channels]
    scene = np.stack(colours, axis=2) * 200
    scene[(x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.06] += 40
    grain = np.random.default_rng(_SEED).integers(0, 16, scene.shape)
    scene = scene + grain
    if channels == 4:
        scene[:, :, 3] = 255
    picture: Image = np.clip(scene, 0, 255).astype(np.uint8)
    return picture
