"""What is no difference and yet needs an explanation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from artrator.documents import Receipt
from artrator_registry.cells import moment
from artrator_registry.recovery import store
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction

#: What was released longer ago than this is settled between its two sides.
_LATE_SECONDS: Final = 90 * 86_400.0


def explain(t: Transaction, settings: Settings) -> Iterator[str]:
    """Sentences for the operator."""
    for row in store.restores(t):
        yield (
            f"this registry was restored from a copy of {moment(row['copied_at'])} and served since"
            f" {moment(row['served_at'])}: what happened in between is known to nodes, buyers and rails only;"
            " before you pay anything out, compare what is requested with what your bank has paid"
        )
    for row in store.strays(t):
        yield (
            f"order {row['order_id']}: the node {row['node']} {_did(row['outcome'])} it on"
            f" {moment(row['finished_at'])}, and nobody here knows it: its buyer was not charged, its creator not paid"
        )
    for row in store.silent(t, t.now - settings.online_seconds, t.now - settings.grace):
        heard = f"was last heard of on {moment(row['seen_at'])}" if row["seen_at"] else "was never heard of"
        yield f"order {row['id']} waits for the node {row['node']}, which {heard}, until {moment(row['capture_by'])}"
    for row in store.late(t, t.now - _LATE_SECONDS):
        outcome = Receipt.peek(json.loads(row["late_receipt"])).outcome
        yield (
            f"order {row['id']} was released on {moment(row['ended_at'])} ({row['reason']}); its node said afterwards"
            f" that it {_did(outcome)} it: its buyer was not charged"
        )


def _did(outcome: str) -> str:
    return {"delivered": "delivered", "failed": "failed at"}.get(outcome, "gave up")
