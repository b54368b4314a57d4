"""The one writer: group commit, savepoints, and disks that are full."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from registry_world import World, gather
from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.backup import backup
from artrator_registry.cli import registry
from artrator_registry.core import MIGRATIONS, OLDEST_SCHEMA, SCHEMA
from artrator_registry.server import alone
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, SchemaError, Transaction, connect, migrate
from artrator_registry.storage.writer import Writer

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "test.db"
    db = connect(found)
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT")
    db.close()
    return found


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = Writer(lambda: connect(path), time.time)
    yield made
    made.close()


def insert(n: int) -> object:
    return lambda t: t.run("INSERT INTO t (n) VALUES (?)", (n,)).lastrowid


def stored(path: Path) -> list[int]:
    db = connect(path, read_only=True)
    try:
        return [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]
    finally:
        db.close()


def test_a_command_that_fails_undoes_itself_and_not_its_neighbours(writer: Writer, path: Path) -> None:
    gate = threading.Event()

    def half_done(t: Transaction) -> None:
        t.run("INSERT INTO t (n) VALUES (100)")
        raise ArtratorError(Code.CONFLICT, "no")

    first = writer.submit(lambda _: gate.wait(5))  # what follows is one group
    futures = [writer.submit(insert(1)), writer.submit(half_done), writer.submit(insert(1)), writer.submit(insert(2))]  # type: ignore[arg-type]
    gate.set()
    assert first.result(5)
    assert futures[0].result(5) == 1
    assert isinstance(futures[1].exception(5), ArtratorError)
    assert isinstance(futures[2].exception(5), sqlite3.IntegrityError)
    assert futures[3].result(5) == 2
    assert stored(path) == [1, 2]


def test_a_group_is_answered_only_after_its_one_commit(writer: Writer, path: Path) -> None:
    first, second, inside = threading.Event(), threading.Event(), threading.Event()

    def slow(t: Transaction) -> None:
        t.run("INSERT INTO t (n) VALUES (50)")
        inside.set()
        second.wait(5)

    writer.submit(lambda _: first.wait(5))
    quick, last = writer.submit(insert(1)), writer.submit(slow)  # type: ignore[arg-type]
    first.set()
    inside.wait(5)
    assert not quick.done()  # it ran, and is not on the disk yet
    assert stored(path) == []
    second.set()
    last.result(5)
    assert quick.result(5) == 1
    assert stored(path) == [1, 50]


def test_a_command_that_was_given_up_before_it_ran_does_not_run(writer: Writer, path: Path) -> None:
    gate = threading.Event()
    writer.submit(lambda _: gate.wait(5))
    time.sleep(0.05)  # the writer now waits inside the first command
    future = writer.submit(insert(1))  # type: ignore[arg-type]
    assert future.cancel()
    gate.set()
    writer.submit(lambda _: None).result(5)
    assert stored(path) == []


def test_nothing_is_taken_after_the_end_and_what_was_taken_is_done(path: Path) -> None:
    writer = Writer(lambda: connect(path), time.time)
    futures = [writer.submit(insert(n)) for n in range(1, 300)]  # type: ignore[arg-type]
    writer.close()
    assert all(future.result(0) for future in futures)
    with pytest.raises(RuntimeError):
        writer.submit(lambda _: None)


def test_who_would_wait_too_long_is_told_at_once(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator_registry.storage.writer._MOST_WAITING", 3)
    gate = threading.Event()
    writer.submit(lambda _: gate.wait(5))
    time.sleep(0.05)  # the writer now waits inside the first command
    waiting = [writer.submit(lambda _: None) for _ in range(3)]
    with pytest.raises(ArtratorError) as raised:
        writer.submit(lambda _: None)
    assert raised.value.code is Code.STORAGE_BUSY
    gate.set()
    assert [future.result(5) for future in waiting] == [None] * 3


def _small_disk(path: Path) -> sqlite3.Connection:
    """A database that may not grow: SQLite answers exactly as it does on a full disk."""
    db = connect(path)
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 1}")
    return db


def test_a_full_disk_is_said_and_leaves_nothing_half_written(path: Path) -> None:
    db = connect(path)
    db.execute("CREATE TABLE blobs (b BLOB)")
    db.close()
    writer = Writer(lambda: _small_disk(path), time.time)
    try:

        def fill(t: Transaction) -> None:
            t.run("INSERT INTO t (n) VALUES (7)")
            t.run("INSERT INTO blobs (b) VALUES (zeroblob(1000000))")

        problem = writer.submit(fill).exception(5)
        assert isinstance(problem, ArtratorError)
        assert problem.code is Code.DISK_FULL
        assert stored(path) == []
        assert writer.submit(insert(8)).result(5) == 8  # type: ignore[arg-type]  # small things still fit
    finally:
        writer.close()


async def test_a_database_that_another_program_holds_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator_registry.storage.database._BUSY_SECONDS", 0.05)
    database = Database(path, time.time)
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ArtratorError) as raised:
        await database.write(insert(1))  # type: ignore[arg-type]
    assert raised.value.code is Code.STORAGE_BUSY
    assert raised.value.details["retry_after"] == 1
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(insert(1)) == 1  # type: ignore[arg-type]
    await database.close()


async def test_readers_cannot_write(path: Path) -> None:
    database = Database(path, time.time)
    with pytest.raises((sqlite3.OperationalError, ArtratorError)):
        await database.read(insert(1))  # type: ignore[arg-type]
    await database.close()


async def test_a_caller_that_goes_away_does_not_disturb_the_writer(path: Path) -> None:
    database = Database(path, time.time)
    tasks = [asyncio.create_task(database.write(insert(n))) for n in range(1, 40)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await database.write(insert(1000)) == 1000  # type: ignore[arg-type]
    await database.close()


def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    path, broken = tmp_path / "m.db", True
    migrations = Migrations("test")

    @migrations()
    def m001_two_steps(db: Tables) -> None:
        db.conn.execute("CREATE TABLE one (n INTEGER) STRICT")
        if broken:
            raise sqlite3.OperationalError("power cut")
        db.conn.execute("CREATE TABLE two (n INTEGER) STRICT")

    with pytest.raises(sqlite3.OperationalError):
        migrate(path, [migrations])
    db = connect(path)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('one', 'two')").fetchone()[0] == 0
    db.close()
    broken = False
    migrate(path, [migrations])
    migrate(path, [migrations])
    db = connect(path)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('one', 'two')").fetchone()[0] == 2
    db.close()


def test_every_table_is_strict_and_every_foreign_key_holds(data: Path) -> None:
    db = connect(data / "registry.db")
    loose = db.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search%' AND name <> '_sqlite_migrations'"
    ).fetchall()
    assert loose == []
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    db.close()
    migrate(data / "registry.db", MIGRATIONS, SCHEMA)  # harmless


def test_a_database_from_before_the_first_release_is_refused(data: Path) -> None:
    db = connect(data / "registry.db")
    db.execute("PRAGMA user_version = 7")
    db.close()
    result = CliRunner().invoke(registry, ["grant", "mina", "5", "--data", str(data)])
    assert result.exit_code != 0
    assert "start anew" in result.output


def test_a_database_of_a_newer_version_is_refused_and_not_touched(data: Path) -> None:
    db = connect(data / "registry.db")
    steps = db.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0]
    assert db.execute("PRAGMA user_version").fetchone()[0] == OLDEST_SCHEMA - 7 + steps == SCHEMA
    db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    db.close()
    with pytest.raises(SchemaError, match="newer version"):
        migrate(data / "registry.db", MIGRATIONS, SCHEMA, OLDEST_SCHEMA)
    for arguments in (["grant", "mina", "5"], ["serve", "--port", "0"], ["init"]):
        result = CliRunner().invoke(registry, [*arguments, "--data", str(data)])
        assert result.exit_code == 1
        assert "update first" in result.output


def test_a_database_that_is_damaged_is_said(data: Path) -> None:
    for name in ("registry.db", "registry.db-wal"):
        (data / name).write_bytes(b"not a database at all" * 100)
    for arguments in (["grant", "mina", "5"], ["serve", "--port", "0"]):
        result = CliRunner().invoke(registry, [*arguments, "--data", str(data)])
        assert result.exit_code == 1
        assert "cannot be opened" in result.output


async def test_a_full_disk_is_told_to_buyers_and_no_money_moves(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    quote = await shop.quote(mina)

    def no_more(t: Transaction) -> None:
        pages = t.row("PRAGMA page_count")[0]
        t.run(f"PRAGMA max_page_count = {pages}")

    await world.registry.database.write(no_more)
    request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
    answers = [await gather(mina.order(str(uuid.uuid4()), request)) for _ in range(30)]
    placed = sum(isinstance(answer, m.Order) for (answer,) in answers)
    problems = [answer for (answer,) in answers if isinstance(answer, ArtratorError)]
    assert problems
    assert {(problem.code, problem.status) for problem in problems} == {(Code.DISK_FULL, 507)}
    assert (await mina.balance()).held == placed * quote.cap
    assert await world.audit() == []
    await world.registry.database.write(lambda t: t.run("PRAGMA max_page_count = 1000000").fetchone())
    assert (await mina.order(str(uuid.uuid4()), request)).state is m.OrderState.HELD


def test_two_registries_cannot_serve_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(click.ClickException, match="Another registry"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_backup_is_whole_and_never_overwrites(data: Path, tmp_path: Path) -> None:
    source, target = Settings(data=data), tmp_path / "copy"
    backup(source, target)
    assert (target / "keys" / "root.pem").read_bytes() == (data / "keys" / "root.pem").read_bytes()
    db = connect(target / "registry.db", read_only=True)
    assert db.execute("SELECT count(*) FROM ledger_accounts").fetchone()[0] == 8
    db.close()
    with pytest.raises(FileExistsError):
        backup(source, target)


@pytest.mark.anyio
async def test_a_large_ledger_is_audited_by_a_process_of_its_own(data: Path) -> None:
    async with World(Settings(data=data, audit_inside=0)) as world:
        await world.person("mina", 5)
        assert await world.registry.audit() == []
        await world.registry.database.write(
            lambda t: t.run("UPDATE ledger_accounts SET credits_posted = credits_posted + 1 WHERE id = 'system:fees'")
        )
        found = await world.registry.audit()
        assert any("system:fees" in difference for difference in found)
        assert (await world.registry.health())["status"] == "differences"
        await world.registry.database.write(
            lambda t: t.run("UPDATE ledger_accounts SET credits_posted = credits_posted - 1 WHERE id = 'system:fees'")
        )
