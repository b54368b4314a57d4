"""What this machine cannot confine of a worker, found out before the first one by a process that tries."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
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
#: What a worker's sandbox says, which knows nothing but sentences, by the code that other programs know it by.
_CODES: Final[Mapping[str, re.Pattern[str]]] = {
    "confinement_off": re.compile(r"The owner switched confinement off"),
    "confinement_partial": re.compile(r"The worker is not fully confined: (?P<reason>.+)\.$"),
    "confinement_untried": re.compile(
        r"Whether workers are confined on this machine could not be tried: (?P<reason>.+)\.$"
    ),
    "cores_shared": re.compile(
        r"This system does not let a worker be kept|The worker could not be kept to its processors"
    ),
    "landlock_missing": re.compile(r"This kernel has no Landlock"),
    "limit_refused": re.compile(r"A resource limit of the worker could not be set: (?P<reason>.+)\.$"),
    "limits_missing": re.compile(r"(?P<system>\w+): memory(,| and) threads"),
    "memory_watched": re.compile(r"The memory of a worker on a GPU is limited by watching"),
    "platform_open": re.compile(r"(?P<system>\w+): files, network and system calls"),
    "seccomp_missing": re.compile(r"System calls are not restricted"),
}


def code_of(lack: str) -> tuple[str, Mapping[str, str]]:
    """The code of a sentence about what is not confined, and what it names; ``confinement`` for one not known here."""
    for code, words in _CODES.items():
        if (found := words.match(lack)) is not None:
            return code, {name: value for name, value in found.groupdict().items() if value}
    return "confinement", {}


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
