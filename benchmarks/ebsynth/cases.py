"""The pictures that are measured: the examples' own samples, or folders with a ``case.json``."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from artrator_ebsynth import Guide

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Case:
    """One problem, the same for every implementation."""

    name: str
    style: Picture
    guides: list[Guide]
    patch: int
    uniformity: float

    @property
    def source(self) -> Picture:
        """All source guides side by side."""
        return np.ascontiguousarray(np.concatenate([guide.source for guide in self.guides], axis=2))

    @property
    def target(self) -> Picture:
        """All target guides side by side."""
        return np.ascontiguousarray(np.concatenate([guide.target for guide in self.guides], axis=2))

    @property
    def style_weights(self) -> npt.NDArray[np.float32]:
        """One for each channel of the style."""
        return np.full(self.style.shape[2], 1 / self.style.shape[2], np.float32)

    @property
    def guide_weights(self) -> npt.NDArray[np.float32]:
        """One for each channel of the guides."""
        weights = [[(guide.weight or 0) / guide.source.shape[2]] * guide.source.shape[2] for guide in self.guides]
        return np.array(list(itertools.chain.from_iterable(weights)), np.float32)


def stylise(size: int = 256) -> Case:
    """``examples/stylise-render``, scaled to ``size`` squared."""
    folder = EXAMPLES / "stylise-render" / "package" / "samples"
    names = ("light", "diffuse", "highlights", "bounces")
    guides = [
        Guide(_read(folder / f"ball-{name}.png", size), _read(folder / f"scene-{name}.png", size), 0.5, name)
        for name in names
    ]
    return Case(f"stylise-{size}", _read(folder / "painted-ball.png", size), guides, 5, 3500.0)


def texture() -> Case:
    """``examples/texture-by-numbers``."""
    folder = EXAMPLES / "texture-by-numbers" / "package" / "samples"
    guides = [Guide(_read(folder / "photo-map.png"), _read(folder / "drawn-map.png"), 1.0, "map")]
    return Case("texture-by-numbers", _read(folder / "photo.png"), guides, 3, 1000.0)


def from_folder(folder: Path) -> Case:
    """A folder with ``case.json``: ``style``, ``guides`` as ``[source, target, weight]``, ``args``."""
    told = json.loads((folder / "case.json").read_text("utf-8"))
    guides = [
        Guide(_read(folder / source), _read(folder / target), 1 / len(told["guides"]) if weight is None else weight)
        for source, target, weight in told["guides"]
    ]
    given = told.get("args", {})
    style = _read(folder / told["style"])
    return Case(folder.name, style, guides, given.get("patchsize", 5), float(given.get("uniformity", 3500)))


def find(name: str) -> Case:
    """``stylise-256``, ``stylise-512``, …, ``texture-by-numbers``, or a folder."""
    if name == "texture-by-numbers":
        return texture()
    if name.startswith("stylise-"):
        return stylise(int(name.removeprefix("stylise-")))
    return from_folder(Path(name))


def _read(path: Path, size: int | None = None) -> Picture:
    with Image.open(path) as picture:
        colour = picture.convert("RGB")
        if size is not None and colour.size != (size, size):
            colour = colour.resize((size, size), Image.Resampling.LANCZOS)
        return np.asarray(colour)
