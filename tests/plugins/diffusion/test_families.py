"""SDXL, and networks distilled to few steps: what they want to be told is read from their graphs."""

import asyncio
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from together import run_together

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.testing import PlainContext, run
from artrator_diffusion import DiffusionBackend
from artrator_diffusion.guidance import guidance_code

DATA = Path(__file__).parent / "data"
GIVEN = {"prompt": "a photo of a cat", "negative": "blurry", "seed": 11}
EULER = {
    "_class_name": "EulerDiscreteScheduler",
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def reference():
    return dict(np.load(DATA / "text-to-image.npz"))


@pytest.mark.parametrize(
    ("network", "name", "inputs"),
    [
        ("distilled", "distilled-lcm", {"sampler": "lcm", "steps": 4}),
        ("xl", "xl-euler", {"sampler": "euler"}),
        ("xl", "xl-euler-no-negative", {"sampler": "euler", "negative": ""}),
    ],
)
def test_pictures_are_those_of_diffusers_to_two_millionths(model, reference, exact, network, name, inputs):
    run(DiffusionBackend(), model(network), {**GIVEN, **inputs})
    assert np.abs(exact[-1][0] - reference[name]).max() <= 2e-6


def test_without_a_word_on_it_an_empty_negative_prompt_is_encoded(model, exact, networks):
    """``force_zeros_for_empty_prompt`` says whether zeros or the empty text stand for no prompt."""
    index = json.loads(networks["xl"]["model_index.json"])
    changed = json.dumps({**index, "force_zeros_for_empty_prompt": False}).encode()
    inputs = {**GIVEN, "negative": "", "sampler": "euler"}
    run(DiffusionBackend(), model("xl"), inputs)
    run(DiffusionBackend(), model("xl", **{"model_index.json": changed}), inputs)
    assert not np.allclose(exact[0], exact[1], atol=1e-4)


def test_a_distilled_network_is_told_its_guidance_and_run_once_a_step(model, exact):
    context = PlainContext()
    for guidance in (1.0, 7.5):
        run(
            DiffusionBackend(),
            model("distilled"),
            {**GIVEN, "sampler": "lcm", "steps": 3, "guidance": guidance},
            context,
        )
    assert [rows for name, rows in context.batches if "unet" in name] == [1] * 6
    assert not np.allclose(exact[0], exact[1], atol=1e-4)


@pytest.mark.parametrize("width", [2, 3, 8, 256])
def test_the_code_of_guidance_is_waves_of_its_strength(width):
    half = width // 2
    along = 6.5 * 1000 * 10_000.0 ** (-np.arange(half) / max(1, half - 1))
    expected = np.concatenate([np.sin(along), np.cos(along), np.zeros(width % 2)])
    assert np.allclose(guidance_code(7.5, width), expected, atol=2e-3)  # sines of thousands, in single precision


@pytest.mark.parametrize("guidance", [0.0, 0.5, 1.0])
def test_turbo_models_are_run_without_guidance_whatever_number_says_so(model, exact, guidance):
    context = PlainContext()
    inputs = {**GIVEN, "sampler": "euler-ancestral", "steps": 1}
    run(DiffusionBackend(), model("xl"), {**inputs, "guidance": 1.0})
    run(DiffusionBackend(), model("xl"), {**inputs, "guidance": guidance}, context)
    assert ("unet/model.onnx", 1) in context.batches
    assert np.array_equal(exact[0], exact[1])


def test_jobs_of_different_sizes_prompts_and_steps_stay_themselves(model):
    loaded = DiffusionBackend().load(model("xl"), Device())
    given = {**GIVEN, "images": 1, "guidance": 7.5, "strength": 0.5, "sampler": "euler"}
    jobs = [
        {**given, "width": 48, "height": 32, "steps": 4},
        {**given, "width": 32, "height": 48, "steps": 4, "seed": 3},
        {**given, "width": 48, "height": 32, "steps": 6, "prompt": "a dog", "sampler": "dpm++2m"},
    ]
    alone = [run(DiffusionBackend(), model("xl"), job)["images"][0] for job in jobs]

    for outputs, expected in zip(asyncio.run(run_together(loaded, jobs)), alone, strict=True):
        assert np.abs(outputs["images"][0].astype(int) - expected).max() <= 1


def test_a_turbo_model_in_half_precision_is_fed_what_its_graph_takes(model, networks):
    """Types are read from the graphs: here the network takes 16-bit floats behind casts of its own."""
    files = {"unet/model.onnx": halved(networks["xl"]["unet/model.onnx"])}
    inputs = {**GIVEN, "steps": 2, "guidance": 1.0}
    (full,) = run(DiffusionBackend(), model("xl", scheduler=EULER), inputs)["images"]
    (half,) = run(DiffusionBackend(), model("xl", scheduler=EULER, **files), inputs)["images"]
    assert np.abs(half.astype(int) - full).mean() < 2


@pytest.mark.parametrize(
    ("network", "file", "tensor", "axis", "size", "words"),
    [
        ("mini", "unet/model.onnx", "sample", 1, 5, "must take 4 channels, or 9 to see mask and picture: sample"),
        ("mini", "vae_decoder/model.onnx", "sample", 1, 4, "[batch, 3, height, width]: sample"),
        ("mini", "vae_encoder/model.onnx", "sample", 1, 1, "[batch, 3, height, width]: sample"),
        ("mini", "vae_encoder/model.onnx", "latent_parameters", 1, 6, "must give 4 or 8 channels: latent_parameters"),
        ("xl", "unet/model.onnx", "time_ids", 1, 5, "must take 6 numbers in time_ids: time_ids"),
        ("distilled", "unet/model.onnx", "timestep_cond", 1, "open", "must say how wide timestep_cond is"),
    ],
)
def test_tensors_of_a_wrong_shape_are_named_with_their_file(model, networks, network, file, tensor, axis, size, words):
    changed = {file: reshaped(networks[network][file], tensor, axis, size)}
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().inspect(model(network, **changed))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert caught.value.message.startswith(file)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("vae_decoder/config.json", b'{"block_out_channels": 3}', "block_out_channels must be a list"),
        ("vae_decoder/config.json", b'{"block_out_channels": [1,1,1,1,1,1,1,1,1,1,1,1]}', "a list of 1 to 9"),
        ("vae_decoder/config.json", b'{"scaling_factor": "0.18"}', "scaling_factor must be a number"),
        ("vae_decoder/config.json", b'{"scaling_factor": 0}', "scaling_factor is 0"),
        ("vae_decoder/config.json", b'{"shift_factor": NaN}', "shift_factor must be a number"),
        ("unet/config.json", b'{"block_out_channels": []}', "block_out_channels must be a list"),
        ("tokenizer/tokenizer_config.json", b'{"model_max_length": 1' + b"0" * 400 + b"}", "model_max_length"),
        ("tokenizer/tokenizer_config.json", b"[" * 100_000, "is not JSON"),
        ("model_index.json", b"[]", "is not a JSON object"),
    ],
)  # fmt: skip
def test_a_configuration_that_makes_no_sense_is_named(model, file, content, words):
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().inspect(model(**{file: content}))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert caught.value.message.startswith(file)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("network", "lent", "words"),
    [
        ("mini", {"unet/model.onnx": "xl unet/model.onnx"}, "wants text_embeds, which text_encoder_2/model.onnx makes"),
        ("xl", {"unet/model.onnx": "mini unet/model.onnx"}, "does not take text_embeds"),
        ("xl", {"text_encoder/model.onnx": "mini text_encoder/model.onnx"}, "must give out its layers hidden_states.0"),
        ("xl", {"text_encoder_2/model.onnx": "xl text_encoder/model.onnx"}, "has no output text_embeds"),
    ],
)
def test_parts_of_different_models_do_not_go_together(model, networks, network, lent, words):
    ((name, lender),) = lent.items()
    owner, file = lender.split()
    files = {name: networks[owner][file]}
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().inspect(model(network, **files))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert words in caught.value.message
    assert caught.value.message.startswith(name)


