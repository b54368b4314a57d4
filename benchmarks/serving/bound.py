"""The same model and encoder in one process with nothing around them: the bound that servers are held against."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from models import NOISE
from PIL import Image

from artrator.encoding import encode_png

_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Bound:
    """Milliseconds of one picture at batch 1, and pictures a second at the best batch; run, then encode, in turn."""

    alone_ms: float
    best_rate: float
    best_batch: int


def pillow(picture: Any) -> bytes:
    """PNG at Pillow's fastest level."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return file.getvalue()


ENCODERS: Final[dict[str, Callable[[Any], bytes]]] = {"pillow": pillow, "isal": encode_png}


def session(path: Path) -> onnxruntime.InferenceSession:
    """One thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def picture(model: onnxruntime.InferenceSession, name: str, seed: int) -> Any:
    """The reference that answers are compared with."""
    noise = np.random.Generator(np.random.PCG64(seed)).standard_normal((1, NOISE[name])).astype(np.float32)
    return model.run(["image"], {"z": noise})[0][0]


def measure(path: Path, name: str, encoder: str) -> Bound:
    """Medians of a second each."""
    model, encode = session(path), ENCODERS[encoder]
    times = {}
    for batch in (1, 2, 4, 8, 16):
        noise = np.random.default_rng(0).standard_normal((batch, NOISE[name]), dtype=np.float32)
        taken: list[float] = []
        until = time.perf_counter() + _SECONDS
        while time.perf_counter() < until or len(taken) < 5:
            started = time.perf_counter()
            for made in model.run(["image"], {"z": noise})[0]:
                encode(made)
            taken.append(time.perf_counter() - started)
        times[batch] = statistics.median(taken)
    best = max(times, key=lambda batch: batch / times[batch])
    return Bound(times[1] * 1000, best / times[best], best)
