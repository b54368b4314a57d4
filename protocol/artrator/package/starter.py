"""``artrator package new``: a commented folder to begin from. It passes ``check`` as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from artrator.errors import ArtratorError, Code
from artrator.package.draft import Draft, draft
from artrator.package.problems import MANIFEST_NAME

if TYPE_CHECKING:
    from artrator.onnx_runtime import GraphFacts

#: What a buyer must never read.
SUMMARY: Final = "Say in one sentence what it makes."
_MANIFEST: Final = '''\
# What this package is. Run `artrator package check` after each change: it names every wrong line and the cure.
# The whole form is in docs/reference/package.md.

name = "{name}"                # small letters, digits and single dashes; part of the listing's address
version = "0.1.0"              # every change needs a new version: what was published never changes
title = {{ en = "{title}" }}   # add ko = "…" and others: the desktop shows the buyer's language
summary = "{summary}"
task = "image-to-image"        # or text-to-image, upscale, …: buyers filter by it
backend = "onnx"               # the plugin that runs it; `artrator plugins list` names them
license = "Apache-2.0"         # an SPDX expression, or "LicenseRef-MyTerms" with license_file = "LICENSE.txt"
tags = ["starter"]
# base_models = ["name of the model this one was made from"]
# description = """
# What it is good at, and what it is bad at. Buyers forgive limits they were told of.
# """

[rights]                       # what is not said is not allowed
commercial = true
derivatives = true

# Inputs: the desktop draws its form from these. Types: text integer number boolean choice image mask images.

{ends}
# What the price counts. Prices themselves are not here: you set them when you publish.

{cost}
# Samples sell: PNG, JPEG or WebP, at most 512 KiB and 2048 pixels. Take the # away once the file is there.
# [[samples]]
# file = "samples/one.webp"
# caption = "A cat, painted"
# inputs = {{ … }}            # the values that made it

# The backend's own settings; these are for the backend "onnx": tensors of your graph on the left.

[settings]
graph = "model.onnx"

{tables}'''
#: What buyers give and get where there is no graph yet: a picture becomes another one.
_ENDS: Final = """\
[inputs.image]
type = "image"
label = { en = "Picture", ko = "그림" }
max_side = 2048

[inputs.strength]
type = "number"
label = { en = "Strength", ko = "세기" }
minimum = 0
maximum = 1
step = 0.05
default = 1.0

[outputs.image]
type = "image"
label = { en = "Result", ko = "결과" }
"""
_COST: Final = """\
[cost.pixel]
label = { en = "Pixel", ko = "픽셀" }
factors = ["image.pixels"]
"""
_TABLES: Final = """\
[settings.feeds.image]         # the graph's input tensor
input = "image"
range = [0.0, 1.0]

[settings.results.image]       # the package's output
tensor = "output"
range = [0.0, 1.0]
strength = "strength"
"""


def write_starter(folder: Path, name: str, facts: GraphFacts | None = None) -> None:
    """Make ``folder`` and put a commented ``artrator.toml`` into it.

    Args:
        folder: The package's.
        name: Of the package.
        facts: Of its graph, if there is one: then the manifest speaks of its tensors.

    Raises:
        ArtratorError: ``package_invalid`` if the folder holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArtratorError(
            Code.PACKAGE_INVALID,
            f"{folder} is there already and not empty.",
            cure="Choose another name or an empty folder.",
        )
    ends, cost, tables = (_ENDS, _COST, _TABLES) if facts is None else _of(draft(facts))
    title = name.replace("-", " ").capitalize()
    text = _MANIFEST.format(name=name, title=title, summary=SUMMARY, ends=ends, cost=cost, tables=tables)
    (folder / "samples").mkdir(parents=True)
    (folder / MANIFEST_NAME).write_text(text, encoding="utf-8", newline="\n")


def _of(made: Draft) -> tuple[str, str, str]:
    inputs = [f"[inputs.{name}]\n{table}" for name, table in made.inputs.items()]
    outputs = [f"[outputs.{name}]\n{table}" for name, table in made.outputs.items()]
    cost = _COST if "image" in made.inputs else "# Without a table [cost.NAME] every run costs the same.\n"
    return "\n".join(inputs + outputs), cost, "\n".join(made.feeds + made.results)
