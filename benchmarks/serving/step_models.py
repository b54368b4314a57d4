"""The models that are gone in steps: dense layers, and the parts of a Stable Diffusion; all weights are noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from artrator.keys import PrivateKey
from artrator.package import sign

Floats: TypeAlias = np.ndarray
Tensors: TypeAlias = dict[str, tuple[int, list[str | int]]]
#: Operator, what it reads, what it writes, and its attributes.
Node: TypeAlias = tuple[str, list[str], list[str]] | tuple[str, list[str], list[str], dict[str, Any]]

DENSE_SHAPE, DENSE_LAYERS = (1, 32, 64), 8
DENSE_WIDTH = int(np.prod(DENSE_SHAPE))
LATENT, TOKENS = (4, 16, 16), 77
HEAD = """
name = "steps"
version = "1"
title = "Steps"
summary = "Goes its steps."
task = "text-to-image"
backend = "diffusion"
license = "Apache-2.0"

[inputs]
prompt = { type = "text", label = "Prompt", default = "a cat" }
seed = { type = "integer", label = "Seed" }
steps = { type = "integer", label = "Steps", minimum = 1, maximum = 100 }

[outputs.image]
type = "image"
label = "Picture"

[cost.step]
label = "Step"
factors = ["steps"]
"""
DENSE = f"""{HEAD}
[settings]
pipeline = "flow"

[settings.sampling]
steps = "steps"
guidance = 1.0
seed = "seed"
preview_every = 0

[settings.text]
input = "prompt"
graph = "text.onnx"
tokenizer = "tokenizer.json"
max_length = 16
output = "hidden"
pooling = "mean"

[settings.denoiser]
graph = "denoiser.onnx"

[settings.denoiser.conditions.condition]
input = "prompt"
"""
STABLE_DIFFUSION = f"""{HEAD}
[settings]
pipeline = "stable-diffusion"

[settings.text]
input = "prompt"

