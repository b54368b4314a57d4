"""onnxruntime for backends: honest about wheels and devices, careful with files."""

import contextlib
import os
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from artrator.backend import Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.onnx_runtime import check_graph, describe, installed_wheels, read_graph, require_runtime, session, wheels
from artrator.plugins import find_backend


def refusal(call, code=Code.PACKAGE_INVALID):
    with pytest.raises(ArtratorError) as caught:
        call()
    assert caught.value.code is code
    assert caught.value.cure
    return caught.value.message


def test_telemetry_is_off_before_onnxruntime_loads():
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_installed_wheel_is_described():
    (wheel,) = installed_wheels()
    assert describe() == f"{wheel.name} {wheel.version} {wheel.flavour}"


def test_two_wheels_side_by_side_are_refused_by_name(monkeypatch):
    versions = {"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.31.1"}

    def version(name):
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(wheels.metadata, "version", version)
    message = refusal(require_runtime, Code.BACKEND_RUNTIME_BROKEN)
    assert "onnxruntime 1.32.0 and onnxruntime-gpu 1.31.1" in message
    assert describe() == "onnxruntime 1.32.0 cpu + onnxruntime-gpu 1.31.1 cuda"


def test_no_wheel_and_half_a_wheel_are_told_apart(monkeypatch):
    monkeypatch.setattr(wheels, "installed_wheels", list)
    assert "not installed" in refusal(require_runtime, Code.BACKEND_RUNTIME_BROKEN)
    monkeypatch.setattr(wheels, "installed_wheels", lambda: [wheels.Wheel("onnxruntime", "1.0", "cpu")])
    monkeypatch.setattr(wheels.importlib, "import_module", lambda name: SimpleNamespace(__name__=name))
    assert "does not load" in refusal(require_runtime, Code.BACKEND_RUNTIME_BROKEN)


@pytest.mark.parametrize("kind", ["cuda", "coreml", "abacus"])
def test_a_device_that_is_not_there_is_refused_and_never_replaced(identity, kind):
    if kind != "abacus" and "gpu" in describe():
        pytest.skip("this wheel has it")
    message = refusal(lambda: session(identity.SerializeToString(), Device(kind)), Code.BACKEND_RUNTIME_BROKEN)
    assert f"cannot compute on {kind}" in message


def test_a_silent_fallback_is_noticed(identity, monkeypatch):
    runtime = require_runtime()
    monkeypatch.setattr(runtime, "get_available_providers", lambda: ["CUDAExecutionProvider"], raising=True)
    message = refusal(lambda: session(identity.SerializeToString(), Device("cuda")), Code.BACKEND_RUNTIME_BROKEN)
    assert "it fell back to CPUExecutionProvider" in message


#: What onnxruntime-gpu 1.31.1 says where TensorRT's libraries are missing.
NO_TENSORRT = (
    "/onnxruntime_src/onnxruntime/python/onnxruntime_pybind_state.cc:729 void onnxruntime::python::RegisterTensorRT"
    "PluginsAsCustomOps(PySessionOptions&, const onnxruntime::ProviderOptions&) Please install TensorRT libraries."
)


def test_a_provider_that_fails_says_why_and_is_not_replaced_by_another(identity, monkeypatch):
    runtime, asked = require_runtime(), []

    def refuse(self, providers, *rest):
        asked.append(providers[0][0])
        raise RuntimeError(NO_TENSORRT)

    monkeypatch.setattr(
        runtime, "get_available_providers", lambda: ["TensorrtExecutionProvider", "CPUExecutionProvider"]
    )
    monkeypatch.setattr(runtime.InferenceSession, "_create_inference_session", refuse)
    message = refusal(lambda: session(identity.SerializeToString(), Device("tensorrt")), Code.BACKEND_RUNTIME_BROKEN)
    assert message.endswith("cannot compute on tensorrt: Please install TensorRT libraries.")
    assert asked == ["TensorrtExecutionProvider"]
    # On the processor there is nothing but the graph to blame.
    refusal(lambda: session(identity.SerializeToString()))


