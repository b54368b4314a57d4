"""Whether the days add up to what the ledger says was earned."""

from __future__ import annotations

from collections.abc import Iterator

from artrator_registry.earnings import store
from artrator_registry.storage import Transaction


def check(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence."""
    for row in store.differences(t):
        yield f"earnings of {row['creator']} on {row['day']}: {row['told']} is told, {row['really']} came in"
    for row in store.balances(t):
        if row["net"] != row["kept"]:
            yield f"earnings of {row['creator']}: the days make {row['net']}, the ledger {row['kept']}"
        if row["held"] != row["aside"]:
            yield f"earnings of {row['creator']}: {row['held']} is told to be set aside, {row['aside']} is"
