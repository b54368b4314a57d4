"""What compilers of devices keep: TensorRT's engines, OpenVINO's and Core ML's models, a folder a package and device.

Building an engine takes minutes, reading it seconds. The compiler runs in the worker, so the worker writes here, and
only workers of the same package on the same device under the same runtime and driver ever read it. The node itself
reads nothing of it, and removes what belongs to packages that it serves no more.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Final

from artrator.onnx_runtime import describe
from artrator.worker.policy import is_confined
from artrator.worker.removal import remove_folder
from artrator_node.engine.devices import Choice
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: What one package may keep on one device, and so the most that a hostile one can take of the disk.
COMPILED_BYTES: Final = 8 << 30
#: Kinds of device that compile a graph for longer than it takes to read what came out.
_COMPILING: Final = frozenset({"tensorrt", "coreml", "openvino", "openvino-gpu"})
#: OpenVINO makes what it has written read-only, with a system call that reaches every file of the owner's: a confined
#: worker does not get it, and OpenVINO then refuses the graph. It compiles in seconds, so it does without.
_CHANGES_RIGHTS: Final = frozenset({"openvino", "openvino-gpu"})


def compiled_folder(root: Path, package: str, choice: Choice) -> str:
    """The folder of a package on a device, made if need be; empty where nothing is compiled, or nothing can be kept."""
    if choice.kind not in _COMPILING or (choice.kind in _CHANGES_RIGHTS and is_confined()):
        return ""
    place = choice.place
    circumstances = "|".join((describe(), choice.kind, str(place.index), place.name, place.driver, choice.precision))
    folder = root / package.removeprefix("sha256:") / hashlib.sha256(circumstances.encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        log(_logger, logging.WARNING, "nothing_kept", reason=error.strerror)
        return ""
    return str(folder)


def keep_only(root: Path, packages: Collection[str]) -> None:
    """Remove what belongs to other packages than these."""
    if not root.is_dir():
        return
    kept = {package.removeprefix("sha256:") for package in packages}
    for folder in root.iterdir():
        if folder.name not in kept:
            remove_folder(folder)
