"""Writes MLServer's settings and becomes it."""

import json
import os
import sys
import tempfile
from pathlib import Path

here = Path(__file__).parent
folder = Path(tempfile.mkdtemp())
port = int(os.environ["PORT"])
settings = {
    "host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "parallel_workers": 1,
    "debug": False,
}  # fmt: skip
model = {
    "name": "generate", "implementation": "mlserver_model.Generator", "max_batch_size": 16, "max_batch_time": 0.005,
}  # fmt: skip
(folder / "settings.json").write_text(json.dumps(settings))
(folder / "model-settings.json").write_text(json.dumps(model))
program = Path(sys.executable).with_name("mlserver")
path = os.pathsep.join([str(here), *filter(None, [os.environ.get("PYTHONPATH")])])
os.execve(program, [str(program), "start", str(folder)], {**os.environ, "PYTHONPATH": path})
