"""What every family of models is to the backend."""

from __future__ import annotations

from typing import Protocol

from artrator.backend import Device, Inspection, Model


class Pipeline(Protocol):
    """One package, read and checked, not loaded."""

    def inspect(self) -> Inspection:
        """What can be said without running it."""
        ...

    def load(self, device: Device) -> Model:
        """Load the weights."""
        ...
