"""Messages of a node's HTTP API.

A job is sent by ``PUT /v1/jobs/{id}`` as JSON (``JobRequest``); one with files as ``multipart/form-data``: that JSON
as its first part, ``job``, and one part for each file that an input refers to. ``Prefer: wait=30, outputs`` answers
with the end of the job, its outputs as further parts of ``multipart/mixed``; ``Accept: text/event-stream`` answers
with its events.

In ``inputs`` a file stands as ``{"sha256": "<hex>", "size": n, "media_type": "image/png"}`` and its part is named by
that digest; ``images`` inputs are lists of those. The same JSON (``package`` and ``inputs``) is what the salted
request digest covers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from artrator._pydantic import Field, field_validator
from artrator.canonical import canonical_json
from artrator.messages._base import Message, Request


class FileRef(Request):
    """A file input by digest."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1, le=2**53)]
    media_type: str


class JobBody(Request):
    """What the buyer wants; the digest in the ticket covers exactly this, canonically written."""

    package: str
    inputs: Mapping[str, Any]
    #: How images come back.
    format: Literal["png", "jpeg", "webp"] = "png"

    @field_validator("inputs")
    @classmethod
    def _can_be_digested(cls, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """NaN, infinity and half a character have no canonical form, so no digest could cover them."""
        try:
            canonical_json(inputs)
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError("it holds something that JSON cannot say") from error
        return inputs


class JobRequest(Request):
    """The ``job`` part of ``PUT /v1/jobs/{id}``."""

    ticket: str
    salt: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]  # 32 bytes, base64url
    body: JobBody


class JobState(StrEnum):
    """``queued -> running -> delivered | failed | cancelled``."""

    QUEUED = "queued"
    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Output(Message):
    """One finished file; fetch it at ``GET /v1/jobs/{id}/outputs/{index}``."""

    index: int
    name: str
    media_type: str
    sha256: str
    size: int
    width: int | None = None
    height: int | None = None


class Job(Message):
    """``GET /v1/jobs/{id}`` and the answer to PUT. ``position`` counts jobs ahead; seconds are estimates.

    A job that failed or was cancelled after it had finished some of its pictures is ``delivered`` with those, and
    ``error`` says why they are not all.
    """

    job: str
    state: JobState
    position: int | None = None
    expected_seconds: float | None = None
    done: int = 0
    total: int = 0
    outputs: Sequence[Output] = ()
    receipt: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    retained_until: float | None = None


class EventKind(StrEnum):
    """Events of ``GET /v1/jobs/{id}/events`` (SSE; ids count up from 1 and resume by Last-Event-ID).

    Data, each a JSON object:

    - ``queued``    position, expected_seconds
    - ``started``   node, runtime
    - ``progress``  done, total, seconds_left
    - ``preview``   serial (fetch ``GET /v1/jobs/{id}/preview``: a JPEG of at most 320 px, always the newest)
    - ``output``    an ``Output``
    - ``done``      the ``Job`` with its receipt
    - ``failed``    the error's ``code message cure details``, and ``receipt``
    - ``cancelled`` ``receipt``
    """

    QUEUED = "queued"
    STARTED = "started"
    PROGRESS = "progress"
    PREVIEW = "preview"
    OUTPUT = "output"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: The headers that open a package's files: the ticket of a purchase, or a licence (its JSON in base64url).
TICKET_HEADER: Final = "Artrator-Ticket"
LICENCE_HEADER: Final = "Artrator-Licence"


class PackageFile(Message):
    """One file of a package; fetch it at ``GET /v1/packages/{package}/files/{sha256}``, whole or in one range."""

    name: str
    sha256: str
    size: int


class PackageFiles(Message):
    """``GET /v1/packages/{package}``: the signed list of files. ``signature`` is ``model.sig``, parsed.

    Opened by the ticket of a purchase or by a licence, with a proof of possession whose ``body`` is the hex SHA-256 of
    that header. To a ticket the files are sent ``sealed`` (see ``artrator.sealing``), and their ranges are those of the
    sealed files; ``GET /v1/packages/{package}/tables/{sha256}`` is the table of one, 32 bytes for each chunk.
    ``PUT /v1/packages/{package}/fetched`` with a ticket says that all of it arrived, and answers with the ``Job`` of
    the purchase and its receipt.
    """

    package: str
    files: Sequence[PackageFile]
    signature: Mapping[str, Any]
    sealed: bool = False


