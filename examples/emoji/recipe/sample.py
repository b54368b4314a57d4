# SPDX-License-Identifier: Apache-2.0
"""Draws pictures with the denoiser and lays them out as contact sheets.

Run ``python sample.py MODEL --text-encoder FILE --tokenizer FILE --output sheet.png``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before onnxruntime loads

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from network import IMAGE_SIZE, STYLES, Denoiser, NetworkConfig
from text import TextEncoder

PROMPTS = (
    "a smiling cat", "red apple", "a green frog", "pizza", "a red car", "house", "a tree", "the sun",
    "a fish", "a yellow flower", "red heart", "rocket", "guitar", "ice cream", "a dog", "a happy face",
    "butterfly", "a cup of coffee", "strawberry", "a bird", "robot", "a snowman", "umbrella", "birthday cake",
)  # fmt: skip
"""Fixed prompts of the contact sheets."""


Velocity = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""A denoiser: sample, time, condition and style to velocity, as in :meth:`network.Denoiser.forward`."""


@dataclass(frozen=True)
class DrawOptions:
    """How to draw.

    Attributes:
        steps: number of Euler steps; each costs two network runs.
        guidance: classifier-free guidance scale; 1 switches it off.
        seed: seed of the noise.
    """

    steps: int = 24
    guidance: float = 2.5
    seed: int = 0


@torch.no_grad()
def draw(
    denoiser: Velocity,
    conditions: Tensor,
    styles: Tensor,
    options: DrawOptions,
) -> Tensor:
    """Integrate the flow from noise to pictures with Euler steps.

    Args:
        denoiser: the network.
        conditions: ``[n, 384]`` text embeddings.
        styles: ``[n, 3]`` one-hot styles, zeros for any.
        options: steps, guidance and seed.

    Returns:
        ``[n, 3, 32, 32]`` RGB in -1..1.
    """
    count = len(conditions)
    sample = torch.randn(count, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(options.seed))
    both_conditions = torch.cat([conditions, torch.zeros_like(conditions)])
    both_styles = torch.cat([styles, torch.zeros_like(styles)])
    for step in range(options.steps):
        time = torch.full((2 * count,), step / options.steps)
        guided, unguided = denoiser(torch.cat([sample, sample]), time, both_conditions, both_styles).chunk(2)
        sample = sample + (unguided + options.guidance * (guided - unguided)) / options.steps
    return sample.clamp(-1, 1)


def to_pixels(pictures: Tensor) -> NDArray[np.uint8]:
    """Map ``[n, 3, h, w]`` in -1..1 to ``[n, h, w, 3]`` uint8."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def contact_sheet(pixels: NDArray[np.uint8], titles: tuple[str, ...], columns: int = 8, scale: int = 4) -> Image.Image:
    """Lay out ``[n, h, w, 3]`` uint8 pictures in rows with a title above each."""
    size = pixels.shape[1] * scale
    rows = -(-len(pixels) // columns)
    sheet = Image.new("RGB", (columns * (size + 6), rows * (size + 18)), "white")
    pen = ImageDraw.Draw(sheet)
    for index, (picture, title) in enumerate(zip(pixels, titles, strict=True)):
        left, top = index % columns * (size + 6), index // columns * (size + 18)
        pen.text((left + 2, top + 2), title, fill="black")
        sheet.paste(Image.fromarray(picture).resize((size, size), Image.Resampling.NEAREST), (left, top + 16))
    return sheet


def style_vector(style: str | None, count: int) -> Tensor:
    """One-hot ``[count, 3]`` for a style name; zeros for ``None``."""
    vector = torch.zeros(count, len(STYLES))
    if style is not None:
        vector[:, STYLES.index(style)] = 1
    return vector


def sheet_of(denoiser: Velocity, embeddings: Tensor, titles: tuple[str, ...], options: DrawOptions) -> Image.Image:
    """Draw every prompt in every style: one block of rows a style."""
    styles = [style_vector(style, len(titles)) for style in STYLES]
    pixels = [to_pixels(draw(denoiser, embeddings, vector, options)) for vector in styles]
    return contact_sheet(np.concatenate(pixels), titles * len(STYLES))


def load_denoiser(checkpoint: Path) -> Denoiser:
    """Load the averaged weights of a checkpoint written by ``train.py``."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    denoiser = Denoiser(NetworkConfig(**saved["config"]))
    denoiser.load_state_dict(saved["average"])
    return denoiser.eval()


def load_exported(path: Path) -> Velocity:
    """Load a network written by ``export.py``; it runs in onnxruntime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def velocity(sample: Tensor, time: Tensor, condition: Tensor, style: Tensor) -> Tensor:
        feeds = {"sample": sample, "time": time, "condition": condition, "style": style}
        (result,) = session.run(["velocity"], {name: value.numpy() for name, value in feeds.items()})
        return torch.from_numpy(result)

    return velocity


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a checkpoint (.pt) or an exported network (.onnx)")
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--prompt", action="append", help="a prompt; repeatable (default: the fixed list)")
    parser.add_argument("--guidance", type=float, default=2.5)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("sheet.png"))
    arguments = parser.parse_args()
    prompts = tuple(arguments.prompt or PROMPTS)
    encoder = TextEncoder(arguments.text_encoder, arguments.tokenizer)
    embeddings = torch.from_numpy(encoder.encode(prompts))
    options = DrawOptions(arguments.steps, arguments.guidance, arguments.seed)
    denoiser = (load_exported if arguments.model.suffix == ".onnx" else load_denoiser)(arguments.model)
    sheet_of(denoiser, embeddings, prompts, options).save(arguments.output)


if __name__ == "__main__":
    main()
