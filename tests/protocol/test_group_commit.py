"""The group commit: one commit for many, each failure its own, and no answer before the disk has it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artrator.group_commit import GroupCommit

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True, scope="module")
def unhurried() -> Iterator[None]:
    """A machine that is busy with something else does not cut a group in two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("artrator.group_commit._SLICE_SECONDS", 60.0)
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path)


@pytest.fixture
async def commits(path: Path) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(connect(path), "test-writer")
    yield made
    await made.close()


class Disk(sqlite3.Connection):
    """A disk that can be made to be waited for, at each commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.going = threading.Event()
        self.going.set()
        #: The threads that committed.
        self.commits: list[str] = []

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.commits.append(threading.current_thread().name)
            assert self.going.wait(60)
        return super().execute(sql, *parameters)


def connect(path: Path, patience: float = 0.05) -> Disk:
    db = sqlite3.connect(path, isolation_level=None, timeout=patience, check_same_thread=False, factory=Disk)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def make(folder: Path) -> Path:
    """A file with two empty tables; ``owed`` is checked at the commit, and not before."""
    path = folder / "test.db"
    db = connect(path)
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB NOT NULL DEFAULT x'') STRICT")
    db.execute("CREATE TABLE owed (n INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED) STRICT")
    db.close()
    return path


def insert(n: int, size: int = 0) -> Callable[[sqlite3.Connection], int | None]:
    return lambda db: db.execute("INSERT INTO t VALUES (?, zeroblob(?))", (n, size)).lastrowid


def poison(db: sqlite3.Connection) -> None:
    """What no commit takes: nobody writes that row."""
    db.execute("INSERT INTO owed VALUES (1000000)")


def fail(_: object) -> None:
    raise ValueError("no")


def stored(path: Path) -> list[int]:
    """What any other program finds."""
    db = sqlite3.connect(path)
    try:
        return [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]
    finally:
        db.close()


def together(commits: GroupCommit, *works: Callable[[sqlite3.Connection], Any]) -> list[asyncio.Future[Any]]:
    """Have these done in one group."""
    answers = [commits.queue(work) for work in works]
    commits.begin()
    return answers


async def told(answers: Sequence[asyncio.Future[Any]]) -> list[Any]:
    return await asyncio.gather(*answers, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_piece_that_fails_undoes_itself_and_not_its_neighbours(commits: GroupCommit, path: Path) -> None:
    def half_done(db: sqlite3.Connection) -> None:
        insert(100)(db)
        fail(db)

    one, two, three, four = await told(together(commits, insert(1), half_done, insert(1), insert(2)))
    assert (one, four) == (1, 2)
    assert isinstance(two, ValueError)
    assert isinstance(three, sqlite3.IntegrityError)
    assert stored(path) == [1, 2]


async def test_whatever_a_piece_throws_everybody_is_answered(commits: GroupCommit, path: Path) -> None:
    for n, thrown in enumerate((StopIteration(), asyncio.CancelledError(), GeneratorExit(), SystemExit(3))):

        def throw(_: object, thrown: BaseException = thrown) -> None:
            raise thrown

        answers = [commits.queue(insert(10 * n)), commits.queue(throw), commits.queue(insert(10 * n + 1), throw)]
        answers += together(commits, insert(10 * n + 2))
        await asyncio.wait(answers)
        assert [answers[0].result(), answers[3].result()] == [10 * n, 10 * n + 2]
        assert all(isinstance(answer.exception(), type(thrown) | RuntimeError) for answer in answers[1:3])
    assert stored(path) == [10 * n + m for n in range(4) for m in range(3)]


async def test_a_group_is_answered_only_after_its_one_commit(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "slow")
    disk.going.clear()
    answers = together(commits, insert(1), insert(2))
    await until(lambda: disk.commits)  # the loop turns while the disk is waited for
    answers += together(commits, insert(3), insert(4))  # the next group
    await asyncio.sleep(0.02)
    assert not any(answer.done() for answer in answers)
    assert stored(path) == []
    disk.going.set()
    assert await told(answers) == [1, 2, 3, 4]
    assert len(disk.commits) == 2
    assert all(thread.startswith("slow") for thread in disk.commits)
    await commits.close()


async def test_what_is_left_of_a_piece_is_done_while_the_disk_is_waited_for(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "slow")
    disk.going.clear()

    def finish(n: int) -> str:
        assert not answer.done()
        disk.going.set()
        return f"wrote {n}"

    answer = commits.queue(insert(1), finish)
    commits.begin()
    assert await answer == "wrote 1"
    assert stored(path) == [1]
    await commits.close()


async def test_who_cannot_be_answered_hears_why_and_the_group_stands(commits: GroupCommit, path: Path) -> None:
    finished: list[object] = []
    answers = [commits.queue(insert(1)), commits.queue(insert(2), fail), commits.queue(fail, finished.append)]
    answers += together(commits, insert(3))
    assert [str(answer) for answer in await told(answers)] == ["1", "no", "no", "3"]
    assert finished == []  # of what has failed, nothing is left to do
    assert stored(path) == [1, 2, 3]


async def test_a_commit_that_fails_is_heard_by_its_whole_group_and_by_no_other(
    commits: GroupCommit, path: Path
) -> None:
    assert await commits.write(insert(1)) == 1
    finished: list[int] = []
    answers = [commits.queue(insert(2), finished.append), *together(commits, insert(3), fail, poison, insert(4))]
    others = [asyncio.ensure_future(commits.write(insert(n))) for n in (5, 6)]  # they come while it fails, or before
    errors = await told(answers)
    assert {type(error) for error in errors} == {sqlite3.IntegrityError}
    assert "FOREIGN KEY" in str(errors[0])
    assert finished == [2]  # it was, and nobody was told
    await told(others)
    assert await commits.write(insert(7)) == 7
    assert not {2, 3, 4} & set(stored(path))
    assert {1, 7} <= set(stored(path))


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
async def test_a_disk_that_is_full_at_the_commit_keeps_nothing_of_the_group(commits: GroupCommit, path: Path) -> None:
    import resource

    await commits.write(insert(1, 50_000))
    written = path.with_name("test.db-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    answers = together(commits, insert(2, 10_000), insert(3), fail)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, before[1]))
    try:
        errors = await told(answers)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {type(error) for error in errors} == {sqlite3.OperationalError}
    assert stored(path) == [1]
    assert await commits.write(insert(2)) == 2
    assert stored(path) == [1, 2]


async def test_a_piece_that_finds_no_room_takes_its_group_along_only_if_sqlite_does(
    commits: GroupCommit, path: Path
) -> None:
    def no_more(db: sqlite3.Connection) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone()

    def several(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO t SELECT value, zeroblob(100000) FROM json_each('[20, 21]')")

    await commits.write(no_more)
    # A statement of one row: SQLite drops the whole transaction. Whoever comes after it has another one.
    errors = await told(together(commits, insert(1), insert(2, 100_000)))
    assert {type(error) for error in errors} == {sqlite3.OperationalError}
    assert stored(path) == []
    # A statement of several rows is undone alone.
    one, full, two = await told(together(commits, insert(1), several, insert(2)))
    assert (one, two) == (1, 2)
    assert "full" in str(full)
    assert stored(path) == [1, 2]


async def test_work_that_breaks_out_of_its_transaction_is_told_as_everybodys_failure(
    commits: GroupCommit, path: Path
) -> None:
    def break_out(db: sqlite3.Connection) -> None:
        db.execute("ROLLBACK")
        fail(db)

    errors = await told(together(commits, insert(1), break_out))
    assert {str(error) for error in errors} == {"the transaction is gone"}
    assert await commits.write(insert(2)) == 2
    assert stored(path) == [2]


async def test_another_program_that_holds_the_lock_too_long_is_told_to_all_who_wait(
    commits: GroupCommit, path: Path
) -> None:
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    errors = await told(together(commits, *(insert(n) for n in range(3))))
    assert {str(error) for error in errors} == {"database is locked"}
    other.execute("ROLLBACK")
    other.close()
    assert await commits.write(insert(7)) == 7
    assert stored(path) == [7]


async def test_another_program_is_waited_for(path: Path) -> None:
    commits = GroupCommit(connect(path, patience=60), "patient")
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    answers = together(commits, insert(1))
    await asyncio.sleep(0.05)
    answers += together(commits, insert(2))  # it joins the group that has not begun
    assert not answers[0].done()
    other.execute("COMMIT")
    other.close()
    assert await told(answers) == [1, 2]
    await commits.close()


async def test_what_comes_in_the_next_turns_of_the_loop_belongs_to_the_group(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "gathering", enough=5)

    async def after(turns: int, n: int) -> int | None:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await commits.write(insert(n))

    assert await asyncio.gather(*(after(n, n) for n in range(1, 4))) == [1, 2, 3]
    assert len(disk.commits) == 1
    assert await asyncio.gather(*(after(0, n) for n in range(4, 14))) == list(range(4, 14))
    assert len(disk.commits) == 2
    await commits.close()


async def test_a_long_queue_is_committed_in_parts(
    commits: GroupCommit, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artrator.group_commit._SLICE_SECONDS", 0.0)

    def look(db: sqlite3.Connection) -> list[int]:
        db.execute("INSERT INTO t DEFAULT VALUES")
        return stored(path)

    assert await told(together(commits, look, look, look)) == [[], [1], [1, 2]]


async def test_a_group_that_nothing_of_may_be_kept_leaves_the_next_its_turn(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artrator.group_commit._SLICE_SECONDS", 0.0)
    refusals = [ValueError("not this one")]

    def look() -> None:
        if refusals:
            raise refusals.pop()

    commits = GroupCommit(connect(path), "refused", before_commit=look)
    answers = together(commits, insert(1), insert(2))
    assert [str(each) for each in await told(answers)] == ["not this one", "2"]
    await commits.close()
    assert stored(path) == [2]


async def test_who_goes_away_leaves_all_of_a_piece_or_nothing(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "slow")

    def two(n: int, db: sqlite3.Connection) -> None:
        insert(2 * n)(db)
        insert(2 * n + 1)(db)

    callers = [asyncio.ensure_future(commits.write(partial(two, n))) for n in range(20)]
    await asyncio.sleep(0)
    callers[3].cancel()  # before its turn
    disk.going.clear()
    await until(lambda: disk.commits)
    callers[4].cancel()  # while the disk is waited for
    disk.going.set()
    await told(callers)
    assert [caller.cancelled() for caller in callers] == [n in (3, 4) for n in range(20)]
    assert stored(path) == list(range(40))
    await commits.close()


async def test_what_is_queued_lazily_is_done_with_the_next_group_in_the_order_of_coming(
    commits: GroupCommit, path: Path
) -> None:
    lazy = commits.queue(lambda db: db.execute("INSERT INTO t DEFAULT VALUES").lastrowid)
    await asyncio.sleep(0.02)
    assert not lazy.done()
    assert commits.waiting == 1
    assert await commits.write(insert(2)) == 2
    assert lazy.result() == 1
    assert commits.waiting == 0
    last = commits.queue(insert(3))
    await commits.close()
    assert last.result() == 3


async def test_what_takes_long_is_done_in_the_thread_between_two_transactions(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "slow")
    going = threading.Event()

    def long(db: sqlite3.Connection) -> tuple[str, bool, list[int]]:
        assert going.wait(60)
        return threading.current_thread().name[:4], db.in_transaction, stored(path)

    before = together(commits, insert(1))
    aside = asyncio.ensure_future(commits.aside(long))
    await told(before)
    after = together(commits, insert(2))
    await asyncio.sleep(0.02)  # the loop turns, and nobody writes
    assert not after[0].done()
    going.set()
    assert await aside == ("slow", False, [1])
    assert await told(after) == [2]
    with pytest.raises(ValueError, match="no"):
        await commits.aside(fail)
    assert await commits.write(insert(3)) == 3
    await commits.close()


async def test_closing_waits_for_all_that_was_taken_and_nothing_more_is(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "slow")
    disk.going.clear()
    answers = together(commits, *(insert(n) for n in range(1, 300)))
    await until(lambda: disk.commits)
    answers.append(commits.queue(insert(300)))  # nobody has begun that
    aside = asyncio.ensure_future(commits.aside(lambda _: stored(path)))
    closing = asyncio.ensure_future(commits.close())
    await asyncio.sleep(0.02)
    assert not closing.done()
    with pytest.raises(RuntimeError):
        commits.queue(insert(301))
    disk.going.set()
    await closing
    assert await told(answers) == list(range(1, 301))
    assert await aside == list(range(1, 300))  # after the transaction that was under way
    for late in (commits.write, commits.aside):
        with pytest.raises(RuntimeError):
            await late(insert(302))
    with pytest.raises(sqlite3.ProgrammingError):
        disk.execute("SELECT 1")
    await commits.close()  # harmless


def test_a_loop_that_ends_in_the_middle_leaves_a_writer_for_the_next_one(path: Path) -> None:
    disk = connect(path)
    commits = GroupCommit(disk, "slow")
    disk.going.clear()
    answers: list[asyncio.Future[Any]] = []

    async def interrupted() -> None:
        answers.extend(together(commits, insert(1), insert(2)))
        await until(lambda: disk.commits)
        threading.Timer(0.1, disk.going.set).start()

    async def goes_on() -> None:
        for answer in answers:
            assert isinstance(answer.exception(), asyncio.CancelledError)
        assert await commits.write(insert(3)) == 3
        await commits.close()

    asyncio.run(interrupted())
    asyncio.run(goes_on())
    assert stored(path) == [1, 2, 3]


#: What a piece may do. Each writes two rows, ``n`` and ``-n``.
KINDS = ("write", "fail", "finish", "fail to finish", "poison", "lazy", "given up", "aside", "turn", "wait")


class Play:
    """Pieces of all kinds, and what each of them was told."""

    def __init__(self, path: Path, enough: int) -> None:
        self.path = path
        self.commits = GroupCommit(connect(path), "model", enough=enough)
        self.answers: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self.asides: list[asyncio.Task[None]] = []

    async def run(self, kinds: Sequence[str]) -> None:
        for n, kind in enumerate(kinds, 1):
            if kind == "aside":
                self.asides.append(asyncio.ensure_future(self.look()))
                await asyncio.sleep(0)  # it asks for its turn
            elif kind == "turn":
                await asyncio.sleep(0)
            elif kind == "wait":
                self.commits.begin()
                await told([answer for _, answer in self.answers.values()][-1:])
            else:
                self.put(n, kind)
        await self.commits.close()
        await asyncio.gather(*self.asides)

    def put(self, n: int, kind: str) -> None:
        def work(db: sqlite3.Connection) -> int:
            insert(n)(db)
            if kind == "fail":
                fail(db)
            if kind == "poison":
                poison(db)
            insert(-n)(db)
            return n

        then: dict[str, Callable[[Any], Any]] = {"finish": str, "fail to finish": fail}
        answer = self.commits.queue(work, then.get(kind))
        self.answers[n] = kind, answer
        if kind != "lazy":
            self.commits.begin()
        if kind == "given up":
            answer.cancel()

    async def look(self) -> None:
        """Whoever has heard yes by now is there, in the middle as well."""
        heard = {n for n, (_, answer) in self.answers.items() if answer.done() and not failed(answer)}
        found = await self.commits.aside(lambda _: set(stored(self.path)))
        assert heard <= found
        assert found == {-n for n in found}


def failed(answer: asyncio.Future[Any]) -> bool:
    return answer.cancelled() or answer.exception() is not None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=20, max_size=200), enough=st.sampled_from([0, 3, 64]))
def test_whoever_hears_yes_is_stored_and_whoever_hears_no_is_not(kinds: list[str], enough: int) -> None:
    async def play(path: Path) -> tuple[Play, set[int]]:
        game = Play(path, enough)
        await game.run(kinds)
        return game, set(stored(path))

    with tempfile.TemporaryDirectory() as folder:
        game, rows = asyncio.run(play(make(Path(folder))))
    assert rows == {-n for n in rows}
    for n, (kind, answer) in game.answers.items():
        assert answer.done()
        if answer.cancelled():
            assert kind == "given up"
            assert n in rows or "poison" in kinds  # done all the same
            continue
        error = answer.exception()
        if isinstance(error, sqlite3.IntegrityError):  # the commit failed, for it and its whole group
            assert "poison" in kinds
            assert n not in rows
        elif kind in ("fail", "fail to finish"):
            assert str(error) == "no"
            assert (n in rows) == (kind == "fail to finish")
        else:
            assert kind != "poison"
            assert answer.result() == (str(n) if kind == "finish" else n)
            assert n in rows
