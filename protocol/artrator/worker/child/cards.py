"""What this process can compute on: asked of drivers and runtimes in a confined process, because either may end it.

NVIDIA's cards are counted by its management library (NVML), whose functions are documented at
https://docs.nvidia.com/deploy/nvml-api/; it comes with the driver. Whether a card really computes is known only once a
tiny graph has run on it: a wheel lists providers whose libraries are missing, and then computes elsewhere.
"""

from __future__ import annotations

import base64
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from artrator.backend import Device
from artrator.errors import ArtratorError

#: A convolution and a product of matrices, 4 x 4: what needs a card's mathematical libraries.
_GRAPH: Final = base64.b64decode(
    "CAgSADqtAQoiCgF4CgF3EgFjIgRDb252KhEKBHBhZHNAAUABQAFAAaABBwoRCgFjCgFjEgF5IgZNYXRNdWwSBXByb2JlKjMIAQgBCAMIAxABQgF3SiQA"
    "AIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD9aGwoBeBIWChQIARIQCgIIAQoCCAEKAggECgIIBGIbCgF5EhYKFAgBEhAKAggBCgIIAQoC"
    "CAQKAggEQgQKABAN"
)
_NVML: Final = ("libnvidia-ml.so.1", "nvml.dll")
_NAME_BYTES: Final = 96


class _Memory(ctypes.Structure):
    """``nvmlMemory_t``."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def probe(kind: str, cards: int) -> dict[str, Any]:
    """What answers here.

    Args:
        kind: Empty to be told of the runtime, its providers and the cards; or a kind of device to try.
        cards: How many cards of that kind to try.
    """
    if not kind:
        return {"op": "probed", **_runtime(), **_cards()}
    answers: dict[str, str] = {}
    for index in range(cards):
        try:
            _run(Device(kind, index))
        except ArtratorError as error:
            answers[str(index)] = error.message
        except Exception as error:  # a driver may raise anything, and this one's trouble is not the next card's
            answers[str(index)] = f"{type(error).__name__}: {error}"[:300]
        else:
            answers[str(index)] = ""
    return {"op": "probed", "answers": answers}


def used_bytes(device: Device) -> int:
    """What all programs together have of the memory of a worker's card; 0 where nobody knows."""
    if device.kind not in ("cuda", "tensorrt"):
        return 0
    own = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    with _nvml() as library:
        if library is None or not own.isdigit():
            return 0
        return int(_memory(library, int(own)).used)


def _run(device: Device) -> None:
    from artrator.onnx_runtime import session

    made = session(_GRAPH, device, name="the probe").run({"x": np.ones((1, 1, 4, 4), np.float32)}, ["y"])["y"]
    expected = np.array([4, 6, 6, 4], np.float32)[None].T * np.array([4, 6, 6, 4], np.float32) / 4
    if not np.allclose(made[0, 0], expected @ expected, rtol=1e-2):
        raise ValueError("it computes wrong")


def _runtime() -> dict[str, Any]:
    """The onnxruntime that is installed here, if any is."""
    from artrator.onnx_runtime import describe, require_runtime

    try:
        runtime = require_runtime()
    except ArtratorError:
        return {"runtime": "", "providers": []}
    return {"runtime": describe(), "providers": list(runtime.get_available_providers())}


def _cards() -> dict[str, Any]:
    found = []
    with _nvml() as library:
        if library is None:
            return {"cards": [], "driver": ""}
        count, text = ctypes.c_uint(0), ctypes.create_string_buffer(_NAME_BYTES)
        library.nvmlDeviceGetCount_v2(ctypes.byref(count))
        library.nvmlSystemGetDriverVersion(text, ctypes.c_uint(_NAME_BYTES))
        driver = text.value.decode(errors="replace")
        for index in range(count.value):
            handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(_NAME_BYTES)
            if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) != 0:
                continue
            library.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NAME_BYTES))
            found.append(
                {
                    "index": index,
                    "name": name.value.decode(errors="replace"),
                    "memory_bytes": _memory(library, index).total,
                }
            )
    return {"cards": found, "driver": driver}


def _memory(library: Any, index: int) -> _Memory:
    handle, memory = ctypes.c_void_p(), _Memory()
    if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) == 0:
        library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    return memory


@contextmanager
def _nvml() -> Iterator[Any]:
    """The driver's library, opened and closed; None where there is no NVIDIA driver."""
    library = None
    for name in _NVML:
        try:
            # Windows has calling conventions of its own.
            loader: Any = vars(ctypes)["WinDLL"] if sys.platform == "win32" else ctypes.CDLL
            library = loader(name)
            break
        except OSError:
            continue
    if library is None or library.nvmlInit_v2() != 0:
        yield None
        return
    try:
        yield library
    finally:
        library.nvmlShutdown()
