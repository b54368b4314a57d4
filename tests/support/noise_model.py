"""The manifest of a model that turns drawn noise into one picture: what benchmarks and tests of loads serve."""

from __future__ import annotations

_MANIFEST = """
name = "{name}"
version = "1.0"
title = "Noise"
summary = "Noise in, picture out."
task = "text-to-image"
backend = "onnx"
license = "Apache-2.0"

[inputs.seed]
type = "integer"
label = "Seed"
random = true

[outputs.image]
type = "image"
label = "Picture"

[cost.image]
label = "Picture"
factors = []

[settings]
graph = "model.onnx"

[settings.feeds.{feed}]
noise = "normal"
seed = "seed"

[settings.results.image]
tensor = "image"
layout = "NHWC"
"""


def noise_manifest(name: str, *, feed: str = "z", bright: bool = False) -> str:
    """``artrator.toml`` for a graph ``model.onnx``.

    Args:
        name: Of the package.
        feed: The tensor that takes the noise.
        bright: Whether ``image`` holds numbers from 0 to 1, instead of bytes.
    """
    return _MANIFEST.format(name=name, feed=feed) + ("range = [0, 1]\n" if bright else "")
