"""A copy of a registry that may be running: one consistent moment of the database, then samples, keys and rails."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from artrator import durable
from artrator_registry.recovery.service import mark
from artrator_registry.settings import Settings
from artrator_registry.storage import connect
from artrator_registry.timekeeping import now


def backup(source: Settings, target: Path) -> None:
    """Copy everything to the folder ``target``, which must not exist; it is there whole or not at all.

    Raises:
        FileExistsError: ``target`` exists.
        OSError: It could not be written; nothing is left of it.
        sqlite3.DatabaseError: The database could not be read or written; nothing is left of the copy.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists; choose a new folder.")
    scratch = target.with_name(target.name + ".partial")
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        _copy(source, Settings(data=scratch))
        durable.replace(scratch, target)
    except BaseException:  # half a copy is good for nothing, and may hold the keys
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _copy(source: Settings, copy: Settings) -> None:
    mark(copy.data, now(source))  # before it is copied: what comes meanwhile may be missing
    _copy_database(source.database, copy.database)
    # Samples never change and are written before the rows that name them, so copying them after the database is safe.
    if source.samples.exists():
        _copy_files(source.samples, copy.samples)
    _copy_files(source.keys, copy.keys)
    secrets = [*copy.keys.iterdir()]
    if source.rails_file.exists():  # without it the copy would take no money
        secrets.append(Path(shutil.copyfile(source.rails_file, copy.rails_file)))
    for path in secrets:
        path.chmod(0o600)
    for path in (*copy.data.rglob("*"), copy.data):
        if path.is_dir():
            durable.sync_folder(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _copy_files(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        if path.is_dir():
            _copy_files(path, target / path.name)
        elif not path.name.startswith("."):  # a sample that is being written
            with contextlib.suppress(FileNotFoundError):  # a ticket key that has just ended
                shutil.copyfile(path, target / path.name)


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
