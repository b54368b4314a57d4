"""The converter from ncnn to ONNX, on a network small enough to compute by hand."""

import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from artrator.onnx_runtime import session

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PARAMETERS = """7767517
7 8
Input            in       0 1 data
Split            split    1 2 data a b
Convolution      conv     1 1 a c 0=12 1=3 4=1 5=1 6=324
PReLU            prelu    1 1 c d 0=12
PixelShuffle     shuffle  1 1 d e 0=2
Interp           interp   1 1 b f 0=1 1=2.000000e+00 2=2.000000e+00
BinaryOp         add      2 1 e f output
"""


@pytest.fixture(scope="module")
def recipe():
    spec = importlib.util.spec_from_file_location("convert", EXAMPLES / "upscale-x4" / "recipe" / "convert.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["convert"] = module  # dataclasses look their module up while the class is made
    spec.loader.exec_module(module)
    yield module
    del sys.modules["convert"]


@pytest.fixture
def weights():
    random = np.random.default_rng(1)
    return {
        "kernel": random.standard_normal((12, 3, 3, 3)).astype(np.float16),
        "bias": random.standard_normal(12).astype(np.float32),
        "slope": random.random(12).astype(np.float32),
    }


def packed(weights):
    """As ncnn stores them: a tag for 16-bit floats, then everything in order."""
    tag = (0x01306B47).to_bytes(4, "little")
    return tag + weights["kernel"].tobytes() + weights["bias"].tobytes() + weights["slope"].tobytes()


def by_hand(picture, weights):
    """Convolution, PReLU, shuffle and the picture itself on top, written out."""
    kernel = weights["kernel"].astype(np.float32)
    _, height, width = picture.shape
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
    made = np.zeros((12, height, width), np.float32) + weights["bias"][:, None, None]
    for row in range(3):
        for column in range(3):
            window = padded[:, row : row + height, column : column + width]
            made += np.einsum("oi,ihw->ohw", kernel[:, :, row, column], window)
    made = np.where(made < 0, made * weights["slope"][:, None, None], made)
    shuffled = made.reshape(3, 2, 2, height, width).transpose(0, 3, 1, 4, 2).reshape(3, 2 * height, 2 * width)
    return np.clip(shuffled + picture.repeat(2, 1).repeat(2, 2), 0, 1)


def test_the_converted_network_computes_what_the_original_says(recipe, weights):
    model = recipe.convert(PARAMETERS, packed(weights))
    picture = np.random.default_rng(2).random((3, 5, 7)).astype(np.float32)
    made = session(model.SerializeToString()).run({"image": picture[None]}, ["upscaled"])["upscaled"][0]
    assert np.abs(made - by_hand(picture, weights)).max() < 1e-5


def test_weights_that_are_left_over_or_unknown_are_refused(recipe, weights):
    with pytest.raises(SystemExit, match="4 bytes of the weights were not used"):
        recipe.convert(PARAMETERS, packed(weights) + b"\0\0\0\0")
    with pytest.raises(SystemExit, match="unknown way"):
        recipe.convert(PARAMETERS, b"\x01\x02\x03\x04" + packed(weights)[4:])
    with pytest.raises(SystemExit, match="HardSwish is not part"):
        recipe.convert(PARAMETERS.replace("PReLU   ", "HardSwish"), packed(weights))
    with pytest.raises(SystemExit, match=r"no ncnn \.param"):
        recipe.convert("1\n2 3\n", b"")


@pytest.mark.parametrize("name", ["painterly", "upscale-x4"])
def test_the_weights_are_those_that_the_notice_names(name):
    package = EXAMPLES / name / "package"
    digest = hashlib.sha256((package / "model.onnx").read_bytes()).hexdigest()
    assert digest in (package / "NOTICE.md").read_text("utf-8")
