"""What all peers share, so that only the way of serving differs: the same session, noise, run and encoder.

``ENCODER`` says which one: ``pillow`` at its fastest level, as their users write it, or ``isal``, the node's own.
"""

from __future__ import annotations

import importlib.util
import io
import os
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

MODEL = os.environ["MODEL"]
PORT = int(os.environ["PORT"])
MAX_BATCH = 16
WAIT_SECONDS = 0.005
#: A request with this seed stands for one on which the model process dies.
DEADLY = 666_666


def session():
    """One thread, as the node's worker has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    path = Path(os.environ["MODELS"]) / f"{MODEL}.onnx"
    made = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for count in (1, 2, 4, 8, 16):
        run(made, list(range(count)))
    return made


def noise(seed):
    """As the node makes it."""
    if seed == DEADLY and "DEADLY" in os.environ:
        os._exit(139)
    count = {"small": 100, "wide": 128}[MODEL]
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(count).astype(np.float32)


def run(model, seeds):
    """uint8 ``[n, 64, 64, 3]``."""
    return model.run(["image"], {"z": np.stack([noise(int(seed)) for seed in seeds])})[0]


def _encoder():
    if os.environ.get("ENCODER") != "isal":
        return _pillow
    path = Path(__file__).parents[3] / "protocol" / "artrator" / "encoding" / "png.py"
    found = importlib.util.spec_from_file_location("png", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.encode_png


def _pillow(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return file.getvalue()


encode = _encoder()
