"""``artrator earnings | payout | seller``: what you earn, and how you get it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.table import Table

from artrator.cli._errands import errand
from artrator.cli._session import json_option, print_json, run
from artrator.cli._tables import print_table
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as m
from artrator.money import format_credits, parse_credits
from artrator.profile import write_atomically

_T = TypeVar("_T")


class _Credits(click.ParamType[int]):
    """An amount of credits, read as micro-credits."""

    name = "credits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the amount."""
        try:
            return parse_credits(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _made_once(kind: str, ask: Callable[[RegistryClient, str], Awaitable[_T]], **wish: str | int) -> _T:
    """Ask; if the answer is lost, ask again with the same id, now and by the next command: nothing is moved twice."""

    async def work(client: RegistryClient, made: str) -> _T:
        for _ in range(3):
            try:
                return await ask(client, made)
            except ArtratorError as error:
                if error.code not in (Code.REGISTRY_UNREACHABLE, Code.STORAGE_BUSY):
                    raise
                await asyncio.sleep(1.0)
        return await ask(client, made)

    with errand(kind, **wish) as made:
        return run(lambda client: work(client, made))


@click.group(invoke_without_command=True)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 400), help="How many days to show.")
@json_option
@click.pass_context
def earnings(context: click.Context, days: int, as_json: bool) -> None:
    """Show what you earned by day, and what of it you can have."""
    if context.invoked_subcommand is not None:
        return
    today = datetime.now(UTC).date()
    since = today - timedelta(days=days - 1)
    found = run(lambda client: client.earnings(since.isoformat(), today.isoformat()))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _print_days(found.days)
    click.echo(
        f"{format_credits(found.available)} credits available, {format_credits(found.maturing)} maturing", nl=False
    )
    if found.next_matures_at is not None:
        click.echo(f" (next on {time.strftime('%Y-%m-%d', time.localtime(found.next_matures_at))})", nl=False)
    click.echo(f", {format_credits(found.pending)} when buyers confirm")
    click.echo(f"{format_credits(found.requested)} credits asked for, {format_credits(found.paid)} paid out so far")


@earnings.command("spend")
@click.argument("amount", type=_Credits())
@json_option
def spend(amount: int, as_json: bool) -> None:
    """Move AMOUNT credits of your earnings to your wallet. They cannot be moved back."""
    balance = _made_once("transfer", lambda client, made: client.move_earnings(made, amount), amount=amount)
    if as_json:
        print_json(balance.model_dump(mode="json"))
        return
    click.echo(f"You can spend {format_credits(balance.available)} credits.")


@earnings.command("statement")
@click.argument("year", type=click.IntRange(2000, 9998))
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write it for a spreadsheet.")
@json_option
def statement(year: int, file: Path | None, as_json: bool) -> None:
    """Show what you earned and were paid in YEAR, for your tax return."""
    if file is not None:
        write_atomically(file, run(lambda client: client.earnings_statement_csv(year)).encode())
        click.echo(str(file))
        return
    found = run(lambda client: client.earnings_statement(year))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = _table("month", "listing", "kind", "runs", "gross", "fee", "royalties", "refunded", "net")
    for entry in found.entries:
        table.add_row(entry.month, entry.listing, entry.kind, str(entry.runs), *_amounts(entry))
    table.add_row(str(year), "", "", "", *_amounts(found))
    print_table(table)
    if found.vat_base is not None and found.vat is not None:
        click.echo(f"VAT base {format_credits(found.vat_base)}, VAT in it {format_credits(found.vat)}")
    click.echo(f"{format_credits(found.paid)} credits were paid out in {len(found.payouts)} payouts", nl=False)
    click.echo("." if found.complete else f"; {year} is not over yet, so this may change.")


@click.group()
def payout() -> None:
    """Have your earnings paid out."""


@payout.command("request")
@click.argument("amount", type=_Credits())
@click.option("--to", "destination", required=True, help="Where to: what the rail needs, such as a bank account.")
@click.option("--rail", default="manual", show_default=True, help="How; manual is paid by the operator's hand.")
@json_option
def request(amount: int, destination: str, rail: str, as_json: bool) -> None:
    """Ask for AMOUNT credits of your earnings."""
    asked = m.PayoutRequest(amount=amount, rail=rail, destination=destination)
    made = _made_once(
        "payout", lambda client, payout: client.request_payout(payout, asked), **asked.model_dump(mode="json")
    )
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    click.echo(_line(made))