def test_a_configuration_that_the_autoencoder_does_not_keep_is_named_at_load(model):
    with pytest.raises(ArtratorError, match=r"vae_decoder/model\.onnx makes \[1, 3, 64, 64\]") as caught:
        DiffusionBackend().load(model(**{"vae_decoder/config.json": b'{"block_out_channels": [8, 8, 8]}'}), Device())
    assert caught.value.code is Code.PACKAGE_INVALID


def test_a_tensor_that_is_not_known_is_named(model, networks):
    graph = onnx.load_from_string(networks["mini"]["unet/model.onnx"])
    graph.graph.input.append(helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", 4]))
    with pytest.raises(ArtratorError, match="has the input image_embeds"):
        DiffusionBackend().inspect(model(**{"unet/model.onnx": graph.SerializeToString()}))


def reshaped(data, tensor, axis, size):
    """The graph with one axis of one of its tensors declared otherwise."""
    graph = onnx.load_from_string(data)
    for value in (*graph.graph.input, *graph.graph.output):
        if value.name == tensor:
            dim = value.type.tensor_type.shape.dim[axis]
            dim.Clear()
            if isinstance(size, int):
                dim.dim_value = size
            else:
                dim.dim_param = size
    return graph.SerializeToString()


def halved(data):
    """The graph with 16-bit floats at its borders."""
    graph = onnx.load_from_string(data)
    before, after = [], []
    for value in (*graph.graph.input, *graph.graph.output):
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            continue
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
        inner, comes_in = f"{value.name}_single", value in graph.graph.input
        for node in graph.graph.node:
            for names in (node.input, node.output):
                for place, name in enumerate(names):
                    if name == value.name:
                        names[place] = inner
        if comes_in:
            before.append(helper.make_node("Cast", [value.name], [inner], to=TensorProto.FLOAT))
        else:
            after.append(helper.make_node("Cast", [inner], [value.name], to=TensorProto.FLOAT16))
    nodes = [*before, *graph.graph.node, *after]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    return graph.SerializeToString()
