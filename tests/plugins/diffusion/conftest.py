"""A random denoiser and a random text encoder, small enough to be made for every session."""

import json

import numpy as np
import pytest
from onnx import helper, numpy_helper

from artrator.package import read_manifest
from artrator.testing import FolderFiles

WIDTH = 4
SIDE = 8
MANIFEST = """
name = "doodle"
version = "1.0"
title = "Doodle"
summary = "A random network"
task = "text-to-image"
backend = "diffusion"
license = "CC0-1.0"

[inputs]
prompt = { type = "text", label = "Prompt" }
style = { type = "choice", label = "Style", choices = ["one", "two", "any"], default = "one" }
images = { type = "integer", label = "Pictures", default = 1, minimum = 1, maximum = 8 }
seed = { type = "integer", label = "Seed", random = true }
guidance = { type = "number", label = "Guidance", default = 2.5 }
steps = { type = "integer", label = "Steps", default = 6, minimum = 1, maximum = 50 }

[outputs.images]
type = "images"
label = "Pictures"

[settings]
pipeline = "flow"

[settings.sampling]
steps = "steps"
guidance = "guidance"
images = "images"
seed = "seed"
preview_every = 2

[settings.text]
input = "prompt"
graph = "text.onnx"
tokenizer = "tokenizer.json"
max_length = 16
output = "hidden"
pooling = "mean"
normalize = true

[settings.denoiser]
graph = "denoiser.onnx"
noise_time = 0.0
picture_time = 1.0

[settings.denoiser.conditions.condition]
input = "prompt"

[settings.denoiser.conditions.style]
input = "style"
one_hot = ["one", "two"]

[settings.picture]
range = [-1, 1]
"""


def graph(nodes, inputs, outputs, weights):
    made = helper.make_graph(
        [helper.make_node(kind, reads, writes, **dict(attributes)) for kind, reads, writes, *attributes in nodes],
        "g",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, 1, shape) for name, shape in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


@pytest.fixture(scope="session")
def files():
    """velocity = tanh(conv(sample) + condition + style) * time, all weights random."""
    random = np.random.default_rng(7)
    shape = ["n", 3, SIDE, SIDE]
    weights = {
        "kernel": random.standard_normal((3, 3, 3, 3)).astype(np.float32) * 0.2,
        "from_text": random.standard_normal((WIDTH, 3)).astype(np.float32),
        "from_style": random.standard_normal((2, 3)).astype(np.float32),
        "columns": np.array([-1, 3, 1, 1], np.int64),
        "each": np.array([-1, 1, 1, 1], np.int64),
    }
    nodes = [
        ("Conv", ["sample", "kernel"], ["c"], ("pads", [1, 1, 1, 1])),
        ("MatMul", ["condition", "from_text"], ["t"]),
        ("MatMul", ["style", "from_style"], ["s"]),
        ("Add", ["t", "s"], ["ts"]),
        ("Reshape", ["ts", "columns"], ["column"]),
        ("Add", ["c", "column"], ["a"]),
        ("Tanh", ["a"], ["b"]),
        ("Reshape", ["time", "each"], ["when"]),
        ("Cos", ["when"], ["pace"]),
        ("Mul", ["b", "pace"], ["velocity"]),
    ]
    inputs = [("sample", 1, shape), ("time", 1, ["n"]), ("condition", 1, ["n", WIDTH]), ("style", 1, ["n", 2])]
    text = {"table": random.standard_normal((6, WIDTH)).astype(np.float32)}
    words = {"[PAD]": 0, "[UNK]": 1, "a": 2, "cat": 3, "red": 4, "apple": 5}
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
    }  # fmt: skip
    return {
        "denoiser.onnx": graph(nodes, inputs, [("velocity", shape)], weights),
        "text.onnx": graph(
            [("Gather", ["table", "input_ids"], ["hidden"])],
            [("input_ids", 7, ["n", "t"])],
            [("hidden", ["n", "t", WIDTH])],
            text,
        ),
        "tokenizer.json": json.dumps(tokenizer).encode(),
    }


@pytest.fixture
def doodle(files):
    """The package, with replacements in its manifest."""

    def make(*replacements, **more_files):
        text = MANIFEST
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        return FolderFiles(read_manifest(text), {**files, **more_files})

    return make
