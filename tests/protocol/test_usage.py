"""What a worker holds of the disk is found wherever it hides."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from artrator.worker import usage
from artrator.worker.usage import deleted_bytes, folder_bytes

MIB = 1 << 20
HIDING = """
import mmap, os, sys
file = open(sys.argv[1] + "/hidden", "w+b")
os.unlink(file.name)
file.truncate(1 << 20)
if sys.argv[2] == "mapped":
    kept = mmap.mmap(file.fileno(), 1 << 20)
    # The mapping has a descriptor of its own, which goes with the first one.
    os.closerange(3, 100)
print("hidden", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is known by another name, as where an owner has moved their data to a larger disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    return tmp_path / "data"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("how", "found"), [("open", MIB), ("mapped", 5 * MIB + 1)])
def test_a_file_without_a_name_is_found_open_and_mapped(folder: Path, how: str, found: int) -> None:
    """What is only mapped cannot be measured, and counts as over the limit."""
    with subprocess.Popen(
        [sys.executable, "-c", HIDING, str(folder), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"hidden\n"
        assert folder_bytes(folder, 5 * MIB) == 0
        assert deleted_bytes(process.pid, folder, 5 * MIB) == found
        process.stdin.close()
    assert deleted_bytes(process.pid, folder, 5 * MIB) == 0


def test_a_file_that_goes_while_it_is_looked_at_hides_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        (folder / str(number)).write_bytes(bytes(MIB))
    looked = os.scandir

    class Scan:
        def __init__(self, path: str) -> None:
            self.entries = list(looked(path))
            Path(self.entries[0].path).unlink()

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(usage.os, "scandir", Scan)
    assert folder_bytes(folder, 50 * MIB) == 9 * MIB
