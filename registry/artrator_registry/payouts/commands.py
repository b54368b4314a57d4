"""``artrator registry payouts``: paying creators by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from artrator.messages.payouts import SellerProfile
from artrator.money import format_credits
from artrator_registry.admin import Refused, data_option, new_file, read, write
from artrator_registry.cells import credits_, moment, text
from artrator_registry.cells import write as write_cells
from artrator_registry.payouts import service, store
from artrator_registry.recovery import store as recovery
from artrator_registry.storage import Transaction

_HEAD: Final = (
    *("id", "handle", "legal name", "business number", "country", "verified"),
    *("destination", "amount", "requested", "may be taken back", "look"),
)


@click.group()
def payouts() -> None:
    """List payouts, export them, say what became of them."""


@payouts.command("list")
@data_option
@click.option("--state", type=click.Choice(["requested", "sent", "paid", "failed", "cancelled"]), help="Only these.")
def list_payouts(data: Path, state: str | None) -> None:
    """List payouts, oldest first.

    Those to come with how much of each was earned from top-ups that may still be taken back.
    """
    rows = read(data, lambda t: [(each, _risk(t, each)) for each in store.listed(t, state)])
    if not rows:
        click.echo("There are no payouts." if state is None else f"No payout is {state}.")
    for row, risk in rows:
        said = f"  {row['reference']}" if row["reference"] else ""
        said += f"  ({format_credits(risk)} of it may still be taken back from you)" if risk else ""
        click.echo(
            f"{row['id']}  {moment(row['requested_at'])}  {row['state']:<9} {row['rail']:<8} {row['handle']}"
            f"  {format_credits(row['amount'])} credits  {row['destination']}{said}  {row['reason']}".rstrip()
        )


@payouts.command()
@data_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--again", is_flag=True, help="Also those that were exported before and are not marked yet.")
def export(data: Path, file: Path, again: bool) -> None:
    """Write the payouts that you pay by hand to FILE (CSV).

    They are marked as sent: nobody can cancel them now. Pay each, then mark each: mark-paid or mark-failed.
    """
    written = False

    def work(t: Transaction) -> tuple[int, int]:
        nonlocal written
        states = ("requested", "sent") if again else ("requested",)
        rows = [row for state in states for row in store.listed(t, state, service.MANUAL)]
        for row in rows:
            service.sent(t, row["id"])
        # A copy that was put in place knows nothing of what you paid after it was made.
        restored = max((each["served_at"] for each in recovery.restores(t)), default=0.0)
        # Before the commit: what is marked as sent stands in a file, whatever happens in between.
        write_cells(file, _rows([(row, _risk(t, row)) for row in rows], restored))
        written = True
        return len(rows), sum(row["requested_at"] < restored for row in rows)

    try:
        with new_file(file):
            count, doubtful = write(data, work)
    except Refused:
        if written:  # nothing was marked, so the next export has them all: nobody should pay from both files
            file.unlink(missing_ok=True)
        raise
    click.echo(f"{count} payout{'' if count == 1 else 's'} in {file}")
    if doubtful:
        click.echo(
            f"{doubtful} of them were asked for before this registry was restored from a backup:"
            " look at your bank whether you have paid them already.",
            err=True,
        )


@payouts.command("mark-paid")
@data_option
@click.argument("payout")
@click.option("--reference", required=True, help="Of your bank; the creator sees it.")
def mark_paid(data: Path, payout: str, reference: str) -> None:
    """Say that PAYOUT has arrived."""
    row = write(data, lambda t: service.paid(t, payout, reference))
    click.echo(f"{payout} is {row['state']}")


@payouts.command("mark-failed")
@data_option
@click.argument("payout")
@click.option("--reason", required=True, help="The creator sees it.")
def mark_failed(data: Path, payout: str, reason: str) -> None:
    """Say that PAYOUT was not paid, or has come back.

    The creator has the earnings again.
    """
    if not reason.strip():
        raise click.UsageError("Say why it failed.")
    row = write(data, lambda t: service.failed(t, payout, reason))
    click.echo(f"{payout} is {row['state']}")


def _risk(t: Transaction, payout: Any) -> int:
    """What of a payout to come was earned from top-ups that may still be taken back: then it is the operator's loss."""
    if payout["state"] not in ("requested", "sent"):
        return 0
    return min(int(payout["amount"]), store.at_risk(t, payout["account"]))


def _rows(rows: list[tuple[Any, int]], restored: float) -> Iterator[tuple[object, ...]]:
    yield _HEAD
    for row, risk in rows:
        profile = None if row["profile"] is None else SellerProfile.model_validate_json(row["profile"])
        yield (
            row["id"],
            text(row["handle"]),
            text(profile.legal_name if profile else ""),
            text(profile.business_number if profile else ""),
            profile.country if profile else "",
            "yes" if row["seller"] == "verified" else "no",
            text(row["destination"]),
            credits_(row["amount"]),
            moment(row["requested_at"]),
            credits_(risk),
            "paid before the restore?" if row["requested_at"] < restored else "",
        )
