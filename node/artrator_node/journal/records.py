"""The rows of the journal as frozen values. None of them holds a prompt, an input or an output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from artrator.messages.node import EventKind, JobState, Output

#: States that nothing leaves any more.
ENDED = frozenset({JobState.DELIVERED, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True)
class JobRecord:
    """One job.

    Attributes:
        job: The order's id.
        buyer: The buyer's account id, from the ticket.
        cnf: The buyer's public key, encoded: it signs every request about this job.
        ticket: Digest of the ticket's signed part.
        request: The salted request digest.
        image_format: ``png``, ``jpeg`` or ``webp``.
        attempts: How often a worker has started on it.
        error: The error's ``code message cure details``.
        retained_until: When the outputs go.
        kind: ``run``, or ``purchase``, which never runs: its files are fetched.
        paid_by: As the ticket says: ``credits``, ``pass``, ``free`` or ``own``.
        sealing_key: Of a purchase: what its files are sealed with, in hex.
    """

    job: str
    state: JobState
    package: str
    offer: str
    listing: str
    buyer: str
    cnf: str
    ticket: str
    request: str
    measures: Mapping[str, int]
    image_format: str
    finish_by: float
    capture_by: float
    queued_at: float
    started_at: float | None = None
    finished_at: float | None = None
    attempts: int = 0
    runtime: str = ""
    error: Mapping[str, Any] | None = None
    receipt: Mapping[str, Any] | None = None
    retained_until: float | None = None
    swept: bool = False
    kind: str = "run"
    paid_by: str = "credits"
    sealing_key: str | None = field(default=None, repr=False)

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state in ENDED


@dataclass(frozen=True)
class Event:
    """One event of a job, numbered from 1."""

    serial: int
    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredOutput:
    """An output and its file's name in the job's output folder; ``data`` of a small one, which the journal keeps."""

    output: Output
    file: str
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Ending:
    """Everything that becomes true at once when a job ends."""

    job: str
    state: JobState
    finished_at: float
    receipt: Mapping[str, Any]
    retained_until: float
    runtime: str = ""
    error: Mapping[str, Any] | None = None
    outputs: Sequence[StoredOutput] = ()


@dataclass(frozen=True)
class Delivery:
    """A receipt on its way to the registry."""

    job: str
    receipt: Mapping[str, Any]
    acknowledgement: Mapping[str, Any] | None
    attempts: int
    capture_by: float
    #: Of a purchase that was delivered: the sealing key, in hex.
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Measured:
    """What was measured of a package; it outlives a restart.

    Attributes:
        memory_bytes: Of a worker's own.
        shared_bytes: Of files that all workers of the package map.
        learnt: Of its batches and of jobs side by side, as ``engine.estimates`` writes it; empty before any run.
    """

    package: str
    memory_bytes: int = 0
    load_seconds: float = 0.0
    run_seconds: float = 0.0
    seconds_per_work: float = 0.0
    jobs_done: int = 0
    jobs_failed: int = 0
    shared_bytes: int = 0
    learnt: str = ""


@dataclass(frozen=True)
class Trial:
    """What one package gave on one way to compute it.

    Attributes:
        choice: The way in words.
        circumstances: Runtime, device and driver under which it holds.
        place: The device in words.
        figures: Numbers and words, as JSON has them.
    """

    package: str
    choice: str
    circumstances: str
    place: str
    figures: Mapping[str, Any]
    measured_at: float
