"""A year's earnings as a CSV file, in whole credits with their decimals, for whoever does the taxes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from artrator.money import MICRO

if TYPE_CHECKING:
    from artrator.messages.payouts import EarningsStatement


def as_csv(statement: EarningsStatement) -> str:
    """The statement: what it is of, what each listing earned by month, the sums, and what was paid out."""
    text = io.StringIO()
    rows = csv.writer(text)
    profile = statement.profile
    rows.writerows(
        [
            ["year", statement.year],
            ["zone", statement.zone],
            ["registry", _safe(statement.registry)],
            ["creator", _safe(statement.creator)],
            ["legal name", _safe(profile.legal_name) if profile is not None else ""],
            ["business number", _safe(profile.business_number) if profile is not None else ""],
            ["verified", "yes" if statement.verified else "no"],
            ["complete", "yes" if statement.complete else "no"],
            ["made at", _moment(statement.made_at)],
            [],
            ["month", "listing", "kind", "runs", "gross", "fee", "royalties", "refunded", "net"],
        ]
    )
    for entry in statement.entries:
        amounts = (entry.gross, entry.fee, entry.royalties, entry.refunded, entry.net)
        rows.writerow([entry.month, _safe(entry.listing), entry.kind, entry.runs, *map(_credits, amounts)])
    whole = (statement.gross, statement.fee, statement.royalties, statement.refunded, statement.net)
    rows.writerow(["total", "", "", "", *map(_credits, whole)])
    if statement.vat is not None and statement.vat_base is not None:
        rows.writerow(["without VAT", _credits(statement.vat_base), "VAT", _credits(statement.vat)])
    rows.writerows([[], ["paid out", "payout", "rail", "reference", "amount"]])
    for payout in statement.payouts:
        paid = (_moment(payout.at), payout.id, _safe(payout.rail), _safe(payout.reference), _credits(payout.amount))
        rows.writerow(paid)
    rows.writerow(["total", "", "", "", _credits(statement.paid)])
    return text.getvalue()


def _credits(micro: int) -> str:
    """Without commas between thousands, which a spreadsheet would take for text."""
    sign, rest = ("-" if micro < 0 else ""), abs(micro)
    return f"{sign}{rest // MICRO}.{rest % MICRO:06d}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _safe(words: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words
