# SPDX-License-Identifier: Apache-2.0
"""Measures how often a drawing is closest to a training picture of what was asked for.

Run ``python evaluate.py denoiser.onnx --data emoji.npz --text-encoder FILE --tokenizer FILE``.  Every name is drawn
once in each wanted style, and compared by pixels with all unpainted training pictures of that style.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from concepts import with_article
from data import REPAINTED_WEIGHT
from network import STYLES
from sample import DrawOptions, Velocity, draw, load_exported, style_vector, to_pixels
from text import TextEncoder

BATCH = 64


def nearest_labels(
    drawn: NDArray[np.uint8], known: NDArray[np.uint8], labels: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """Find the closest known picture of each drawing.

    Args:
        drawn: ``[n, 32, 32, 3]`` uint8.
        known: ``[m, 32, 32, 3]`` uint8.
        labels: ``[m]`` labels of the known pictures.

    Returns:
        ``[n]`` labels, and ``[n]`` root mean square differences in grey levels (0..255).
    """
    rows = drawn.reshape(len(drawn), -1).astype(np.float32)
    columns = known.reshape(len(known), -1).astype(np.float32)
    squares = (rows**2).sum(1)[:, None] - 2 * rows @ columns.T + (columns**2).sum(1)
    best = squares.argmin(axis=1)
    distance = np.sqrt(squares[np.arange(len(rows)), best].clip(min=0) / rows.shape[1])
    return labels[best], distance


def evaluate(denoiser: Velocity, data: Path, encoder: TextEncoder, styles: Sequence[str], options: DrawOptions) -> None:
    """Print, for each of ``styles``, the share of names whose drawing is closest to a picture of that name."""
    saved = np.load(data)
    original = saved["weight"] > REPAINTED_WEIGHT
    images, labels, style = saved["images"][original], saved["label"][original], saved["style"][original]
    for name in styles:
        own = style == STYLES.index(name)
        own_images, own_labels = images[own], labels[own]
        found, distances = [], []
        for start in range(0, len(own_labels), BATCH):
            prompts = [with_article(str(label)) for label in own_labels[start : start + BATCH]]
            conditions = torch.from_numpy(encoder.encode(prompts))
            pixels = to_pixels(draw(denoiser, conditions, style_vector(name, len(prompts)), options))
            nearest, distance = nearest_labels(pixels, own_images, own_labels)
            found.append(nearest)
            distances.append(distance)
        right = np.concatenate(found) == own_labels
        print(
            f"{name}: {right.mean():.1%} of {len(right)} names, median difference to the closest training picture"
            f" {np.median(np.concatenate(distances)):.1f} of 255; missed: {', '.join(own_labels[~right][:40])}"
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="an exported network")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--style", choices=STYLES, action="append", help="repeatable (default: all)")
    parser.add_argument("--steps", type=int, default=DrawOptions.steps)
    parser.add_argument("--guidance", type=float, default=DrawOptions.guidance)
    given = parser.parse_args()
    encoder = TextEncoder(given.text_encoder, given.tokenizer)
    options = DrawOptions(given.steps, given.guidance)
    evaluate(load_exported(given.model), given.data, encoder, given.style or STYLES, options)


if __name__ == "__main__":
    main()