class WorkerHealth(Message):
    """One worker of a package: what it computes on, and what really computes there.

    Attributes:
        device: Such as ``cuda:1``, ``gpu:0 by tensorrt, fp16`` or ``cpu, 4 threads``.
        provider: As its runtime calls it, such as ``CUDAExecutionProvider``; empty where that is not known.
        card_bytes: What it takes of a card's memory, measured or guessed; 0 on the processor.
    """

    device: str
    provider: str = ""
    state: str
    running: int = 0
    memory_bytes: int = 0
    card_bytes: int = 0
    error: str | None = None


class PackageHealth(Message):
    """One package on a node.

    Attributes:
        workers: Several where the node has several devices and jobs waited.
        memory_bytes: Of the host, while it is loaded; ``shared_bytes`` of them are files that its workers map together.
        load_seconds: From cold to warm, as it was measured last; 0 before it was.
        pinned: It never leaves memory for another.
    """

    package: str
    name: str
    version: str
    title: Mapping[str, str]
    state: str
    backend: str
    runtime: str = ""
    memory_bytes: int = 0
    shared_bytes: int = 0
    load_seconds: float = 0.0
    pinned: bool = False
    jobs_done: int = 0
    jobs_failed: int = 0
    run_seconds: float = 0.0
    queued: int = 0
    running: int = 0
    #: Jobs that a worker of the package takes at once, so that their steps go together; 0 where that is not known.
    seats: int = 0
    error: str | None = None
    #: The code of ``error``, for programs that say it in another language.
    error_code: str | None = None
    workers: Sequence[WorkerHealth] = ()


class HoldHealth(Message):
    """Why a node takes nothing new: ``paused program hours temperature power card_memory``, and until when if known."""

    kind: str
    #: To everybody the kind in words; to programs on the node's own machine what it is about.
    reason: str
    until: float | None = None
    #: To programs on the node's own machine, so that they can say the reason in their own language; all optional:
    #: ``program`` and the ``mib`` of the card that it took; ``part`` (``card processor``), ``value``, ``limit`` and
    #: ``again`` of a ceiling, in degrees Celsius, watts or MiB; ``error``, the code of a pause that cannot be read.
    facts: Mapping[str, str | float] = {}


class CardHealth(Message):
    """A graphics card as its sensors tell it; None is what they do not tell. Degrees Celsius, watts, bytes."""

    name: str
    temperature: float | None = None
    power: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    #: For how much of the time, from 0 to 1, it has computed anything lately.
    busy: float | None = None


class RuleHealth(Message):
    """A rule that the owner set, by the name of its setting in ``node.toml``."""

    name: str
    #: What was set, as texts (``hours``, ``pause_for``) or one number in the setting's unit.
    values: Sequence[str | float]
    #: The same for a person, in English.
    words: str
    #: For ``hours``: whose clock is meant; empty is the machine's own.
    timezone: str = ""


class MachineHealth(Message):
    """What only programs on the node's own machine are told: its sensors, and the owner's rules."""

    cards: Sequence[CardHealth] = ()
    processor_temperature: float | None = None
    owner_rules: Sequence[RuleHealth] = ()
    #: When the owner's hours begin or end next, and whether it is within them now.
    hours_change_at: float | None = None
    hours_open: bool = True
    upload_mbit: float = 0.0
    download_mbit: float = 0.0


class Advice(Message):
    """A spoken warning, so that programs can say it in another language.

    Attributes:
        code: What it is about; the codes and their facts are in ``docs/reference/node.md``. There may be new ones.
        message: The sentence, in English.
        facts: What the sentence names. ``error`` is the code of an error that is behind it.
    """

    code: str
    message: str
    facts: Mapping[str, str | float] = {}


class Health(Message):
    """``GET /v1/health``: public; says nothing of any job's content."""

    node: str
    name: str
    version: str
    state: Literal["serving", "draining", "starting"]
    registry: str
    registry_reached_at: float | None
    device: str
    queued: int
    running: int
    outbox: int
    packages: Sequence[PackageHealth]
    #: Spoken warnings: what this platform lacks, what fell back.
    warnings: Sequence[str] = ()
    #: The same, in the same order, with their codes; empty from nodes that know none.
    advice: Sequence[Advice] = ()
    started_at: float
    #: Set while the owner's rules hold the node still.
    hold: HoldHealth | None = None
    machine: MachineHealth | None = None