def test_a_provider_that_fails_in_a_run_is_not_replaced_by_another(identity, monkeypatch):
    from onnxruntime.capi import onnxruntime_pybind11_state

    moved, loaded = [], session(identity.SerializeToString(), name="net.onnx")
    real = loaded._inner._sess

    class Failing:
        def run(self, *_):
            raise onnxruntime_pybind11_state.EPFail("the card is gone")

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(loaded._inner, "set_providers", moved.append)
    monkeypatch.setattr(loaded._inner, "_sess", Failing())
    with pytest.raises(ModelError, match="the card is gone"):
        loaded.run({"x": np.zeros((1, 3, 4, 4), np.float32)}, ["y"])
    assert moved == []


def test_a_run_that_fails_says_which_graph(identity):
    loaded = session(identity.SerializeToString(), name="net.onnx")
    assert loaded.provider == "CPUExecutionProvider"
    with pytest.raises(ModelError, match=r"net\.onnx failed while it ran: .* input: x \(axis 1 is 2 and must be 3\)$"):
        loaded.run({"x": np.zeros((1, 2, 4, 4), np.float32)}, ["y"])


def test_a_session_keeps_to_the_memory_it_may_take(make_graph, tmp_path):
    shape = ("float", ["n", "n"])
    model = make_graph([("MatMul", ["x", "x"], ["y"])], {"x": shape}, {"y": shape})
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    program = (
        "import sys, numpy as np\n"
        "from artrator.backend import Device\n"
        "from artrator.onnx_runtime import session\n"
        "s = session(open(sys.argv[1], 'rb').read(), Device(memory_bytes=64 << 20))\n"
        "s.run({'x': np.ones((1000, 1000), 'f4')}, ['y'])\n"
        "try:\n    s.run({'x': np.ones((8000, 8000), 'f4')}, ['y'])\n"
        "except MemoryError as error:\n    print('kept:', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "m.onnx")], capture_output=True, text=True)
    assert done.stdout.strip() == "kept: model.onnx ran out of memory", done.stderr


# -- the gate --------------------------------------------------------------------------------------------------------


def test_facts_are_those_that_onnx_reads(make_graph):
    inputs = {"x": ("float", ["n", 3, "h", 8]), "k": ("int64", [])}
    weights = {"w": np.zeros((7, 3, 3, 3), np.float32), "c": np.zeros(5, np.int64)}
    nodes = [("Conv", ["x", "w"], ["y"]), ("Identity", ["k"], ["z"])]
    model = make_graph(nodes, inputs, {"y": ("float", ["n", 7, "a", "b"]), "z": ("int64", [])}, weights)
    facts = read_graph(model.SerializeToString())
    assert {name: str(tensor) for name, tensor in facts.inputs.items()} == {
        "x": "x: float32['n', 3, 'h', 8]",
        "k": "k: int64[]",
    }
    assert facts.operators == {("", "Conv"), ("", "Identity")}
    assert facts.weight_bytes == 7 * 27 * 4 + 5 * 8
    assert (facts.widest, facts.opsets) == (7, {"": 17})


def test_foreign_operators_are_refused_by_name(make_graph):
    shape = ("float", ["n"])
    model = make_graph([("Steal", ["x"], ["y"])], {"x": shape}, {"y": shape}, domain="evil.example")
    assert "evil.example.Steal" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


def test_foreign_operators_inside_a_loop_are_found(make_graph):
    shape = ("float", ["n"])
    body = make_graph([("Steal", ["a"], ["b"])], {"a": shape}, {"b": shape}, domain="evil.example").graph
    model = make_graph([("Loop", ["x"], ["y"], {"body": body})], {"x": shape}, {"y": shape})
    assert "evil.example.Steal" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


@pytest.mark.parametrize("location", ["../../etc/passwd", "/etc/passwd", "other.bin", "a/../../x", "..\\x", "C:/x", ""])
def test_weights_outside_the_package_are_refused(make_graph, location):
    shape = ("float", [4])
    model = make_graph([("Add", ["x", "w"], ["y"])], {"x": shape}, {"y": shape}, {"w": np.ones(4, np.float32)})
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", ["m.onnx", "weights.bin"]))


def test_weights_in_another_signed_file_are_lent_from_memory(make_graph, make_package, save, tmp_path, photo):
    from artrator.testing import run
    from artrator_onnx import ONNXBackend

    shape = ("float", ["n", 3, "h", "w"])
    model = make_graph([("Mul", ["x", "w"], ["y"])], {"x": shape}, {"y": shape}, {"w": np.full(1, 0.5, np.float32)})
    data, weights = save(model, tmp_path)
    package = make_package(data, PICTURES, {"weights.bin": weights})
    (tmp_path / "weights.bin").unlink()
    made = run(ONNXBackend(), package, {"image": photo})["image"]
    assert np.abs(made - photo / 2).max() <= 0.5


def test_sizes_that_lie_are_refused(make_graph):
    shape = ("float", [4])
    model = make_graph([("Add", ["x", "w"], ["y"])], {"x": shape}, {"y": shape}, {"w": np.ones(4, np.float32)})
    model.graph.initializer[0].dims[0] = 10**12
    assert "says that the weight 'w'" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


@pytest.mark.parametrize("dims", [[2**62] * 300, [2**40] * 2, [2**62] * 100_000])
def test_sizes_that_no_memory_holds_are_refused_at_once(dims, make_graph):
    """A product of thousands of digits can be neither shown nor, of many sides, be reckoned in a life."""
    shape = ("float", [4])
    model = make_graph([("Add", ["x", "w"], ["y"])], {"x": shape}, {"y": shape}, {"w": np.ones(4, np.float32)})
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    assert "of an unknown type or size" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


def test_sparse_weights_inside_a_node_are_refused(make_graph):
    """A few bytes of one are filled up to any size when they are loaded."""
    shape = ("float", [4])
    model = make_graph([("Add", ["x", "w"], ["y"])], {"x": shape}, {"y": shape})
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("v", onnx.TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("i", onnx.TensorProto.INT64, [1], [0]),
        [10**5, 10**5],
    )
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], sparse_value=sparse))
    assert "sparse weights" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


