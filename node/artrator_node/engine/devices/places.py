"""What models compute on: a place is a card or a part of the processor, a choice is a way to compute there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from artrator.backend import Device
from artrator.errors import ArtratorError, Code

#: Kinds of device that compute on the processor itself, whatever library does the work.
ON_PROCESSOR: Final = frozenset({"cpu", "openvino"})
#: Every kind, the best guess first: before anything was measured, the first one that answers is used. TensorRT builds
#: an engine for minutes before its first picture, so it is tried while nobody waits, and never guessed.
KINDS: Final = ("cuda", "directml", "coreml", "openvino-gpu", "cpu", "openvino", "tensorrt")
_NAME: Final = re.compile(rf"({'|'.join(KINDS)})(?::(\d{{1,3}}))?")


@dataclass(frozen=True)
class Place:
    """One thing to compute on.

    Attributes:
        hardware: ``cpu`` or ``gpu``.
        index: Which one, as the driver counts; of processors, which part.
        only: The one kind that the owner wants here; empty where it is chosen.
        cores: The processors that workers here are pinned to; empty for all that the node may use.
        memory_bytes: What all models here may take together; 0 where nothing is known.
        name: What it is, such as ``NVIDIA GeForce RTX 4090``.
        driver: The version of its driver.
    """

    hardware: str
    index: int = 0
    only: str = ""
    cores: tuple[int, ...] = ()
    memory_bytes: int = 0
    name: str = ""
    driver: str = ""

    @property
    def label(self) -> str:
        """What the owner calls it: ``cuda:1``, ``gpu:0``, ``cpu``."""
        kind = self.only or self.hardware
        return kind if kind in ON_PROCESSOR and not self.cores else f"{kind}:{self.index}"


@dataclass(frozen=True)
class Choice:
    """One way to compute one package.

    Attributes:
        kind: What ``artrator.backend.Device.kind`` says.
        threads: How many processor threads a kernel may use; 0 leaves it to the worker starter.
        precision: ``fp32``, or what package or owner allowed instead.
    """

    place: Place
    kind: str
    threads: int = 0
    precision: str = "fp32"

    def __str__(self) -> str:
        words = [self.place.label if self.kind in self.place.label else f"{self.place.label} by {self.kind}"]
        if self.threads and self.kind in ON_PROCESSOR:
            words.append(f"{self.threads} thread{'s' * (self.threads > 1)}")
        if self.precision != "fp32":
            words.append(self.precision)
        return ", ".join(words)

    @property
    def is_on_processor(self) -> bool:
        """Whether no card is needed."""
        return self.kind in ON_PROCESSOR

    def device(self, memory_bytes: int = 0) -> Device:
        """The device as a backend sees it; ``memory_bytes`` is what the model may take of it."""
        return Device(
            kind=self.kind,
            # A part of the processor is all of the processor that a worker sees.
            index=0 if self.kind in ON_PROCESSOR else self.place.index,
            threads=self.threads,
            memory_bytes=memory_bytes,
            precision=self.precision,
        )


def parse(name: str) -> tuple[str, int]:
    """``cuda:1`` as (kind, index).

    Raises:
        ArtratorError: ``request_invalid``.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"{name!a} is no device.",
            cure=f"Write it as KIND or KIND:NUMBER; the kinds are {', '.join(sorted(KINDS))}.",
        )
    return found[1], int(found[2] or 0)
