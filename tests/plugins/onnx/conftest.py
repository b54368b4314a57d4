"""Small graphs and packages around them, made in memory."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from artrator.package import read_manifest
from artrator.testing import FolderFiles

TYPES = {
    "float": TensorProto.FLOAT,
    "half": TensorProto.FLOAT16,
    "uint8": TensorProto.UINT8,
    "int64": TensorProto.INT64,
}
HEAD = """
name = "thing"
version = "1.0"
title = "Thing"
summary = "A thing"
task = "image-to-image"
backend = "onnx"
license = "CC0-1.0"
"""


@pytest.fixture(scope="session")
def make_graph():
    """An ONNX file from nodes ``(operator, inputs, outputs, attributes)``."""

    def make(nodes, inputs, outputs, weights=None, domain="", **extra):
        def info(name, spec):
            kind, shape = spec
            return helper.make_tensor_value_info(name, TYPES[kind], shape)

        made = [
            helper.make_node(operator, reads, writes, **(attributes[0] if attributes else {}))
            for operator, reads, writes, *attributes in nodes
        ]
        for node in made:
            node.domain = domain
        graph = helper.make_graph(
            made,
            "g",
            [info(*item) for item in inputs.items()],
            [info(*item) for item in outputs.items()],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
        )
        opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, **extra)

    return make


@pytest.fixture(scope="session")
def make_package():
    """A package from a model and the rest of a manifest."""

    def make(model, manifest, files=None):
        data = model if isinstance(model, bytes) else model.SerializeToString()
        return FolderFiles(read_manifest(HEAD + manifest), {"model.onnx": data, **(files or {})})

    return make


@pytest.fixture(scope="session")
def identity(make_graph):
    """The picture as it is."""
    shape = ("float", ["n", 3, "h", "w"])
    return make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape})


@pytest.fixture
def photo():
    """Soft shapes with noise on top: 61 x 83."""
    rows, columns = np.mgrid[:61, :83]
    base = np.stack([rows * 4, columns * 3, (rows + columns) * 2], axis=2)
    return (base + np.random.default_rng(0).integers(0, 9, base.shape)).clip(0, 255).astype(np.uint8)


def tokenizer_json():
    """A word tokenizer as the library writes it."""
    import json

    words = {"[PAD]": 0, "[UNK]": 1, "a": 2, "cat": 3, "red": 4}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": None,
            "decoder": None,
            "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
        }
    ).encode()


@pytest.fixture(scope="session")
def tokenizer():
    return tokenizer_json()


@pytest.fixture(scope="session")
def save():
    """The bytes of a model with its weights in another file."""

    def save_external(model, folder, location="weights.bin"):
        onnx.save(model, folder / "model.onnx", save_as_external_data=True, location=location, size_threshold=0)
        return (folder / "model.onnx").read_bytes(), (folder / location).read_bytes()

    return save_external
