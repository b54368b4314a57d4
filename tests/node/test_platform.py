"""What this platform lacks is said before the first worker needs it, and what a dead node left is swept up."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_node import ToyNode

from artrator.messages.node import JobState
from artrator.worker.sandbox import landlock
from artrator.worker.scratch import PREFIX, sweep

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or landlock.version() < 6, reason="needs Linux with Landlock version 6"
)

#: A kernel without Landlock, to whoever starts under this filter; and none of its filters can be joined by another.
POOR_KERNEL = """
import ctypes, struct, sys
def step(code, yes, no, value):
    return struct.pack("=HBBI", code, yes, no, value)
LOAD, EQUAL, ANSWER, ALLOW, ERROR = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050000
PRCTL = {"x86_64": 157, "aarch64": 167}[__import__("platform").machine()]
program = b"".join([
    step(LOAD, 0, 0, 0),
    step(EQUAL, 0, 1, 444), step(ANSWER, 0, 0, ERROR | 38),
    step(EQUAL, 0, 3, PRCTL), step(LOAD, 0, 0, 16), step(EQUAL, 0, 1, 22), step(ANSWER, 0, 0, ERROR | 22),
    step(ANSWER, 0, 0, ALLOW),
])
code = ctypes.create_string_buffer(program)
header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(header), 0, 0) == 0
"""


def test_a_kernel_that_cannot_confine_is_told_of_at_the_start_and_in_status(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(prewarm=False)
    (node.site / "sitecustomize.py").write_text(POOR_KERNEL, encoding="utf-8")
    node.start()
    status = node.command("status", "--url", node.url).stdout
    for lack in ("This kernel has no Landlock: a worker can read every file", "System calls are not restricted"):
        assert lack in status
        assert lack in (node.folder / "node-1.log").read_text(encoding="utf-8")
    # The first worker lacks the same, which is not said twice.
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    assert node.command("status", "--url", node.url).stdout.count("has no Landlock") == 1


def test_a_kernel_that_can_confine_is_not_complained_about(node: ToyNode) -> None:
    assert "confine" not in node.command("status", "--url", node.url).stdout


def test_workers_of_a_daemon_that_was_killed_end_and_their_folders_are_swept(
    make_node: Callable[..., ToyNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    node = make_node()
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    (folder,) = temporary.glob(f"{PREFIX}*")
    assert sweep(temporary, young_seconds=-1) == 0  # its node lives
    worker = next(path for path in Path("/proc").glob("[0-9]*") if _works_in(path, folder))
    # Only the daemon: its worker has to notice by itself.
    assert node.service is not None
    daemon = int(Path(worker / "status").read_text().partition("PPid:")[2].split()[0])
    assert daemon == node.service.pid
    node.kill()
    for _ in range(1200):
        if not worker.exists():
            break
        time.sleep(0.05)
    assert not worker.exists()
    assert folder.exists()
    assert sweep(temporary, young_seconds=-1) == 1
    assert not folder.exists()


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False
