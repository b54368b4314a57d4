"""The backend: finds the family that a package names, and leaves the rest to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from artrator.backend import PRECISIONS, Device, Inspection, Model, PackageFiles
from artrator.onnx_runtime.providers import at_least
from artrator.settings import Settings
from artrator_diffusion.pipelines import Pipeline
from artrator_diffusion.pipelines.flow import FlowPipeline
from artrator_diffusion.pipelines.stable_diffusion import StableDiffusionPipeline

_Family: TypeAlias = Callable[[PackageFiles, Settings], Pipeline]

#: The families by the name that ``[settings] pipeline`` gives.
FAMILIES: Final[Mapping[str, _Family]] = {"flow": FlowPipeline, "stable-diffusion": StableDiffusionPipeline}


class DiffusionBackend:
    """Samples pictures from text in steps."""

    name = "diffusion"

    def inspect(self, package: PackageFiles) -> Inspection:
        """Check settings, graphs and tokenizers."""
        return self._read(package)[0].inspect()

    def load(self, package: PackageFiles, device: Device) -> Model:
        """Load every graph of the package from its bytes."""
        pipeline, precision = self._read(package)
        return pipeline.load(at_least(device, precision))

    @staticmethod
    def _read(package: PackageFiles) -> tuple[Pipeline, str]:
        """The pipeline, and how coarse the arithmetic of an accelerator may be."""
        settings = Settings.of(package.manifest)
        family = FAMILIES[settings.text("pipeline", choices=tuple(FAMILIES))]
        pipeline = family(package, settings)
        precision: str = settings.text("precision", PRECISIONS[0], choices=PRECISIONS)
        settings.done()
        return pipeline, precision
