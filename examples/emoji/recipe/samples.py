# SPDX-License-Identifier: Apache-2.0
"""Draws the sample pictures of the package from its exported files alone; needs no torch.

Run ``python samples.py ../package``: draws every ``[[samples]]`` of the manifest from its prompt, style and seed, and
an overview.  The noise is the one that a node makes of the same seed, so a buyer who sends the inputs of a sample gets
the sample, 32x32; here it is shown four times larger, smoothly, as the desktop shows small pictures.
"""

from __future__ import annotations

import argparse
import os
import tomllib
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before onnxruntime loads

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from text import TextEncoder

STYLES = ("noto", "twemoji", "fluent")
STEPS, GUIDANCE, SCALE = 24, 2.5, 4

OVERVIEW = (
    "a smiling cat", "red apple", "a green frog", "pizza", "a red car", "a house", "a tree", "the sun",
    "a fish", "a yellow flower", "a red heart", "rocket", "guitar", "ice cream", "a dog", "a happy face",
    "a blue car", "a purple cat", "a pink flower", "a green heart", "butterfly", "coffee", "a robot", "umbrella",
)  # fmt: skip
"""Prompts of the overview, drawn with seed 0 and not selected."""


class Artist:
    """The exported networks, ready to draw."""

    def __init__(self, package: Path) -> None:
        self._encoder = TextEncoder(package / "text_encoder.onnx", package / "tokenizer.json")
        self._denoiser = onnxruntime.InferenceSession(package / "denoiser.onnx", providers=["CPUExecutionProvider"])

    def draw(self, prompt: str, style: str | None, seed: int) -> NDArray[np.uint8]:
        """Draw one picture: ``[32, 32, 3]`` uint8."""
        condition = self._encoder.encode([prompt])
        one_hot = np.array([[style == name for name in STYLES]], np.float32)
        both = {
            "condition": np.concatenate([condition, np.zeros_like(condition)]),
            "style": np.concatenate([one_hot, np.zeros_like(one_hot)]),
        }
        random = np.random.Generator(np.random.PCG64(seed))
        sample = random.standard_normal((1, 3, 32, 32), dtype=np.float32)
        for step in range(STEPS):
            feeds = {"sample": np.repeat(sample, 2, axis=0), "time": np.full(2, step / STEPS, np.float32), **both}
            guided, unguided = np.split(self._denoiser.run(["velocity"], feeds)[0], 2)
            sample = sample + (unguided + GUIDANCE * (guided - unguided)) / np.float32(STEPS)
        levels = ((sample[0].clip(-1, 1) + 1) * 127.5).round().astype(np.uint8)
        return np.ascontiguousarray(levels.transpose(1, 2, 0))


def enlarge(picture: NDArray[np.uint8], scale: int, how: Image.Resampling) -> Image.Image:
    """Turn ``[h, w, 3]`` uint8 into an image ``scale`` times larger."""
    height, width = picture.shape[:2]
    return Image.fromarray(picture).resize((width * scale, height * scale), how)


def overview(artist: Artist) -> Image.Image:
    """Every prompt of :data:`OVERVIEW` in every style: eight prompts a row, three styles below each other."""
    columns, cell, title = 8, 32 * 4, 16
    block = title + len(STYLES) * cell
    sheet = Image.new("RGB", (columns * cell, len(OVERVIEW) // columns * block), "white")
    pen = ImageDraw.Draw(sheet)
    for index, prompt in enumerate(OVERVIEW):
        left, top = index % columns * cell, index // columns * block
        pen.text((left + 4, top + 3), prompt, fill="black")
        for row, style in enumerate(STYLES):
            # Squares: a sheet of this size in smooth colours would weigh more than all samples together.
            picture = enlarge(artist.draw(prompt, style, 0), SCALE, Image.Resampling.NEAREST)
            sheet.paste(picture, (left, top + title + row * cell))
    return sheet


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="folder of the package")
    package: Path = parser.parse_args().package
    artist = Artist(package)
    (package / "samples").mkdir(exist_ok=True)
    for shown in tomllib.loads((package / "artrator.toml").read_text("utf-8")).get("samples", []):
        inputs = shown["inputs"]
        picture = artist.draw(inputs["prompt"], inputs["style"], inputs["seed"])
        enlarge(picture, SCALE, Image.Resampling.BICUBIC).save(package / shown["file"], optimize=True)
    overview(artist).save(package / "samples" / "overview.png", optimize=True)


if __name__ == "__main__":
    main()
