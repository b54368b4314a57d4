"""The log of a database: copied beside its writer, begun anew under load, bounded although somebody always reads."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from artrator import checkpoints
from artrator.group_commit import GroupCommit

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log is long after 64 pages, and copied at every turn."""
    monkeypatch.setattr(checkpoints, "_REST_SECONDS", 0.01)
    monkeypatch.setattr(checkpoints, "_LONG", 64)
    monkeypatch.setattr(checkpoints, "_TOO_LONG", 128)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "test.db"
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT")
    return path


@pytest.fixture
async def commits(path: Path) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(connect(path), "test-writer")
    yield made
    await made.close()


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


async def write(commits: GroupCommit, count: int) -> None:
    for _ in range(count):
        await commits.write(lambda db: db.execute("INSERT INTO t (data) VALUES (zeroblob(4000))"))


def log_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


async def begins_anew(commits: GroupCommit, path: Path) -> None:
    """Write until that takes no more room in the log."""
    async with asyncio.timeout(120):
        await write(commits, 50)
        size = 0
        while size < log_size(path):
            size = log_size(path)
            await write(commits, 50)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.01)


def in_file(path: Path) -> int:
    """How many pages the file has without its log."""
    return path.stat().st_size // 4096


async def test_what_is_written_reaches_the_file_without_any_commit_that_copies(
    commits: GroupCommit, path: Path
) -> None:
    await write(commits, 20)
    await until(lambda: in_file(path) >= 20)  # the writer does nothing meanwhile


async def test_the_log_begins_anew_under_load(commits: GroupCommit, path: Path) -> None:
    await begins_anew(commits, path)
    await write(commits, 50)
    with closing(connect(path)) as db:
        count, last = db.execute("SELECT count(*), max(n) FROM t").fetchone()
        assert count == last >= 100
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_who_reads_holds_nobody_up_and_afterwards_the_log_begins_anew(commits: GroupCommit, path: Path) -> None:
    with closing(connect(path)) as reader:
        await write(commits, 1)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
        await write(commits, 500)
        assert log_size(path) > 500 * 4096  # nothing of it could go
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
        reader.execute("COMMIT")
    await until(lambda: in_file(path) >= 500)
    await begins_anew(commits, path)


async def test_work_aside_is_never_beside_a_copy(commits: GroupCommit) -> None:
    for _ in range(20):
        await write(commits, 5)
        busy, left, _ = await commits.aside(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
        assert (busy, left) == (0, 0)


async def test_a_disk_that_takes_no_copy_is_tried_again(
    commits: GroupCommit, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        def execute(self, _: str) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    copy, failed = checkpoints._copy, threading.Event()

    def full_once(db: sqlite3.Connection, *how: str) -> int:
        if failed.is_set():
            return copy(db, *how)
        failed.set()
        return copy(Full(), *how)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "_copy", full_once)
    await write(commits, 1)
    await until(failed.is_set)
    await write(commits, 20)
    await until(lambda: in_file(path) >= 20)
    assert "disk is full" in caplog.text


async def test_the_thread_ends_with_its_writer(path: Path) -> None:
    commits = GroupCommit(connect(path), "ends")
    await write(commits, 1)
    assert any(thread.name == "ends-log" for thread in threading.enumerate())
    await commits.close()
    assert not any(thread.name == "ends-log" for thread in threading.enumerate())
    assert not path.with_name("test.db-wal").exists()  # whoever closes last copies the rest
