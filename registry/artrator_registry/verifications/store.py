"""SQL of verifiers and verifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from artrator_registry.storage import Transaction

#: Older looks than this many are not listed; they stay in the table.
_MOST: Final = 500
_ROW: Final = (
    "SELECT v.*, a.handle, n.descriptor FROM verifications v JOIN accounts a ON a.id = v.verifier"
    " JOIN nodes n ON n.id = v.node"
)


def is_verifier(t: Transaction, account: str) -> bool:
    """Whether the operator named this account."""
    return t.row("SELECT 1 FROM verifiers WHERE account = ?", (account,)) is not None


def add_verifier(t: Transaction, account: str) -> None:
    """The operator names an account; harmless if it is one."""
    t.run("INSERT OR IGNORE INTO verifiers (account, added_at) VALUES (?, ?)", (account, t.now))


def remove_verifier(t: Transaction, account: str) -> bool:
    """The operator takes the name back; answers whether it was one."""
    return t.run("DELETE FROM verifiers WHERE account = ?", (account,)).rowcount > 0


def verifiers(t: Transaction) -> list[Any]:
    """Named accounts with their handles, the longest named first."""
    return t.rows("SELECT v.*, a.handle FROM verifiers v JOIN accounts a ON a.id = v.account ORDER BY v.added_at")


def verification(t: Transaction, name: str) -> Any:
    """One look, or None."""
    return t.row(f"{_ROW} WHERE v.id = ?", (name,))


def add(t: Transaction, values: Sequence[object]) -> None:
    """Somebody is let at a package."""
    t.run(
        "INSERT INTO verifications (id, body, verifier, creator, listing, package, node, ticket, at, until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tuple(values),
    )


def seen(t: Transaction, account: str) -> list[Any]:
    """Looks at an account's packages and those that it asked for, newest first."""
    return t.rows(f"{_ROW} WHERE v.creator = ?1 OR v.verifier = ?1 ORDER BY v.at DESC, v.id LIMIT {_MOST}", (account,))


def withdrawn(t: Transaction, creator: str) -> list[str]:
    """Looks at a creator's packages that would still last, and whose verifier was removed."""
    rows = t.rows(
        "SELECT id FROM verifications WHERE creator = ? AND until > ? AND verifier <> creator"
        " AND verifier NOT IN (SELECT account FROM verifiers)",
        (creator, t.now),
    )
    return [row["id"] for row in rows]
