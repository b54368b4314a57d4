# SPDX-License-Identifier: Apache-2.0
"""Makes this package's sample again, clip and paintings too: ``python samples.py`` in the project's environment."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from clip import clip, painting
from PIL import Image

from artrator.frames import write_film
from artrator.testing import run
from artrator_ebsynth import EBSynthBackend

PACKAGE = Path(__file__).resolve().parents[1] / "package"
SAMPLES = PACKAGE / "samples"
COUNT, WIDTH, HEIGHT = 12, 384, 216
KEYFRAMES = (1, 12)


def main() -> None:
    """A clip of hills and balls, painted by a program at both ends, and what the package makes of it."""
    SAMPLES.mkdir(exist_ok=True)
    for number, frame in enumerate(clip(COUNT, WIDTH, HEIGHT), 1):
        Image.fromarray(frame).save(SAMPLES / f"frame-{number:02d}.jpg", quality=90, subsampling=0)
    frames = [picture(f"frame-{number:02d}.jpg") for number in range(1, COUNT + 1)]
    for number in KEYFRAMES:
        Image.fromarray(painting(frames[number - 1], number, brush=2)).save(
            SAMPLES / f"painted-{number:02d}.jpg", quality=92, subsampling=0
        )
    painted = [picture(f"painted-{number:02d}.jpg") for number in KEYFRAMES]
    numbers = ", ".join(str(number) for number in KEYFRAMES)
    inputs = {"frames": frames, "keyframes": painted, "keyframe_numbers": numbers, "seed": 1}
    made = run(EBSynthBackend(), PACKAGE, inputs)["frames"]
    write_film(SAMPLES / "painted-clip.webp", [png(frame) for frame in made], 12)


def picture(name: str) -> np.ndarray:
    with Image.open(SAMPLES / name) as opened:
        return np.asarray(opened.convert("RGB"))


def png(frame: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
