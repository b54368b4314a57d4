"""``artrator account | balance | statement | redeem``: who one is, and one's money."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table

from artrator.cli._session import json_option, print_json, run
from artrator.cli._tables import print_table
from artrator.cli.keys import keys
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.money import format_credits
from artrator.profile import Profile, write_atomically


@click.group()
def account() -> None:
    """Choose a registry and see who you are there."""


account.add_command(keys)


@account.command("use")
@click.argument("url")
@click.option("--handle", help="The handle to ask for, such as mina; only the first sign-in chooses it.")
@click.option("--name", help="The name others see.")
def use(url: str, handle: str | None, name: str | None) -> None:
    """Use the registry at URL and pin its root key."""
    profile, url = Profile(), url.rstrip("/")
    if not re.fullmatch(r"(?i:https?)://[^\s/]+(/\S*)?", url):
        host = url.rpartition("://")[2]
        whole = (
            f"https://{host}" if re.fullmatch(r"[\w.:\[\]-]*[\w\]](/\S*)?", host) else "https://registry.example.org"
        )
        raise ArtratorError(
            Code.REQUEST_INVALID, f"{url!r} is not the address of a registry.", cure=f"Write it whole, such as {whole}"
        )

    root = profile.root_key(url)
    known = root.id if root else None

    async def meet() -> tuple[m.RegistryInfo, m.Account]:
        identity = profile.identity
        async with RegistryClient(url, identity, handle=handle, display_name=name, registry_id=known) as client:
            return await client.info(), (await client.sign_in()).account

    # Nothing is remembered before the registry has answered: a handle that is taken leaves nobody half signed in.
    info, me = asyncio.run(meet())
    profile.pin_root(url, info.root_key)
    profile.configure(registry_url=url, handle=handle, display_name=name)
    click.echo(f"You are {me.display_name} ({me.handle}) at {info.name}.")
    if handle is None and me.handle == f"u-{profile.identity.id[7:19]}":
        click.echo("That handle was given to you, because none was asked for by --handle, and it stays.", err=True)
    elif handle not in (None, me.handle):
        click.echo(f"This key signed in before, so your handle stays {me.handle}.", err=True)


@account.command("show")
@json_option
def show(as_json: bool) -> None:
    """Say who you are."""
    me = run(lambda client: client.account())
    if as_json:
        print_json(me.model_dump(mode="json"))
        return
    click.echo(f"{me.display_name} ({me.handle})\nkey      {Profile().identity.id}\nregistry {Profile().registry_url}")


@click.command()
@json_option
def balance(as_json: bool) -> None:
    """Show what you can spend and what is on hold."""
    now = run(lambda client: client.balance())
    if as_json:
        print_json(now.model_dump(mode="json"))
        return
    click.echo(f"{format_credits(now.available)} credits available, {format_credits(now.held)} on hold", nl=False)
    click.echo(f", {format_credits(now.earnings)} earned" if now.earnings else "", nl=False)
    click.echo(f", {format_credits(now.pending)} more when buyers confirm" if now.pending else "")


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="How many lines to show.")
@click.option(
    "--of",
    type=click.Choice(["wallet", "earnings", "debt"]),
    default="wallet",
    show_default=True,
    help="Of which of your accounts.",
)
@click.option("--all", "every_line", is_flag=True, help="Also the holds that ended in a charge.")
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write all of it for a spreadsheet."
)
@json_option
def statement(limit: int, of: m.StatementOf, every_line: bool, file: Path | None, as_json: bool) -> None:
    """Show what came and what went, newest first."""
    if file is not None:
        write_atomically(file, run(lambda client: client.statement_csv(of)).encode())
        click.echo(str(file))
        return
    page = run(lambda client: client.statement(of=of, limit=limit))
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    if not page.lines:
        click.echo("Nothing came or went yet. What models bring in is told by: artrator earnings.")
        return
    print_statement(page.lines if every_line else without_holds(page.lines))


def without_holds(lines: Sequence[m.StatementLine]) -> Sequence[m.StatementLine]:
    """The lines without the holds that ended in a charge: an order that was paid is one line, not three."""
    charged = {line.order for line in lines if line.kind == "charge"}
    return [line for line in lines if line.kind not in ("hold", "release") or line.order not in charged]


def print_statement(lines: Sequence[m.StatementLine], title: str | None = None) -> None:
    """A statement as a table."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("when", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("why")
    table.add_column("credits", justify="right", no_wrap=True)
    table.add_column("balance", justify="right", no_wrap=True)
    for line in lines:
        when = time.strftime("%m-%d %H:%M:%S", time.localtime(line.at))
        table.add_row(when, line.kind, line.text, format_credits(line.amount), format_credits(line.balance))
    print_table(table)


@click.command()
@click.argument("code")
@json_option
def redeem(code: str, as_json: bool) -> None:
    """Redeem a voucher CODE."""
    done = run(lambda client: client.redeem(code))
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    click.echo(f"{format_credits(done.amount)} credits added; {format_credits(done.balance.available)} available.")
