"""What ``artrator.toml`` says, as frozen values.

This module knows shapes and meanings only; ``artrator.package.manifest_file`` reads and validates the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class InputType(StrEnum):
    """What a buyer can be asked for."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    IMAGE = "image"
    MASK = "mask"
    IMAGES = "images"


#: A text in every language given: ``{"en": "Steps", "ko": "단계"}``. English is always there.
Texts = Mapping[str, str]


def pick(texts: Texts, language: str) -> str:
    """The text in ``language``, else in English, else the first one."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True)
class Choice:
    """One value of a choice and its label."""

    value: str
    label: Texts


@dataclass(frozen=True)
class InputSpec:
    """One input: ``[inputs.NAME]``. Bounds are inclusive; None means that the bound does not apply.

    Attributes:
        default: The value used when the buyer gives none; None makes the input required.
        minimum, maximum, step: Of integer and number.
        max_length: Of text, in characters.
        min_side, max_side, max_pixels: Of image, mask and each of images, in pixels.
        max_items: Of images.
        max_total_pixels: Of images: all of them together, which bounds what a film takes of memory.
        random: For integer: a fresh value is drawn for every job unless the buyer gives one (a seed).
        advanced: Shown only when the buyer asks for more settings.
        multiline: Of text.
        alpha: Of image: the model wants a fourth channel.
    """

    name: str
    type: InputType
    label: Texts
    help: Texts = field(default_factory=dict)
    default: str | int | float | bool | None = None
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    max_length: int | None = None
    choices: Sequence[Choice] = ()
    min_side: int | None = None
    max_side: int | None = None
    max_pixels: int | None = None
    max_items: int | None = None
    max_total_pixels: int | None = None
    random: bool = False
    advanced: bool = False
    multiline: bool = False
    alpha: bool = False


class OutputType(StrEnum):
    """What a job can deliver."""

    IMAGE = "image"
    IMAGES = "images"
    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True)
class OutputSpec:
    """One output: ``[outputs.NAME]``.

    Attributes:
        count: Of images: the integer input that says how many there are.
    """

    name: str
    type: OutputType
    label: Texts
    count: str | None = None


@dataclass(frozen=True)
class CostUnit:
    """Something a price can be put on: ``[cost.NAME]``.

    The measure of a request is the product of its factors, each an integer: the name of an integer or boolean
    input, ``INPUT.pixels`` or ``INPUT.count`` of an image input, or nothing at all (a measure of 1: one run).
    """

    name: str
    label: Texts
    factors: Sequence[str] = ()


@dataclass(frozen=True)
class Cost:
    """The units of a package. A package without ``[cost]`` has the one unit ``run``."""

    units: Sequence[CostUnit]


@dataclass(frozen=True)
class Sample:
    """A picture that shows what the model does: ``[[samples]]``."""

    file: str
    caption: Texts
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rights:
    """What the licence allows, in three answers a buyer can filter by. Unset means not allowed."""

    commercial: bool = False
    derivatives: bool = False
    outputs: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """``artrator.toml``, validated.

    Attributes:
        backend: The name of the backend.
        settings: The ``[backend]`` table as plain values: the backend validates it.
        license: An SPDX expression, or ``LicenseRef-…`` with ``license_file``.
        base_models: Names of the models this one was made from.
        text: The file as it was read, so that messages can name its lines.
    """

    name: str
    version: str
    title: Texts
    summary: Texts
    task: str
    backend: str
    license: str
    inputs: Mapping[str, InputSpec]
    outputs: Mapping[str, OutputSpec]
    cost: Cost
    description: Texts = field(default_factory=dict)
    license_file: str | None = None
    rights: Rights = field(default_factory=Rights)
    tags: Sequence[str] = ()
    base_models: Sequence[str] = ()
    samples: Sequence[Sample] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
