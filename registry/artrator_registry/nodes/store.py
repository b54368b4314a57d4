"""SQL of nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from artrator.documents import NodeDescriptor
from artrator.messages import registry as m
from artrator_registry.storage import Transaction


def node(t: Transaction, node: str) -> Any:
    """A node, or None."""
    return t.row("SELECT * FROM nodes WHERE id = ?", (node,))


def put(t: Transaction, owner: str, descriptor: NodeDescriptor, document: Mapping[str, Any]) -> None:
    """Register a node, or renew its descriptor."""
    t.run(
        "INSERT INTO nodes (id, owner, name, descriptor, issued_at, expires_at, receipt_key, registered_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
        " descriptor = excluded.descriptor, issued_at = excluded.issued_at, expires_at = excluded.expires_at",
        (
            descriptor.node,
            owner,
            descriptor.name,
            json.dumps(document),
            descriptor.issued_at,
            descriptor.expires_at,
            descriptor.receipt_key,
            t.now,
        ),
    )


def count_since(t: Transaction, owner: str, since: float) -> int:
    """How many nodes of an account are new or were heard of since then."""
    row = t.row(
        "SELECT count(*) FROM nodes WHERE owner = ? AND max(registered_at, coalesce(seen_at, 0)) > ?", (owner, since)
    )
    return int(row[0])


def seen(t: Transaction, node: str, beat: m.Heartbeat) -> None:
    """A heartbeat."""
    t.run(
        "UPDATE nodes SET seen_at = ?, accepting = ?, accepting_from = ?, queued = ?, version = ? WHERE id = ?",
        (
            t.now,
            int(beat.accepting),
            None if beat.accepting else beat.accepting_from,
            min(max(beat.queued, 0), 10**6),
            beat.version[:80],
            node,
        ),
    )
    _set_packages(t, node, beat.packages)


def set_back(t: Transaction, latest: float) -> None:
    """Nodes that were heard of later than that were heard of before the clock was set back: they must be heard anew.

    Without it they would be online until it is that late again, whether they are there or not.
    """
    t.run("UPDATE nodes SET seen_at = ? WHERE seen_at > ?", (t.now, latest))


def _set_packages(t: Transaction, node: str, packages: Sequence[m.PackageState]) -> None:
    told = {p.package: (p.state.value, p.expected_wait, p.load_seconds, p.run_seconds) for p in packages}
    known = {
        row["package"]: (row["state"], row["expected_wait"], row["load_seconds"], row["run_seconds"])
        for row in t.rows("SELECT * FROM node_packages WHERE node = ?", (node,))
    }
    for package in known.keys() - told.keys():
        t.run("DELETE FROM node_packages WHERE node = ? AND package = ?", (node, package))
    for package, state in told.items():
        if known.get(package) != state:
            t.run("INSERT OR REPLACE INTO node_packages VALUES (?, ?, ?, ?, ?, ?)", (node, package, *state))


def serving(t: Transaction, package: str, creator: str) -> list[Any]:
    """Every node of its creator that said it has a package, whether it is online or not.

    Found by the creator's nodes, which are few: anybody may say of theirs that they have a package which many buy.
    """
    return t.rows(
        "SELECT n.id, n.name, n.owner, n.descriptor, n.expires_at, n.seen_at, n.accepting, n.accepting_from, n.queued,"
        " p.state, p.expected_wait, p.load_seconds, p.run_seconds"
        " FROM nodes n CROSS JOIN node_packages p ON p.node = n.id AND p.package = ? WHERE n.owner = ?",
        (package, creator),
    )


def online(t: Transaction, since: float, limit: int) -> list[Any]:
    """Nodes that were heard of since then."""
    return t.rows(
        "SELECT n.id, n.name, n.owner, n.descriptor, n.expires_at, n.seen_at, n.accepting, n.queued,"
        " 'cold' AS state, 0.0 AS expected_wait, 0.0 AS load_seconds, 0.0 AS run_seconds"
        " FROM nodes n WHERE n.seen_at > ? ORDER BY n.seen_at DESC LIMIT ?",
        (since, limit),
    )


def count_online(t: Transaction, since: float) -> int:
    """How many nodes were heard of since then."""
    return int(t.row("SELECT count(*) FROM nodes WHERE seen_at > ?", (since,))[0])


def states(t: Transaction, packages: Sequence[str], since: float) -> list[Any]:
    """For each of the packages: in which states how many online nodes of which owner have it."""
    marks = ",".join("?" * len(packages))
    return t.rows(
        "SELECT p.package, n.owner, p.state, count(*) AS nodes FROM node_packages p JOIN nodes n ON n.id = p.node"  # noqa: S608  # only marks
        f" WHERE p.package IN ({marks}) AND n.seen_at > ? AND n.accepting = 1 AND n.expires_at > ?"
        " GROUP BY p.package, n.owner, p.state",
        (*packages, since, t.now),
    )


def taken_back(t: Transaction, creator: str, limit: int) -> list[str]:
    """Purchases of a creator's packages that were refunded, newest first: their licences open nothing any more."""
    rows = t.rows(
        "SELECT id FROM orders WHERE creator = ? AND kind = 'purchase' AND state = 'refunded'"
        " ORDER BY serial DESC LIMIT ?",
        (creator, limit),
    )
    return [row["id"] for row in rows]
