# SPDX-License-Identifier: Apache-2.0
"""Makes this package's sample again, photos and painting too: ``python samples.py`` in the project's environment."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from artrator.testing import run
from artrator_ebsynth import EBSynthBackend

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2] / "stylise-video" / "recipe"))
from clip import clip, painting  # noqa: E402 - its folder had to be named first

PACKAGE = HERE.parents[1] / "package"
SAMPLES = PACKAGE / "samples"
WIDTH, HEIGHT = 480, 320


def main() -> None:
    """Two drawn views instead of photos, one of them painted by a program, and what the package makes of the other."""
    SAMPLES.mkdir(exist_ok=True)
    Image.fromarray(clip(1, WIDTH, HEIGHT, seed=3)[0]).save(SAMPLES / "example-photo.jpg", quality=92, subsampling=0)
    Image.fromarray(clip(9, WIDTH, HEIGHT, seed=8)[8]).save(SAMPLES / "photo.jpg", quality=92, subsampling=0)
    Image.fromarray(painting(picture("example-photo.jpg"), 2, brush=2)).save(
        SAMPLES / "painted-example.jpg", quality=92, subsampling=0
    )
    inputs = {
        "example_photo": picture("example-photo.jpg"),
        "painting": picture("painted-example.jpg"),
        "photo": picture("photo.jpg"),
        "seed": 1,
    }
    made = run(EBSynthBackend(), PACKAGE, inputs)["image"]
    Image.fromarray(made).save(SAMPLES / "painted-photo.webp", quality=92, method=6)


def picture(name: str) -> np.ndarray:
    with Image.open(SAMPLES / name) as opened:
        return np.asarray(opened.convert("RGB"))


if __name__ == "__main__":
    main()
