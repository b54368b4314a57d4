"""How a tensor holds finished pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artrator.backend import Image
from artrator.errors import ModelError
from artrator.settings import Settings
from artrator_diffusion.schedulers import Array


@dataclass(frozen=True)
class PictureFormat:
    """Channels first, RGB or BGR, black and full brightness as given."""

    low: float = -1.0
    high: float = 1.0
    bgr: bool = False

    def pictures(self, tensor: Array) -> list[Image]:
        """Pictures ``uint8[height, width, 3]`` from ``[n, 1 or 3, height, width]``.

        Raises:
            ModelError: There are values that are no numbers: they would look like a black picture that was meant.
        """
        if not np.isfinite(tensor).all():
            raise ModelError("The model made values that are not numbers; try other settings.")
        values = (tensor.transpose(0, 2, 3, 1) - np.float32(self.low)) * np.float32(255 / (self.high - self.low))
        if values.shape[3] == 1:
            values = np.repeat(values, 3, axis=3)
        if self.bgr:
            values = values[..., ::-1]
        rounded = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
        return [np.ascontiguousarray(picture) for picture in rounded]


def read_format(settings: Settings) -> PictureFormat:
    """Read ``[settings.picture]``; where there is none, RGB in -1 to 1."""
    table: Settings | None = settings.table("picture", None)
    if table is None:
        return PictureFormat()
    low, high = table.numbers("range", (-1.0, 1.0), length=2)
    if low == high:
        raise table.error("range", "begins and ends with the same number.")
    return PictureFormat(low, high, table.text("order", "RGB", choices=("RGB", "BGR")) == "BGR")
