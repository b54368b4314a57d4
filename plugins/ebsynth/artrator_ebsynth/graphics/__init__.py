"""The search on a graphics card: an optional extra, behind the same interface as on the processor."""

from artrator_ebsynth.graphics.device import CUDADevice, GraphicsDevice, missing
from artrator_ebsynth.graphics.level import GraphicsLevel, GraphicsSearch

__all__ = ["CUDADevice", "GraphicsDevice", "GraphicsLevel", "GraphicsSearch", "missing"]
