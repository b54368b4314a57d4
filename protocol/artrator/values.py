"""Single values against their specification: texts, numbers, choices. Standard library only; images are elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from artrator.manifest import InputSpec, InputType

#: Texts without a ``max_length`` of their own end here.
MAX_TEXT: Final = 10_000
#: Whole numbers beyond this are not exact in every JSON reader, so two parties could digest different requests.
MAX_INTEGER: Final = 2**53
#: A seed drawn for the buyer lies in 0 … 2³² - 1 unless the manifest bounds it: what every generator accepts.
MAX_SEED: Final = 2**32 - 1

FILE_TYPES: Final = frozenset({InputType.IMAGE, InputType.MASK, InputType.IMAGES})


@dataclass(frozen=True)
class Fault:
    """Why a value is refused: ``what`` reads on after the input's name ("steps 99 is above maximum 50.")."""

    what: str
    cure: str


def number_text(value: float) -> str:
    """A number as a person writes it: 50 and not 50.0."""
    return str(int(value)) if float(value).is_integer() else str(value)


def normal(spec: InputSpec, value: object) -> object:
    """The value in the one form that requests carry it in; what is wrong stays as it is, for ``fault`` to find."""
    if spec.type is InputType.NUMBER and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) <= MAX_INTEGER else value
    if spec.type is InputType.NUMBER and value == 0.0:
        return 0.0  # minus zero equals zero but is written differently
    if spec.type is InputType.INTEGER and isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) <= MAX_INTEGER else value
    return value


def fault(spec: InputSpec, value: object) -> Fault | None:
    """Why ``value`` cannot stand for a text, number, boolean or choice; None if it can. Never quotes long texts."""
    match spec.type:
        case InputType.TEXT:
            return _text(spec, value)
        case InputType.INTEGER:
            if isinstance(value, bool) or not isinstance(value, int):
                return Fault("is not a whole number.", "Give a number such as 20.")
            if abs(value) > MAX_INTEGER:
                return Fault("is too large.", f"Stay between -{MAX_INTEGER} and {MAX_INTEGER}.")
            return _bounds(spec, value) or _step(spec, value)
        case InputType.NUMBER:
            if isinstance(value, bool) or not isinstance(value, float):
                return Fault("is not a number.", "Give a number such as 0.5.")
            if not math.isfinite(value) or abs(value) > MAX_INTEGER:
                return Fault(f"{value} is too large.", f"Stay between -{MAX_INTEGER} and {MAX_INTEGER}.")
            return _bounds(spec, value)
        case InputType.BOOLEAN:
            return None if isinstance(value, bool) else Fault("is neither true nor false.", "Give true or false.")
        case InputType.CHOICE:
            values = [choice.value for choice in spec.choices]
            if isinstance(value, str) and value in values:
                return None
            shown = ", ".join(values[:12]) + (", …" if len(values) > 12 else "")
            return Fault("is not one of the choices.", f"Choose one of: {shown}.")
        case _:
            return None


def _text(spec: InputSpec, value: object) -> Fault | None:
    if not isinstance(value, str):
        return Fault("is not a text.", "Give a text.")
    longest = MAX_TEXT if spec.max_length is None else spec.max_length
    if len(value) > longest:
        return Fault(f"has {len(value)} characters, more than {longest}.", "Shorten it.")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return Fault("holds characters that are not text.", "Type it anew instead of pasting it.")
    return None


def _bounds(spec: InputSpec, value: float) -> Fault | None:
    if spec.maximum is not None and value > spec.maximum:
        highest = number_text(spec.maximum)
        return Fault(f"{number_text(value)} is above maximum {highest}.", f"Give at most {highest}.")
    if spec.minimum is not None and value < spec.minimum:
        lowest = number_text(spec.minimum)
        return Fault(f"{number_text(value)} is below minimum {lowest}.", f"Give at least {lowest}.")
    return None


def _step(spec: InputSpec, value: int) -> Fault | None:
    """Steps bind whole numbers (a width that must be a multiple of 8); of other numbers they only move the slider."""
    if spec.step is None:
        return None
    step, start = int(spec.step), int(spec.minimum or 0)
    beyond = (value - start) % step
    if not beyond:
        return None
    near = [n for n in (value - beyond, value - beyond + step) if _bounds(spec, n) is None]
    return Fault(
        f"{value} is not {start} plus a multiple of {step}." if start else f"{value} is not a multiple of {step}.",
        f"Give {' or '.join(str(n) for n in near)}.",
    )
