"""``artrator passes`` and ``artrator pass``: what one may run without paying for each run."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click
from rich.table import Table

from artrator.cli._errands import errand
from artrator.cli._prices import agree, read_max_price
from artrator.cli._session import json_option, print_json, run
from artrator.cli._tables import print_table
from artrator.cli.search import label
from artrator.clients._patience import patiently
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages import products as p
from artrator.money import format_credits

#: A registry that does not answer is asked again for so long; the same id makes that harmless.
_REACH_SECONDS = 20.0


@click.command()
@json_option
def passes(as_json: bool) -> None:
    """Show your passes and what is left of them, those in force first."""
    found = run(lambda client: client.passes())
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    if not found:
        click.echo("You have no pass. `artrator plan list` shows those that are sold.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("pass", "state", "until", "renews"):
        table.add_column(column, no_wrap=True)
    table.add_column("left of", justify="right")
    table.add_column("id")
    for each in found:
        left = f"{format_credits(_left(each))} of {format_credits(each.allowance)}"
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.period_until))
        table.add_row(each.plan, each.state.value, until, "yes" if each.renew else "no", left, each.id)
    print_table(table)


@click.group("pass")
def a_pass() -> None:
    """Buy a pass, and have it renew itself or not."""


@a_pass.command()
@click.argument("plan")
@click.option("--renew", is_flag=True, help="Renew it when its period ends, if the credits are there.")
@click.option("--max-price", metavar="CREDITS", help="Refuse to pay more than this for a period.")
@click.option("--yes", is_flag=True, help="Buy without asking.")
@json_option
def buy(plan: str, renew: bool, max_price: str | None, yes: bool, as_json: bool) -> None:
    """Buy a pass of PLAN, such as atelier/all.

    It is worth so many credits of runs in each period, for one price.
    """
    limit = read_max_price(max_price)

    async def work(client: RegistryClient) -> p.Pass:
        terms = await _find(client, plan)
        if limit is not None and terms.price > limit:
            raise ArtratorError(
                Code.PRICE_ABOVE_CAP,
                f"This costs {format_credits(terms.price)} credits, more than the {format_credits(limit)} you allow.",
            )
        agree(describe(terms), terms.split, yes=yes or as_json or limit is not None)
        request = p.PassRequest(plan=terms.plan, max_price=terms.price, renew=renew)
        with errand("pass", **request.model_dump(mode="json")) as number:
            return await patiently(lambda: client.buy_pass(number, request), seconds=_REACH_SECONDS)

    _say(run(work), as_json)


@a_pass.command("renew")
@click.argument("which", metavar="PASS")
@json_option
def renew_pass(which: str, as_json: bool) -> None:
    """Have PASS (its id, or its plan) renew itself when its period ends."""
    _say(run(lambda client: _change(client, which, renew=True)), as_json)


@a_pass.command()
@click.argument("which", metavar="PASS")
@json_option
def stop(which: str, as_json: bool) -> None:
    """Let PASS (its id, or its plan) end with its period."""
    _say(run(lambda client: _change(client, which, renew=False)), as_json)


def describe(plan: p.Plan) -> str:
    """A plan in a line."""
    scope = ", ".join(plan.listings) if plan.listings else f"everything of {plan.creator}"
    return (
        f"{plan.plan}: {format_credits(plan.price)} credits for {plan.period_days} days; runs worth up to "
        f"{format_credits(plan.allowance)} credits of {scope}"
    )


async def _find(client: RegistryClient, name: str) -> p.Plan:
    creator, _, _ = name.partition("/")
    for plan in await client.plans(creator=creator):
        if plan.plan == name:
            return plan
    raise ArtratorError(Code.PLAN_UNKNOWN, f"There is no pass {name} to be bought.")


async def _change(client: RegistryClient, which: str, *, renew: bool) -> p.Pass:
    found: Sequence[p.Pass] = await client.passes()
    for each in found:
        if each.id == which or (each.plan == which and each.state is p.PassState.ACTIVE):
            return await client.change_pass(each.id, renew)
    raise ArtratorError(Code.PASS_UNKNOWN, f"You have no pass {which} that is in force.")


def _say(bought: p.Pass, as_json: bool) -> None:
    if as_json:
        print_json(bought.model_dump(mode="json"))
        return
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(bought.period_until))
    then = f"renews itself then for {format_credits(bought.price)} credits" if bought.renew else "ends then"
    left = format_credits(_left(bought))
    click.echo(f"{label(bought.title)} ({bought.plan}): runs worth {left} credits until {until}; {then}")
    click.echo(f"pass {bought.id}")


def _left(bought: p.Pass) -> int:
    return max(0, bought.allowance - bought.used - bought.waiting)
