"""The one writer: group commit, savepoints, and disks that are full."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from registry_world import World, gather
from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.admin import alone
from artrator_registry.backup import backup
from artrator_registry.cli import registry
from artrator_registry.core import MIGRATIONS, OLDEST_SCHEMA, SCHEMA
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, SchemaError, Transaction, connect, migrate

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "test.db"
    db = connect(found)
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT")
    db.close()
    return found


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    made = Database(path, time.time)
    yield made
    await made.close()


def insert(n: int) -> Callable[[Transaction], int | None]:
    return lambda t: t.run("INSERT INTO t (n) VALUES (?)", (n,)).lastrowid


def stored(path: Path) -> list[int]:
    db = connect(path, read_only=True)
    try:
        return [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]
    finally:
        db.close()


async def test_a_number_that_no_column_holds_is_refused_and_not_a_mistake_of_ours(database: Database) -> None:
    for number in (2**63, -(2**63) - 1, 10**400):
        with pytest.raises(ArtratorError) as refused:
            await database.write(insert(number))
        assert refused.value.code is Code.REQUEST_INVALID
    assert await database.write(insert(2**63 - 1)) == 2**63 - 1


async def test_a_command_that_fails_undoes_itself_and_not_its_neighbours(database: Database, path: Path) -> None:
    def half_done(t: Transaction) -> None:
        t.run("INSERT INTO t (n) VALUES (100)")
        raise ArtratorError(Code.CONFLICT, "no")

    answers = await gather(*(database.write(call) for call in (insert(1), half_done, insert(1), insert(2))))
    assert answers[0] == 1
    assert isinstance(answers[1], ArtratorError)
    assert isinstance(answers[2], sqlite3.IntegrityError)
    assert answers[3] == 2
    assert stored(path) == [1, 2]


async def test_who_cannot_be_answered_hears_why_and_the_group_stands(database: Database, path: Path) -> None:
    def half_done(t: Transaction) -> Callable[[], None]:
        t.run("INSERT INTO t (n) VALUES (3)")

        def finish() -> None:
            raise ArtratorError(Code.ORDER_CLOSED, "kept, and too late")

        return finish

    answers = await gather(database.write(insert(1)), database.write_then_finish(half_done), database.write(insert(2)))
    assert answers[0] == 1
    assert answers[2] == 2
    assert isinstance(answers[1], ArtratorError)
    assert stored(path) == [1, 2, 3]


async def test_a_command_that_was_given_up_before_it_ran_does_not_run(database: Database, path: Path) -> None:
    given_up = asyncio.ensure_future(database.write(insert(1)))
    await asyncio.sleep(0)  # it is queued, and its turn has not come
    given_up.cancel()
    assert await database.write(insert(2)) == 2
    assert stored(path) == [2]


async def test_who_would_wait_too_long_is_told_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator_registry.storage.database._MOST_WAITING", 3)
    answers = await gather(*(database.write(insert(n)) for n in range(1, 5)))
    assert answers[:3] == [1, 2, 3]
    assert isinstance(answers[3], ArtratorError)
    assert answers[3].code is Code.STORAGE_BUSY
    assert await database.write(insert(5)) == 5


async def test_a_full_disk_is_said_and_leaves_nothing_half_written(database: Database, path: Path) -> None:
    def no_more(t: Transaction) -> None:
        t.run("CREATE TABLE blobs (b BLOB)")
        t.run(f"PRAGMA max_page_count = {t.row('PRAGMA page_count')[0] + 1}")

    def fill(t: Transaction) -> None:
        t.run("INSERT INTO t (n) VALUES (7)")
        t.run("INSERT INTO blobs (b) VALUES (zeroblob(1000000))")

    await database.write(no_more)
    with pytest.raises(ArtratorError) as raised:
        await database.write(fill)
    assert raised.value.code is Code.DISK_FULL
    assert stored(path) == []
    assert await database.write(insert(8)) == 8  # small things still fit


async def test_a_database_that_another_program_holds_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artrator_registry.storage.database._BUSY_SECONDS", 0.05)
    database = Database(path, time.time)
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ArtratorError) as raised:
        await database.write(insert(1))
    assert raised.value.code is Code.STORAGE_BUSY
    assert raised.value.details["retry_after"] == 1
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(insert(1)) == 1
    await database.close()


async def test_readers_cannot_write(path: Path) -> None:
    database = Database(path, time.time)
    with pytest.raises((sqlite3.OperationalError, ArtratorError)):
        await database.read(insert(1))
    await database.close()


async def test_a_caller_that_goes_away_does_not_disturb_the_writer(path: Path) -> None:
    database = Database(path, time.time)
    tasks = [asyncio.create_task(database.write(insert(n))) for n in range(1, 40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await database.write(insert(1000)) == 1000
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


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger_transfers DEFAULT VALUES",
        "INSERT INTO orders DEFAULT VALUES",
        "UPDATE orders SET state = 'settled' WHERE id = ''",
        "INSERT INTO earning_days DEFAULT VALUES",
    ],
)
def test_the_rules_of_what_every_job_writes_need_no_tables_in_memory(data: Path, statement: str) -> None:
    db = connect(data / "registry.db")
    try:
        assert "OpenEphemeral" not in {row["opcode"] for row in db.execute(f"EXPLAIN {statement}")}
    finally:
        db.close()


def test_a_database_from_before_the_first_release_is_refused(data: Path) -> None:
    db = connect(data / "registry.db")
    db.execute("PRAGMA user_version = 7")
    db.close()
    result = CliRunner().invoke(registry, ["grant", "mina", "5", "--data", str(data)])
    assert result.exit_code == 78
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
        assert result.exit_code == 78
        assert "update first" in result.output


def test_a_database_that_is_damaged_is_said(data: Path) -> None:
    for name in ("registry.db", "registry.db-wal"):
        (data / name).write_bytes(b"not a database at all" * 100)
    for arguments in (["grant", "mina", "5"], ["serve", "--port", "0"]):
        result = CliRunner().invoke(registry, [*arguments, "--data", str(data)])
        assert result.exit_code == 1
        assert "cannot be opened" in result.output


def test_a_folder_that_cannot_be_made_is_said_without_numbers_of_errors(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = CliRunner().invoke(registry, ["init", "--data", str(tmp_path / "file" / "registry")])
    assert result.exit_code == 1
    assert "cannot be used" in result.output
    assert "Name a folder that is yours." in result.output
    assert "Errno" not in result.output


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
