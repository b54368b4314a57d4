"""The journal's tables. Migrations are never edited; a change is a new one."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("artrator-node-journal")


@migrations()
def m001_create_journal(db: Database) -> None:
    """The first form: jobs, events, outputs, the outbox, and what was measured of packages."""
    for statement in _JOBS, _OPEN_JOBS, _EVENTS, _OUTPUTS, _OUTBOX, _DUE, _PACKAGES, _ENDED_STAYS:
        db.execute(statement)


@migrations()
def m002_keep_purchases(db: Database) -> None:
    """A purchase is a job of its own kind: nothing runs, and what went out of each file is remembered."""
    db.execute("ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'run' CHECK (kind IN ('run', 'purchase'))")
    for statement in _FETCHED, _TICKETS:
        db.execute(statement)


@migrations()
def m003_keep_shared_memory(db: Database) -> None:
    """Memory that workers of a package share is counted once, and so apart from what each has of its own."""
    db.execute("ALTER TABLE packages ADD COLUMN shared_bytes INTEGER NOT NULL DEFAULT 0")


@migrations()
def m004_remember_trials(db: Database) -> None:
    """What each package gave on each device, so that a restart need not measure it again."""
    db.execute(_TRIALS)


@migrations()
def m005_remember_batches_and_payment(db: Database) -> None:
    """How a job is paid decides its place in the queue; what was learnt of batches, how many jobs go side by side."""
    db.execute("ALTER TABLE jobs ADD COLUMN paid_by TEXT NOT NULL DEFAULT 'credits'")
    db.execute("ALTER TABLE packages ADD COLUMN learnt TEXT NOT NULL DEFAULT ''")


@migrations()
def m006_keep_sealing_keys(db: Database) -> None:
    """The key of a purchase is written down before anything that it sealed goes out, or a restart would lose it all."""
    db.execute("ALTER TABLE jobs ADD COLUMN sealing_key TEXT")


@migrations()
def m007_keep_small_outputs(db: Database) -> None:
    """What is small is committed with its job's end, without a file, a folder and their syncs."""
    db.execute("ALTER TABLE outputs ADD COLUMN data BLOB")


_JOBS = """
CREATE TABLE jobs (
    job TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'delivered', 'failed', 'cancelled')),
    package TEXT NOT NULL,
    offer TEXT NOT NULL,
    listing TEXT NOT NULL,
    buyer TEXT NOT NULL,
    cnf TEXT NOT NULL,
    ticket TEXT NOT NULL,
    request TEXT NOT NULL,
    measures TEXT NOT NULL,
    image_format TEXT NOT NULL,
    finish_by REAL NOT NULL,
    capture_by REAL NOT NULL,
    queued_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    runtime TEXT NOT NULL DEFAULT '',
    error TEXT,
    receipt TEXT,
    retained_until REAL,
    swept INTEGER NOT NULL DEFAULT 0,
    CHECK ((state IN ('queued', 'running')) = (receipt IS NULL))
) STRICT, WITHOUT ROWID
"""
_OPEN_JOBS = "CREATE INDEX jobs_open ON jobs (queued_at) WHERE receipt IS NULL"
_EVENTS = """
CREATE TABLE events (
    job TEXT NOT NULL REFERENCES jobs (job) ON DELETE CASCADE,
    serial INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (job, serial)
) STRICT, WITHOUT ROWID
"""
_OUTPUTS = """
CREATE TABLE outputs (
    job TEXT NOT NULL REFERENCES jobs (job) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    file TEXT NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID
"""
_OUTBOX = """
CREATE TABLE outbox (
    job TEXT PRIMARY KEY REFERENCES jobs (job),
    acknowledgement TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL,
    pending INTEGER NOT NULL DEFAULT 1,
    refused TEXT
) STRICT, WITHOUT ROWID
"""
_DUE = "CREATE INDEX outbox_due ON outbox (next_try) WHERE pending"
_PACKAGES = """
CREATE TABLE packages (
    package TEXT PRIMARY KEY,
    memory_bytes INTEGER NOT NULL DEFAULT 0,
    load_seconds REAL NOT NULL DEFAULT 0,
    run_seconds REAL NOT NULL DEFAULT 0,
    seconds_per_work REAL NOT NULL DEFAULT 0,
    jobs_done INTEGER NOT NULL DEFAULT 0,
    jobs_failed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID
"""
# ``spans`` is JSON: [[first byte, byte after the last], ...], in order and without touching each other.
_FETCHED = """
CREATE TABLE fetched (
    job TEXT NOT NULL REFERENCES jobs (job) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    spans TEXT NOT NULL,
    PRIMARY KEY (job, sha256)
) STRICT, WITHOUT ROWID
"""
_TICKETS = "CREATE INDEX jobs_purchases ON jobs (ticket) WHERE kind = 'purchase'"
# A job has one end and one receipt: money hangs on it, so the database refuses a second one.
_ENDED_STAYS = """
CREATE TRIGGER jobs_end_once BEFORE UPDATE OF state, receipt ON jobs
WHEN old.receipt IS NOT NULL AND (new.state IS NOT old.state OR new.receipt IS NOT old.receipt)
BEGIN SELECT RAISE(ABORT, 'the job has ended'); END
"""
# ``figures`` is JSON; circumstances are runtime, device and driver: under others the row says nothing.
_TRIALS = """
CREATE TABLE trials (
    package TEXT NOT NULL,
    choice TEXT NOT NULL,
    circumstances TEXT NOT NULL,
    place TEXT NOT NULL,
    figures TEXT NOT NULL,
    measured_at REAL NOT NULL,
    PRIMARY KEY (package, choice, circumstances)
) STRICT, WITHOUT ROWID
"""
