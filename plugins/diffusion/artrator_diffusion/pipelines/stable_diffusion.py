"""Stable Diffusion 1 and 2: sampling in the latent space of an autoencoder, from the folders that Optimum exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from artrator.backend import Array, Batch, Context, Device, Image, Inspection, Kernel, Model, PackageFiles, Value
from artrator.errors import ModelError
from artrator.manifest import InputType, OutputType
from artrator.onnx_runtime import Session
from artrator.settings import Settings
from artrator_diffusion.guidance import Condition, Denoiser
from artrator_diffusion.packages import load_graph, memory_bound, read_graph_of
from artrator_diffusion.pictures import PictureFormat
from artrator_diffusion.pipelines.latent_preview import LatentPreview
from artrator_diffusion.pipelines.optimum import OptimumFolder
from artrator_diffusion.sampling import (
    Dial,
    Sampling,
    noise,
    read_dial,
    read_output,
    read_sampling,
    sample,
    side_by_side,
)
from artrator_diffusion.schedulers import Scheduler
from artrator_diffusion.schedulers.ddim import DDIMScheduler
from artrator_diffusion.schedulers.dpm import DPMScheduler
from artrator_diffusion.schedulers.euler import EulerScheduler
from artrator_diffusion.schedulers.noise import NoiseSchedule
from artrator_diffusion.text.encoder import TextEncoder, TextSettings

_Maker: TypeAlias = Callable[[NoiseSchedule, int], Scheduler]

#: Schedulers by the name that settings and buyers use.
SCHEDULERS: Final[Mapping[str, _Maker]] = {"ddim": DDIMScheduler, "euler": EulerScheduler, "dpm++2m": DPMScheduler}


@dataclass(frozen=True)
class StableDiffusionSettings:
    """The settings of this family.

    Attributes:
        scheduler: A scheduler's name, or the choice input that names one.
        batch: Rows of the denoiser per run at most.
    """

    folder: OptimumFolder
    text: TextSettings
    sampling: Sampling
    width: Dial
    height: Dial
    scheduler: str
    batch: int
    output: str


class StableDiffusionPipeline:
    """A package of this family."""

    def __init__(self, package: PackageFiles, settings: Settings) -> None:
        """Read and check the settings and the folder."""
        self._package: Final = package
        self._settings: Final = _read(package, settings)

    def inspect(self) -> Inspection:
        """Bounds of memory at the largest size that the manifest allows."""
        settings, folder = self._settings, self._settings.folder
        height, width = (self._largest(dial) for dial in (settings.height, settings.width))
        latent = height * width // folder.factor**2
        graphs = [
            (read_graph_of(self._package, folder.text_encoder), settings.text.max_length),
            (read_graph_of(self._package, folder.unet), settings.batch * latent),
            (read_graph_of(self._package, folder.decoder), height * width),
        ]
        return Inspection(memory_bound(graphs))

    def load(self, device: Device) -> Model:
        """Load text encoder, denoiser and decoder."""
        settings, folder, package = self._settings, self._settings.folder, self._package
        encoder = TextEncoder(settings.text, load_graph(package, folder.text_encoder, device), folder.reader(package))
        return StableDiffusionModel(
            settings,
            encoder,
            load_graph(package, folder.unet, device),
            load_graph(package, folder.decoder, device),
            many=package.manifest.outputs[settings.output].type is OutputType.IMAGES,
        )

    def _largest(self, dial: Dial) -> int:
        if not isinstance(dial.source, str):
            return int(dial.source)
        maximum = self._package.manifest.inputs[dial.source].maximum
        return int(maximum) if maximum is not None else 1024


class StableDiffusionModel:
    """A loaded package of this family."""

    def __init__(
        self, settings: StableDiffusionSettings, text: TextEncoder, unet: Session, decoder: Session, *, many: bool
    ) -> None:
        self._settings: Final = settings
        self._text: Final = text
        self._unet: Final = unet
        self._decoder: Final = decoder
        self._many: Final = many
        self._format: Final = PictureFormat()
        self._denoiser: Final = Denoiser(settings.folder.tensors, unet, settings.batch)
        # One picture a run: decoding takes the most memory of all, and gains nothing from company.
        self._decoding: Final = Kernel(settings.folder.decoder, self._decode_rows, 1)
        self._preview: Final = LatentPreview(self._decode, settings.folder.channels, 1.0)

    @property
    def memory_bytes(self) -> int:
        """What the weights take."""
        return self._text.weight_bytes + self._unet.weight_bytes + self._decoder.weight_bytes

    def close(self) -> None:
        """Give the memory back."""
        self._text.close()
        self._unet.close()
        self._decoder.close()

    async def run(self, inputs: Mapping[str, Value], context: Context) -> Mapping[str, Value]:
        """Make the pictures of one job."""
        settings, sampling, folder = self._settings, self._settings.sampling, self._settings.folder
        height, width = settings.height.whole(inputs), settings.width.whole(inputs)
        if height % folder.factor or width % folder.factor:
            raise ModelError(f"Width and height must be multiples of {folder.factor}.")
        name = settings.scheduler if settings.scheduler in SCHEDULERS else str(inputs[settings.scheduler])
        scheduler = SCHEDULERS[name](folder.schedule, sampling.steps.whole(inputs))
        given = await self._text.encode(inputs, context)
        empty = await self._text.encode_negative(inputs, context)
        conditions: dict[str, Condition] = {"encoder_hidden_states": (given, empty)}
        predict = self._denoiser.guided(conditions, sampling.guidance.value(inputs), context)
        count = sampling.images.whole(inputs) if self._many else 1
        shape = (folder.channels, height // folder.factor, width // folder.factor)
        start = noise(context, int(sampling.seed.value(inputs)), count, shape) * np.float32(scheduler.noise_scale)

        def preview(finished: Array) -> Image:
            return side_by_side(self._preview.show(finished))

        made = await sample(scheduler, start, predict, context, preview=preview, preview_every=sampling.preview_every)
        decoded = (await context.batch(self._decoding, {"latents": made}))["pictures"]
        pictures = self._format.pictures(decoded)
        return {settings.output: pictures if self._many else pictures[0]}

    def _decode_rows(self, batch: Batch) -> Batch:
        return {"pictures": self._decode(batch["latents"])}

    def _decode(self, latents: Array) -> Array:
        folder = self._settings.folder
        scaled = latents / np.float32(folder.scaling) + np.float32(folder.shift)
        kind = self._decoder.inputs["latent_sample"].dtype
        made = self._decoder.run({"latent_sample": scaled.astype(kind)}, ["sample"], release=True)["sample"]
        return made.astype(np.float32)


def _read(package: PackageFiles, settings: Settings) -> StableDiffusionSettings:
    folder = OptimumFolder.read(package, settings)
    table: Settings = settings.table("sampling")
    manifest = package.manifest
    scheduler: str = table.text("scheduler", "dpm++2m")
    if scheduler not in SCHEDULERS:
        spec = manifest.inputs.get(scheduler)
        if spec is None or spec.type is not InputType.CHOICE or any(c.value not in SCHEDULERS for c in spec.choices):
            raise table.error(
                "scheduler", f"is '{scheduler}'; use {', '.join(SCHEDULERS)}, or a choice input that offers these only."
            )
    return StableDiffusionSettings(
        folder=folder,
        text=folder.text(settings, manifest),
        sampling=read_sampling(settings, manifest),
        width=read_dial(table, manifest, "width", 512, whole=True),
        height=read_dial(table, manifest, "height", 512, whole=True),
        scheduler=scheduler,
        batch=table.integer("batch", 4, minimum=1),
        output=read_output(settings, manifest),
    )
