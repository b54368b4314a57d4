# SPDX-License-Identifier: Apache-2.0
"""Paints the samples of this package: ``python samples.py SKIMAGE_DATA_FOLDER`` in the project's environment."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from artrator.package import read_manifest
from artrator.testing import run
from artrator_onnx import ONNXBackend

PACKAGE = Path(__file__).resolve().parents[1] / "package"
SOURCES = {"cat": "chelsea.png", "coffee": "coffee.png"}


def paint(picture: Image.Image, style: str) -> Image.Image:
    """One picture in one style."""
    outputs = run(ONNXBackend(), PACKAGE, {"image": np.asarray(picture.convert("RGB")), "style": style})
    return Image.fromarray(outputs["image"])


def sheet(picture: Image.Image) -> Image.Image:
    """One picture in every style, with names."""
    small = picture.copy()
    small.thumbnail((240, 240))
    choices = read_manifest((PACKAGE / "artrator.toml").read_text("utf-8")).inputs["style"].choices
    width, height, columns = small.width + 6, small.height + 20, 7
    whole = Image.new("RGB", (columns * width, -(-len(choices) // columns) * height), "white")
    pen = ImageDraw.Draw(whole)
    for place, choice in enumerate(choices):
        left, top = place % columns * width, place // columns * height
        whole.paste(paint(small, choice.value), (left, top + 16))
        pen.text((left + 2, top + 2), choice.value, "black")
    return whole


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="skimage/data of scikit-image's wheel")
    parser.add_argument("--sheet", type=Path, help="write all styles of the first picture here instead")
    arguments = parser.parse_args()
    pictures = {name: Image.open(arguments.data / file).convert("RGB") for name, file in SOURCES.items()}
    if arguments.sheet:
        sheet(pictures["cat"]).save(arguments.sheet)
        return
    pictures["cat"].save(PACKAGE.parent / "photo.png", optimize=True)
    folder = PACKAGE / "samples"
    folder.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.jpg", quality=88)
    manifest = read_manifest((PACKAGE / "artrator.toml").read_text("utf-8"))
    for sample in manifest.samples:
        source = Image.open(PACKAGE / sample.inputs["image"])
        paint(source, sample.inputs["style"]).save(PACKAGE / sample.file, quality=90)


if __name__ == "__main__":
    main()
