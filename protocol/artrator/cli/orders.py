"""``artrator orders``: what was ordered, and taking up what was interrupted."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import click

from artrator.cli._outputs import try_place
from artrator.cli._session import json_option, make_buyer, print_json, run
from artrator.cli.generate import write_result
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError
from artrator.money import format_credits
from artrator.profile import Profile


@click.group()
def orders() -> None:
    """See your orders, and take up one that was interrupted."""


@orders.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="How many to show.")
@json_option
def list_orders(limit: int, as_json: bool) -> None:
    """List orders, newest first."""
    page = run(lambda client: client.orders(limit=limit))
    if as_json:
        print_json(page.model_dump(mode="json", exclude={"items": {"__all__": {"ticket"}}}))
        return
    if not page.items:
        click.echo("There are no orders yet.")
    for order in page.items:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(order.created_at))
        money = f"{format_credits(order.charged)} paid" if order.charged else order.reason or "nothing paid"
        click.echo(f"{when}  {order.order}  {order.state.value:<9} {order.listing:<28} {money}")


@orders.command("resume")
@click.option(
    "--folder",
    default=".",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where pictures go.",
)
def resume(folder: Path) -> None:
    """Take up every order that a crash or a lost connection interrupted."""

    async def work(client: RegistryClient) -> None:
        buyer = await make_buyer(client, Profile())
        waiting = buyer.pending()
        if not waiting:
            click.echo("Nothing was interrupted.")
            return
        try_place(folder / "picture")
        for pending in waiting:
            try:
                async with contextlib.aclosing(buyer.resume(pending)) as updates:
                    async for update in updates:
                        if update.result is not None:
                            name = Path(pending.listing).name  # a registry may send any listing
                            for written in write_result(update.result, None, default=name, folder=folder):
                                click.echo(written)
            except ArtratorError as error:
                paid = format_credits(int(error.details.get("charged", 0)))
                click.echo(f"{pending.order}: {error.message} {error.cure} {paid} credits were paid.", err=True)

    run(work)
