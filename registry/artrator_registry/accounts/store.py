"""SQL of accounts, sessions and API keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from artrator_registry.storage import Transaction

#: API keys that are listed. Each that was ever made stays in the table, because orders name it.
_MOST: Final = 500


def by_id(t: Transaction, account: str) -> Any:
    """An account by id."""
    return t.row("SELECT * FROM accounts WHERE id = ?", (account,))


def by_key(t: Transaction, public_key: str) -> Any:
    """An account by its public key."""
    return t.row("SELECT * FROM accounts WHERE public_key = ?", (public_key,))


def by_handle(t: Transaction, handle: str) -> Any:
    """An account by its handle."""
    return t.row("SELECT * FROM accounts WHERE handle = ?", (handle,))


def add(t: Transaction, account: str, handle: str, display_name: str, public_key: str) -> None:
    """A new account."""
    t.run(
        "INSERT INTO accounts (id, handle, display_name, public_key, created_at) VALUES (?, ?, ?, ?, ?)",
        (account, handle, display_name, public_key, t.now),
    )


def add_session(t: Transaction, digest: bytes, account: str, expires_at: float) -> None:
    """A new session."""
    t.run("INSERT INTO sessions (digest, account, expires_at) VALUES (?, ?, ?)", (digest, account, expires_at))


def session(t: Transaction, digest: bytes) -> Any:
    """A session and its account, unless it has ended."""
    return t.row(
        "SELECT a.id, a.handle, a.public_key, s.expires_at FROM sessions s JOIN accounts a ON a.id = s.account"
        " WHERE s.digest = ? AND s.expires_at > ?",
        (digest, t.now),
    )


def forget_sessions(t: Transaction) -> None:
    """Delete sessions that have ended."""
    t.run("DELETE FROM sessions WHERE expires_at <= ?", (t.now,))


def add_api_key(
    t: Transaction,
    key: str,
    account: str,
    digest: bytes,
    label: str,
    scopes: Sequence[str],
    spending_limit: int | None,
    expires_at: float | None,
) -> None:
    """A new API key."""
    t.run(
        "INSERT INTO api_keys (id, account, digest, label, scopes, spending_limit, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (key, account, digest, label, json.dumps(list(scopes)), spending_limit, t.now, expires_at),
    )


def api_key_by_digest(t: Transaction, digest: bytes) -> Any:
    """An API key and its account, unless it was revoked or has ended."""
    return t.row(
        "SELECT k.id AS api_key, k.scopes, a.id, a.handle, a.public_key"
        " FROM api_keys k JOIN accounts a ON a.id = k.account"
        " WHERE k.digest = ? AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)",
        (digest, t.now),
    )


def count_api_keys(t: Transaction, account: str) -> int:
    """How many API keys of an account are neither revoked nor ended."""
    row = t.row(
        "SELECT count(*) FROM api_keys WHERE account = ? AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > ?)",
        (account, t.now),
    )
    return int(row[0])


def api_keys(t: Transaction, account: str) -> list[Any]:
    """The API keys of an account, newest first: those that count, and the latest of those that were revoked."""
    return t.rows(
        "SELECT * FROM (SELECT * FROM api_keys WHERE account = ? ORDER BY revoked_at IS NOT NULL, created_at DESC, id"
        " LIMIT ?) ORDER BY created_at DESC, id",
        (account, _MOST),
    )


def api_key(t: Transaction, key: str) -> Any:
    """An API key by id."""
    return t.row("SELECT * FROM api_keys WHERE id = ?", (key,))


def revoke(t: Transaction, key: str) -> None:
    """End an API key; the first time counts."""
    t.run("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (t.now, key))


def spend(t: Transaction, key: str, amount: int) -> None:
    """Count what an API key spent; a negative amount gives it back."""
    t.run("UPDATE api_keys SET spent = spent + ? WHERE id = ?", (amount, key))
