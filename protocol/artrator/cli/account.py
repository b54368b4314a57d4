"""``artrator account | balance | statement | redeem``: who one is, and one's money."""

from __future__ import annotations

import time

import click
from rich.console import Console
from rich.table import Table

from artrator.cli._session import json_option, print_json, run
from artrator.clients.registry import RegistryClient
from artrator.messages import registry as m
from artrator.money import format_credits
from artrator.profile import Profile


@click.group()
def account() -> None:
    """Choose a registry and see who you are there."""


@account.command("use")
@click.argument("url")
@click.option("--handle", help="The handle to ask for, such as mina.")
@click.option("--name", help="The name others see.")
def use(url: str, handle: str | None, name: str | None) -> None:
    """Use the registry at URL and pin its root key."""
    profile = Profile()

    async def look(client: RegistryClient) -> tuple[m.RegistryInfo, m.Account]:
        return await client.info(), (await client.sign_in()).account

    profile.configure(registry_url=url.rstrip("/"), handle=handle, display_name=name)
    info, me = run(look)
    profile.pin_root(url.rstrip("/"), info.root_key)
    click.echo(f"You are {me.display_name} ({me.handle}) at {info.name}.")


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
    click.echo(f", {format_credits(now.pending)} earned and pending" if now.pending else "")


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@json_option
def statement(limit: int, as_json: bool) -> None:
    """Show what came and what went, newest first."""
    page = run(lambda client: client.statement(limit=limit))
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    print_statement(page)


def print_statement(page: m.Statement, title: str | None = None) -> None:
    """A statement as a table."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("when", "what", "why"):
        table.add_column(column)
    table.add_column("credits", justify="right")
    table.add_column("balance", justify="right")
    for line in page.lines:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
        table.add_row(when, line.kind, line.text, format_credits(line.amount), format_credits(line.balance))
    Console().print(table)


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
