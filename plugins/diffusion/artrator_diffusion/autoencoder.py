"""Between pictures and latents, in tiles where a picture is large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Batch, Context, Kernel
from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime import Session
from artrator_diffusion.schedulers import Array
from artrator_diffusion.tiles import in_tiles


@dataclass(frozen=True)
class AutoencoderSettings:
    """What is known of an autoencoder before it is loaded.

    Attributes:
        decoder: The ONNX file from latents to pictures.
        encoder: The one back; None where the package has none.
        factor: Pixels a latent, in each direction.
        channels: Of latents.
        scaling, shift: From the sampler's latents to the decoder's: divide, then add.
        tile: The longest side, in latents, that is decoded or encoded whole.
    """

    decoder: str
    encoder: str | None
    factor: int
    channels: int
    scaling: float
    shift: float
    tile: int

    @property
    def overlap(self) -> int:
        """How far tiles lie over each other, in latents: a quarter, so that differences of tone fade softly."""
        return self.tile // 4


class Autoencoder:
    """A loaded decoder, and an encoder where there is one."""

    def __init__(self, settings: AutoencoderSettings, decoder: Session, encoder: Session | None) -> None:
        self._settings: Final = settings
        self._decoder: Final = decoder
        self._encoder: Final = encoder
        # One tile a run: this takes the most memory of all, and gains nothing from company.
        self._decoding: Final = Kernel(settings.decoder, self._decode_rows, 1, any_thread=decoder.any_thread)
        self._encoding: Final = Kernel(settings.encoder or "", self._encode_rows, 1, any_thread=decoder.any_thread)

    @property
    def weight_bytes(self) -> int:
        """What the weights take."""
        return self._decoder.weight_bytes + (self._encoder.weight_bytes if self._encoder else 0)

    def close(self) -> None:
        """Give the memory back."""
        self._decoder.close()
        if self._encoder is not None:
            self._encoder.close()

    async def decode(self, latents: Array, context: Context) -> Array:
        """Pictures ``[n, 3, h * factor, w * factor]`` in -1 to 1 from the sampler's latents ``[n, channels, h, w]``.

        A cancelled job leaves between two tiles.
        """

        async def run(tile: Array) -> Array:
            return (await context.batch(self._decoding, {"latents": tile}))["pictures"]

        settings = self._settings
        return await in_tiles(run, latents, side=settings.tile, overlap=settings.overlap, grow=settings.factor)

    async def encode(self, pictures: Array, context: Context) -> Array:
        """The sampler's latents of pictures ``[n, 3, h, w]`` in -1 to 1, sides being multiples of the factor.

        The encoder says where a latent lies and how surely; the middle is taken, so that nothing is left to chance.
        """

        async def run(tile: Array) -> Array:
            return (await context.batch(self._encoding, {"pictures": tile}))["latents"]

        settings, factor = self._settings, self._settings.factor
        return await in_tiles(
            run, pictures, side=settings.tile * factor, overlap=settings.overlap * factor, shrink=factor
        )

    def check(self) -> None:
        """Try both ways once, on something small.

        Raises:
            ArtratorError: ``package_invalid`` if pictures are not ``factor`` times as large as latents.
        """
        settings, side = self._settings, 8
        latents = np.zeros((1, settings.channels, side, side), np.float32)
        large = (1, 3, side * settings.factor, side * settings.factor)
        made = [(settings.decoder, self.decode_now(latents).shape, large)]
        if settings.encoder is not None and self._encoder is not None:
            encoded = self._encode_rows({"pictures": np.zeros(large, np.float32)})["latents"].shape
            made.append((settings.encoder, encoded, latents.shape))
        for name, found, wanted in made:
            if found != wanted:
                raise ArtratorError(
                    Code.PACKAGE_INVALID,
                    f"{name} makes {list(found)} where its configuration says {list(wanted)}.",
                    cure="Take block_out_channels in config.json from the model that was exported.",
                )

    def decode_now(self, latents: Array) -> Array:
        """Decode a few small latents outside of any job."""
        settings = self._settings
        ((name, tensor),) = self._decoder.inputs.items()
        (output,) = self._decoder.outputs
        scaled = latents / np.float32(settings.scaling) + np.float32(settings.shift)
        return self._decoder.run({name: scaled.astype(tensor.dtype)}, [output], release=True)[output].astype(np.float32)

    def _decode_rows(self, batch: Batch) -> Batch:
        return {"pictures": self.decode_now(batch["latents"])}

    def _encode_rows(self, batch: Batch) -> Batch:
        if self._encoder is None:
            raise AssertionError("a package without an encoder is refused where it takes pictures")
        settings = self._settings
        ((name, tensor),) = self._encoder.inputs.items()
        (output,) = self._encoder.outputs
        made = self._encoder.run({name: batch["pictures"].astype(tensor.dtype)}, [output], release=True)[output]
        middle = made[:, : settings.channels].astype(np.float32)
        return {"latents": (middle - np.float32(settings.shift)) * np.float32(settings.scaling)}
