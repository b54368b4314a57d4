"""A manifest that uses every input type, and folders of it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image

MANIFEST = """\
name = "test-model"
version = "1.2.0"
title = { en = "Test model", ko = "시험 모델" }
summary = "Paints what it is told."
task = "text-to-image"
backend = "onnx"
license = "Apache-2.0"
tags = ["test", "paint"]

[rights]
commercial = true

[inputs.prompt]
type = "text"
label = "Prompt"
max_length = 100

[inputs.steps]
type = "integer"
label = { en = "Steps", ko = "단계" }
minimum = 1
maximum = 50
default = 25

[inputs.width]
type = "integer"
label = "Width"
minimum = 64
maximum = 512
step = 8
default = 256

[inputs.strength]
type = "number"
label = "Strength"
minimum = 0.0
maximum = 1.0
default = 0.5

[inputs.style]
type = "choice"
label = "Style"
choices = ["ink", { value = "oil", label = "Oil paint" }]
default = "ink"

[inputs.hd]
type = "boolean"
label = "Fine"
default = false

[inputs.seed]
type = "integer"
label = "Seed"
random = true

[inputs.start]
type = "image"
label = "Start"
required = false
max_side = 1024

[inputs.frames]
type = "images"
label = "Frames"
required = false
max_items = 3

[outputs.image]
type = "image"
label = "Image"

[cost.step]
label = "Step"
factors = ["steps"]

[cost.work]
label = "Work"
factors = ["width", "steps"]

[cost.seen]
label = "Pixels seen"
factors = ["start.pixels"]

[cost.frame]
label = "Frame"
factors = ["frames.count", "steps"]

[settings]
graph = "model.onnx"
"""


def write_package(folder: Path, manifest: str = MANIFEST, **files: bytes) -> Path:
    """A folder of ``manifest``, two files, and ``files`` (name -> bytes)."""
    (folder / "data").mkdir(parents=True)
    (folder / "artrator.toml").write_text(manifest, encoding="utf-8")
    (folder / "model.onnx").write_bytes(b"\x08\x08" + bytes(range(200)))
    (folder / "data" / "words.txt").write_bytes(b"one\ntwo\n")
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def encoded(picture: PIL.Image.Image, image_format: str = "PNG", **how: object) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **how)
    return buffer.getvalue()


def noise(width: int = 48, height: int = 32, seed: int = 1) -> PIL.Image.Image:
    """A colourful picture that compresses badly."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return PIL.Image.fromarray(values)
