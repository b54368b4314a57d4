"""The demo over what an older version left, and the demo whose terminal is closed."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from artrator.demo.stage import stage
from artrator.keys import PrivateKey
from artrator_registry.settings import Settings


@pytest.mark.slow
def test_the_demo_of_an_older_version_is_kept_and_a_new_one_begins(tmp_path: Path) -> None:
    old = tmp_path / "demo" / "operator" / "registry" / "registry.db"
    old.parent.mkdir(parents=True)
    with sqlite3.connect(old) as db:
        db.execute("PRAGMA user_version = 111")
    db.close()
    root_key = Settings(data=old.parent).root_key
    root_key.parent.mkdir()
    PrivateKey.generate().save(root_key)
    said: list[str] = []
    with stage(tmp_path / "demo", said.append) as running:
        assert running.registry.alive
        assert running.node.alive
    (kept,) = tmp_path.glob("demo-*")
    assert any(str(kept) in line for line in said)
    db = sqlite3.connect(kept / "operator" / "registry" / "registry.db")
    assert db.execute("PRAGMA user_version").fetchone() == (111,)
    db.close()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a closed terminal is a signal")
def test_a_demo_whose_terminal_is_closed_leaves_nothing_running(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "artrator", "demo", "--headless", "--data", str(tmp_path / "demo")]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as demo:
        assert demo.stderr is not None
        # By then the registry answers, and the node is being started.
        assert any("starting the creator's node" in line for line in demo.stderr)
        demo.send_signal(signal.SIGTERM)  # as SIGHUP, which whoever runs the tests may have switched off
        demo.communicate(timeout=240)
    assert demo.returncode == 128 + signal.SIGTERM
    port = json.loads((tmp_path / "demo" / "ports.json").read_text())["registry"]
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
