"""The peers: where each is installed, how it is started and asked, and what is in its answer."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
#: What all of them run, beside the encoder of the node.
_COMMON: Final = ("onnxruntime==1.31.1", "pillow==13.0.0", "isal>=1.8", "pluggy>=1.6")


def _one(seed: int) -> bytes:
    return b'{"seed": %d}' % seed


def _as_it_is(answer: bytes) -> bytes:
    return answer


@dataclass(frozen=True)
class Peer:
    """One of them.

    Attributes:
        needs: What is installed into its environment.
        command: Its program's arguments; ``{python}`` and ``{bin}`` stand for its environment.
        path: What is asked.
        body: The request for a seed.
        picture: The PNG in an answer.
    """

    name: str
    needs: Sequence[str]
    command: Sequence[str]
    path: str = "/generate"
    body: Callable[[int], bytes] = _one
    picture: Callable[[bytes], bytes] = _as_it_is

    def install(self, folder: Path) -> Path:
        """Its environment; made if it is not there."""
        place = folder / self.name
        marker = place / "installed"
        if not marker.exists():
            sys.stderr.write(f"installing {self.name}\n")
            subprocess.run(["uv", "venv", "-q", "--clear", "-p", sys.executable, place], check=True)
            subprocess.run(["uv", "pip", "install", "-q", "-p", place, *_COMMON, *self.needs], check=True)
            marker.touch()
        return place

    def arguments(self, place: Path, port: int) -> list[str]:
        """The command line."""
        words = {"python": str(place / "bin" / "python"), "bin": str(place / "bin"), "port": str(port)}
        return [word.format(**words) for word in self.command]

    def environment(self, model: str, models: Path, port: int, encoder: str) -> dict[str, str]:
        """What its process finds."""
        protocol = _HERE.parents[1] / "protocol"
        return {
            "MODEL": model,
            "MODELS": str(models),
            "PORT": str(port),
            "ENCODER": encoder,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(_HERE / "peers"), str(protocol)]),
            "BENTOML_DO_NOT_TRACK": "True",
            "ORT_DISABLE_TELEMETRY": "1",
        }


def _script(name: str) -> tuple[str, str]:
    return "{python}", str(_HERE / "peers" / name)


PEERS: Final = (
    Peer("fastapi", ("fastapi", "uvicorn[standard]"), _script("fastapi_plain.py")),
    Peer("litserve", ("litserve==0.2.19",), _script("litserve_app.py")),
    Peer(
        "bentoml",
        ("bentoml<1.4.40",),
        ("{bin}/bentoml", "serve", "bentoml_app:Generator", "--working-dir", str(_HERE / "peers"), "--host",
         "127.0.0.1", "--port", "{port}"),
        body=lambda seed: b'{"seeds": [%d]}' % seed,
        picture=lambda answer: base64.b64decode(json.loads(answer)[0]),
    ),
    Peer("ray", ("ray[serve]==2.60.0",), _script("ray_app.py")),
    Peer(
        "mlserver",
        ("mlserver==1.7.1", "uvloop<0.22"),
        _script("mlserver_app.py"),
        path="/v2/models/generate/infer",
        body=lambda seed: b'{"inputs":[{"name":"seed","shape":[1,1],"datatype":"INT64","data":[%d]}]}' % seed,
        picture=lambda answer: base64.b64decode(json.loads(answer)["outputs"][0]["data"][0]),
    ),
)  # fmt: skip
