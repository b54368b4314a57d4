"""Listings as search results: facts of the version, its samples, its price, and how warm its nodes are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from artrator.messages import registry as m
from artrator_registry.listings import store
from artrator_registry.nodes import store as nodes
from artrator_registry.storage import Transaction

_WARMEST = (m.NodeState.WARM, m.NodeState.LOADING, m.NodeState.COLD)


def cards(t: Transaction, rows: Sequence[Any], online_seconds: float) -> list[m.ListingCard]:
    """The cards of versions (rows of ``store.current``), in their order."""
    if not rows:
        return []
    samples = store.samples(t, [row["version_id"] for row in rows])
    # By owner too: only the creator's nodes count, whoever else claims to have the package.
    states: dict[tuple[str, str], dict[str, int]] = {}
    for state in nodes.states(t, [row["package"] for row in rows], t.now - online_seconds):
        states.setdefault((state["package"], state["owner"]), {})[state["state"]] = state["nodes"]
    return [_card(t, row, samples[row["version_id"]], states.get((row["package"], row["creator"]), {})) for row in rows]


def _card(t: Transaction, row: Any, blobs: Sequence[str], states: dict[str, int]) -> m.ListingCard:
    facts = json.loads(row["card"])
    return m.ListingCard(
        listing=row["listing"],
        title=facts["title"],
        summary=facts["summary"],
        task=facts["task"],
        creator=row["handle"],
        creator_name=row["display_name"],
        version=row["version"],
        package=row["package"],
        license=facts["license"],
        commercial=facts["commercial"],
        tags=facts["tags"],
        samples=[f"/v1/samples/{blob}" for blob in blobs],
        price=store.offer(t, row["version_id"])["price"],
        state=next((state for state in _WARMEST if states.get(state.value)), m.NodeState.OFFLINE),
        nodes=sum(states.get(state.value, 0) for state in _WARMEST),
        runs=row["runs"],
        published_at=row["published_at"],
    )