def test_functions_and_sparse_weights_are_refused(make_graph):
    shape = ("float", ["n"])
    model = make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape})
    function = helper.make_function("", "F", ["a"], ["b"], [helper.make_node("Identity", ["a"], ["b"])], [])
    model.functions.append(function)
    assert "functions of its own" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))
    del model.functions[:]
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(numpy_helper.from_array(np.ones(1, np.float32), "s"))
    assert "sparse" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


def test_deep_nesting_ends_in_a_refusal(make_graph):
    shape = ("float", ["n"])
    body = make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape}).graph
    for _ in range(20):
        body = make_graph([("If", ["x"], ["y"], {"then_branch": body})], {"x": shape}, {"y": shape}).graph
    model = helper.make_model(body)
    assert "nested" in refusal(lambda: check_graph(model.SerializeToString(), "m.onnx", []))


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x3a\xff", b"\x00" * 40, b"\x3a\x02\x0a\x09"])
def test_what_is_no_model_is_refused(data):
    assert "m.onnx is not an ONNX model" in refusal(lambda: check_graph(data, "m.onnx", []))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_models_are_read_or_refused_and_nothing_else(data):
    whole = DAMAGED
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] = data.draw(st.integers(0, 255))
    changed = changed[: data.draw(st.integers(1, len(whole)))]
    with contextlib.suppress(ArtratorError):
        check_graph(bytes(changed), "m.onnx", [])


PICTURES = """
[inputs.image]
type = "image"
label = "Picture"
[outputs.image]
type = "image"
label = "Picture"
[settings]
graph = "model.onnx"
[settings.feeds.x]
input = "image"
[settings.results.image]
tensor = "y"
"""
DAMAGED = helper.make_model(
    helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", 1, ["n", 2, "h", "w"])],
        [numpy_helper.from_array(np.ones((2, 3, 3, 3), np.float32), "w")],
    )
).SerializeToString()


@pytest.mark.parametrize("backend", ["onnx", "diffusion"])
def test_first_party_backends_are_plugins_that_ask_for_a_gpu_and_nothing_else(backend):
    plugin = find_backend(backend)
    assert plugin.error is None
    assert list(plugin.wants.names()) == ["gpu"]
    assert "onnxruntime" in plugin.wants.reasons["gpu"]
