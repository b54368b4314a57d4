"""``artrator registry statement``: what stands in an account, and every line of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import click

from artrator.money import format_credits
from artrator_registry import cells
from artrator_registry.admin import data_option, new_file, read
from artrator_registry.ledger import books
from artrator_registry.ledger.service import COLUMNS, as_cells
from artrator_registry.storage import Transaction


@click.command()
@data_option
@click.argument("account", required=False)
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a new file instead.")
def statement(data: Path, account: str | None, file: Path | None) -> None:
    """Show what stands in your accounts, or each line of one.

    ACCOUNT is one of yours, or HANDLE, HANDLE/earnings or HANDLE/debt; its lines come oldest first, with times in UTC.
    Without ACCOUNT: what stands in each account of yours.
    """
    if account is None:
        if file is not None:
            raise click.UsageError("Name the account whose lines are to be written.")
        read(data, _show_accounts)
    elif file is None:
        read(data, lambda t: _show(t, account))
    else:
        with new_file(file):
            count = read(data, lambda t: _write(t, account, file))
        click.echo(f"{count} line{'' if count == 1 else 's'} in {file}")


def _show_accounts(t: Transaction) -> None:
    for row in books.standing(t):
        waiting = f", {format_credits(row['pending'])} waiting" if row["pending"] else ""
        click.echo(f"{row['account']:<24} {format_credits(row['balance']):>16} credits{waiting}")


def _show(t: Transaction, account: str) -> None:
    empty = True
    for line in books.lines(t, account):
        empty = False
        order = f"  order {line.order}" if line.order else ""
        click.echo(
            f"{cells.moment(line.at)}  {format_credits(line.amount):>14}  {format_credits(line.balance):>14}"
            f"  {line.text}  ({line.counterparty}){order}"
        )
    if empty:
        click.echo(f"Nothing has moved in {account} yet.")


def _write(t: Transaction, account: str, file: Path) -> int:
    rows = (as_cells(line) for line in books.lines(t, account))
    return cells.write(file, itertools.chain([COLUMNS], rows)) - 1
