"""Shows latents while they are sampled, without the cost of decoding them.

How a decoder turns a latent into the mean colour of its patch is close to linear. The line is fitted once, when the
package is loaded, to what the decoder makes of a few small random latents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from artrator.backend import Image
from artrator_diffusion.schedulers import Array

_SIDE: Final = 8
_ROWS: Final = 4
#: Previews are at least this wide, so that they can be looked at.
_WIDTH: Final = 96


class LatentPreview:
    """A linear stand-in for a decoder."""

    def __init__(self, decode: Callable[[Array], Array], channels: int, scale: float) -> None:
        """Fit it.

        Args:
            decode: Latents ``[n, channels, h, w]`` as the sampler holds them to ``[n, 3, h * f, w * f]`` in -1 to 1.
            channels: Of the latents.
            scale: How far latents reach: their standard deviation.
        """
        generator = np.random.Generator(np.random.PCG64(0))
        latents = generator.standard_normal((_ROWS, channels, _SIDE, _SIDE), dtype=np.float32) * np.float32(scale)
        pictures = decode(latents)
        factor = pictures.shape[2] // _SIDE
        means = pictures.reshape(_ROWS, 3, _SIDE, factor, _SIDE, factor).mean(axis=(3, 5))
        known = latents.transpose(0, 2, 3, 1).reshape(-1, channels)
        wanted = means.transpose(0, 2, 3, 1).reshape(-1, 3)
        self._line, *_ = np.linalg.lstsq(np.column_stack([known, np.ones(len(known))]), wanted, rcond=None)

    def show(self, latents: Array) -> list[Image]:
        """Small pictures of ``[n, channels, h, w]``."""
        values = latents.transpose(0, 2, 3, 1)
        colours = values @ self._line[:-1] + self._line[-1]
        pixels = np.rint(np.clip(np.nan_to_num(colours) * 127.5 + 127.5, 0, 255)).astype(np.uint8)
        times = max(1, _WIDTH // pixels.shape[2])
        return list(pixels.repeat(times, axis=1).repeat(times, axis=2))
