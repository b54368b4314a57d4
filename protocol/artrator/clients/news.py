"""What a buyer hears of a paid job, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from artrator.documents import Receipt
from artrator.messages.node import Output
from artrator.messages.registry import PaidBy


class Stage(StrEnum):
    """Where a paid job is; ``lost`` is a node that does not answer and is asked again, ``found`` says that it does."""

    ORDERED = "ordered"
    QUEUED = "queued"
    STARTED = "started"
    PROGRESS = "progress"
    PREVIEW = "preview"
    LOST = "lost"
    FOUND = "found"
    FETCHING = "fetching"
    DONE = "done"


@dataclass(frozen=True)
class Delivered:
    """One output that arrived whole."""

    output: Output
    data: bytes


@dataclass(frozen=True)
class Result:
    """A delivered job: outputs, and the signed papers that go with them.

    Attributes:
        ordered: How many pictures were ordered, where they are counted; fewer may have come, and only they are charged.
    """

    order: str
    listing: str
    node: str
    outputs: Sequence[Delivered]
    receipt: Receipt
    receipt_document: Mapping[str, Any]
    acknowledgement_document: Mapping[str, Any]
    descriptor_document: Mapping[str, Any]
    charged: int
    settled: bool
    paid_by: PaidBy = "credits"
    ordered: int | None = None

    @property
    def missing(self) -> int:
        """How many of the pictures that were ordered were not made; ``receipt.error`` says why."""
        return 0 if self.ordered is None else max(0, self.ordered - len(self.outputs))


@dataclass(frozen=True)
class Update:
    """News of a job. Only what the stage has is set; seconds are estimates.

    Attributes:
        position: Jobs ahead in the node's queue.
        preview: A small JPEG.
    """

    stage: Stage
    order: str
    node: str = ""
    position: int | None = None
    expected_seconds: float | None = None
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    runtime: str = ""
    preview: bytes | None = None
    result: Result | None = None
