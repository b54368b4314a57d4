"""What this process can compute on: asked of drivers and runtimes in a confined process, because either may end it.

Whether a card really computes is known only once a tiny graph has run on it: a wheel lists providers whose libraries
are missing, and then computes elsewhere.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from contextlib import closing
from typing import Any, Final

import numpy as np

from artrator.backend import Device
from artrator.errors import ArtratorError
from artrator.nvml import NVML

#: A convolution and a product of matrices, 4 x 4: what needs a card's mathematical libraries.
_GRAPH: Final = base64.b64decode(
    "CAgSADqtAQoiCgF4CgF3EgFjIgRDb252KhEKBHBhZHNAAUABQAFAAaABBwoRCgFjCgFjEgF5IgZNYXRNdWwSBXByb2JlKjMIAQgBCAMIAxABQgF3SiQA"
    "AIA/AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD9aGwoBeBIWChQIARIQCgIIAQoCCAEKAggECgIIBGIbCgF5EhYKFAgBEhAKAggBCgIIAQoC"
    "CAQKAggEQgQKABAN"
)


def probe(kind: str, cards: Iterable[int] = ()) -> dict[str, Any]:
    """What answers here.

    Args:
        kind: Empty to be told of the runtime, its providers and the cards; or a kind of device to try.
        cards: Which of that kind to try.
    """
    if not kind:
        return {"op": "probed", **_runtime(), **_cards()}
    answers: dict[str, str] = {}
    for index in cards:
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
    with closing(NVML()) as nvml:
        card = nvml.named(os.environ.get("CUDA_VISIBLE_DEVICES", "0"))
        memory = None if card is None else nvml.memory(card)
    return 0 if memory is None else int(memory.used)


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
    with closing(NVML()) as nvml:
        found = []
        for index, card in nvml.cards():
            memory = nvml.memory(card)
            total = 0 if memory is None else int(memory.total)
            found.append({"index": index, "name": nvml.name(card), "mark": nvml.mark(card), "memory_bytes": total})
        return {"cards": found, "driver": nvml.driver}
