"""Which onnxruntime is installed, and whether it can work at all.

All wheels of onnxruntime unpack into one folder. Installers accept two of them side by side, the last one wins, and
removing either breaks the other: so exactly one may be there, and that is checked before the first import.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from artrator.errors import ArtratorError, Code

#: Wheels that bring the import name ``onnxruntime``, and what each computes on.
WHEELS: Final[dict[str, str]] = {
    "onnxruntime": "cpu",
    "onnxruntime-gpu": "cuda",
    "onnxruntime-directml": "directml",
    "onnxruntime-openvino": "openvino",
    "onnxruntime-qnn": "qnn",
    "onnxruntime-rocm": "rocm",
    "onnxruntime-silicon": "coreml",
    "onnxruntime-training": "cpu",
}


@dataclass(frozen=True)
class Wheel:
    """An installed wheel: its name, its version and what it is made for."""

    name: str
    version: str
    flavour: str


def installed_wheels() -> Sequence[Wheel]:
    """Every onnxruntime wheel whose metadata can be seen from here. Imports nothing."""
    found = []
    for name, flavour in WHEELS.items():
        try:
            found.append(Wheel(name, metadata.version(name), flavour))
        except metadata.PackageNotFoundError:
            continue
    return found


def wheels_problem() -> ArtratorError | None:
    """What is wrong with the wheels that are installed, by their metadata alone; None if there is exactly one."""
    wheels = installed_wheels()
    if not wheels:
        return ArtratorError(
            Code.BACKEND_RUNTIME_BROKEN,
            "onnxruntime is not installed.",
            cure="Install one of the extras: artrator[cpu], artrator[gpu] or, with CUDA's libraries, artrator[cuda].",
        )
    if len(wheels) > 1:
        names = " and ".join(f"{wheel.name} {wheel.version}" for wheel in wheels)
        return ArtratorError(
            Code.BACKEND_RUNTIME_BROKEN,
            f"{names} are installed side by side; they share one folder, so each overwrites the other.",
            wheels=[wheel.name for wheel in wheels],
        )
    return None


def require_runtime() -> Any:
    """Import onnxruntime, or say why it cannot work.

    Raises:
        ArtratorError: ``backend_runtime_broken`` if no wheel, several wheels or half a wheel is installed.
    """
    problem = wheels_problem()
    if problem is not None:
        raise problem
    (wheel,) = installed_wheels()
    try:
        runtime = importlib.import_module("onnxruntime")
        runtime.InferenceSession  # noqa: B018 - half-removed wheels leave an empty namespace package behind
    except (ImportError, AttributeError, OSError) as error:
        raise ArtratorError(
            Code.BACKEND_RUNTIME_BROKEN,
            f"{wheel.name} {wheel.version} is listed as installed but does not load: {error}.",
            cure=f"Install it again: uv pip install --reinstall {wheel.name}.",
        ) from error
    return runtime


def describe() -> str:
    """What is installed, in words: ``onnxruntime 1.32.0 cpu``; all of them if there are several."""
    wheels = installed_wheels()
    return " + ".join(f"{w.name} {w.version} {w.flavour}" for w in wheels) if wheels else "onnxruntime missing"
