"""A copy of a registry that may be running: one consistent moment of the database, then samples and keys."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from artrator import durable
from artrator_registry.recovery.service import mark
from artrator_registry.settings import Settings
from artrator_registry.storage import connect


def backup(source: Settings, target: Path) -> None:
    """Copy everything to the folder ``target``, which must not exist; it is there whole or not at all.

    Raises:
        FileExistsError: ``target`` exists.
        OSError: It could not be written.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists; choose a new folder.")
    scratch = target.with_name(target.name + ".partial")
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir(parents=True, mode=0o700)
    copy = Settings(data=scratch)
    mark(scratch, time.time())  # before it is copied: what comes meanwhile may be missing
    _copy_database(source.database, copy.database)
    # Samples never change and are written before the rows that name them, so copying them after the database is safe.
    if source.samples.exists():
        shutil.copytree(source.samples, copy.samples)
    shutil.copytree(source.keys, copy.keys)
    for key in copy.keys.iterdir():
        key.chmod(0o600)
    for path in (*scratch.rglob("*"), scratch):
        if path.is_dir():
            durable.sync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    durable.replace(scratch, target)


def _copy_database(source: Path, target: Path) -> None:
    original = connect(source, read_only=True)
    duplicate = connect(target)
    try:
        original.backup(duplicate)
        problem = duplicate.execute("PRAGMA integrity_check").fetchone()[0]
        if problem != "ok":
            raise OSError(f"The copy is damaged: {problem}")
        duplicate.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        duplicate.close()
        original.close()
