"""SQL of plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from artrator.documents import Plan
from artrator_registry.storage import Transaction

_TERMS = (
    "SELECT p.plan, x.*, a.handle, a.display_name FROM plans p JOIN plan_terms x ON x.digest = p.terms"
    " JOIN accounts a ON a.id = p.creator"
)


def current(t: Transaction, plan: str) -> Any:
    """The newest terms of a plan, withdrawn or not, or None."""
    return t.row(f"{_TERMS} WHERE p.plan = ?", (plan,))


def sold(t: Transaction, creator: str | None, limit: int) -> list[Any]:
    """Plans that can be bought, of one creator (an account's id) or of all, cheapest first."""
    whose, parameters = ("", ()) if creator is None else (" AND p.creator = ?", (creator,))
    return t.rows(
        f"{_TERMS} WHERE x.withdrawn = 0{whose} ORDER BY x.price, p.plan LIMIT ?",  # both are written here
        (*parameters, limit),
    )


def count(t: Transaction, creator: str) -> int:
    """How many plans a creator ever had."""
    return int(t.row("SELECT count(*) FROM plans WHERE creator = ?", (creator,))[0])


def put(t: Transaction, plan: str, creator: str, terms: Plan, document: Mapping[str, Any], digest: str) -> None:
    """New terms of a plan."""
    t.run(
        "INSERT INTO plan_terms (digest, plan, creator, document, title, listings, price, allowance, period_days,"
        " withdrawn, issued_at, published_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            digest,
            plan,
            creator,
            json.dumps(document),
            json.dumps(dict(terms.title), ensure_ascii=False),
            json.dumps(list(terms.listings)),
            terms.price,
            terms.allowance,
            terms.period_days,
            int(terms.withdrawn),
            terms.issued_at,
            t.now,
        ),
    )
    t.run(
        "INSERT INTO plans (plan, creator, terms) VALUES (?, ?, ?) ON CONFLICT (plan) DO UPDATE SET terms = ?",
        (plan, creator, digest, digest),
    )


def forget(t: Transaction, digest: str) -> None:
    """Delete terms that no plan has any more and under which nobody ever bought a pass."""
    t.run(
        "DELETE FROM plan_terms WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM passes WHERE terms = digest)", (digest,)
    )
