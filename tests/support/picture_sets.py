"""A toy package that makes sets of pictures, one after the other, and fails at the last one if it is told to."""

from __future__ import annotations

from pathlib import Path

from artrator.keys import PrivateKey
from artrator.package import sign

MANIFEST = """
name = "sets"
version = "1.0"
title = "Sets"
summary = "Makes sets of pictures."
task = "text-to-image"
backend = "node-toy"
license = "Apache-2.0"

[inputs.do]
type = "choice"
label = "Do"
choices = ["set", "set-fail", "set-crash", "set-wait", "set-short"]
default = "set"

[inputs.count]
type = "integer"
label = "Pictures"
minimum = 1
maximum = 8
default = 4

[inputs.steps]
type = "integer"
label = "Steps"
minimum = 1
maximum = 50
default = 5

[inputs.side]
type = "integer"
label = "Side"
minimum = 1
maximum = 512
default = 16

[inputs.seed]
type = "integer"
label = "Seed"
random = true

[outputs.images]
type = "images"
label = "Pictures"
count = "count"

[cost.{unit}]
label = "Steps of all pictures"
factors = [{factors}]
"""


def manifest(*factors: str) -> str:
    """The manifest of a package whose one cost unit has these factors."""
    quoted = ", ".join(f'"{factor}"' for factor in factors)
    return MANIFEST.format(unit="step", factors=quoted)


def write_sets(folder: Path, creator: PrivateKey, factors: tuple[str, ...] = ("steps", "count")) -> str:
    """A signed package; returns its digest."""
    folder.mkdir(parents=True)
    (folder / "artrator.toml").write_text(manifest(*factors), encoding="utf-8")
    (folder / "weights.bin").write_bytes(b"weights")
    return sign(folder, creator)
