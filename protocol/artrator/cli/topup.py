"""``artrator topup | topups``: buy credits through a rail of the registry, and see what was bought."""

from __future__ import annotations

import asyncio
import importlib.util
import time
import webbrowser

import click

from artrator.cli._errands import errand
from artrator.cli._session import json_option, print_json, run
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages import rails as rm
from artrator.money import format_credits, parse_credits

#: How often it is asked whether the money came; a card takes half a minute, Lightning a second.
_ASK_SECONDS = 2.0
#: Currencies without a hundredth: what is charged in them is whole units.
_WHOLE = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "sat", "ugx", "vnd", "vuv"}
) | {
    "xaf",
    "xof",
    "xpf",
}


@click.command()
@click.argument("rail", required=False)
@click.argument("amount", required=False)
@click.option("--no-browser", is_flag=True, help="Print the address of the payment page instead of opening it.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is paid.")
@json_option
def topup(rail: str | None, amount: str | None, no_browser: bool, no_wait: bool, as_json: bool) -> None:
    """Buy AMOUNT credits through RAIL. Without either, list the rails of the registry."""
    if rail is None:
        _list_rails(as_json)
        return
    try:
        credits_ = parse_credits(amount or "")
    except ValueError as error:
        raise click.UsageError(
            str(error) if amount else "How many credits? For example: artrator topup stripe 20"
        ) from error
    request = rm.TopUpRequest(rail=rail, amount=credits_)
    done = run(lambda client: _buy(client, request, quiet=as_json, browser=not no_browser, wait=not no_wait))
    if as_json:
        print_json(done.model_dump(mode="json"))
    elif done.state is rm.TopUpState.PAID:
        click.echo(f"Paid: {format_credits(done.amount)} credits added.")
    elif done.state is not rm.TopUpState.OPEN:
        raise ArtratorError(
            Code.CREDITS_INSUFFICIENT, f"The top-up is {done.state}. {done.reason}".strip(), cure="Start a new one."
        )


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="How many to show.")
@json_option
def topups(limit: int, as_json: bool) -> None:
    """List your top-ups, newest first."""
    page = run(lambda client: client.topups(limit=limit))
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    if not page.items:
        click.echo("There are no top-ups yet. `artrator topup` lists the ways to buy credits.")
    for each in page.items:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.created_at))
        line = f"{when}  {each.id}  {each.rail:<8} {each.state.value:<12} {format_credits(each.amount)} credits"
        line += f" for {price(each.charge, each.currency)}"
        if each.taken_back:
            line += f", {format_credits(each.taken_back)} taken back"
        click.echo(line + (f" ({each.reason})" if each.reason else ""))


def price(charge: int, currency: str) -> str:
    """Minor units as people write them: 1250 eur -> '12.50 EUR', 500 krw -> '500 KRW', 21 sat -> '21 sat'."""
    if currency == "sat":
        return f"{charge:,} sat"
    if currency in _WHOLE:
        return f"{charge:,} {currency.upper()}"
    return f"{charge // 100:,}.{charge % 100:02d} {currency.upper()}"


def _list_rails(as_json: bool) -> None:
    rails = run(lambda client: client.rails(), signed=False)
    if as_json:
        print_json([each.model_dump(mode="json") for each in rails])
        return
    for each in rails:
        line = f"{each.name:<10} {each.title.get('en', each.name)}"
        if each.rate:
            line += f": {format_credits(each.minimum)} to {format_credits(each.maximum)} credits"
            line += f", one for {price(-(-1_000_000 // each.rate), each.currency)}"
        click.echo(line)
    if not any(each.rate for each in rails):
        click.echo("This registry sells no credits. Its operator gives them: artrator redeem CODE.")


async def _buy(client: RegistryClient, request: rm.TopUpRequest, *, quiet: bool, browser: bool, wait: bool) -> rm.TopUp:
    with errand("topup", rail=request.rail, amount=request.amount) as topup:
        found = await client.top_up(topup, request)
    if not quiet:
        click.echo(f"{format_credits(found.amount)} credits for {price(found.charge, found.currency)}.")
    _show(found, quiet=quiet, browser=browser)
    while wait and found.state is rm.TopUpState.OPEN:
        await asyncio.sleep(_ASK_SECONDS)
        try:
            found = await client.topup(topup)
        except ArtratorError as problem:
            if problem.code is not Code.REGISTRY_UNREACHABLE:  # it may be back in a moment; the payment counts anyway
                raise
    return found


def _show(found: rm.TopUp, *, quiet: bool, browser: bool) -> None:
    """Where to pay. What programs read stays clean: for them, the address is said on standard error."""
    if found.page is not None:
        opened = browser and found.page.startswith("https://") and webbrowser.open(found.page)
        if not opened or quiet:
            click.echo(f"Pay here: {found.page}", err=quiet)
        else:
            click.echo("Pay in the browser. Waiting …")
    elif found.invoice is not None:
        if not quiet and importlib.util.find_spec("segno") is not None:
            import segno

            segno.make(f"lightning:{found.invoice}".upper(), error="L", micro=False).terminal(compact=True)
        click.echo(found.invoice, err=quiet)