[settings.sampling]
steps = "steps"
guidance = 7.5
seed = "seed"
width = 128
height = 128
scheduler = "ddim"
preview_every = 0
"""


@dataclass(frozen=True)
class StepModel:
    """A model, and what a step of it is given.

    Attributes:
        files: All but the manifest, by path in the package.
        denoiser: The graph that is run once a step.
        output: Of that graph.
        rows: Of that graph for one job: two where a picture is guided by two predictions.
        feeds: What so many jobs give that graph.
        besides: Graphs that a job runs once, before or after its steps: path, feeds and output.
    """

    manifest: str
    files: Mapping[str, Callable[[], bytes]]
    denoiser: str
    output: str
    rows: int
    feeds: Callable[[int], dict[str, Floats]]
    besides: Sequence[tuple[str, dict[str, Floats], str]] = field(default_factory=tuple)

    def write(self, folder: Path, key: PrivateKey) -> str:
        """A signed package of the diffusion backend."""
        for name, make in {"artrator.toml": self.manifest.encode, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(make())
        return sign(folder, key)


def graph(nodes: Sequence[Node], reads: Tensors, makes: Tensors, stored: Mapping[str, Floats]) -> bytes:
    """An ONNX model."""
    made = helper.make_graph(
        [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in reads.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in makes.items()],
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def tokenizer() -> bytes:
    """Words of which there are two."""
    words = {"[PAD]": 0, "[UNK]": 1, "a": 2, "cat": 3}
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
        }
    ).encode()


# --- dense layers


def dense_denoiser() -> bytes:
    """Dense layers: memory-bound, as large networks on a card are, so that 16 rows cost little more than one."""
    numbers = np.random.default_rng(5)
    stored: dict[str, Floats] = {
        f"w{layer}": numbers.standard_normal((DENSE_WIDTH, DENSE_WIDTH), dtype=np.float32)
        / np.float32(DENSE_WIDTH**0.5)
        for layer in range(DENSE_LAYERS)
    }
    stored["from_text"] = numbers.standard_normal((4, DENSE_WIDTH), dtype=np.float32)
    stored |= {"flat": np.array([-1, DENSE_WIDTH]), "column": np.array([-1, 1]), "square": np.array([-1, *DENSE_SHAPE])}
    nodes: list[Node] = [
        ("Reshape", ["sample", "flat"], ["s"]),
        ("Reshape", ["time", "column"], ["t"]),
        ("MatMul", ["condition", "from_text"], ["c"]),
        ("Add", ["s", "t"], ["st"]),
        ("Add", ["st", "c"], ["h0"]),
    ]
    for layer in range(DENSE_LAYERS):
        nodes.append(("MatMul", [f"h{layer}", f"w{layer}"], [f"m{layer}"]))
        nodes.append(("Tanh", [f"m{layer}"], [f"h{layer + 1}"]))
    nodes.append(("Reshape", [f"h{DENSE_LAYERS}", "square"], ["velocity"]))
    sample = (TensorProto.FLOAT, ["n", *DENSE_SHAPE])
    reads = {"sample": sample, "time": (TensorProto.FLOAT, ["n"]), "condition": (TensorProto.FLOAT, ["n", 4])}
    return graph(nodes, reads, {"velocity": sample}, stored)


def dense_text() -> bytes:
    """A table of words."""
    return graph(
        [("Gather", ["table", "input_ids"], ["hidden"])],
        {"input_ids": (TensorProto.INT64, ["n", "t"])},
        {"hidden": (TensorProto.FLOAT, ["n", "t", 4])},
        {"table": np.random.default_rng(6).standard_normal((4, 4), dtype=np.float32)},
    )


def dense_feeds(jobs: int) -> dict[str, Floats]:
    """What the dense denoiser is given."""
    return {
        "sample": np.ones((jobs, *DENSE_SHAPE), np.float32),
        "time": np.ones(jobs, np.float32),
        "condition": np.ones((jobs, 4), np.float32),
    }


# --- the parts of a Stable Diffusion


class Drawing:
    """Collects nodes, with weights of noise that keep numbers as large as they were."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[Node] = []
        self.stored: dict[str, Floats] = {}
        self._numbers = np.random.default_rng(seed)

    def __call__(self, operator: str, reads: list[str], **attributes: Any) -> str:
        """One node; the name of what it writes."""
        made = f"v{len(self.nodes)}"
        self.nodes.append((operator, reads, [made], attributes))
        return made

    def keep(self, array: Floats) -> str:
        """A stored tensor; its name."""
        name = f"w{len(self.stored)}"
        self.stored[name] = array
        return name

    def dense(self, value: str, narrow: int, wide: int) -> str:
        """A dense layer."""
        return self("MatMul", [value, self.keep(self._noise((narrow, wide), narrow))])

    def conv(self, value: str, narrow: int, wide: int) -> str:
        """A convolution of 3 x 3."""
        weights = self.keep(self._noise((wide, narrow, 3, 3), 9 * narrow))
        return self("Conv", [value, weights], kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    def silu(self, value: str) -> str:
        """What follows each convolution."""
        return self("Mul", [value, self("Sigmoid", [value])])

    def twice(self, value: str) -> str:
        """Height and width doubled."""
        scales = self.keep(np.array([1, 1, 2, 2], np.float32))
        return self("Resize", [value, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric")

    def named(self, value: str, name: str) -> None:
        """Give a value the name of an output."""
        self.nodes.append(("Identity", [value], [name]))

    def _noise(self, shape: tuple[int, ...], reads: int) -> Floats:
        return self._numbers.standard_normal(shape, dtype=np.float32) / np.float32(reads**0.5)


TEXT_WIDTH, UNET_WIDTH, DECODER_WIDTH = 64, 96, 32


def sd_text() -> bytes:
    """Token numbers to a row a token: a fiftieth of a step, as in Stable Diffusion 1."""
    draw = Drawing(1)
    value = draw("Gather", [draw.keep(np.random.default_rng(2).standard_normal((4, TEXT_WIDTH), np.float32)), "ids"])
    for _ in range(2):
        value = draw("Add", [value, draw.dense(draw.silu(draw.dense(value, TEXT_WIDTH, 128)), 128, TEXT_WIDTH)])
    draw.named(value, "last_hidden_state")
    reads: Tensors = {"ids": (TensorProto.INT64, ["n", TOKENS])}
    return graph(draw.nodes, reads, {"last_hidden_state": (TensorProto.FLOAT, ["n", TOKENS, TEXT_WIDTH])}, draw.stored)


def sd_unet() -> bytes:
    """Convolutions on two levels, the time added, and attention to the tokens between them."""
    draw, wide = Drawing(3), UNET_WIDTH
    time = draw("Reshape", ["timestep", draw.keep(np.array([-1, 1, 1, 1]))])
    time = draw("Mul", [time, draw.keep(np.float32([0.001]))])
    value = top = draw("Add", [draw.conv("sample", LATENT[0], wide), time])
    value = draw.silu(draw.conv(value, wide, wide))
    value = draw("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2])
    value = draw.silu(draw.conv(value, wide, 2 * wide))
    # Every place looks at every token.
    places = draw("Reshape", [value, draw.keep(np.array([0, 2 * wide, -1]))])
    asked = draw.dense(draw("Transpose", [places], perm=[0, 2, 1]), 2 * wide, 2 * wide)
    keys = draw("Transpose", [draw.dense("encoder_hidden_states", TEXT_WIDTH, 2 * wide)], perm=[0, 2, 1])
    scale = draw.keep(np.float32([(2 * wide) ** -0.5]))
    looks = draw("Softmax", [draw("Mul", [draw("MatMul", [asked, keys]), scale])], axis=-1)
    seen = draw("MatMul", [looks, draw.dense("encoder_hidden_states", TEXT_WIDTH, 2 * wide)])
    seen = draw("Reshape", [draw("Transpose", [seen], perm=[0, 2, 1]), draw("Shape", [value])])
    value = draw.silu(draw.conv(draw("Add", [value, seen]), 2 * wide, wide))
    value = draw("Add", [draw.twice(value), top])
    draw.named(draw.conv(draw.silu(draw.conv(value, wide, wide)), wide, LATENT[0]), "out_sample")
    sample = (TensorProto.FLOAT, ["n", *LATENT])
    reads: Tensors = {
        "sample": sample,
        "timestep": (TensorProto.FLOAT, ["n"]),
        "encoder_hidden_states": (TensorProto.FLOAT, ["n", TOKENS, TEXT_WIDTH]),
    }
    return graph(draw.nodes, reads, {"out_sample": sample}, draw.stored)


def sd_decoder() -> bytes:
    """Latents to pixels, eight times as high and wide: some four steps of one row, as in Stable Diffusion 1."""
    draw, wide = Drawing(4), DECODER_WIDTH
    value = draw.silu(draw.conv("latent_sample", LATENT[0], wide))
    for _ in range(3):
        value = draw.silu(draw.conv(draw.twice(value), wide, wide))
    draw.named(draw("Tanh", [draw.conv(value, wide, 3)]), "sample")
    reads: Tensors = {"latent_sample": (TensorProto.FLOAT, ["n", LATENT[0], "h", "w"])}
    return graph(draw.nodes, reads, {"sample": (TensorProto.FLOAT, ["n", 3, "H", "W"])}, draw.stored)


def sd_feeds(jobs: int) -> dict[str, Floats]:
    """What the UNet is given: a row with the prompt and one without for each job."""
    return {
        "sample": np.ones((2 * jobs, *LATENT), np.float32),
        "timestep": np.ones(2 * jobs, np.float32),
        "encoder_hidden_states": np.ones((2 * jobs, TOKENS, TEXT_WIDTH), np.float32),
    }


def _json(**content: Any) -> Callable[[], bytes]:
    return json.dumps(content).encode


MODELS: dict[str, StepModel] = {
    "dense": StepModel(
        DENSE,
        {"tokenizer.json": tokenizer, "denoiser.onnx": dense_denoiser, "text.onnx": dense_text},
        "denoiser.onnx",
        "velocity",
        1,
        dense_feeds,
    ),
    "stable-diffusion": StepModel(
        STABLE_DIFFUSION,
        {
            "tokenizer/tokenizer.json": tokenizer,
            "tokenizer/tokenizer_config.json": _json(pad_token="[PAD]", model_max_length=TOKENS),
            "text_encoder/model.onnx": sd_text,
            "unet/model.onnx": sd_unet,
            "unet/config.json": _json(block_out_channels=[UNET_WIDTH, 2 * UNET_WIDTH]),
            "vae_decoder/model.onnx": sd_decoder,
            "vae_decoder/config.json": _json(block_out_channels=[DECODER_WIDTH] * 4, scaling_factor=0.18215),
            "scheduler/scheduler_config.json": _json(
                _class_name="DDIMScheduler", beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012
            ),
        },
        "unet/model.onnx",
        "out_sample",
        2,
        sd_feeds,
        (
            ("text_encoder/model.onnx", {"ids": np.ones((1, TOKENS), np.int64)}, "last_hidden_state"),
            ("text_encoder/model.onnx", {"ids": np.ones((1, TOKENS), np.int64)}, "last_hidden_state"),
            ("vae_decoder/model.onnx", {"latent_sample": np.ones((1, *LATENT), np.float32)}, "sample"),
        ),
    ),
}
