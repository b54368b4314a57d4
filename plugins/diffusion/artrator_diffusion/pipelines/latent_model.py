"""A loaded Stable Diffusion: makes the pictures of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Context, Image, Value
from artrator.errors import ModelError
from artrator_diffusion.autoencoder import Autoencoder, AutoencoderSettings
from artrator_diffusion.guidance import Condition, Denoiser, guidance_code
from artrator_diffusion.pictures import PictureFormat
from artrator_diffusion.pipelines.latent_preview import LatentPreview
from artrator_diffusion.pipelines.networks import GUIDANCE, HIDDEN, POOLED, SIZES, Network
from artrator_diffusion.sampling import Dial, Group, Noise, Sampling, sample, side_by_side
from artrator_diffusion.schedulers import Array, Samplers, Scheduler
from artrator_diffusion.source import Source, SourceSettings
from artrator_diffusion.start import Start, at_noise, at_picture
from artrator_diffusion.text import PromptEncoder
from artrator_diffusion.times import LoadedDenoiser


@dataclass(frozen=True)
class LatentSettings:
    """The settings of this family.

    Attributes:
        grain: Sizes of a buyer's picture are filled up to multiples of this.
        sampler: A sampler's name, or the choice input that names one.
        source: Where a picture may come in; None if none may.
        batch: Rows of the denoiser that one job makes at once.
        most_rows: Rows per run at most, of all jobs together.
    """

    network: Network
    autoencoder: AutoencoderSettings
    samplers: Samplers
    grain: int
    sampling: Sampling
    width: Dial
    height: Dial
    sampler: str
    source: SourceSettings | None
    batch: int
    most_rows: int
    output: str


class LatentModel:
    """A loaded package of this family."""

    def __init__(
        self,
        settings: LatentSettings,
        text: PromptEncoder,
        unet: LoadedDenoiser,
        autoencoder: Autoencoder,
        *,
        many: bool,
    ) -> None:
        self._settings: Final = settings
        self._text: Final = text
        self._unet: Final = unet.session
        self._autoencoder: Final = autoencoder
        self._many: Final = many
        self._format: Final = PictureFormat()
        self._denoiser: Final = Denoiser(settings.network.tensors, unet, settings.most_rows)
        self._preview: Final = LatentPreview(autoencoder.decode_now, settings.autoencoder.channels, 1.0)

    @property
    def memory_bytes(self) -> int:
        """What the weights take."""
        return self._text.weight_bytes + self._unet.weight_bytes + self._autoencoder.weight_bytes

    def close(self) -> None:
        """Give the memory back."""
        self._text.close()
        self._unet.close()
        self._autoencoder.close()

    async def run(self, inputs: Mapping[str, Value], context: Context) -> Mapping[str, Value]:
        """Make the pictures of one job."""
        settings, sampling, factor = self._settings, self._settings.sampling, self._settings.autoencoder.factor
        source = None if settings.source is None else settings.source.given(inputs)
        height, width = self._size(inputs) if source is None else source.size(settings.grain)
        name = settings.sampler if settings.sampler in settings.samplers.names else str(inputs[settings.sampler])
        scheduler = settings.samplers.make(name, sampling.steps.whole(inputs))
        count = sampling.images.whole(inputs) if self._many else 1
        shape = (settings.autoencoder.channels, height // factor, width // factor)
        latents = None if source is None else await self._autoencoder.encode(source.pixels(settings.grain), context)

        guidance = sampling.guidance.value(inputs)
        conditions = await self._conditions(inputs, guidance, height, width, context)
        beside = await self._beside(source, shape, context)
        # Below 1 is off as well: models that were distilled without guidance are often asked for 0.
        told = settings.network.guidance_width is not None
        predict = self._denoiser.guided(conditions, 1.0 if told else max(1.0, guidance), context, beside=beside)

        def preview(finished: Array) -> Image:
            return side_by_side(self._preview.show(finished))

        rows_each = 1 if told or guidance <= 1 else 2
        for group in Group.split(count, settings.batch // rows_each):
            noise = Noise(context, int(sampling.seed.value(inputs)) + group.first, group.size, shape)
            start = self._start(scheduler, noise, source, latents)
            made = await sample(
                scheduler,
                start.samples,
                predict,
                context,
                draw=noise.draw,
                preview=preview,
                preview_every=sampling.preview_every,
                begin=start.begin,
                mend=start.mend,
                group=group,
            )
            # A picture that is not walked away from is the same for all that were asked for.
            for sampled in np.broadcast_to(made, (group.size, *shape)):
                pictures = self._format.pictures(await self._autoencoder.decode(sampled[None], context))
                if source is not None:
                    pictures = source.finish(pictures)
                if not self._many:
                    return {settings.output: pictures[0]}
                context.output(settings.output, pictures[0])
        return {}

    def _size(self, inputs: Mapping[str, Value]) -> tuple[int, int]:
        settings, factor = self._settings, self._settings.autoencoder.factor
        height, width = settings.height.whole(inputs), settings.width.whole(inputs)
        if height % factor or width % factor:
            raise ModelError(f"Width and height must be multiples of {factor}.")
        return height, width

    def _start(self, scheduler: Scheduler, noise: Noise, source: Source | None, latents: Array | None) -> Start:
        settings = self._settings
        if source is None or latents is None:
            return at_noise(scheduler, noise)
        cells = None if source.mask is None else source.cells(settings.grain, settings.autoencoder.factor)
        mend = not settings.network.inpainting
        return at_picture(scheduler, noise, latents, source.strength, cells=cells, mend=mend)

    async def _conditions(
        self, inputs: Mapping[str, Value], guidance: float, height: int, width: int, context: Context
    ) -> dict[str, Condition]:
        """What each tensor holds with the prompt and without."""
        network = self._settings.network
        given, empty = await self._text.encode(inputs, context)
        found: dict[str, Condition] = {HIDDEN: (given.hidden, empty.hidden)}
        if network.sized and given.pooled is not None and empty.pooled is not None:
            found[POOLED] = given.pooled, empty.pooled
            sizes = np.array([height, width, 0, 0, height, width], np.float32)
            found[SIZES] = sizes, sizes
        if network.guidance_width is not None:
            code = guidance_code(guidance, network.guidance_width)
            found[GUIDANCE] = code, code
        return found

    async def _beside(self, source: Source | None, shape: tuple[int, ...], context: Context) -> Array | None:
        """What an inpainting network sees next to the sample: the mask, and the picture without what it selects."""
        settings, factor = self._settings, self._settings.autoencoder.factor
        if not settings.network.inpainting:
            return None
        if source is None:
            cells = np.ones((1, 1, *shape[1:]), np.float32)
            kept = np.zeros((1, 3, shape[1] * factor, shape[2] * factor), np.float32)
        else:
            cells, kept = source.cells(settings.grain, factor), source.kept_pixels(settings.grain)
        return np.concatenate([cells, await self._autoencoder.encode(kept, context)], axis=1)
