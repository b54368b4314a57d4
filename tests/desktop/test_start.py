"""The application as a process: it starts quickly, paints, and ends when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from artrator_desktop.single import Single

# What takes long to import and is not needed for the first paint.
HEAVY = ("httpx", "pydantic", "numpy", "cryptography", "PIL", "sqlite_utils", "keyring", "onnxruntime")


def start(folder: Path, platform: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": platform, "PYTHONWARNINGS": "error", "ARTRATOR_HOME": str(folder)}
    environment.pop("ARTRATOR_REGISTRY", None)
    return subprocess.Popen(
        [sys.executable, "-m", "artrator_desktop", "--verbose", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_for_a_moment(folder: Path, platform: str) -> None:
    process = start(folder, platform)
    try:
        # The database appears once the state is made, a moment before the window.
        deadline = time.monotonic() + 60
        while not (folder / "desktop.sqlite3").exists() and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.1)
        time.sleep(2.5)
        assert process.poll() is None, process.communicate()[1]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be caught on Windows")
def test_it_starts_without_a_screen_and_ends_in_order(tmp_path: Path) -> None:
    run_for_a_moment(tmp_path, "offscreen")


@pytest.mark.window
@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="there is no X server; Xvfb will do")
def test_it_opens_a_real_window_and_ends_in_order(tmp_path: Path) -> None:
    run_for_a_moment(tmp_path, "xcb")


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    script = (
        "import sys, artrator_desktop.app, artrator_desktop.state, artrator_desktop.ui.shell, "
        "artrator_desktop.ui.pages.discover\n"
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""


def test_a_second_start_shows_the_window_that_is_open_and_ends(qtbot: Any, tmp_path: Path) -> None:
    first = Single(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.called, timeout=60_000) as heard:
        second = start(tmp_path, "offscreen", "--page", "wallet")
    assert heard.args == ["wallet"]
    assert second.communicate(timeout=60)[1] == ""
    assert second.returncode == 0
    assert not (tmp_path / "desktop.sqlite3").exists(), "only one of them opens the profile"
    first.release()
    again = Single(tmp_path)
    assert again.claim()
    again.release()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_window_that_was_killed_leaves_its_profile_free(qtbot: Any, tmp_path: Path) -> None:
    process = start(tmp_path, "offscreen")
    try:
        qtbot.waitUntil(lambda: (tmp_path / "desktop.sqlite3").exists() or process.poll() is not None, timeout=60_000)
        assert not Single(tmp_path).claim()
    finally:
        process.kill()
        process.communicate()
    after = Single(tmp_path)
    assert after.claim()
    after.release()


@pytest.mark.parametrize("content", [b"", bytes(40), b"\xff\x00noise"])
def test_a_lock_that_names_nobody_is_taken_away_and_a_held_one_never(
    qtbot: Any, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "desktop.lock").write_bytes(content)
    first, second = Single(tmp_path), Single(tmp_path)
    assert first.claim()
    assert not second.claim()
    first.release()


def test_a_folder_that_cannot_be_written_in_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    process = start(tmp_path / "file", "offscreen")
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "Artrator cannot write in its folder" in errors
