"""Pictures to tensors and back: layout, range, colour order, mean and standard deviation; and resizing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from artrator.backend import Array, Image
from artrator.errors import ModelError

Floats = npt.NDArray[np.float32]

#: Channels of each colour order, as indices into RGBA; GRAY is computed.
ORDERS: Final[dict[str, tuple[int, ...]]] = {
    "RGB": (0, 1, 2),
    "BGR": (2, 1, 0),
    "RGBA": (0, 1, 2, 3),
    "BGRA": (2, 1, 0, 3),
    "GRAY": (),
}
#: What red, green and blue weigh in brightness (ITU-R BT.601, as JPEG has it).
_BRIGHTNESS: Final = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class PixelFormat:
    """How a tensor holds a picture.

    Attributes:
        layout: ``NCHW`` or ``NHWC``; a graph without a batch axis has the same without N.
        low, high: What black and full brightness are.
        order: A key of ``ORDERS``.
        mean, std: Subtracted from and divided by, after the range; None leaves them out.
    """

    layout: str = "NCHW"
    low: float = 0.0
    high: float = 1.0
    order: str = "RGB"
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    @property
    def channels(self) -> int:
        """How many channels the tensor has."""
        return len(ORDERS[self.order]) or 1

    def to_row(self, picture: Image, dtype: npt.DTypeLike | None) -> Array:
        """One row of the tensor from a picture ``uint8[height, width]`` or ``[height, width, channels]``."""
        values = self._to_order(picture.astype(np.float32))
        values *= np.float32((self.high - self.low) / 255)
        values += np.float32(self.low)
        if self.mean is not None:
            values -= np.array(self.mean, np.float32)
        if self.std is not None:
            values /= np.array(self.std, np.float32)
        if np.issubdtype(dtype or np.float32, np.integer):
            values = np.rint(values)
        if self.layout == "NCHW":
            values = values.transpose(2, 0, 1)
        return np.ascontiguousarray(values.astype(dtype))

    def to_pixels(self, row: Array) -> Floats:
        """Float pixels ``[height, width, 1, 3 or 4]`` in 0 to 255 from one row of the tensor.

        Raises:
            ModelError: The row is no picture, or holds what is not a number.
        """
        if row.ndim == 2:
            row = row[None] if self.layout == "NCHW" else row[:, :, None]
        if row.ndim != 3:
            raise ModelError(f"The model made an array of shape {list(row.shape)} where a picture was expected.")
        values = row.astype(np.float32)
        if self.layout == "NCHW":
            values = values.transpose(1, 2, 0)
        if values.shape[2] != self.channels:
            raise ModelError(f"The model made {values.shape[2]} channels where {self.channels} were expected.")
        if not np.isfinite(values).all():
            raise ModelError("The model made values that are not numbers; try other settings.")
        if self.std is not None:
            values = values * np.array(self.std, np.float32)
        if self.mean is not None:
            values = values + np.array(self.mean, np.float32)
        values = (values - np.float32(self.low)) * np.float32(255 / (self.high - self.low))
        order = ORDERS[self.order]
        if order:
            values = values[:, :, np.argsort(order)]
        return np.clip(values, 0, 255)

    def _to_order(self, values: Floats) -> Floats:
        if values.ndim == 2:
            return np.repeat(values[:, :, None], self.channels, axis=2)
        order = ORDERS[self.order]
        if not order:
            return (values[:, :, :3] @ _BRIGHTNESS)[:, :, None]
        if len(order) > values.shape[2]:  # opaque, where the buyer's picture has no alpha
            opaque = np.full((*values.shape[:2], 1), 255, np.float32)
            values = np.concatenate([values, opaque], axis=2)
        return values[:, :, list(order)]


def to_picture(pixels: Floats) -> Image:
    """Whole pixels; one channel becomes three alike."""
    rounded = np.rint(pixels).astype(np.uint8)
    return np.repeat(rounded, 3, axis=2) if rounded.shape[2] == 1 else np.ascontiguousarray(rounded)


def resize(picture: Array, height: int, width: int) -> Floats:
    """Scale ``[height, width]`` or ``[height, width, channels]`` with a cubic filter that does not alias.

    Returns:
        Floats in the picture's own range, clipped to 0 to 255.
    """
    values = picture.astype(np.float32)
    values = _resample(values, height, 0)
    values = _resample(values, width, 1)
    return np.clip(values, 0, 255)


def _resample(values: Floats, size: int, axis: int) -> Floats:
    """Resample one axis: each new pixel is a weighted sum of its neighbours, added up neighbour by neighbour."""
    length = values.shape[axis]
    if length == size:
        return values
    scale = length / size
    width = max(scale, 1.0)  # where it shrinks, the filter grows, so that no pixel is skipped
    centres = (np.arange(size) + 0.5) * scale - 0.5
    first = np.floor(centres - 2 * width).astype(np.int64) + 1
    taps = math.ceil(4 * width)
    places = first[:, None] + np.arange(taps)
    weights = _cubic((places - centres[:, None]) / width)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    places = np.clip(places, 0, length - 1)
    shape = [1] * values.ndim
    shape[axis] = size
    total = np.zeros((*values.shape[:axis], size, *values.shape[axis + 1 :]), np.float32)
    for tap in range(taps):
        total += weights[:, tap].reshape(shape) * values.take(places[:, tap], axis=axis)
    return total


def _cubic(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The Catmull-Rom spline: 1 at 0, 0 at every other whole number, nothing beyond 2."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def pad_to(picture: Image, height: int, width: int) -> Image:
    """Grow a picture downwards and to the right by mirroring its edge."""
    down, right = height - picture.shape[0], width - picture.shape[1]
    if down <= 0 and right <= 0:
        return picture
    rows = _mirrored(picture.shape[0], height)
    columns = _mirrored(picture.shape[1], width)
    return picture[rows][:, columns]


def _mirrored(length: int, size: int) -> npt.NDArray[np.int64]:
    """Indices 0 1 2 … n-1 n-2 … 1 0 1 …, ``size`` of them: a mirror that may be longer than what it mirrors."""
    if length == 1:
        return np.zeros(size, np.int64)
    period = 2 * (length - 1)
    place = np.arange(size) % period
    return np.where(place < length, place, period - place)
