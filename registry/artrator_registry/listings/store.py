"""SQL of listings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from artrator_registry.listings.models import CheckedPublication
from artrator_registry.storage import Transaction

_VERSION = (
    "SELECT l.id AS listing_id, l.listing, l.creator, l.runs, v.id AS version_id, v.version, v.package, v.manifest,"
    " v.signature, v.card, v.published_at, a.handle, a.display_name, a.public_key"
    " FROM listings l JOIN versions v ON v.listing = l.id JOIN accounts a ON a.id = l.creator"
)


def current(t: Transaction, listing: str) -> Any:
    """The newest version of a listing, or None."""
    return t.row(f"{_VERSION} WHERE l.listing = ? AND v.id = l.version", (listing,))


def version(t: Transaction, listing: str, version: str) -> Any:
    """One version of a listing, or None."""
    return t.row(f"{_VERSION} WHERE l.listing = ? AND v.version = ?", (listing, version))


def versions(t: Transaction, listing_id: int) -> list[Any]:
    """Every version of a listing, latest published first."""
    return t.rows(
        "SELECT id, version, package, published_at FROM versions WHERE listing = ? ORDER BY id DESC", (listing_id,)
    )


def offer(t: Transaction, version_id: int) -> Any:
    """The offer that counts for a version."""
    return t.row(
        "SELECT digest, document, issued_at, price FROM offers WHERE version = ? ORDER BY issued_at DESC, rowid DESC",
        (version_id,),
    )


def offer_at(t: Transaction, version_id: int, when: float) -> Any:
    """The offer that counted for a version then, or None if it was not on sale yet."""
    return t.row(
        "SELECT digest, document FROM offers WHERE version = ? AND published_at <= ?"
        " ORDER BY issued_at DESC, rowid DESC",
        (version_id, when),
    )


def offer_by_digest(t: Transaction, digest: str) -> Any:
    """Any offer that was ever published."""
    return t.row("SELECT * FROM offers WHERE digest = ?", (digest,))


def samples(t: Transaction, version_ids: Sequence[int]) -> dict[int, list[str]]:
    """The blobs of versions' samples, in order."""
    marks = ",".join("?" * len(version_ids))
    found: dict[int, list[str]] = {version_id: [] for version_id in version_ids}
    for row in t.rows(
        f"SELECT version, blob FROM samples WHERE version IN ({marks}) ORDER BY version, place",  # noqa: S608  # marks only
        version_ids,
    ):
        found[row["version"]].append(row["blob"])
    return found


def by_name(t: Transaction, listing: str) -> Any:
    """A listing's own row, or None."""
    return t.row("SELECT * FROM listings WHERE listing = ?", (listing,))


def add_listing(t: Transaction, listing: str, creator: str, name: str) -> int:
    """A new listing; answers its number."""
    cursor = t.run(
        "INSERT INTO listings (listing, creator, name, published_at) VALUES (?, ?, ?, ?)",
        (listing, creator, name, t.now),
    )
    return int(cursor.lastrowid or 0)


def add_version(t: Transaction, listing_id: int, checked: CheckedPublication, card: object) -> int:
    """A new version; answers its number."""
    cursor = t.run(
        "INSERT INTO versions (listing, version, package, manifest, signature, card, published_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            listing_id,
            checked.manifest.version,
            checked.package,
            checked.manifest.text,
            json.dumps(checked.signature),
            json.dumps(card, ensure_ascii=False),
            t.now,
        ),
    )
    return int(cursor.lastrowid or 0)


def add_offer(t: Transaction, version_id: int, checked: CheckedPublication) -> None:
    """A new offer for a version."""
    t.run(
        "INSERT INTO offers (digest, version, document, issued_at, price, published_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            checked.offer_digest,
            version_id,
            json.dumps(checked.offer_document),
            checked.offer.issued_at,
            checked.price,
            t.now,
        ),
    )


def set_samples(t: Transaction, version_id: int, samples: Sequence[tuple[str, str]]) -> None:
    """The samples of a version: (file, blob), in order."""
    t.run("DELETE FROM samples WHERE version = ?", (version_id,))
    for place, (file, blob) in enumerate(samples):
        t.run("INSERT INTO samples (version, place, file, blob) VALUES (?, ?, ?, ?)", (version_id, place, file, blob))


def set_current(t: Transaction, listing_id: int, version_id: int, task: str, price: int, tags: Sequence[str]) -> None:
    """Which version a listing shows, and what it is searched by."""
    t.run(
        "UPDATE listings SET version = ?, task = ?, price = ?, published_at ="
        " (SELECT published_at FROM versions WHERE id = ?) WHERE id = ?",
        (version_id, task, price, version_id, listing_id),
    )
    t.run("DELETE FROM tags WHERE listing = ?", (listing_id,))
    for tag in dict.fromkeys(tags):
        t.run("INSERT INTO tags (listing, tag) VALUES (?, ?)", (listing_id, tag))


def count(t: Transaction) -> int:
    """How many listings there are."""
    return int(t.row("SELECT count(*) FROM listings")[0])


def count_run(t: Transaction, listing: str) -> None:
    """One more paid run."""
    t.run("UPDATE listings SET runs = runs + 1 WHERE listing = ?", (listing,))
