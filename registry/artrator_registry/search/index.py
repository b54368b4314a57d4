"""Keeping the full-text index in step with listings, in the same transaction."""

from __future__ import annotations

import json
from typing import Any

from artrator.package import from_validated
from artrator_registry.search.terms import indexed
from artrator_registry.storage import Transaction


def put(t: Transaction, listing_id: int) -> None:
    """Index what a listing shows now."""
    row = t.row(
        "SELECT l.name, a.handle, a.display_name, v.card, v.manifest FROM listings l"
        " JOIN versions v ON v.id = l.version JOIN accounts a ON a.id = l.creator WHERE l.id = ?",
        (listing_id,),
    )
    facts: dict[str, Any] = json.loads(row["card"])
    manifest = from_validated(row["manifest"])
    texts = (
        " ".join([row["name"].replace("-", " "), *facts["title"].values()]),
        f"{row['handle']} {row['display_name']}",
        " ".join([facts["task"].replace("-", " "), *facts["tags"]]),
        " ".join(facts["summary"].values()),
        " ".join([*manifest.description.values(), facts["license"], manifest.backend]),
    )
    t.run("DELETE FROM search WHERE rowid = ?", (listing_id,))
    t.run(
        "INSERT INTO search (rowid, title, creator, tags, summary, body) VALUES (?, ?, ?, ?, ?, ?)",
        (listing_id, *(indexed(text) for text in texts)),
    )
