"""Stable Diffusion: sampling in the latent space of an autoencoder, from the folders that Optimum exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artrator.backend import Device, Inspection, Model, PackageFiles
from artrator.manifest import InputType, Manifest, OutputType
from artrator.onnx_runtime import load_graph, read_graph_of
from artrator.settings import Settings
from artrator_diffusion.autoencoder import Autoencoder
from artrator_diffusion.packages import memory_bound
from artrator_diffusion.pipelines.latent_model import LatentModel, LatentSettings
from artrator_diffusion.pipelines.optimum import OptimumFolder
from artrator_diffusion.sampling import Dial, read_dial, read_output, read_sampling
from artrator_diffusion.source import SourceSettings, read_source
from artrator_diffusion.text import ClipEncoder, PromptEncoder
from artrator_diffusion.times import MOST_ROWS, load_denoiser

#: The side of a picture, in pixels, that is reckoned with where a manifest leaves it open.
_USUAL_SIDE: Final = 1024
#: Rows that one job makes at once where the package does not say.
_USUAL_BATCH: Final = 4
#: Two of the thousand times that such networks are trained with.
_TWO_TIMES: Final = (37.0, 861.0)
#: A picture is held in pixels, as numbers, blended and once more as sums while tiles are put together.
_BYTES_PER_PIXEL: Final = 64


@dataclass(frozen=True)
class Prompts:
    """The table ``[settings.text]``: the text inputs."""

    prompt: str
    negative: str | None


class StableDiffusionPipeline:
    """A package of this family."""

    def __init__(self, package: PackageFiles, settings: Settings) -> None:
        """Read and check the settings and the folder."""
        self._package: Final = package
        self._folder: Final = OptimumFolder.read(package, settings)
        self._prompts: Final = _read_prompts(settings, package.manifest)
        self._settings: Final = _read(package, settings, self._folder)

    def inspect(self) -> Inspection:
        """Bounds of memory at the largest size that the manifest allows."""
        folder, autoencoder = self._folder, self._folder.autoencoder
        pixels = self._largest_area()
        whole = min(pixels, (autoencoder.tile * autoencoder.factor) ** 2)
        files = [(part.graph, part.max_length) for part in folder.texts]
        files.append((folder.network.graph, self._settings.batch * pixels // autoencoder.factor**2))
        files += [(name, whole) for name in (autoencoder.decoder, autoencoder.encoder) if name is not None]
        bound = memory_bound([(read_graph_of(self._package, name), positions) for name, positions in files])
        warnings = []
        if folder.samplers.stranger is not None:
            warnings.append(
                f"scheduler_config.json names {folder.samplers.stranger}, which this backend does not have; "
                f"'default' is {folder.samplers.default} instead."
            )
        return Inspection(bound + pixels * _BYTES_PER_PIXEL, warnings)

    def load(self, device: Device) -> Model:
        """Load text encoders, denoiser, decoder and, where pictures come in, encoder."""
        settings, folder, package = self._settings, self._folder, self._package
        encoders = [
            ClipEncoder(part, load_graph(package, part.graph, device), folder.reader(part, package))
            for part in folder.texts
        ]
        text = PromptEncoder(
            encoders,
            prompt=self._prompts.prompt,
            negative=self._prompts.negative,
            zeros_for_empty=folder.zeros_for_empty,
        )
        encoder = folder.autoencoder.encoder if settings.source is not None or folder.network.inpainting else None
        autoencoder = Autoencoder(
            folder.autoencoder,
            load_graph(package, folder.autoencoder.decoder, device),
            None if encoder is None else load_graph(package, encoder, device),
        )
        autoencoder.check()
        return LatentModel(
            settings,
            text,
            load_denoiser(
                package,
                folder.network.graph,
                device,
                sample=folder.network.tensors.sample,
                time=folder.network.tensors.time,
                side=folder.grain // folder.autoencoder.factor,
                times=_TWO_TIMES,
            ),
            autoencoder,
            many=package.manifest.outputs[settings.output].type is OutputType.IMAGES,
        )

    def _largest_area(self) -> int:
        """Pixels of the largest picture that a job may ask for."""
        settings = self._settings
        areas = [self._largest(settings.height) * self._largest(settings.width)]
        if settings.source is not None:
            spec = self._package.manifest.inputs[settings.source.picture]
            areas.append(spec.max_pixels or (spec.max_side or _USUAL_SIDE) ** 2)
        return max(areas)

    def _largest(self, dial: Dial) -> int:
        if not isinstance(dial.source, str):
            return int(dial.source)
        maximum = self._package.manifest.inputs[dial.source].maximum
        return int(maximum) if maximum is not None else _USUAL_SIDE


def _read(package: PackageFiles, settings: Settings, folder: OptimumFolder) -> LatentSettings:
    table: Settings = settings.table("sampling")
    manifest = package.manifest
    source = read_source(settings, manifest)
    _check_source(settings, source, folder)
    return LatentSettings(
        network=folder.network,
        autoencoder=folder.autoencoder,
        samplers=folder.samplers,
        grain=folder.grain,
        sampling=read_sampling(settings, manifest),
        width=read_dial(table, manifest, "width", 512, whole=True),
        height=read_dial(table, manifest, "height", 512, whole=True),
        sampler=_read_sampler(table, manifest, folder.samplers.names),
        source=source,
        batch=table.integer("batch", _USUAL_BATCH, minimum=1),
        most_rows=table.integer("batch", MOST_ROWS, minimum=1),
        output=read_output(settings, manifest),
    )


def _read_prompts(settings: Settings, manifest: Manifest) -> Prompts:
    table: Settings = settings.table("text")
    prompts = Prompts(table.text("input"), table.text("negative", None))
    for key, name in (("input", prompts.prompt), ("negative", prompts.negative)):
        spec = manifest.inputs.get(name) if name else None
        if name and (spec is None or spec.type is not InputType.TEXT):
            raise table.error(key, f"is '{name}'; it must be an input of type text.")
    return prompts


def _read_sampler(table: Settings, manifest: Manifest, names: tuple[str, ...]) -> str:
    sampler: str = table.text("scheduler", "default")
    if sampler in names:
        return sampler
    spec = manifest.inputs.get(sampler)
    if spec is None or spec.type is not InputType.CHOICE:
        raise table.error("scheduler", f"is '{sampler}'; use {', '.join(names)}, or a choice input that offers these.")
    if stray := [choice.value for choice in spec.choices if choice.value not in names]:
        raise table.error("scheduler", f"offers '{stray[0]}'; this model can be sampled with {', '.join(names)} only.")
    return sampler


def _check_source(settings: Settings, source: SourceSettings | None, folder: OptimumFolder) -> None:
    """Pictures that come in need an encoder, and inpainting networks need a mask."""
    graph = folder.network.graph
    if folder.network.inpainting and (source is None or source.mask is None):
        raise settings.error(None, f"must have [settings.image] with 'input' and 'mask': {graph} sees both.")
    if source is not None and folder.autoencoder.encoder is None:
        raise settings.error("image", "takes a picture, for which the package must hold vae_encoder/model.onnx.")
