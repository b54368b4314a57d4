"""Which execution provider of onnxruntime stands for which device, and what it is told.

The names of options are those of https://onnxruntime.ai/docs/execution-providers/ (one page for each provider); a
provider refuses one that it does not know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from artrator.backend import PRECISIONS, Device
from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime.graph import GraphFacts
from artrator.onnx_runtime.wheels import describe

#: The execution provider of each kind of device.
PROVIDERS: Final[dict[str, str]] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "openvino-gpu": "OpenVINOExecutionProvider",
}
#: What recorded kernels cannot do: decide what runs next, wait to learn how large a tensor is, throw dice anew.
_NOT_RECORDED: Final = frozenset(
    {"If", "Loop", "Scan"}
    | {"NonZero", "Compress", "Unique", "NonMaxSuppression"}
    | {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
)

#: What the sessions of this process compute on: provider and precision, in the order in which they were made.
in_use: Final[dict[tuple[str, str], None]] = {}


def provider_of(runtime: Any, device: Device) -> str:
    """The name of the execution provider for this device, ready to be used.

    Raises:
        ArtratorError: ``backend_runtime_broken`` if this wheel does not have it.
    """
    provider = PROVIDERS.get(device.kind)
    if provider is None:
        raise cannot(device, f"the kinds of device are {', '.join(PROVIDERS)}")
    if provider not in runtime.get_available_providers():
        raise cannot(device, f"this wheel has no {provider}")
    if device.kind in {"cuda", "tensorrt"} and hasattr(runtime, "preload_dlls"):
        runtime.preload_dlls()
    return provider


def cannot(device: Device, reason: str) -> ArtratorError:
    """The sentence for a device that cannot be computed on."""
    cures = {
        "cuda": "Install artrator[gpu] or artrator[cuda] with a driver that fits",
        "tensorrt": "Install artrator[gpu] or artrator[cuda], and TensorRT, with a driver that fits",
        "directml": "Install onnxruntime-directml instead of onnxruntime",
        "coreml": "Use a Mac, whose onnxruntime brings it along",
        "openvino": "Install onnxruntime-openvino instead of onnxruntime",
        "openvino-gpu": "Install onnxruntime-openvino instead of onnxruntime, with Intel's driver",
    }
    cure = cures.get(device.kind, "Install artrator[cpu]")
    return ArtratorError(
        Code.BACKEND_RUNTIME_BROKEN,
        f"{describe()} cannot compute on {device.kind}: {reason.rstrip('.')}.",
        cure=f"{cure}, or let the node use the device 'cpu'.",
        device=device.kind,
    )


def coarser(one: str, other: str) -> str:
    """The coarser of two precisions; what is none counts as the finest."""
    known = [name for name in (one, other) if name in PRECISIONS]
    return max(known, key=PRECISIONS.index, default=PRECISIONS[0])


def may_record(device: Device, facts: GraphFacts) -> bool:
    """Whether runs of this graph can be recorded once and replayed as a CUDA graph."""
    return device.kind == "cuda" and not any(operator in _NOT_RECORDED for _, operator in facts.operators)


def arenas(device: Device) -> str:
    """The stores of memory that a run may give back, as onnxruntime counts them; empty where it keeps none.

    It refuses a run that names one which is not there: DirectML, Core ML and OpenVINO allocate in another way.
    """
    return {"cpu": "cpu:0", "cuda": f"cpu:0;gpu:{device.index}", "tensorrt": f"cpu:0;gpu:{device.index}"}.get(
        device.kind, ""
    )


def for_graph(device: Device, name: str) -> Device:
    """The device with a folder for what is compiled of this graph alone.

    TensorRT and Core ML name what they keep after inputs and nodes, which two graphs of a package may share whose
    weights differ; each would be given what was made of the other.
    """
    if not device.compiled:
        return device
    folder = Path(device.compiled, hashlib.sha256(name.encode()).hexdigest()[:16])
    try:
        folder.mkdir(exist_ok=True)
    except OSError:  # a full disk: what is compiled is not kept
        return replace(device, compiled="")
    return replace(device, compiled=str(folder))


def at_least(device: Device, precision: str) -> Device:
    """The device with the coarser of what its owner and a package's own settings allow."""
    return replace(device, precision=coarser(device.precision, precision))


