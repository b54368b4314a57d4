"""A job as the widgets see it: a frozen value, replaced whole whenever there is news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

from artrator_desktop.state.payment import Budget
from artrator_desktop.state.phase import Failure
from artrator_desktop.state.store import Database
from artrator_desktop.state.store.images import ImageRecord

if TYPE_CHECKING:
    from artrator.local import OwnedPackage
    from artrator.messages.registry import Listing


class JobPhase(StrEnum):
    """Where a job is.

    ``waiting``: here, until earlier ones have gone out; nothing is held yet.
    ``stalled``: it was ordered, but the registry or the disk does not answer; it is taken up again.
    """

    WAITING = "waiting"
    PREPARING = "preparing"
    QUEUED = "queued"
    RUNNING = "running"
    FETCHING = "fetching"
    STALLED = "stalled"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Money(StrEnum):
    """What happened to the money of a job."""

    NONE = "none"
    HELD = "held"
    RELEASED = "released"
    PAID = "paid"


ENDED = frozenset({JobPhase.DONE, JobPhase.FAILED, JobPhase.CANCELLED})


@dataclass(frozen=True)
class JobRequest:
    """All that is needed to buy one run: the one value that crosses from the form to the queue.

    Attributes:
        inputs: Values by input name; what is missing gets its default, seeds are drawn.
        files: Bytes of image inputs by name; a list for ``images``.
        price: The most that this run may cost, in micro-credits: never more is held.
        kept: The model on this computer that is to make it, or None to buy the run.
        budget: What all runs of the press may cost together: what the button showed.
        source: The local file of the first image input, or an empty text.
        expected: How many pictures this run makes.
    """

    listing: Listing
    title: str
    inputs: Mapping[str, object]
    files: Mapping[str, bytes | Sequence[bytes]]
    price: int
    source: str = ""
    expected: int = 1
    budget: Budget | None = None
    kept: OwnedPackage | None = None


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        id: The desktop's own name of it; ``order`` may change when another node is asked.
        batch: Jobs that one press of the button started share it.
        position: Jobs ahead at the node.
        expected_seconds, seconds_left: Estimates of the node.
        hold: Micro-credits that are held while it runs; ``charged`` is what it cost in the end.
        paid_by: ``credits``, ``free``, ``own``, ``pass`` or ``here``; an empty text until it is ordered.
        inputs: As asked, then as completed (with the seed that was drawn).
        images: Its pictures, once they are saved; ``expected`` says how many there will be.
        texts: What it said in words, if its outputs are texts; they are saved beside the pictures.
        missing: How many pictures that were ordered could not be made; they were not charged.
        lost: Its node does not answer, and is asked again.
        resumed: It was ordered before the application was closed or killed.
    """

    id: str
    batch: str
    listing: str
    version: str
    title: str
    task: str
    cover: str
    phase: JobPhase
    hold: int
    inputs: Mapping[str, Any]
    created_at: float
    order: str = ""
    node: str = ""
    runtime: str = ""
    position: int | None = None
    expected_seconds: float | None = None
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    preview: QImage | None = None
    money: Money = Money.NONE
    charged: int = 0
    images: Sequence[ImageRecord] = ()
    texts: Sequence[str] = ()
    missing: int = 0
    lost: bool = False
    failure: Failure | None = None
    cancelling: bool = False
    resumed: bool = False
    source: str = ""
    expected: int = 1
    paid_by: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.phase in ENDED

    @property
    def unanswered(self) -> bool:
        """Whether it is at a node that does not answer."""
        return self.lost and self.phase in (JobPhase.QUEUED, JobPhase.RUNNING)

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.phase in (JobPhase.FETCHING, JobPhase.DONE):
            return 1.0
        return min(self.done / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True)
class Places:
    """Where finished pictures and their thumbnails go."""

    pictures: Path
    cache: Path
    database: Database
