"""The picture that a job begins with, and the mask that says where to paint: the table ``[settings.image]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Image, Value
from artrator.errors import ModelError
from artrator.manifest import InputType, Manifest
from artrator.settings import Settings
from artrator_diffusion.sampling import Dial, read_dial
from artrator_diffusion.schedulers import Array

#: From here on, a pixel of a mask counts as selected; below, it only fades the seam.
_SELECTED: Final = 128


@dataclass(frozen=True)
class SourceSettings:
    """Which inputs hold what.

    Attributes:
        picture: An input of type image.
        mask: An input of type mask; None if the package takes none.
        strength: How far the picture may change, 0 to 1.
    """

    picture: str
    mask: str | None
    strength: Dial

    def given(self, inputs: Mapping[str, Value]) -> Source | None:
        """The picture of a job; None if the buyer gave none.

        Raises:
            ModelError: The parts do not fit together.
        """
        picture, mask = inputs.get(self.picture), None if self.mask is None else inputs.get(self.mask)
        if picture is None:
            if mask is not None:
                raise ModelError(f"'{self.mask}' needs a picture in '{self.picture}'.")
            return None
        if not isinstance(picture, np.ndarray) or not (mask is None or isinstance(mask, np.ndarray)):
            raise ModelError(f"'{self.picture}' must be a picture.")
        if mask is not None and mask.shape[:2] != picture.shape[:2]:
            sizes = [f"{pixels.shape[1]} x {pixels.shape[0]}" for pixels in (mask, picture)]
            raise ModelError(f"'{self.mask}' is {sizes[0]} pixels, the picture {sizes[1]}; they must be the same.")
        strength = float(self.strength.value(inputs))
        if not 0 <= strength <= 1:
            raise ModelError(f"'{self.strength.source}' must lie between 0 and 1.")
        return Source(picture, mask, strength)


@dataclass(frozen=True, eq=False)
class Source:
    """The picture of one job.

    Attributes:
        picture: ``uint8[height, width, 3]``.
        mask: ``uint8[height, width]``, 255 where to paint; None to change everything.
        strength: How far the picture may change, 0 to 1.
    """

    picture: Image
    mask: Image | None
    strength: float

    def size(self, grain: int) -> tuple[int, int]:
        """Height and width, each up to the next multiple of ``grain``."""
        height, width = (-(-side // grain) * grain for side in self.picture.shape[:2])
        return height, width

    def pixels(self, grain: int) -> Array:
        """The picture ``[1, 3, height, width]`` in -1 to 1; its edge goes on to the next multiple of ``grain``."""
        values = _extended(self.picture, *self.size(grain)).transpose(2, 0, 1)[None].astype(np.float32)
        return values / np.float32(127.5) - np.float32(1)

    def kept_pixels(self, grain: int) -> Array:
        """As ``pixels``, with grey where the mask selects."""
        return self.pixels(grain) * (1 - self._selected(grain))

    def cells(self, grain: int, factor: int) -> Array:
        """1 for each latent ``[1, 1, height / factor, width / factor]`` that holds a selected pixel, 0 for others."""
        selected = self._selected(grain)
        _, _, height, width = selected.shape
        found: Array = selected.reshape(1, 1, height // factor, factor, width // factor, factor).max(axis=(3, 5))
        return found

    def finish(self, made: list[Image]) -> list[Image]:
        """Cut to the size of the picture; where the mask is 0, the picture's own pixels, to the last bit."""
        height, width = self.picture.shape[:2]
        cut = [np.ascontiguousarray(picture[:height, :width]) for picture in made]
        if self.mask is None:
            return cut
        share = self.mask[..., None].astype(np.float32) / 255
        return [np.rint(self.picture * (1 - share) + picture * share).astype(np.uint8) for picture in cut]

    def _selected(self, grain: int) -> Array:
        height, width = self.size(grain)
        if self.mask is None:
            return np.ones((1, 1, height, width), np.float32)
        return (_extended(self.mask, height, width) >= _SELECTED).astype(np.float32)[None, None]


def read_source(settings: Settings, manifest: Manifest) -> SourceSettings | None:
    """Read ``[settings.image]``; None where there is none."""
    table: Settings | None = settings.table("image", None)
    if table is None:
        return None
    picture, mask = table.text("input"), table.text("mask", None)
    for key, name, wanted in (("input", picture, InputType.IMAGE), ("mask", mask, InputType.MASK)):
        spec = manifest.inputs.get(name) if name else None
        if name and (spec is None or spec.type is not wanted):
            raise table.error(key, f"is '{name}'; it must be an input of type {wanted}.")
        if spec is not None and spec.alpha:
            raise table.error(key, f"is '{name}', which has a fourth channel; this backend takes three.")
    strength = read_dial(table, manifest, "strength", 0.75, whole=False)
    if not isinstance(strength.source, str) and not 0 <= strength.source <= 1:
        raise table.error("strength", f"is {strength.source}; it must lie between 0 and 1.")
    return SourceSettings(picture, mask, strength)


def _extended(pixels: Image, height: int, width: int) -> Image:
    """Grown downwards and to the right by repeating the edge."""
    more = [(0, height - pixels.shape[0]), (0, width - pixels.shape[1]), *[(0, 0)] * (pixels.ndim - 2)]
    return np.pad(pixels, more, mode="edge")
