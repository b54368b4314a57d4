"""``artrator registry topups | forgive``: what the operator sees and decides of money that came in."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import click

from artrator.money import format_credits
from artrator_registry.admin import data_option, read, write
from artrator_registry.cells import moment
from artrator_registry.rails.debts import forgive as write_off
from artrator_registry.storage import Transaction


@click.command()
@data_option
@click.option("--all", "everything", is_flag=True, help="Every top-up, not only those that want to be looked at.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="How many to list.")
def topups(data: Path, everything: bool, limit: int) -> None:
    """List top-ups that want to be looked at.

    Their money does not fit, or was taken back; and how much may still be taken back in all. Times are UTC.
    """
    from artrator.cli.topup import price

    rows, strays, risk = read(data, lambda t: (_topups(t, everything, limit), _strays(t), _at_risk(t)))
    for row in strays:
        click.echo(
            f"{moment(row['seen_at'])}  {row['topup'][:64]}  {row['rail']:<8} not known here:"
            f" {price(row['charge'], row['currency'])} in {row['payment']},"
            " paid after the backup that this registry was restored from?"
        )
    for row in rows:
        line = f"{moment(row['created_at'])}  {row['id']}  {row['rail']:<8} {row['state']:<12} {row['handle']:<16}"
        line += f" {format_credits(row['amount'])} credits for {price(row['charge'], row['currency'])}"
        if row["taken_back"]:
            line += f", {format_credits(row['taken_back'])} taken back"
        click.echo(line + (f" ({row['reason']})" if row["reason"] else ""))
        for seen in json.loads(row["evidence"] or "[]"):
            click.echo(
                f"    {seen['problem']}: the provider says {price(seen['charge'], seen['currency'])}"
                f" in {seen['payment']}; credited to nobody. Refund it there, or grant the difference."
            )
    if not rows and not strays:
        click.echo("There are no top-ups." if everything else "No top-up wants to be looked at; --all lists every one.")
    click.echo(f"{format_credits(risk)} credits may still be taken back", err=True)


@click.command()
@data_option
@click.argument("handle")
@click.option("--note", default="", help="Stands on the account's statement.")
def forgive(data: Path, handle: str, note: str) -> None:
    """Write off what the account with this handle owes.

    It is the operator's loss.
    """
    amount = write(data, lambda t: write_off(t, handle, note, str(uuid.uuid4())))
    click.echo(f"{format_credits(amount)} credits of {handle} were written off" if amount else f"{handle} owes nothing")


def _topups(t: Transaction, everything: bool, limit: int) -> list[Any]:
    return t.rows(
        "SELECT p.*, a.handle FROM topups p JOIN accounts a ON a.id = p.account"
        " WHERE ? OR p.evidence IS NOT NULL OR p.taken_back > 0 ORDER BY p.serial DESC LIMIT ?",
        (everything, limit),
    )


def _strays(t: Transaction) -> list[Any]:
    return t.rows("SELECT * FROM rail_strays ORDER BY seen_at DESC LIMIT 100")


def _at_risk(t: Transaction) -> int:
    row = t.row(
        "SELECT coalesce(sum(amount - taken_back), 0) FROM topups WHERE state = 'paid' AND risk_release_at > ?",
        (t.now,),
    )
    return int(row[0])
