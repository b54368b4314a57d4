# SPDX-License-Identifier: Apache-2.0
"""Draws the sample picture of this package and enlarges it: ``python draw.py`` in the project's environment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from artrator.testing import run
from artrator_onnx import ONNXBackend

PACKAGE = Path(__file__).resolve().parents[1] / "package"
SIDE = 120
FINER = 4


def draw() -> Image.Image:
    """A house by the sea, drawn four times finer and scaled down, so that its edges are soft as in real pictures."""
    picture = Image.new("RGB", (SIDE * FINER, SIDE * FINER), "#8fd0f5")
    pen = ImageDraw.Draw(picture)
    ink = "#2b2b40"

    def at(*numbers: float) -> list[float]:
        return [number * FINER for number in numbers]

    pen.ellipse(at(86, 8, 112, 34), "#ffd84d", ink, 3)
    for left, top in ((12, 16), (24, 12), (36, 17)):
        pen.ellipse(at(left, top, left + 22, top + 14), "#ffffff")
    pen.rectangle(at(0, 84, 120, 120), "#3f9f63")
    pen.polygon(at(0, 96, 40, 92, 80, 98, 120, 93, 120, 120, 0, 120), "#2f86c9")
    for row in range(3):
        for left in range(4, 116, 16):
            pen.arc(at(left + row * 5, 99 + row * 6, left + row * 5 + 10, 104 + row * 6), 180, 360, "#d8f0ff", 3)
    pen.rectangle(at(30, 52, 78, 88), "#fff1d6", ink, 4)
    pen.polygon(at(24, 54, 54, 28, 84, 54), "#e2574c", ink)
    pen.line(at(24, 54, 54, 28, 84, 54, 24, 54), ink, 5, joint="curve")
    pen.rectangle(at(60, 64, 71, 88), "#8a5a3b", ink, 3)
    pen.ellipse(at(67, 75, 69, 77), "#ffd84d")
    for left in (36, 47):
        pen.rectangle(at(left, 62, left + 9, 73), "#7fc4ef", ink, 3)
        pen.line(at(left + 4.5, 62, left + 4.5, 73), ink, 2)
    pen.rectangle(at(96, 62, 101, 88), "#8a5a3b", ink, 3)
    for left, top, side in ((86, 44, 26), (90, 34, 18)):
        pen.ellipse(at(left, top, left + side, top + side), "#58b368", ink, 3)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the sample before, after, and both side by side."""
    before = draw()
    made = run(ONNXBackend(), PACKAGE, {"image": np.asarray(before)})["image"]
    after = Image.fromarray(made)
    coarse = before.resize(after.size, Image.Resampling.NEAREST)
    window = (140, 90, 420, 370)
    both = Image.new("RGB", (568, 280), "white")
    both.paste(coarse.crop(window), (0, 0))
    both.paste(after.crop(window), (288, 0))
    folder = PACKAGE / "samples"
    folder.mkdir(exist_ok=True)
    for name, picture in (("before", before), ("after", after), ("comparison", both)):
        picture.save(folder / f"shapes-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
