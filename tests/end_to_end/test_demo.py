"""The demo over what an older version left: it begins anew by itself, and keeps the old folder."""

from __future__ import annotations

import sqlite3
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
