"""SQL of what was earned by day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from artrator_registry.storage import Transaction

#: Written into SQL below, where ruff then suspects what people wrote.
_NET = "gross - fee - royalties - refunded"


def add(
    t: Transaction,
    creator: str,
    day: str,
    listing: str,
    kind: str,
    *,
    runs: int,
    gross: int,
    fee: int = 0,
    royalties: int = 0,
) -> None:
    """Add to a day what came in on it."""
    t.run(
        "INSERT INTO earning_days (creator, day, listing, kind, runs, gross, fee, royalties)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + excluded.runs,"
        " gross = gross + excluded.gross, fee = fee + excluded.fee, royalties = royalties + excluded.royalties",
        (creator, day, listing, kind, runs, gross, fee, royalties),
    )


def change(
    t: Transaction,
    creator: str,
    day: str,
    listing: str,
    kind: str,
    *,
    fee: int = 0,
    royalties: int = 0,
    refunded: int = 0,
    held: int = 0,
) -> None:
    """Change a day on which something came in; what goes back is negative. One statement: its rules bind the sums."""
    t.run(
        "UPDATE earning_days SET fee = fee + ?, royalties = royalties + ?, refunded = refunded + ?, held = held + ?"
        " WHERE creator = ? AND day = ? AND listing = ? AND kind = ?",
        (fee, royalties, refunded, held, creator, day, listing, kind),
    )


def days(t: Transaction, creator: str, since: str, until: str) -> list[Any]:
    """What a creator earned on these days, by listing and kind."""
    return t.rows(
        f"SELECT *, {_NET} AS net FROM earning_days WHERE creator = ? AND day BETWEEN ? AND ?"  # noqa: S608
        " ORDER BY day, listing, kind",
        (creator, since, until),
    )


def maturing(t: Transaction, creator: str, since: str) -> tuple[int, str | None]:
    """What was earned from that day on and is not set aside for a dispute; the first day that has any."""
    row = t.row(
        f"SELECT coalesce(sum({_NET} - held), 0), min(day) FILTER (WHERE {_NET} > held)"  # noqa: S608
        " FROM earning_days WHERE creator = ? AND day >= ?",
        (creator, since),
    )
    return row[0], row[1]


def months(t: Transaction, creator: str, since: str, until: str) -> list[Any]:
    """What a creator earned on these days, by month, listing and kind."""
    return t.rows(
        "SELECT substr(day, 1, 7) AS month, listing, kind, sum(runs) AS runs, sum(gross) AS gross, sum(fee) AS fee,"  # noqa: S608
        f" sum(royalties) AS royalties, sum(refunded) AS refunded, sum({_NET}) AS net, sum(held) AS held"
        " FROM earning_days WHERE creator = ? AND day BETWEEN ? AND ?"
        " GROUP BY month, listing, kind ORDER BY month, listing, kind",
        (creator, since, until),
    )


def differences(t: Transaction) -> Iterator[Any]:
    """Creators and days where the days and the ledger do not agree: on what came in."""
    yield from t.run(
        "SELECT creator, day, sum(told) AS told, sum(really) AS really FROM ("
        " SELECT creator, day, gross AS told, 0 AS really FROM earning_days"
        " UNION ALL SELECT a.owner, date(CAST(x.at AS INTEGER), 'unixepoch'), 0, x.amount"
        " FROM ledger_transfers x JOIN ledger_accounts a ON a.id = x.credit"
        " WHERE a.id = a.owner || '/earnings' AND x.phase IN ('single', 'post')"
        " AND x.kind IN ('order', 'pass', 'purchase', 'royalty')"
        ") GROUP BY creator, day HAVING sum(told) <> sum(really)"
    )


def balances(t: Transaction) -> Iterator[Any]:
    """Creators whose days do not add up to what their ledger account got and kept, paid out or moved, or set aside."""
    yield from t.run(
        "SELECT creator, sum(net) AS net, sum(kept) AS kept, sum(held) AS held, sum(aside) AS aside FROM ("  # noqa: S608
        f" SELECT creator, {_NET} AS net, 0 AS kept, held, 0 AS aside FROM earning_days"
        " UNION ALL SELECT owner, 0, credits_posted - debits_posted, 0, 0 FROM ledger_accounts"
        " WHERE id = owner || '/earnings'"
        # What left the account without being lost: payouts (those that came back too) and transfers to the wallet.
        " UNION ALL SELECT a.owner, 0, x.amount, 0, 0 FROM ledger_transfers x JOIN ledger_accounts a ON a.id = x.debit"
        " WHERE a.id = a.owner || '/earnings' AND x.phase IN ('single', 'post') AND x.kind IN ('payout', 'transfer')"
        " UNION ALL SELECT a.owner, 0, -x.amount, 0, 0 FROM ledger_transfers x"
        " JOIN ledger_accounts a ON a.id = x.credit"
        " WHERE a.id = a.owner || '/earnings' AND x.phase = 'single' AND x.kind = 'payout'"
        " UNION ALL SELECT a.owner, 0, 0, 0, x.amount FROM ledger_transfers x JOIN ledger_accounts a ON a.id = x.debit"
        " WHERE a.id = a.owner || '/earnings' AND x.phase = 'pending' AND x.kind = 'refund'"
        " AND NOT EXISTS (SELECT 1 FROM ledger_transfers r WHERE r.pending = x.id)"
        ") GROUP BY creator HAVING sum(net) <> sum(kept) OR sum(held) <> sum(aside)"
    )
