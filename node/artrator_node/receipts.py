"""Receipts: what the node signs of a job that has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from artrator.documents import OutputDigest, Receipt, Seal
from artrator.keys import PrivateKey
from artrator.messages.node import JobState, Output
from artrator_node.journal import JobRecord

_OUTCOMES: Mapping[JobState, Literal["delivered", "failed", "cancelled"]] = {
    JobState.DELIVERED: "delivered",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}


def sign_receipt(
    key: PrivateKey,
    record: JobRecord,
    state: JobState,
    *,
    finished_at: float,
    runtime: str = "",
    error: str | None = None,
    outputs: Sequence[Output] = (),
    measures: Mapping[str, int] | None = None,
    sealed: Seal | None = None,
) -> dict[str, Any]:
    """The signed receipt of a job. Only a delivered one has outputs and measures, so only it can cost anything.

    Args:
        key: The node's.
        record: The job.
        state: How it ended.
        finished_at: When.
        runtime: What computed it.
        error: The code of a failure; of a delivered job, why it is less than what was ordered.
        outputs: What is delivered.
        measures: What a part of the order measures; None stands for all of it.
        sealed: Of a purchase: what was sent, and by which key it is opened.
    """
    delivered = state is JobState.DELIVERED
    return Receipt(
        node=key.id,
        order=record.job,
        ticket=record.ticket,
        package=record.package,
        request=record.request,
        outcome=_OUTCOMES[state],
        outputs=[
            OutputDigest(name=output.name, media_type=output.media_type, sha256=output.sha256, size=output.size)
            for output in outputs
        ],
        measures=(record.measures if measures is None else measures) if delivered else {},
        runtime=runtime,
        error=error,
        sealed=sealed,
        queued_at=record.queued_at,
        started_at=record.started_at,
        finished_at=finished_at,
    ).sign(key)
