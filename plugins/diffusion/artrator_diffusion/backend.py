"""The backend: finds the family that a package names, and leaves the rest to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from artrator.backend import Device, Inspection, Model, PackageFiles
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
        return self._pipeline(package).inspect()

    def load(self, package: PackageFiles, device: Device) -> Model:
        """Load every graph of the package from its bytes."""
        return self._pipeline(package).load(device)

    @staticmethod
    def _pipeline(package: PackageFiles) -> Pipeline:
        settings = Settings.of(package.manifest)
        family = FAMILIES[settings.text("pipeline", choices=tuple(FAMILIES))]
        pipeline = family(package, settings)
        settings.done()
        return pipeline
