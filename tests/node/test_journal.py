"""The journal: one end for each job, receipts until they are taken, and nothing half-written."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState, Output
from artrator_node.journal import Event, JobRecord, Journal, StoredOutput
from artrator_node.journal.records import Ending, Measured
from artrator_node.journal.schema import migrations
from artrator_node.journal.writer import connect

RECORD = JobRecord(
    job="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    state=JobState.QUEUED,
    package="sha256:p",
    offer="sha256:o",
    listing="a/b",
    buyer="buyer",
    cnf="key",
    ticket="sha256:t",
    request="r",
    measures={"step": 3},
    image_format="png",
    finish_by=2e9,
    capture_by=2e9,
    queued_at=1.0,
)
QUEUED = Event(1, EventKind.QUEUED, {"position": 0})
DONE = Event(2, EventKind.DONE, {"job": RECORD.job})
OUTPUT = StoredOutput(Output(index=0, name="image", media_type="image/png", sha256="0" * 64, size=3), "0.png")
ENDING = Ending(RECORD.job, JobState.DELIVERED, 5.0, {"receipt": 1}, 100.0, outputs=(OUTPUT,))


def with_journal(path: Path, work: Callable[[Journal], Awaitable[Any]]) -> Any:
    """Run ``work`` with an open journal."""

    async def run() -> Any:
        journal = Journal(path)
        journal.open()
        try:
            return await work(journal)
        finally:
            await journal.close()

    return asyncio.run(run())


def test_a_job_comes_back_as_it_was_written_and_a_repeat_changes_nothing(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        assert await journal.accept(RECORD, QUEUED) is RECORD
        other = replace(RECORD, ticket="sha256:other")
        assert (await journal.accept(other, QUEUED)).ticket == RECORD.ticket
        assert await journal.job(RECORD.job) == RECORD
        assert await journal.events(RECORD.job) == [QUEUED]
        assert await journal.job("another") is None

    with_journal(tmp_path / "j.db", work)


def test_a_job_ends_once_whoever_tries(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.accept(RECORD, QUEUED)
        journal.start(RECORD.job, 2.0, Event(2, EventKind.STARTED))
        await journal.end(ENDING, [replace(DONE, serial=3)], Measured(RECORD.package, jobs_done=1), 5.0)
        with pytest.raises(ArtratorError) as caught:
            await journal.end(replace(ENDING, state=JobState.FAILED), [], None, 6.0)
        assert caught.value.code is Code.CONFLICT
        record = await journal.job(RECORD.job)
        assert record is not None
        assert (record.state, record.attempts, record.receipt) == (JobState.DELIVERED, 1, {"receipt": 1})
        assert await journal.outputs(RECORD.job) == [OUTPUT]
        assert await journal.open_jobs() == []
        assert (await journal.measured())[RECORD.package].jobs_done == 1

    with_journal(tmp_path / "j.db", work)
    # The rule stands in the database too, for hands that reach around the store.
    connection = connect(tmp_path / "j.db")
    with pytest.raises(sqlite3.IntegrityError, match="has ended"):
        connection.execute("UPDATE jobs SET state = 'failed'")
    connection.close()


def test_a_receipt_waits_until_it_is_taken_and_an_acknowledgement_sends_it_again(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.accept(RECORD, QUEUED)
        await journal.end(ENDING, [DONE], None, 5.0)
        (delivery,) = await journal.due(5.0)
        await journal.postpone(RECORD.job, 50.0)
        assert await journal.due(49.0) == []
        assert await journal.next_due() == 50.0
        # An acknowledgement that comes while the receipt is under way is not lost with it.
        await journal.acknowledge(RECORD.job, {"said": "yes"}, 51.0)
        await journal.delivered(delivery)
        (again,) = await journal.due(51.0)
        assert again.acknowledgement == {"said": "yes"}
        await journal.acknowledge(RECORD.job, {"said": "no"}, 52.0)
        await journal.delivered(again)
        assert await journal.outbox_size() == 0
        assert await journal.next_due() is None

    with_journal(tmp_path / "j.db", work)


def test_a_registry_that_forgot_hears_of_it_once_more_with_the_acknowledgement(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.accept(RECORD, QUEUED)
        await journal.end(ENDING, [DONE], None, 5.0)  # it ended at 5
        await journal.acknowledge(RECORD.job, {"said": "yes"}, 6.0)
        (delivery,) = await journal.due(6.0)
        await journal.delivered(delivery, refused="order_unknown")
        assert await journal.send_again(5.1, 10.0) == 0  # that was before
        assert await journal.next_due() is None
        assert await journal.send_again(5.0, 10.0) == 1
        assert await journal.send_again(5.0, 10.0) == 0  # it waits already
        assert await journal.due(10.0) == [replace(delivery, attempts=0)]

    with_journal(tmp_path / "j.db", work)


def test_what_was_written_is_there_after_the_file_is_opened_again(tmp_path: Path) -> None:
    async def first(journal: Journal) -> None:
        await journal.accept(RECORD, QUEUED)
        journal.note(RECORD.job, Event(2, EventKind.PROGRESS, {"done": 1}))

    async def second(journal: Journal) -> None:
        assert [record.job for record in await journal.open_jobs()] == [RECORD.job]
        assert [event.serial for event in await journal.events(RECORD.job)] == [1, 2]
        assert await journal.next_serial(RECORD.job) > 1000

    with_journal(tmp_path / "j.db", first)
    with_journal(tmp_path / "j.db", second)


def test_many_writers_share_commits_and_one_failure_is_nobody_elses(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        jobs = [replace(RECORD, job=f"job-{number}") for number in range(100)]
        wrong = replace(RECORD, job="wrong", state="nonsense")  # type: ignore[arg-type]
        results = await asyncio.gather(
            *(journal.accept(record, QUEUED) for record in (*jobs[:50], wrong, *jobs[50:])), return_exceptions=True
        )
        assert sum(isinstance(result, BaseException) for result in results) == 1
        assert len(await journal.open_jobs()) == 100

    with_journal(tmp_path / "j.db", work)


def test_a_full_disk_is_said_as_such_and_nothing_is_half_written(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.accept(RECORD, QUEUED)

        def fill(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA max_page_count = 1")

        await journal._writer.write(fill)
        big = replace(RECORD, job="big", listing="x" * 100_000)
        with pytest.raises(ArtratorError) as caught:
            await journal.accept(big, QUEUED)
        assert caught.value.code is Code.DISK_FULL
        assert await journal.job("big") is None
        assert await journal.job(RECORD.job) == RECORD

    with_journal(tmp_path / "j.db", work)


def test_a_small_output_comes_with_its_jobs_end_and_goes_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    traces = [b"a small picture %d" % number * 2000 for number in range(20)]
    jobs = [replace(RECORD, job=f"job-{number}") for number in range(20)]

    def holders(needle: bytes) -> list[str]:
        return [file.name for file in tmp_path.iterdir() if needle in file.read_bytes()]

    async def work(journal: Journal) -> None:
        for record, data in zip(jobs, traces, strict=True):
            ended = replace(record, state=JobState.DELIVERED, receipt={"receipt": 1}, retained_until=100.0)
            ending = replace(ENDING, job=record.job, outputs=(replace(OUTPUT, data=data),))
            await journal.end(ending, [DONE], None, 5.0, new=ended)
        assert await journal.kept("job-7", "0.png") == traces[7]
        assert await journal.outputs("job-7") == [OUTPUT]
        assert await journal.kept("job-7", "1.png") is None
        assert holders(traces[7][:100])
        await journal.shrink()
        size = path.stat().st_size
        await journal.swept(await journal.expired(100.0))
        await journal.shrink()
        assert await journal.kept("job-7", "0.png") is None
        assert not holders(b"a small picture 7")
        assert path.stat().st_size < size / 4

    with_journal(path, work)


def test_the_journal_of_an_older_node_shrinks_as_well(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    older = sqlite3.connect(path)
    migrations.apply(Database(older), stop_before="m007_keep_small_outputs")
    older.execute("INSERT INTO packages (package, jobs_done) VALUES ('sha256:p', 7)")
    older.commit()
    assert older.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    older.close()

    async def work(journal: Journal) -> None:
        assert (await journal.measured())["sha256:p"].jobs_done == 7
        ended = replace(RECORD, state=JobState.DELIVERED, receipt={"receipt": 1}, retained_until=100.0)
        await journal.end(replace(ENDING, outputs=(replace(OUTPUT, data=b"x" * 60_000),)), [DONE], None, 5.0, new=ended)
        await journal.swept([RECORD.job])
        await journal.shrink()

    with_journal(path, work)
    newer = connect(path)
    assert newer.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
    assert newer.execute("PRAGMA freelist_count").fetchone()[0] == 0
    newer.close()


def test_another_program_that_holds_the_file_is_waited_for_without_holding_up_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "j.db"

    async def work(journal: Journal) -> None:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(journal.accept(RECORD, QUEUED))
        turns = 0
        for _ in range(20):
            await asyncio.sleep(0.01)
            turns += not writing.done()
        assert turns == 20
        other.execute("COMMIT")
        other.close()
        assert await writing is RECORD

    with_journal(path, work)


def test_swept_jobs_keep_their_receipt_and_last_event(tmp_path: Path) -> None:
    async def work(journal: Journal) -> None:
        await journal.accept(RECORD, QUEUED)
        await journal.end(ENDING, [DONE], None, 5.0)
        assert await journal.expired(99.0) == []
        assert await journal.expired(100.0) == [RECORD.job]
        await journal.swept([RECORD.job])
        assert await journal.expired(100.0) == []
        assert await journal.events(RECORD.job) == [DONE]
        record = await journal.job(RECORD.job)
        assert record is not None
        assert record.receipt == {"receipt": 1}

    with_journal(tmp_path / "j.db", work)
