"""Which execution provider of onnxruntime stands for which device, and what it is told."""

from __future__ import annotations

from typing import Any, Final

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime.wheels import describe

#: The execution provider of each kind of device.
PROVIDERS: Final[dict[str, str]] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}


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
    extra = {"cuda": "gpu] or artrator[cuda", "tensorrt": "gpu] or artrator[cuda"}.get(device.kind, "cpu")
    return ArtratorError(
        Code.BACKEND_RUNTIME_BROKEN,
        f"{describe()} cannot compute on {device.kind}: {reason}.",
        cure=f"Install artrator[{extra}] with a driver that fits, or let the node use the device 'cpu'.",
        device=device.kind,
    )


def wanted(provider: str, device: Device) -> list[Any]:
    """What a session is asked to use: the provider with its options, and the processor for shape arithmetic."""
    if device.kind == "cpu":
        return [provider]
    chosen: dict[str, Any] = {}
    if device.kind in {"cuda", "tensorrt", "directml"}:
        chosen["device_id"] = str(device.index)
    if device.kind == "cuda":
        chosen["arena_extend_strategy"] = "kSameAsRequested"
        if device.memory_bytes:
            chosen["gpu_mem_limit"] = str(device.memory_bytes)
    # Shape arithmetic runs on the processor on every device; the whole graph doing so is refused afterwards.
    return [(provider, chosen), PROVIDERS["cpu"]]
