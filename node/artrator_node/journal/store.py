"""The journal: every question and every change, in the words of the node."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, Output
from artrator_node.journal.endings import last_events
from artrator_node.journal.records import Delivery, Ending, Event, JobRecord, Measured, StoredOutput, Trial
from artrator_node.journal.rows import dump, end_job, insert_event, insert_job, measured_of, record_of, save_measured
from artrator_node.journal.writer import Writer, connect

_T = TypeVar("_T")
#: Serials that a restart leaves free: progress events that a crash lost may have been seen by a buyer.
_SERIAL_GAP: Final = 1000
#: So many pages at most are taken out of the file at a time: whoever ends a job meanwhile waits.
_SHRUNK_PAGES: Final = 4096


class Journal:
    """The node's memory in one SQLite file. Methods may be called from the event loop only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Writer  # from ``open`` on
        # One reading thread with a connection of its own: WAL lets it read while the writer commits.
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")
        self._reader: sqlite3.Connection | None = None
        self._index: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file and bring its tables up to date."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = Writer(self._path)

    async def close(self) -> None:
        """Commit and close."""
        await self._writer.close()
        if self._index is not None:
            self._index.close()
        if self._reader is not None:
            await asyncio.get_running_loop().run_in_executor(self._readers, self._reader.close)
        self._readers.shutdown()

    async def _read(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, sql, parameters)

    def _query(self, sql: str, parameters: Sequence[Any]) -> list[sqlite3.Row]:
        if self._reader is None:
            self._reader = connect(self._path, read_only=True)
        return self._reader.execute(sql, parameters).fetchall()

    # --- jobs

    async def accept(self, record: JobRecord, *events: Event) -> JobRecord:
        """Write a new job; answers with the job of that id, be it this one or an older one."""

        def work(connection: sqlite3.Connection) -> JobRecord:
            row = connection.execute("SELECT * FROM jobs WHERE job = ?", (record.job,)).fetchone()
            if row is not None:
                return record_of(row)
            insert_job(connection, record, events)
            return record

        return await self._writer.write(work)

    async def job(self, job: str) -> JobRecord | None:
        """One job."""
        if not self._has(job):
            return None
        rows = await self._read("SELECT * FROM jobs WHERE job = ?", (job,))
        return record_of(rows[0]) if rows else None

    def _has(self, job: str) -> bool:
        """Whether there is such a job: asked for each new one, so a look into the index that waits for no thread."""
        if self._index is None:
            self._index = connect(self._path, read_only=True)
        return self._index.execute("SELECT 1 FROM jobs WHERE job = ?", (job,)).fetchone() is not None

    async def open_jobs(self) -> Sequence[JobRecord]:
        """Jobs that run and have not ended, oldest first."""
        sql = "SELECT * FROM jobs WHERE receipt IS NULL AND kind = 'run' ORDER BY queued_at"
        return [record_of(row) for row in await self._read(sql)]

    def start(self, job: str, at: float, event: Event) -> None:
        """A worker starts on it. Committed at once, but nobody waits: all later writes come after it."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE jobs SET state = 'running', started_at = coalesce(started_at, ?), attempts = attempts + 1 "
                "WHERE job = ? AND receipt IS NULL",
                (at, job),
            )
            insert_event(connection, job, event)

        self._writer.post(work, soon=True)

    def put_back(self, job: str, event: Event) -> None:
        """The owner's rules took it out of its worker: it waits again, and the attempt counts for nothing."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE jobs SET state = 'queued', attempts = max(attempts - 1, 0) WHERE job = ? AND receipt IS NULL",
                (job,),
            )
            insert_event(connection, job, event)

        self._writer.post(work, soon=True)

    async def end(
        self,
        ending: Ending,
        events: Sequence[Event],
        measured: Measured | None,
        send_at: float,
        *,
        new: JobRecord | None = None,
    ) -> None:
        """It ends: state, receipt, outputs, last events and the outbox in one transaction.

        ``new`` is the job as it has ended, if it was not accepted here before: then it comes and ends at once, and
        needs no ``events``, because its last ones follow from the rest.

        Raises:
            ArtratorError: ``conflict`` if a job of that id has ended already, or is there although it should be new.
        """

        def work(connection: sqlite3.Connection) -> None:
            if new is not None:
                if not insert_job(connection, new, ()):
                    raise ArtratorError(Code.CONFLICT, "The job was sent before.")
            elif not end_job(connection, ending):
                raise ArtratorError(Code.CONFLICT, "The job has ended already.")
            for position, stored in enumerate(ending.outputs):
                connection.execute(
                    "INSERT INTO outputs (job, position, file, output, data) VALUES (?, ?, ?, ?, ?)",
                    (ending.job, position, stored.file, stored.output.model_dump_json(), stored.data),
                )
            for event in events:
                insert_event(connection, ending.job, event)
            connection.execute("INSERT INTO outbox (job, next_try) VALUES (?, ?)", (ending.job, send_at))
            if measured is not None:
                save_measured(connection, measured)

        await self._writer.write(work)

    async def outputs(self, job: str) -> Sequence[StoredOutput]:
        """A job's outputs in order."""
        rows = await self._read("SELECT file, output FROM outputs WHERE job = ? ORDER BY position", (job,))
        return [StoredOutput(Output.model_validate_json(row["output"]), row["file"]) for row in rows]

    async def kept(self, job: str, file: str) -> bytes | None:
        """A small output's bytes; None if it is a file of its own, or gone."""
        rows = await self._read("SELECT data FROM outputs WHERE job = ? AND file = ?", (job, file))
        return rows[0]["data"] if rows else None

    # --- purchases

    async def purchase(self, ticket: str) -> JobRecord | None:
        """The purchase of a ticket, by its digest."""
        rows = await self._read("SELECT * FROM jobs WHERE ticket = ? AND kind = 'purchase'", (ticket,))
        return record_of(rows[0]) if rows else None

    async def overdue_purchases(self, before: float) -> Sequence[JobRecord]:
        """Purchases that have not ended, and should have by then."""
        sql = "SELECT * FROM jobs WHERE receipt IS NULL AND kind = 'purchase' AND finish_by < ?"
        return [record_of(row) for row in await self._read(sql, (before,))]

    async def fetched(self, job: str) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Which bytes of which file (by hex SHA-256) went out to a purchase."""
        rows = await self._read("SELECT sha256, spans FROM fetched WHERE job = ?", (job,))
        return {row["sha256"]: [(first, end) for first, end in json.loads(row["spans"])] for row in rows}

    def note_fetched(self, job: str, sha256: str, spans: Sequence[tuple[int, int]]) -> None:
        """More of a file went out; a crash may lose it, and then the buyer says what arrived."""
        self._writer.post(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO fetched VALUES (?, ?, ?)", (job, sha256, json.dumps(spans))
            )
        )

    # --- events

    async def events(self, job: str) -> Sequence[Event]:
        """A job's events so far. One that nobody was told of before it ended has those of its end only."""
        rows = await self._read("SELECT serial, kind, data FROM events WHERE job = ? ORDER BY serial", (job,))
        if rows:
            return [Event(row["serial"], EventKind(row["kind"]), json.loads(row["data"])) for row in rows]
        record = await self.job(job)
        if record is None or not record.ended:
            return []
        last = last_events(record, [stored.output for stored in await self.outputs(job)])
        # Whoever followed it before a restart knows it by smaller numbers.
        return [Event(_SERIAL_GAP + number, *event) for number, event in enumerate(last)][-1 if record.swept else 0 :]

    def note(self, job: str, event: Event) -> None:
        """Keep an event that a crash may lose."""
        self._writer.post(lambda connection: insert_event(connection, job, event))

    async def next_serial(self, job: str) -> int:
        """Where a restarted node goes on counting."""
        rows = await self._read("SELECT max(serial) AS last FROM events WHERE job = ?", (job,))
        return int(rows[0]["last"] or 0) + _SERIAL_GAP

    # --- the outbox

    async def due(self, now: float, limit: int = 16) -> Sequence[Delivery]:
        """Receipts to send now."""
        rows = await self._read(
            "SELECT job, receipt, acknowledgement, outbox.attempts AS attempts, capture_by, "
            "CASE WHEN state = 'delivered' THEN sealing_key END AS sealing_key "
            "FROM outbox JOIN jobs USING (job) WHERE pending AND next_try <= ? ORDER BY next_try LIMIT ?",
            (now, limit),
        )
        return [
            Delivery(
                row["job"],
                json.loads(row["receipt"]),
                json.loads(row["acknowledgement"]) if row["acknowledgement"] else None,
                row["attempts"],
                row["capture_by"],
                row["sealing_key"],
            )
            for row in rows
        ]

    async def next_due(self) -> float | None:
        """When the next receipt is to be sent."""
        rows = await self._read("SELECT min(next_try) AS at FROM outbox WHERE pending")
        return cast("float | None", rows[0]["at"])

    async def delivered(self, *deliveries: Delivery, refused: str | None = None) -> None:
        """The registry took them, or refused them for good. An acknowledgement that came meanwhile stays pending."""
        rows = [(dump(delivery.acknowledgement), refused, delivery.job) for delivery in deliveries]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE outbox SET pending = (acknowledgement IS NOT ?), refused = ?, attempts = 0 WHERE job = ?", rows
            )

        await self._writer.write(work)

    async def send_again(self, since: float, now: float) -> int:
        """Every receipt since then is to be sent once more, what was refused included; answers how many."""

        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "UPDATE outbox SET pending = 1, refused = NULL, attempts = 0, next_try = ? WHERE NOT pending"
                " AND job IN (SELECT job FROM jobs WHERE finished_at >= ?)",
                (now, since),
            ).rowcount

        return await self._writer.write(work)

    async def postpone(self, job: str, until: float) -> None:
        """It could not be sent; try again later."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE outbox SET attempts = attempts + 1, next_try = ? WHERE job = ?", (until, job))

        await self._writer.write(work)

    async def acknowledge(self, job: str, acknowledgement: Mapping[str, Any], now: float) -> None:
        """The buyer acknowledged; the registry is to hear it at once. The first acknowledgement stays."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE outbox SET acknowledgement = ?, pending = 1, next_try = ?, attempts = 0 "
                "WHERE job = ? AND acknowledgement IS NULL",
                (dump(acknowledgement), now, job),
            )

        await self._writer.write(work)

    async def outbox_size(self) -> int:
        """How many receipts wait."""
        return int((await self._read("SELECT count(*) AS n FROM outbox WHERE pending"))[0]["n"])

    # --- retention

    async def with_outputs(self) -> Set[str]:
        """Jobs whose outputs are kept."""
        return {row["job"] for row in await self._read("SELECT job FROM jobs WHERE state = 'delivered' AND NOT swept")}

    async def expired(self, now: float) -> Sequence[str]:
        """Jobs whose outputs may go now."""
        rows = await self._read("SELECT job FROM jobs WHERE retained_until <= ? AND NOT swept", (now,))
        return [row["job"] for row in rows]

    async def swept(self, jobs: Collection[str]) -> None:
        """The files of these jobs' outputs are gone; what is kept here goes. The latest event and the receipt stay."""

        def work(connection: sqlite3.Connection) -> None:
            for job in jobs:
                connection.execute("UPDATE jobs SET swept = 1 WHERE job = ?", (job,))
                connection.execute("UPDATE outputs SET data = NULL WHERE job = ?", (job,))
                connection.execute(
                    "DELETE FROM events WHERE job = ? AND serial < (SELECT max(serial) FROM events WHERE job = ?)",
                    (job, job),
                )

        await self._writer.write(work)

    async def shrink(self) -> None:
        """Give the disk back what was deleted, and leave no older copy of it behind. Harmless if that must wait."""

        def work(connection: sqlite3.Connection) -> None:
            # Each step frees one page and has no columns, which a cursor takes for the end; a script goes on.
            connection.executescript(f"PRAGMA incremental_vacuum({_SHRUNK_PAGES})")
            # The log keeps pages as they were before, until others are written over them.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        with contextlib.suppress(sqlite3.OperationalError):
            await self._writer.aside(work)

    # --- what was measured

    async def measured(self) -> Mapping[str, Measured]:
        """What is known of every package that ever ran here."""
        rows = await self._read("SELECT * FROM packages")
        return {row["package"]: measured_of(row) for row in rows}

    async def used_since(self, moment: float) -> Mapping[str, int]:
        """How many jobs of each package came since then."""
        rows = await self._read(
            "SELECT package, count(*) AS jobs FROM jobs WHERE queued_at >= ? GROUP BY package", (moment,)
        )
        return {row["package"]: row["jobs"] for row in rows}

    def keep_measured(self, measured: Measured) -> None:
        """Keep what was measured of a package; a crash may lose it."""
        self._writer.post(lambda connection: save_measured(connection, measured))

    async def trials(self) -> Sequence[Trial]:
        """Every trial of a package on a device."""
        rows = await self._read("SELECT * FROM trials ORDER BY measured_at")
        return [Trial(**{**dict(row), "figures": json.loads(row["figures"])}) for row in rows]

    def keep_trial(self, trial: Trial) -> None:
        """Keep one, in the place of an older one; a crash may lose it. Those under other circumstances go."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM trials WHERE package = ? AND choice = ? AND circumstances != ?",
                (trial.package, trial.choice, trial.circumstances),
            )
            connection.execute(
                "INSERT OR REPLACE INTO trials (package, choice, circumstances, place, figures, measured_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    trial.package,
                    trial.choice,
                    trial.circumstances,
                    trial.place,
                    dump(trial.figures),
                    trial.measured_at,
                ),
            )

        self._writer.post(work)
