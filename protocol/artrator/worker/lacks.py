"""What this machine cannot confine of a worker, found out before the first one by a process that tries."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from artrator.backend import Device
from artrator.plugins.environment import interpreter
from artrator.plugins.info import PluginInfo
from artrator.worker.limits import Limits
from artrator.worker.policy import sandbox_settings
from artrator.worker.words import sentence

_SECONDS: Final = 20.0
_PROBE: Final = Path(__file__).with_name("sandbox") / "probe.py"


def find_lacks() -> Sequence[str]:
    """One sentence each; none where all of the confinement holds. Takes as long as an interpreter takes to start."""
    bare = PluginInfo("probe", "1", "artrator", "built-in", {}, interpreter(), ())
    settings = sandbox_settings(bare, Device(), Limits(), readable=[], scratch=Path(tempfile.gettempdir()))
    try:
        tried = subprocess.run(
            [str(bare.interpreter), "-I", "-S", "-B", "-X", "utf8", str(_PROBE), json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            env={},
            check=True,
        )
        return [sentence(lack) for lack in json.loads(tried.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        why = getattr(error, "stderr", b"") or str(error).encode()
        last = (why.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        return [f"Whether workers are confined on this machine could not be tried: {sentence(last, 200)}."]
