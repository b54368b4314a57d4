"""``artrator plan``: what passes are sold under, by their creators."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from artrator.cli._prices import say_split
from artrator.cli._session import json_option, print_json, run
from artrator.cli.passes import describe
from artrator.clients.registry import RegistryClient
from artrator.documents import Plan
from artrator.errors import ArtratorError, Code
from artrator.messages import products as p
from artrator.money import parse_credits
from artrator.profile import Profile


@click.group()
def plan() -> None:
    """Sell passes: offer a plan, withdraw it, see what is sold."""


@plan.command("list")
@click.option("--listing", help="Only those that cover this listing, handle/name.")
@click.option("--creator", help="Only those of this creator, by handle.")
@json_option
def list_plans(listing: str | None, creator: str | None, as_json: bool) -> None:
    """List the passes that are sold, cheapest first."""
    found = run(lambda client: client.plans(listing, creator), signed=False)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    if not found:
        click.echo("No pass is sold here.")
    for each in found:
        click.echo(describe(each))


@plan.command()
@click.argument("name")
@click.option("--title", required=True, help="What buyers read, such as 'Everything of the atelier'.")
@click.option("--title-ko", help="The same in Korean.")
@click.option("--price", required=True, metavar="CREDITS", help="For one period.")
@click.option("--allowance", required=True, metavar="CREDITS", help="What the runs of a period may be worth together.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="Length of a period.")
@click.option("--listing", "listings", multiple=True, help="A listing of yours that it covers; without, all of them.")
@json_option
def publish(
    name: str,
    title: str,
    title_ko: str | None,
    price: str,
    allowance: str,
    days: int,
    listings: Sequence[str],
    as_json: bool,
) -> None:
    """Sell passes under the plan NAME, or change its terms for those who buy from now on."""
    profile = Profile()
    terms = Plan(
        creator=profile.identity.public.encode(),
        name=name,
        title={"en": title} | ({"ko": title_ko} if title_ko else {}),
        listings=[each.rpartition("/")[2] for each in listings],
        price=_credits("--price", price),
        allowance=_credits("--allowance", allowance),
        period_days=days,
        issued_at=int(time.time()),
    )
    _say(run(lambda client: _offer(client, profile, terms)), as_json)


@plan.command()
@click.argument("name")
@json_option
def withdraw(name: str, as_json: bool) -> None:
    """Stop selling passes of your plan NAME; those in force run to the end of their periods."""
    profile = Profile()

    async def work(client: RegistryClient) -> p.Plan:
        me = await client.account()
        for each in await client.plans(creator=me.handle):
            if each.plan == f"{me.handle}/{name}":
                # Signed again from what the own key signed, never from what a registry says of it.
                terms = Plan.verify(each.document, profile.identity.public)
                now = max(int(time.time()), terms.issued_at + 1)
                return await _offer(client, profile, terms.model_copy(update={"withdrawn": True, "issued_at": now}))
        raise ArtratorError(Code.PLAN_UNKNOWN, f"You sell no passes of a plan {name}.")

    _say(run(work), as_json)


async def _offer(client: RegistryClient, profile: Profile, terms: Plan) -> p.Plan:
    me = await client.account()
    return await client.publish_plan(me.handle, terms.name, terms.sign(profile.identity))


def _say(sold: p.Plan, as_json: bool) -> None:
    if as_json:
        print_json(sold.model_dump(mode="json"))
        return
    if sold.withdrawn:
        click.echo(f"{sold.plan} is not sold any more.")
        return
    click.echo(describe(sold))
    say_split(sold.split)


def _credits(option: str, text: str) -> int:
    try:
        amount = parse_credits(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}.") from error
    if not amount:
        raise click.UsageError(f"{option}: it must be more than 0.")
    return amount
