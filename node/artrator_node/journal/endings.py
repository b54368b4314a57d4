"""What a job's end is told as: its last events, which follow from its record and its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from artrator.messages.node import EventKind, JobState, Output
from artrator_node.journal.records import JobRecord


def last_events(
    record: JobRecord, outputs: Sequence[Output], *, done: int = 0, total: int = 0
) -> Sequence[tuple[EventKind, Mapping[str, Any]]]:
    """Kind and data of each, in order.

    Args:
        record: A job that has ended.
        outputs: What was delivered.
        done: How far it came.
        total: Of how much.
    """
    if record.state is JobState.CANCELLED:
        return [(EventKind.CANCELLED, {"receipt": record.receipt})]
    if record.state is JobState.FAILED:
        return [(EventKind.FAILED, {**(record.error or {}), "receipt": record.receipt})]
    listed = [output.model_dump(mode="json") for output in outputs]
    data = {
        "job": record.job,
        "state": record.state.value,
        "done": done,
        "total": total,
        "outputs": listed,
        "receipt": record.receipt,
        "error": record.error,
        "retained_until": record.retained_until,
    }
    return [*((EventKind.OUTPUT, each) for each in listed), (EventKind.DONE, data)]
