"""What a request measures: exact whole numbers, which a price multiplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest

#: What a quote takes of one unit; ``messages.registry.Measures`` says the same.
MAX_MEASURE: Final = 10**12


def measure(
    manifest: Manifest, inputs: Mapping[str, object], sizes: Mapping[str, Sequence[tuple[int, int]]]
) -> dict[str, int]:
    """The measure of each cost unit.

    Args:
        manifest: The package's.
        inputs: As ``complete`` returned them.
        sizes: (width, height) of each image, by the name of its input. The images of one input are added up.

    Raises:
        ArtratorError: ``input_invalid`` if the request measures more than can be priced.
    """
    found = {}
    for unit in manifest.cost.units:
        total = 1
        for factor in unit.factors:
            total *= _factor(factor, inputs, sizes)
        if total > MAX_MEASURE:
            raise ArtratorError(
                Code.INPUT_INVALID,
                f"The request measures {total} {unit.name}, more than {MAX_MEASURE}.",
                cure="Make the picture smaller or choose fewer steps.",
                unit=unit.name,
            )
        found[unit.name] = total
    return found


def _factor(factor: str, inputs: Mapping[str, object], sizes: Mapping[str, Sequence[tuple[int, int]]]) -> int:
    name, _, aspect = factor.partition(".")
    if aspect == "count":
        return len(sizes.get(name, ()))
    if aspect == "pixels":
        return sum(width * height for width, height in sizes.get(name, ()))
    value = inputs[name]
    if not isinstance(value, int):  # validation admits whole numbers and booleans only
        raise TypeError(f"{name} cannot be counted")
    return int(value)
