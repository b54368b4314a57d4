"""``artrator licence``: keep a model, and fetch it again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from artrator.cli._prices import agree, read_max_price
from artrator.cli._session import json_option, print_json, run
from artrator.clients.licences import LicenceBuyer, Purchases
from artrator.clients.package_download import Download
from artrator.clients.prepared import read_listing
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.local import Library, OwnedPackage
from artrator.messages import products as p
from artrator.money import format_credits
from artrator.profile import Profile


@click.group()
def licence() -> None:
    """Buy licences to keep models and run them on this machine."""


@licence.command()
@click.argument("listing")
@click.option("--max-price", metavar="CREDITS", help="Refuse to pay more than this.")
@click.option("--yes", is_flag=True, help="Buy without asking.")
@json_option
def buy(listing: str, max_price: str | None, yes: bool, as_json: bool) -> None:
    """Buy a licence of LISTING and fetch the package.

    You pay when all of it is here and exactly what its creator signed. If it is interrupted, `licence download` goes on
    where it stands.
    """
    limit = read_max_price(max_price)

    async def work(client: RegistryClient) -> OwnedPackage:
        found = await client.listing(listing)
        manifest, offer, _ = read_listing(found)
        if offer.licence is None:
            raise ArtratorError(Code.NOT_FOR_SALE, f"Licences of {listing} are not sold.")
        if limit is not None and offer.licence > limit:
            raise ArtratorError(
                Code.PRICE_ABOVE_CAP,
                f"This costs {format_credits(offer.licence)} credits, more than the {format_credits(limit)} you allow.",
            )
        price = f"{format_credits(offer.licence)} credits to keep {listing} {manifest.version}"
        agree(price, found.licence_split, yes=yes or as_json or limit is not None or not offer.licence)
        buyer = await make_licence_buyer(client, Profile())
        with _bar(listing, quiet=as_json) as tell:
            return await buyer.buy(found, max_price=limit, on_progress=tell)

    _say(run(work), as_json)


@licence.command("list")
@json_option
def list_licences(as_json: bool) -> None:
    """List what you bought, and what of it is on this machine."""
    library = Library(Profile().folder / "packages")
    items = run(lambda client: client.purchases())
    here = {owned.digest for owned in library.packages()}
    if as_json:
        print_json([_json(item, here) for item in items])
        return
    if not items:
        click.echo("You own no models yet. `artrator licence buy` buys one to keep.")
    for item in items:
        when = time.strftime("%Y-%m-%d", time.localtime(item.order.created_at))
        where = "here" if item.order.package in here else "not here"
        state = where if item.licence is not None else item.order.reason or item.order.state.value
        paid = f"{format_credits(item.order.charged)} credits"
        click.echo(f"{when}  {item.order.listing:<28} {item.version:<10} {paid:>16}  {state}")


@licence.command()
@click.argument("listing", required=False)
@json_option
def download(listing: str | None, as_json: bool) -> None:
    """Fetch what you own: LISTING, or whatever was interrupted and whatever is not on this machine."""

    async def work(client: RegistryClient) -> list[OwnedPackage]:
        buyer = await make_licence_buyer(client, Profile())
        done = []
        for pending in await asyncio.to_thread(buyer.pending):
            if listing in (None, pending.listing, pending.package):
                with _bar(pending.listing, quiet=as_json) as tell:
                    done.append(await buyer.resume(pending, tell))
        here = {owned.digest for owned in buyer.library.packages()}
        for item in await client.purchases():
            wanted = listing in (None, item.order.listing, item.order.package)
            if wanted and item.licence is not None and item.order.package not in here:
                with _bar(item.order.listing, quiet=as_json) as tell:
                    done.append(await buyer.download(item, tell))
        if listing is not None and not done and buyer.library.owned(listing) is None:
            raise ArtratorError(Code.LICENCE_MISSING, f"You have no licence of {listing}.")
        return done

    done = run(work)
    if as_json:
        print_json([_owned_json(owned) for owned in done])
    elif not done:
        click.echo("Everything you own is here.")
    else:
        for owned in done:
            _say(owned, as_json=False)


@licence.command()
@click.argument("listing")
def remove(listing: str) -> None:
    """Delete the files of LISTING (or of a digest) from this machine. The licence stays, and fetches them again."""
    library = Library(Profile().folder / "packages")
    owned = library.get(listing)
    library.remove(owned.digest)
    click.echo(f"removed {owned.listing} {owned.version}; `artrator licence download {owned.listing}` fetches it again")


@licence.command()
@click.argument("listing")
def cancel(listing: str) -> None:
    """Give up a purchase of LISTING that has not arrived; the money comes back."""

    async def work(client: RegistryClient) -> None:
        buyer = await make_licence_buyer(client, Profile())
        waiting = [pending for pending in buyer.pending() if listing in (pending.listing, pending.purchase)]
        if not waiting:
            raise ArtratorError(
                Code.ORDER_UNKNOWN,
                f"No purchase of {listing} is under way on this machine.",
                cure="`artrator licence list` shows what you bought and how far it is.",
            )
        for pending in waiting:
            order = await buyer.give_up(pending)
            click.echo(f"{pending.purchase}  {order.state.value}  {order.reason or ''}".rstrip())

    run(work)


async def make_licence_buyer(client: RegistryClient, profile: Profile) -> LicenceBuyer:
    """The profile as a buyer of licences, with the registry's root key pinned on first use."""
    root = profile.root_key(client.url)
    if root is None:
        root = profile.pin_root(client.url, (await client.info()).root_key)
    return LicenceBuyer(
        client,
        profile.identity,
        root,
        Library(profile.folder / "packages"),
        Purchases(profile.folder / "purchases"),
        pin_creator=lambda handle, key: profile.pin_creator(client.url, handle, key),
    )


@contextlib.contextmanager
def _bar(title: str, *, quiet: bool) -> Iterator[Callable[[Download], None]]:
    """A bar of bytes on standard error."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        bar = progress.add_task(title, total=None)
        yield lambda news: progress.update(bar, completed=news.done, total=news.total)


def _say(owned: OwnedPackage, as_json: bool) -> None:
    if as_json:
        print_json(_owned_json(owned))
        return
    click.echo(f"{owned.listing} {owned.version}, {owned.size / 2**20:.1f} MiB, exactly as signed")
    click.echo(f"package  {owned.digest}")
    click.echo(f"folder   {owned.folder}")


def _owned_json(owned: OwnedPackage) -> dict[str, object]:
    return {
        "listing": owned.listing,
        "version": owned.version,
        "package": owned.digest,
        "order": owned.order,
        "size": owned.size,
        "folder": str(owned.folder),
    }


def _json(item: p.Purchase, here: set[str]) -> dict[str, object]:
    return {
        "order": item.order.order,
        "state": item.order.state.value,
        "listing": item.order.listing,
        "version": item.version,
        "package": item.order.package,
        "charged": item.order.charged,
        "licence": item.licence,
        "here": item.order.package in here,
    }