@payout.command("list")
@json_option
def list_payouts(as_json: bool) -> None:
    """List your payouts, newest first, and when they are asked for."""
    found = run(lambda client: client.payouts())
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for each in found.items:
        click.echo(_line(each))
    click.echo(f"The least that is paid out is {format_credits(found.minimum)} credits. {_when(found.schedule)}")


@payout.command("cancel")
@click.argument("payout_id", metavar="PAYOUT")
def cancel(payout_id: str) -> None:
    """Take back PAYOUT, as long as it was not sent."""
    click.echo(_line(run(lambda client: client.cancel_payout(payout_id))))


@payout.command("schedule")
@click.argument("every", type=click.Choice(["hand", "week", "month"]))
@click.option("--to", "destination", default="", help="Where to.")
@click.option("--rail", default="manual", show_default=True, help="How.")
@click.option("--minimum", type=_Credits(), default="0", show_default=True, help="Wait until so much is available.")
def schedule(every: str, destination: str, rail: str, minimum: int) -> None:
    """Ask for everything available each week (Monday) or month (the first), UTC; or by hand only."""
    wanted = m.PayoutSchedule.model_validate(
        {"every": every, "minimum": minimum, "rail": rail, "destination": destination}
    )
    click.echo(_when(run(lambda client: client.set_payout_schedule(wanted))))


@click.group()
def seller() -> None:
    """Say who sells, as tax law asks; needed to sell licences."""


@seller.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show who you sell as, and whether the operator has verified it."""
    found = run(lambda client: client.seller())
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _print_seller(found)


@seller.command("set")
@click.option("--legal-name", required=True, help="Of the person or the company.")
@click.option("--country", required=True, help="Two letters, such as KR.")
@click.option("--representative", default="", help="Who speaks for a company.")
@click.option("--address", default="", help="Of the seat or the home, as it stands on letters.")
@click.option("--email", default="", help="Where buyers and the operator reach you.")
@click.option("--business-number", default="", help="In Korea the business registration number.")
@click.option("--vat/--no-vat", "vat_registered", default=False, help="Whether your prices contain VAT you declare.")
@click.option("--vat-number", default="", help="Outside Korea, where there is one.")
@json_option
def set_seller(as_json: bool, **fields: Any) -> None:
    """Say who sells. What changes is verified again."""
    if not re.fullmatch("[A-Za-z]{2}", fields["country"]):
        raise click.UsageError("--country: two letters, such as KR.")
    profile = m.SellerProfile(**{**fields, "country": fields["country"].upper()})
    found = run(lambda client: client.set_seller(profile))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _print_seller(found)


def _print_days(days: Sequence[m.EarningDay]) -> None:
    if not days:
        click.echo("Nothing was earned on these days.")
        return
    table = _table("day", "listing", "kind", "runs", "gross", "fee", "royalties", "refunded", "net")
    for day in days:
        table.add_row(day.day, day.listing, day.kind, str(day.runs), *_amounts(day))
    print_table(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        right = column in ("runs", "gross", "fee", "royalties", "refunded", "net")
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    return table


def _amounts(row: m.EarningDay | m.EarningsStatement | m.StatementEntry) -> Sequence[str]:
    return [format_credits(amount) for amount in (row.gross, row.fee, row.royalties, row.refunded, row.net)]


def _line(payout: m.Payout) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(payout.requested_at))
    why = f"  {payout.reference or payout.reason}".rstrip()
    return f"{when}  {payout.id}  {payout.state.value:<9} {format_credits(payout.amount)} credits by {payout.rail}{why}"


def _when(schedule: m.PayoutSchedule) -> str:
    if schedule.every == "hand":
        return "Payouts are asked for by hand."
    above = f" of at least {format_credits(schedule.minimum)} credits" if schedule.minimum else ""
    return f"A payout{above} by {schedule.rail} to {schedule.destination} is asked for every {schedule.every}."


def _print_seller(seller: m.Seller) -> None:
    if seller.profile is None:
        click.echo("You have not said who sells: artrator seller set.")
        return
    profile = seller.profile
    number = profile.business_number or profile.vat_number or "no number"
    click.echo(f"{profile.legal_name}, {profile.country}, {number}: {seller.state.value} {seller.reason}".rstrip())
