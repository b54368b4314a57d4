"""The operator's commands: what they say when there is nothing to say, and when the folder cannot be used now."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from artrator_registry import admin, cells
from artrator_registry.admin import alone
from artrator_registry.cli import registry
from artrator_registry.core import SCHEMA
from artrator_registry.settings import Settings
from artrator_registry.storage import connect, schema_of

#: Commands that read, write, and copy; each with what it needs.
READS = (["audit"], ["disputes"], ["info"], ["payouts", "list"], ["sellers", "list"], ["statement"], ["topups"])
WRITES = (["grant", "mina", "5"], ["voucher", "create", "--amount", "5"], ["verifiers", "add", "mina"])


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(registry, [*arguments, "--data", str(data)])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator_registry.storage.database._BUSY_SECONDS", 0.05)


def test_to_look_at_a_registry_changes_no_key(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even on a clock that jumped: the one that serves does not believe it."""
    before = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert "key set  1" in run(data, "info").output
    assert {path.name: path.read_bytes() for path in (data / "keys").iterdir()} == before


@pytest.mark.skipif(os.name != "posix", reason="elsewhere it is the folder around it that says who may look")
def test_nobody_else_may_look_into_a_new_registry(tmp_path: Path) -> None:
    assert run(tmp_path / "new" / "registry", "init").exit_code == 0
    assert (tmp_path / "new" / "registry").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("impatient")
def test_a_database_that_another_program_holds_is_a_sentence(data: Path) -> None:
    with closing(connect(data / "registry.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        for arguments in WRITES:
            told = run(data, *arguments)
            assert told.exit_code == 1, arguments
            assert "Another program holds the registry's database; nothing was changed." in told.output
            assert "[storage_busy]" in told.output
        for arguments in READS:
            assert run(data, *arguments).exit_code == 0, arguments


@pytest.mark.parametrize("arguments", [*READS, *WRITES, ["backup", "copy"]], ids=" ".join)
def test_a_database_that_is_none_is_a_sentence(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("registry.db", "registry.db-wal"):
        (data / name).write_bytes(b"not a database at all" * 100)
    told = run(data, *arguments)
    assert told.exit_code == 1
    assert f"{data / 'registry.db'} cannot be opened: file is not a database." in told.output
    assert "serve a backup" in told.output
    assert [path.name for path in tmp_path.iterdir()] == ["registry"], "half a copy is left"


def test_a_full_disk_is_a_sentence_and_changes_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (data / "registry.db").read_bytes()

    def full(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
        db = connect(path, read_only=read_only)
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
        return db

    monkeypatch.setattr(admin, "connect", full)
    told = run(data, "voucher", "create", "--amount", "5", "--count", "5000")
    assert told.exit_code == 1
    assert "The disk of the registry is full; nothing was changed." in told.output
    assert "[disk_full]" in told.output
    assert (data / "registry.db").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["disputes"], "No dispute waits"),
        (["payouts", "list"], "There are no payouts."),
        (["payouts", "list", "--state", "sent"], "No payout is sent."),
        (["sellers", "list"], "Nobody has said who sells."),
        (["sellers", "list", "--state", "submitted"], "No seller is submitted."),
        (["statement", "system:fees"], "Nothing has moved in system:fees yet."),
        (["topups"], "No top-up wants to be looked at"),
        (["topups", "--all"], "There are no top-ups."),
        (["verifiers", "list"], "Nobody is a verifier."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_empty_list_says_so(data: Path, arguments: list[str], says: str) -> None:
    told = run(data, *arguments)
    assert told.exit_code == 0
    assert says in told.output


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["dispute", "show", "x"], "`artrator registry disputes`"),
        (["forgive", "mina"], "when its owner signs in"),
        (["grant", "mina", "5"], "when its owner signs in"),
        (["payouts", "mark-failed", "x", "--reason", "closed"], "`artrator registry payouts list`"),
        (["payouts", "mark-paid", "x", "--reference", "4711"], "`artrator registry payouts list`"),
        (["resolve", "x", "--to", "buyer"], "`artrator registry disputes`"),
        (["sellers", "verify", "mina"], "when its owner signs in"),
        (["verifiers", "add", "mina"], "when its owner signs in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_to_do_is_what_an_operator_can_do(data: Path, arguments: list[str], cure: str) -> None:
    told = run(data, *arguments)
    assert told.exit_code == 1
    assert cure in told.output


def commands(group: click.Group, name: str = "registry") -> Iterator[tuple[str, click.Command]]:
    for each, command in group.commands.items():
        yield f"{name} {each}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {each}")


def test_help_says_what_each_command_does_in_a_sentence_that_is_whole() -> None:
    for name, command in commands(registry):
        assert command.get_short_help_str(62).endswith("."), name
        assert "..." not in command.get_short_help_str(62), name
        for option in command.params:
            if isinstance(option, click.Option) and option.name not in ("count", "limit"):
                assert option.help, f"{name} {option.name}"


def test_a_mistake_of_ours_is_not_told_as_the_operators(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator_registry.verifications.store.verifiers", lambda t: t.rows("SELECT nothing"))
    assert isinstance(run(data, "verifiers", "list").exception, sqlite3.OperationalError)


def test_tables_are_not_changed_beneath_a_registry_of_another_version(data: Path) -> None:
    with closing(connect(data / "registry.db")) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA - 1}")
    with alone(data):  # as the older one does while it serves
        for arguments in (*READS, *WRITES):
            told = run(data, *arguments)
            assert told.exit_code == 1, arguments
            assert "Another registry is serving" in told.output
    assert schema_of(data / "registry.db") == SCHEMA - 1
    assert run(data, "disputes").exit_code == 0
    assert schema_of(data / "registry.db") == SCHEMA


def test_a_backup_takes_the_rails_along_and_leaves_nothing_half_done(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "rails.toml").write_text('[toy]\nsecret = "s"\n')
    assert run(data, "backup", str(tmp_path / "copy")).exit_code == 0
    kept = Settings(data=tmp_path / "copy").rails_file
    assert kept.read_text() == '[toy]\nsecret = "s"\n'
    assert kept.stat().st_mode & 0o077 == 0

    def no_room(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("artrator_registry.backup.shutil.copyfile", no_room)
    told = run(data, "backup", str(tmp_path / "second"))
    assert "could not be written: No space left on device" in told.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "registry"]


class Uncommitted:
    """A connection whose disk is full in the moment of the commit."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._db = connect(path, read_only=read_only)

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self._db.execute(sql, parameters)

    def close(self) -> None:
        self._db.close()


def test_an_export_that_is_not_kept_leaves_no_file_to_pay_from(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next export has the same payouts again, and somebody pays from both files."""
    file = tmp_path / "payouts.csv"
    with monkeypatch.context() as broken:
        broken.setattr(admin, "connect", Uncommitted)
        told = run(data, "payouts", "export", str(file))
    assert "[disk_full]" in told.output
    assert not file.exists()
    assert run(data, "payouts", "export", str(file)).exit_code == 0
    assert run(data, "payouts", "export", str(file)).exit_code == 1  # what another export wrote stays
    assert file.exists()


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    def rows() -> Any:
        yield "one", "two"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        cells.write(tmp_path / "a.csv", rows())
    assert list(tmp_path.iterdir()) == []
