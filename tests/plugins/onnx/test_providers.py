"""What each device's provider is told, and runs with bound tensors. Cards are not needed: options are words."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from artrator.backend import Device
from artrator.errors import ArtratorError
from artrator.onnx_runtime import providers, read_graph, require_runtime, session
from artrator.onnx_runtime.binding import Binding
from artrator_onnx import ONNXBackend


def told(device, **other):
    found = providers.wanted(providers.PROVIDERS[device.kind], device, **other)
    return [entry if isinstance(entry, str) else entry[0] for entry in found], found[0][1]


def test_the_processor_is_always_the_last_resort_for_shapes_and_never_for_the_whole_graph():
    for kind, provider in providers.PROVIDERS.items():
        names = [e if isinstance(e, str) else e[0] for e in providers.wanted(provider, Device(kind))]
        assert names[0] == provider
        assert names[-1] == "CPUExecutionProvider"


def test_sixteen_bits_are_used_only_where_they_were_allowed():
    exact = {kind: told(Device(kind))[1] for kind in ("cuda", "tensorrt", "coreml", "openvino", "openvino-gpu")}
    assert exact["cuda"]["use_tf32"] == "0"
    assert exact["tensorrt"]["trt_fp16_enable"] == "False"
    assert (exact["coreml"]["ModelFormat"], exact["coreml"]["MLComputeUnits"]) == ("MLProgram", "CPUAndGPU")
    assert exact["openvino"]["precision"] == exact["openvino-gpu"]["precision"] == "FP32"
    half = {kind: told(Device(kind, precision="fp16"))[1] for kind in exact}
    assert half["cuda"]["use_tf32"] == "1"
    assert half["tensorrt"]["trt_fp16_enable"] == "True"
    assert half["coreml"]["MLComputeUnits"] == "ALL"
    assert (half["openvino"]["precision"], half["openvino-gpu"]["precision"]) == ("FP32", "FP16")
    assert told(Device("tensorrt", precision="tf32"))[1]["trt_fp16_enable"] == "False"


def test_the_coarser_of_what_package_and_owner_allow_is_used():
    assert providers.at_least(Device("cuda"), "fp16").precision == "fp16"
    assert providers.at_least(Device("cuda", precision="fp16"), "fp32").precision == "fp16"
    assert providers.at_least(Device("cuda", precision="nonsense"), "tf32").precision == "tf32"


def test_what_was_compiled_is_kept_where_a_folder_is_given_and_nowhere_else():
    assert not any("cache" in name for name in told(Device("tensorrt"))[1])
    kept = told(Device("tensorrt", compiled="/x"))[1]
    assert (kept["trt_engine_cache_path"], kept["trt_timing_cache_path"]) == ("/x", "/x")
    assert told(Device("openvino", compiled="/x"))[1]["cache_dir"] == "/x"
    assert told(Device("coreml", compiled="/x"))[1]["ModelCacheDirectory"] == "/x"


def test_what_is_compiled_of_two_graphs_lies_in_two_folders(tmp_path):
    device = Device("tensorrt", compiled=str(tmp_path))
    one, other = (providers.for_graph(device, name).compiled for name in ("unet/a.onnx", "unet/b.onnx"))
    assert one != other
    assert {Path(one).parent, Path(other).parent} == {tmp_path}
    assert Path(one).is_dir()
    assert providers.for_graph(device, "unet/a.onnx").compiled == one
    assert providers.for_graph(Device("cuda"), "unet/a.onnx") == Device("cuda")
    nowhere = Device("tensorrt", compiled=str(tmp_path / "gone"))
    assert providers.for_graph(nowhere, "unet/a.onnx").compiled == ""


def test_memory_is_given_back_only_where_there_is_a_store_of_it(make_graph):
    shape = ("float", ["n"])
    model = make_graph([("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape}).SerializeToString()
    runtime = require_runtime()
    options = runtime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", providers.arenas(Device("cuda")))
    with pytest.raises(Exception, match="Did not find an arena"):  # as on every device that has none for a card
        runtime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(["y"], {"x": np.ones(2, "f4")}, options)
    assert session(model).run({"x": np.ones(2, np.float32)}, ["y"], release=True)["y"].sum() == 2
    assert providers.arenas(Device("tensorrt", 0)) == "cpu:0;gpu:0"
    for kind in set(providers.PROVIDERS) - {"cpu", "cuda", "tensorrt"}:
        assert providers.arenas(Device(kind)) == ""


def test_tensorrt_leaves_what_it_cannot_do_to_the_same_card():
    names, _ = told(Device("tensorrt", index=1))
    assert names == ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    (_, (_, cuda), _) = providers.wanted("TensorrtExecutionProvider", Device("tensorrt", index=1, memory_bytes=7))
    assert (cuda["device_id"], cuda["gpu_mem_limit"]) == ("1", "7")


def test_algorithms_are_searched_for_and_runs_recorded_where_that_pays(make_graph):
    free, fixed = ("float", ["n", 3, "h", "w"]), ("float", ["n", 3, 8, 8])
    for shape, search in ((free, "HEURISTIC"), (fixed, "EXHAUSTIVE")):
        facts = read_graph(make_graph([("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape}).SerializeToString())
        assert told(Device("cuda"), facts=facts)[1]["cudnn_conv_algo_search"] == search
        assert providers.may_record(Device("cuda"), facts)
        assert not providers.may_record(Device("tensorrt"), facts)
    body = make_graph([("Relu", ["a"], ["b"])], {"a": free}, {"b": free}).graph
    deciding = make_graph([("If", ["x"], ["y"], {"then_branch": body})], {"x": free}, {"y": free})
    counting = make_graph([("NonZero", ["x"], ["y"])], {"x": free}, {"y": ("int64", [4, "m"])})
    rolling = make_graph([("RandomNormalLike", ["x"], ["y"])], {"x": free}, {"y": free})
    for graph in (deciding, counting, rolling):
        assert not providers.may_record(Device("cuda"), read_graph(graph.SerializeToString()))
    assert told(Device("cuda"), record=True)[1]["enable_cuda_graph"] == "1"
    assert "enable_cuda_graph" not in told(Device("cuda"))[1]


def test_directml_runs_in_sequence_and_without_memory_patterns():
    runtime = require_runtime()
    options = runtime.SessionOptions()
    providers.tune(runtime, options, Device("directml"))
    assert not options.enable_mem_pattern
    assert options.execution_mode == runtime.ExecutionMode.ORT_SEQUENTIAL


@pytest.mark.parametrize("kind", sorted(set(providers.PROVIDERS) - {"cpu"}))
def test_a_device_that_this_wheel_lacks_is_refused_with_its_own_cure(kind):
    runtime = SimpleNamespace(get_available_providers=lambda: ["CPUExecutionProvider"])
    with pytest.raises(ArtratorError) as caught:
        providers.provider_of(runtime, Device(kind))
    assert kind in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize("record", [False, True])
def test_bound_runs_give_each_caller_rows_of_its_own_whatever_the_shapes(make_graph, record):
    shape = ("float", ["n", 3])
    model = make_graph([("Mul", ["x", "x"], ["y"])], {"x": shape}, {"y": shape}).SerializeToString()
    runtime = require_runtime()
    inner = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    # Memory of the processor stands for a card's; what is bound, filled in place and read back is the same.
    binding = Binding(runtime, inner, "cpu", 0, record=record)
    kept = []
    for number in range(60):
        rows = np.full((number % 12 + 1, 3), number, np.float32)
        kept.append(binding.run({"x": rows}, ["y"])[0])
        assert (rows == number).all()
    for number, made in enumerate(kept):
        assert made.shape == (number % 12 + 1, 3)
        assert (made == number**2).all()


@pytest.mark.parametrize("record", [False, True])
def test_bound_tensors_have_the_axes_that_they_were_given(make_graph, record):
    """A single number has none: with one, the row that it names would be a picture of one row."""
    inputs = {"x": ("float", ["n", 3]), "which": ("int64", [])}
    model = make_graph([("Gather", ["x", "which"], ["y"])], inputs, {"y": ("float", [3])}).SerializeToString()
    runtime = require_runtime()
    inner = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    binding = Binding(runtime, inner, "cpu", 0, record=record)
    rows = np.arange(12, dtype=np.float32).reshape(3, 4).T  # not as it lies in memory
    for which in (0, 1, 2, 3, 1):
        (made,) = binding.run({"x": rows, "which": np.array(which)}, ["y"])
        assert made.tolist() == rows[which].tolist()


def test_what_really_computes_is_noted_for_the_receipt(make_graph):
    shape = ("float", ["n"])
    model = make_graph([("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape}).SerializeToString()
    session(model, Device(precision="fp16"))
    # The processor computes as the graph says, so nothing coarser is claimed for it.
    assert ("CPUExecutionProvider", "fp32") in sys.modules["artrator.onnx_runtime.providers"].in_use


PICTURES = """
[inputs.image]
type = "image"
label = "Picture"
[outputs.image]
type = "image"
label = "Picture"
[settings]
graph = "model.onnx"
precision = "{}"
[settings.feeds.x]
input = "image"
[settings.results.image]
tensor = "y"
"""


@pytest.mark.parametrize(("own", "owner", "used"), [("fp32", "fp16", "fp16"), ("tf32", "fp32", "tf32")])
def test_a_package_says_how_coarsely_it_may_be_computed(identity, make_package, monkeypatch, own, owner, used):
    asked = []

    def load_graph(package, name, device):
        asked.append(device.precision)
        return session(package.read(name), device, name=name)

    monkeypatch.setattr("artrator_onnx.backend.load_graph", load_graph)
    ONNXBackend().load(make_package(identity, PICTURES.format(own)), Device(precision=owner))
    assert asked == [used]


def test_a_precision_that_does_not_exist_is_refused_with_its_line(identity, make_package):
    with pytest.raises(ArtratorError, match=r"artrator\.toml:\d+: .*precision.*use 'fp32', 'tf32' or 'fp16'"):
        ONNXBackend().inspect(make_package(identity, PICTURES.format("half")))
