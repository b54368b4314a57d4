"""What the ``[settings]`` of a package may say, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from artrator.backend import PRECISIONS
from artrator_onnx.pixels import PixelFormat

#: Rows per run at most where the package does not say.
MOST_ROWS: Final = 64
#: How pictures of any size meet the graph.
MODES: Final = ("dynamic", "resize", "tile")
FITS: Final = ("stretch", "pad")
PARTS: Final = ("ids", "mask", "types")
DISTRIBUTIONS: Final = ("normal", "uniform")


@dataclass(frozen=True)
class PictureFeed:
    """A picture or mask.

    Attributes:
        size: Height and width of its own, to which it is scaled; None if it follows the first picture.
    """

    input: str
    pixels: PixelFormat
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class NumberFeed:
    """A number, whole number or switch: ``value * scale + offset``."""

    input: str
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class ChoiceFeed:
    """A choice: its place among ``values``, as one number or as a row of zeros with a one in it."""

    input: str
    values: Sequence[str]
    one_hot: bool


@dataclass(frozen=True)
class TokenFeed:
    """A text as token numbers (``ids``), as which of them count (``mask``), or as zeros (``types``)."""

    input: str
    tokenizer: str
    part: str
    max_length: int
    pad: bool


@dataclass(frozen=True)
class NoiseFeed:
    """Noise drawn from a seed; the seed is an input, or a number in the manifest."""

    seed: str | int
    distribution: str
    scale: float
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ConstantFeed:
    """A number or list that is the same for every job."""

    value: float | tuple[float, ...]


Feed: TypeAlias = PictureFeed | NumberFeed | ChoiceFeed | TokenFeed | NoiseFeed | ConstantFeed


@dataclass(frozen=True)
class PictureResult:
    """A tensor that becomes a picture, or several.

    Attributes:
        many: The output is a list: one picture a frame or row.
        strength: A number input, 0 to 1: how much of the result is mixed into the first picture; None for all.
    """

    tensor: str
    pixels: PixelFormat
    strength: str | None = None
    many: bool = False


@dataclass(frozen=True)
class NumberResult:
    """A tensor that becomes a number: its first element."""

    tensor: str


@dataclass(frozen=True)
class LabelResult:
    """A tensor of scores that becomes the label with the highest one."""

    tensor: str
    labels: Sequence[str]


Result: TypeAlias = PictureResult | NumberResult | LabelResult


@dataclass(frozen=True)
class Size:
    """How pictures meet the graph.

    Attributes:
        mode: ``dynamic``: as they are, grown to a ``multiple`` by mirroring and cut back. ``resize``: scaled to the
            graph's fixed size and back. ``tile``: cut into tiles.
        multiple: Sides must be a multiple of this.
        max_pixels: In mode ``dynamic``, larger pictures are cut into tiles; 0 for never.
        height, width: Of the fixed size or of a tile.
        overlap: What neighbouring tiles share, in pixels.
        fit: In mode ``resize``: ``stretch`` changes proportions, ``pad`` mirrors the edge to fill up.
        restore: In mode ``resize``: scale the result back to the picture's own size.
        fixed: The graph takes exactly ``height`` and ``width``, so that small pictures are grown to them.
    """

    mode: str = "dynamic"
    multiple: int = 1
    max_pixels: int = 0
    height: int = 0
    width: int = 0
    overlap: int = 0
    fit: str = "stretch"
    restore: bool = True
    fixed: bool = False


@dataclass(frozen=True)
class Spec:
    """The whole table.

    Attributes:
        graph: The ONNX file in the package.
        feeds, results: By tensor, and by output.
        batch: Rows that one job makes at once.
        most_rows: Rows per run at most, of all jobs together; the worker learns how many are worth it.
        rows: The integer input that says how many pictures to make; None for one.
        first: The tensor of the first picture, which sets the size; None if there is no picture.
        precision: How coarse the arithmetic of an accelerator may be; one of ``artrator.backend.PRECISIONS``.
    """

    graph: str
    feeds: Mapping[str, Feed]
    results: Mapping[str, Result]
    size: Size = field(default_factory=Size)
    batch: int = 8
    most_rows: int = MOST_ROWS
    rows: str | None = None
    first: str | None = None
    precision: str = PRECISIONS[0]
