"""Reads and checks the ``[settings]`` of a package against its graph and its inputs and outputs."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from artrator.backend import PRECISIONS, PackageFiles
from artrator.manifest import InputType, Manifest, OutputType
from artrator.onnx_runtime import GraphFacts, TensorFacts, read_graph_of
from artrator.settings import Settings
from artrator_onnx.pixels import ORDERS, PixelFormat
from artrator_onnx.spec import (
    DISTRIBUTIONS,
    FITS,
    MODES,
    MOST_ROWS,
    PARTS,
    ChoiceFeed,
    ConstantFeed,
    Feed,
    LabelResult,
    NoiseFeed,
    NumberFeed,
    NumberResult,
    PictureFeed,
    PictureResult,
    Result,
    Size,
    Spec,
    TokenFeed,
)

_PICTURES: Final = frozenset({InputType.IMAGE, InputType.MASK, InputType.IMAGES})
#: How many channels a picture may have for a graph.
_CHANNELS: Final = frozenset({1, 3, 4})
_NUMBERS: Final = frozenset({InputType.INTEGER, InputType.NUMBER, InputType.BOOLEAN})


def read_spec(package: PackageFiles) -> tuple[Spec, GraphFacts]:
    """The settings of ``package``, and what its graph says of itself.

    Raises:
        ArtratorError: ``package_invalid`` with the line of ``artrator.toml`` or the file at fault.
    """
    return _Reader(package).read()


class _Reader:
    def __init__(self, package: PackageFiles) -> None:
        self.package: Final = package
        self.manifest: Final[Manifest] = package.manifest
        self.settings: Final = Settings.of(package.manifest)
        self.files: Final = frozenset(package.names())

    def read(self) -> tuple[Spec, GraphFacts]:
        settings = self.settings
        graph = self._file(settings, "graph")
        facts = read_graph_of(self.package, graph)
        feed_tables = settings.table("feeds")
        feeds = {
            tensor: self._feed(table, self._tensor(feed_tables, tensor, facts.inputs))
            for tensor, table in feed_tables.tables().items()
        }
        if missing := [name for name in facts.inputs if name not in feeds]:
            raise feed_tables.error(
                None, f"does not say what goes into the tensor '{missing[0]}' of {graph} ({facts.inputs[missing[0]]})."
            )
        first = next((t for t, f in feeds.items() if isinstance(f, PictureFeed) and f.size is None), None)
        result_tables = settings.table("results")
        results = {
            output: self._result(table, output, facts, first) for output, table in result_tables.tables().items()
        }
        for output in self.manifest.outputs:
            if output not in results:
                raise result_tables.error(None, f"does not say which tensor the output '{output}' comes from.")
        spec = Spec(
            graph=graph,
            feeds=feeds,
            results=results,
            size=self._size(first, facts, results),
            batch=settings.integer("batch", 8, minimum=1),
            most_rows=settings.integer("batch", MOST_ROWS, minimum=1),
            rows=self._rows(),
            first=first,
            precision=settings.text("precision", PRECISIONS[0], choices=PRECISIONS),
        )
        settings.done()
        return spec, facts

    def _file(self, settings: Settings, key: str) -> str:
        name: str = settings.text(key)
        if name not in self.files:
            near = difflib.get_close_matches(name, self.files, 1)
            raise settings.error(
                key, f"is '{name}', which is not in the package{f'; did you mean {near[0]}' if near else ''}."
            )
        return name

    @staticmethod
    def _tensor(tables: Settings, name: str, tensors: Mapping[str, TensorFacts]) -> TensorFacts:
        if name not in tensors:
            raise tables.error(name, f"is no input of the graph, which has {', '.join(map(str, tensors.values()))}.")
        if tensors[name].dtype is None:
            raise tables.error(name, "has a type that this backend cannot make; export the graph with float32 tensors.")
        return tensors[name]

    def _feed(self, table: Settings, tensor: TensorFacts) -> Feed:
        kinds = [kind for kind in ("input", "noise", "constant") if kind in table]
        if len(kinds) != 1:
            raise table.error(None, "needs exactly one of 'input', 'noise' and 'constant'.")
        if kinds[0] == "constant":
            value = table.raw("constant")
            return ConstantFeed(table.numbers("constant") if isinstance(value, list) else table.number("constant"))
        if kinds[0] == "noise":
            return self._noise(table, tensor)
        name = self._input(table, "input")
        kind = self.manifest.inputs[name].type
        if kind in _PICTURES:
            pixels = self._pixels(table, tensor)
            size = table.integers("size", None, length=2)
            return PictureFeed(name, pixels, size)
        if kind in _NUMBERS:
            self._single(table, tensor)
            return NumberFeed(name, table.number("scale", 1.0), table.number("offset", 0.0))
        if kind is InputType.CHOICE:
            return self._choice(table, tensor, name)
        tokenizer = self._file(table, "tokenizer")
        length, pad = table.integer("max_length", 128, minimum=1), table.boolean("pad", False)
        return TokenFeed(name, tokenizer, table.text("part", "ids", choices=PARTS), length, pad)

    def _choice(self, table: Settings, tensor: TensorFacts, name: str) -> ChoiceFeed:
        if ("one_hot" in table) == ("index" in table):
            raise table.error(None, "needs 'one_hot' or 'index': the choices in the order that the model knows.")
        key = "one_hot" if "one_hot" in table else "index"
        values: tuple[str, ...] = table.texts(key)
        known = [choice.value for choice in self.manifest.inputs[name].choices]
        if key == "index" and (unlisted := [value for value in known if value not in values]):
            raise table.error(key, f"leaves out the choice '{unlisted[0]}'.")
        if stray := [value for value in values if value not in known]:
            raise table.error(key, f"names '{stray[0]}', which is no choice of the input '{name}'.")
        width = tensor.shape[-1] if tensor.shape else ""
        if key == "one_hot" and isinstance(width, int) and width != len(values):
            raise table.error(key, f"has {len(values)} entries, but the tensor has {width}.")
        if key == "index":
            self._single(table, tensor)
        return ChoiceFeed(name, values, key == "one_hot")

    @staticmethod
    def _single(table: Settings, tensor: TensorFacts) -> None:
        """Refuse a single number for a tensor that wants more of them."""
        if any(isinstance(side, int) and side > 1 for side in tensor.shape or ()):
            raise table.error(None, f"is given one number, but the graph wants more: {tensor}.")

    def _noise(self, table: Settings, tensor: TensorFacts) -> NoiseFeed:
        seed = table.raw("seed", 0)
        if isinstance(seed, str):
            seed = self._input(table, "seed", {InputType.INTEGER})
        else:
            seed = table.integer("seed", 0, minimum=0)
        inner = (tensor.shape or ())[1:]
        shape = table.integers("shape", None)
        if shape is None:
            if tensor.shape is None or not all(isinstance(side, int) for side in inner):
                raise table.error(
                    None, f"needs a 'shape' without the batch, because the graph leaves it open: {tensor}."
                )
            shape = tuple(side for side in inner if isinstance(side, int))
        distribution = table.text("noise", choices=DISTRIBUTIONS)
        return NoiseFeed(seed, distribution, table.number("scale", 1.0), shape)

    def _pixels(self, table: Settings, tensor: TensorFacts | None) -> PixelFormat:
        layout = table.text("layout", _natural_layout(tensor), choices=("NCHW", "NHWC"))
        whole = tensor is not None and tensor.dtype is not None and np.issubdtype(np.dtype(tensor.dtype), np.integer)
        low, high = table.numbers("range", (0.0, 255.0) if whole else (0.0, 1.0), length=2)
        if low == high:
            raise table.error("range", "begins and ends with the same number.")
        order = table.text("order", self._natural_order(tensor, layout), choices=tuple(ORDERS))
        channels = len(ORDERS[order]) or 1
        found = PixelFormat(
            layout,
            low,
            high,
            order,
            table.numbers("mean", None, length=channels),
            table.numbers("std", None, length=channels),
        )
        if found.std is not None and not all(found.std):
            raise table.error("std", "must not hold a zero.")
        if tensor is not None and tensor.shape is not None:
            rank = len(tensor.shape)
            if rank not in {3, 4}:
                raise table.error(None, f"is no picture for the graph: {tensor}.")
            held = tensor.shape[-3] if layout == "NCHW" else tensor.shape[-1]
            if isinstance(held, int) and held != channels:
                raise table.error(None, f"has {held} channels in layout {layout}, but '{order}' has {channels}.")
        return found

    @staticmethod
    def _natural_order(tensor: TensorFacts | None, layout: str) -> str:
        """RGB, unless the graph says that there is one channel or that there are four."""
        if tensor is None or not tensor.shape or len(tensor.shape) < 3:
            return "RGB"
        held = tensor.shape[-3] if layout == "NCHW" else tensor.shape[-1]
        return {1: "GRAY", 4: "RGBA"}.get(held, "RGB") if isinstance(held, int) else "RGB"

    def _result(self, table: Settings, output: str, facts: GraphFacts, first: str | None) -> Result:
        if output not in self.manifest.outputs:
            raise table.error(None, f"is no output of the package; it has {', '.join(self.manifest.outputs)}.")
        name: str = table.text("tensor")
        if name not in facts.outputs:
            raise table.error("tensor", f"is '{name}'; the graph makes {', '.join(map(str, facts.outputs.values()))}.")
        kind = self.manifest.outputs[output].type
        if kind is OutputType.NUMBER:
            return NumberResult(name)
        if kind is OutputType.TEXT:
            labels = table.texts("labels")
            if (scores := _scores(facts.outputs[name])) not in {None, len(labels)}:
                raise table.error("labels", f"has {len(labels)} entries, but the tensor has {scores} scores.")
            return LabelResult(name, labels)
        strength = self._input(table, "strength", {InputType.NUMBER}) if "strength" in table else None
        if strength and first is None:
            raise table.error("strength", "needs a picture to mix with, but no picture goes in.")
        return PictureResult(name, self._pixels(table, facts.outputs[name]), strength, kind is OutputType.IMAGES)

    def _size(self, first: str | None, facts: GraphFacts, results: Mapping[str, Result]) -> Size:
        table = self.settings.table("size", None)
        if table is None:
            if first is None:
                return Size()
            sides = _sides(facts.inputs[first], self._layout(first, facts))
            if all(isinstance(side, int) for side in sides):
                return Size(mode="resize", height=int(sides[0]), width=int(sides[1]), fixed=True)
            return Size()
        if first is None:
            raise table.error(None, "makes no sense without a picture among the inputs.")
        mode = table.text("mode", choices=MODES)
        height, width = self._fixed(table, mode, first, facts)
        overlap = table.integer("overlap", min(height, width) // 8 if height else 0, minimum=0)
        if height and overlap * 2 > min(height, width):
            raise table.error("overlap", f"is {overlap}; it may be half of the tile at most.")
        size = Size(
            mode=mode,
            multiple=table.integer("multiple", 1, minimum=1),
            max_pixels=table.integer("max_pixels", 0, minimum=0),
            height=height,
            width=width,
            overlap=overlap,
            fit=table.text("fit", "stretch", choices=FITS),
            restore=table.boolean("restore", True),
            fixed=any(isinstance(side, int) for side in _sides(facts.inputs[first], self._layout(first, facts))),
        )
        tiles = mode == "tile" or bool(size.max_pixels)
        if tiles and (height % size.multiple or width % size.multiple):
            raise table.error("tile", f"must be a multiple of {size.multiple}, as 'multiple' says.")
        if tiles and not all(isinstance(result, PictureResult) for result in results.values()):
            raise table.error("mode", "cuts pictures into tiles, so every output must be a picture.")
        return size

    def _fixed(self, table: Settings, mode: str, first: str, facts: GraphFacts) -> tuple[int, int]:
        """The height and width of a tile or of the fixed size; zeros if there is none."""
        sides = _sides(facts.inputs[first], self._layout(first, facts))
        fixed = [side for side in sides if isinstance(side, int)]
        if mode == "dynamic" and fixed:
            raise table.error("mode", f"is 'dynamic', but the graph takes one size only: {facts.inputs[first]}.")
        key = "size" if mode == "resize" else "tile"
        wanted: Any = table.raw(key, None)
        if isinstance(wanted, int) and not isinstance(wanted, bool):
            wanted = [table.integer(key, minimum=1)] * 2
        elif wanted is not None:
            wanted = list(table.integers(key, length=2))
        if wanted is None:
            if len(fixed) == 2:
                return fixed[0], fixed[1]
            if mode == "dynamic" and not table.integer("max_pixels", 0, minimum=0):
                return 0, 0
            raise table.error(None, f"needs '{key}' = [height, width], because the graph leaves the size open.")
        for side, given in zip(sides, wanted, strict=True):
            if isinstance(side, int) and side != given:
                raise table.error(key, f"is {given}, but the graph takes {side}.")
        return wanted[0], wanted[1]

    def _layout(self, first: str, facts: GraphFacts) -> str:
        natural = _natural_layout(facts.inputs[first])
        layout: str = self.settings.table("feeds").table(first).text("layout", natural)
        return layout

    def _rows(self) -> str | None:
        return self._input(self.settings, "rows", {InputType.INTEGER}) if "rows" in self.settings else None

    def _input(self, table: Settings, key: str, kinds: Collection[InputType] = ()) -> str:
        name: str = table.text(key)
        spec = self.manifest.inputs.get(name)
        if spec is None:
            near = difflib.get_close_matches(name, self.manifest.inputs, 1)
            raise table.error(key, f"is '{name}', which is no input{f'; did you mean {near[0]}' if near else ''}.")
        if kinds and spec.type not in kinds:
            raise table.error(
                key, f"is the input '{name}' of type {spec.type}; it must be of type {' or '.join(kinds)}."
            )
        return name


def _natural_layout(tensor: TensorFacts | None) -> str:
    """NCHW, unless the graph says that the channels come last."""
    if tensor is None or tensor.shape is None or len(tensor.shape) not in {3, 4}:
        return "NCHW"
    last = tensor.shape[-1] in _CHANNELS and tensor.shape[-3] not in _CHANNELS
    return "NHWC" if last else "NCHW"


def _scores(tensor: TensorFacts) -> int | None:
    """How many numbers of the tensor belong to one row, or None if the graph leaves it open."""
    shape = tensor.shape or ("",)
    row = shape[1:] or shape
    return math.prod(int(side) for side in row) if all(isinstance(side, int) for side in row) else None


def _sides(tensor: TensorFacts, layout: str) -> Sequence[int | str]:
    """Height and width of a picture tensor."""
    if tensor.shape is None:
        return ("", "")
    return tensor.shape[-2:] if layout == "NCHW" else tensor.shape[-3:-1]
