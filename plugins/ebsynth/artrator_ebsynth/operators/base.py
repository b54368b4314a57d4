"""The seam between the backend and what a package can ask for, and what all operators do alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np

from artrator.backend import Context, Device, Image, Value
from artrator.errors import ArtratorError, Code
from artrator.manifest import InputSpec, InputType
from artrator_ebsynth.field import LONGEST_SIDE
from artrator_ebsynth.memory import RUNTIME_BYTES

#: The pixels that a picture may have where the manifest does not say.
UNBOUNDED_PIXELS: Final = 4096 * 4096


class Operator(Protocol):
    """One kind of job."""

    @property
    def used(self) -> set[str]:
        """Every input that changes something."""
        ...

    @property
    def patch(self) -> int:
        """The side of a patch."""
        ...

    @property
    def sized(self) -> tuple[str, ...]:
        """The inputs that memory depends on."""
        ...

    def bound(self) -> int:
        """Bytes that the largest job of the package takes beside the runtime, its pictures included."""
        ...

    def make(self, inputs: Mapping[str, Value], context: Context, device: Device) -> dict[str, Value]:
        """Make the outputs of one job; runs in a thread.

        Raises:
            ArtratorError: ``input_invalid`` with the slot; ``job_cancelled``.
        """
        ...


def most_pixels(declared: InputSpec) -> int:
    """Of one picture of an input."""
    bounds = [UNBOUNDED_PIXELS]
    if declared.max_pixels is not None:
        bounds.append(declared.max_pixels)
    if declared.max_side is not None:
        bounds.append(declared.max_side**2)
    return min(bounds)


def all_pixels(declared: InputSpec) -> int:
    """Of all pictures of an input together."""
    if declared.type is not InputType.IMAGES:
        return most_pixels(declared)
    together = most_pixels(declared) * (declared.max_items or 1)
    return min(together, declared.max_total_pixels or together)


def thinnest(pixels: int) -> tuple[int, int]:
    """The shape of so many pixels that takes most, because it has the longest edge."""
    return -(-pixels // LONGEST_SIDE), LONGEST_SIDE


def declared_channels(declared: InputSpec) -> int:
    """Of the pictures of an input."""
    if declared.type is InputType.MASK:
        return 1
    return 4 if declared.alpha else 3


def check_memory(device: Device, needed: int, slots: tuple[str, ...]) -> None:
    """Refuse what would not fit, before anything is allocated.

    Raises:
        ArtratorError: ``input_invalid`` with the slots.
    """
    total = RUNTIME_BYTES + needed
    if device.memory_bytes and total > device.memory_bytes:
        raise ArtratorError(
            Code.INPUT_INVALID,
            f"{' and '.join(slots)}: these sizes need {total >> 20} MiB of memory, "
            f"and this node gives {device.memory_bytes >> 20}.",
            cure="Send smaller pictures, or fewer.",
        )


def asker(context: Context) -> Callable[[], bool]:
    """Whether the job was cancelled, as a question."""

    def cancelled() -> bool:
        try:
            context.raise_if_cancelled()
        except ArtratorError:
            return True
        return False

    return cancelled


def picture(inputs: Mapping[str, Value], name: str) -> Image:
    """The picture that was given.

    Raises:
        ArtratorError: ``input_invalid`` if there is none.
    """
    value = inputs.get(name)
    if not isinstance(value, np.ndarray):
        raise ArtratorError(Code.INPUT_INVALID, f"{name}: a picture is needed.")
    return value


def pictures(inputs: Mapping[str, Value], name: str | None) -> list[Image]:
    """The pictures that were given; one alone is a list of one, and nothing is an empty list."""
    value = None if name is None else inputs.get(name)
    if isinstance(value, np.ndarray):
        return [value]
    return [item for item in value if isinstance(item, np.ndarray)] if isinstance(value, list | tuple) else []


def rgb(image: Image) -> Image:
    """As RGB, or RGBA where there is alpha."""
    colour = image if image.shape[2] > 2 else np.concatenate([image[:, :, :1]] * 3 + [image[:, :, 1:]], axis=2)
    return np.ascontiguousarray(colour)


def number(value: object, default: float) -> float:
    """A weight or the like, where an optional input may have been left out."""
    return float(value) if isinstance(value, int | float) else default


def channels(image: Image) -> int:
    """How many a picture has."""
    return 1 if image.ndim == 2 else image.shape[2]
