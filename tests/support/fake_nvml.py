"""NVIDIA's library as a test wants it: compiled by this machine's compiler, loaded and called as the real one is."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class FakeNVML:
    """A compiled library and the file that it reads.

    Attributes:
        folder: For ``LD_LIBRARY_PATH``.
    """

    folder: Path

    @property
    def library(self) -> Path:
        return self.folder / "libnvidia-ml.so.1"

    @property
    def file(self) -> Path:
        return self.folder / "card.txt"

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with to find it."""
        return {"LD_LIBRARY_PATH": str(self.folder), "FAKE_NVML": str(self.file)}

    def says(
        self,
        *,
        degrees: float | None = None,
        watts: float | None = None,
        used_mib: int | None = None,
        pid: int | None = None,
        pid_mib: int | None = None,
        percent: int | None = None,
    ) -> None:
        """Let the card say this from now on; None is what it does not tell."""
        words = [degrees, None if watts is None else round(watts * 1000), used_mib, pid, pid_mib, percent]
        scratch = self.file.with_suffix(".new")
        scratch.write_text(" ".join("-" if word is None else str(word) for word in words), encoding="ascii")
        scratch.replace(self.file)


def compile_nvml(folder: Path) -> FakeNVML:
    """Compile it into a folder; the test is skipped where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler here")
    made = FakeNVML(folder)
    source = Path(__file__).with_name("fake_nvml.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made.library, source], check=True)
    return made