def tune(runtime: Any, options: Any, device: Device) -> None:
    """Set what a session needs to be told for this device beside its provider's options."""
    options.intra_op_num_threads = device.threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait burn a core between two requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if device.kind == "directml":
        # DirectML-ExecutionProvider.html, "Configuration options": it supports neither memory pattern optimizations
        # nor parallel execution.
        options.enable_mem_pattern = False
        options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    if device.kind in {"openvino", "openvino-gpu"}:
        # OpenVINO-ExecutionProvider.html, "Onnxruntime Graph level Optimization": it optimises the graph as it was
        # exported better than one that was optimised before.
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL


def wanted(provider: str, device: Device, *, facts: GraphFacts | None = None, record: bool = False) -> list[Any]:
    """What a session is asked to use: the provider with its options, and the processor for shape arithmetic.

    Args:
        provider: Of this device.
        device: What to compute on, with the precision that is allowed.
        facts: The graph, if known: one whose sizes are fixed is worth a search for its fastest kernels.
        record: Record runs as CUDA graphs.
    """
    if device.kind == "cpu":
        return [provider]
    # Shape arithmetic runs on the processor on every device; the whole graph doing so is refused afterwards.
    rest: list[Any] = [PROVIDERS["cpu"]]
    match device.kind:
        case "cuda":
            chosen = _cuda(device, facts, record)
        case "tensorrt":
            chosen = _tensorrt(device)
            # What TensorRT has no kernel for stays on the card.
            rest = [(PROVIDERS["cuda"], _cuda(device, facts, record=False)), *rest]
        case "directml":
            chosen = {"device_id": str(device.index)}
        case "coreml":
            chosen = _coreml(device)
        case _:
            chosen = _openvino(device)
    return [(provider, chosen), *rest]


def _cuda(device: Device, facts: GraphFacts | None, record: bool) -> dict[str, str]:
    chosen = {
        "device_id": str(device.index),
        # Grown by what is asked for: with powers of two a second model finds the card full though half of it is idle.
        "arena_extend_strategy": "kSameAsRequested",
        # An exhaustive search runs every algorithm once for every new shape. That pays where shapes repeat; where a
        # buyer's picture may have any size it would stop the first run of each size for seconds.
        "cudnn_conv_algo_search": "EXHAUSTIVE" if facts is not None and _is_fixed(facts) else "HEURISTIC",
        # On by default, and rounds every factor to ten bits: another model than the one that was signed.
        "use_tf32": "0" if device.precision == "fp32" else "1",
    }
    if device.memory_bytes:
        chosen["gpu_mem_limit"] = str(device.memory_bytes)
    if record:
        chosen["enable_cuda_graph"] = "1"
    return chosen


def _tensorrt(device: Device) -> dict[str, str]:
    chosen = {"device_id": str(device.index), "trt_fp16_enable": str(device.precision == "fp16")}
    if device.compiled:
        # Building an engine takes minutes, reading it seconds. Engines fit one card, one TensorRT and one graph; the
        # folder is therefore a package's own.
        chosen |= {
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": device.compiled,
            "trt_timing_cache_enable": "True",
            "trt_timing_cache_path": device.compiled,
        }
    return chosen


def _coreml(device: Device) -> dict[str, str]:
    half = device.precision == "fp16"
    chosen = {
        # The older NeuralNetwork format computes in 16 bits on everything but the processor.
        "ModelFormat": "MLProgram",
        # So does the Neural Engine, whatever the format.
        "MLComputeUnits": "ALL" if half else "CPUAndGPU",
        "AllowLowPrecisionAccumulationOnGPU": str(int(half)),
    }
    return chosen | ({"ModelCacheDirectory": device.compiled} if device.compiled else {})


def _openvino(device: Device) -> dict[str, str]:
    # Left to itself, OpenVINO computes in 16 bits on GPUs, and on processors that have an arithmetic for it.
    half = device.precision == "fp16" and device.kind == "openvino-gpu"
    chosen = {
        "device_type": "CPU" if device.kind == "openvino" else f"GPU.{device.index}",
        "precision": "FP16" if half else "FP32",
        "num_streams": "1",
    }
    if device.kind == "openvino" and device.threads:
        chosen["num_of_threads"] = str(device.threads)
    return chosen | ({"cache_dir": device.compiled} if device.compiled else {})


def _is_fixed(facts: GraphFacts) -> bool:
    """Whether nothing but the number of rows may change from run to run."""
    shapes: Mapping[str, tuple[int | str, ...] | None] = {name: tensor.shape for name, tensor in facts.inputs.items()}
    return all(shape is not None and all(isinstance(dim, int) for dim in shape[1:]) for shape in shapes.values())
