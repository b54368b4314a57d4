"""``artrator registry …``: run a registry and look after it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from artrator.money import MICRO, format_credits
from artrator_registry.admin import (
    Credits,
    Note,
    data_option,
    existing,
    keys_of,
    make,
    new_file,
    prepare,
    read,
    told,
    write,
)
from artrator_registry.disputes.commands import dispute, disputes, resolve
from artrator_registry.ledger.commands import statement
from artrator_registry.payouts.commands import payouts
from artrator_registry.rails.commands import forgive, topups
from artrator_registry.sellers.commands import sellers
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction
from artrator_registry.timekeeping import now
from artrator_registry.verifications.commands import verifiers

_SECONDS = click.IntRange(1, 10**9)
_TIME = click.FloatRange(0, 10**9)
_COUNT = click.IntRange(1, 10**9)


@click.group()
def registry() -> None:
    """Run a registry: accounts, listings, orders and money."""


@registry.command()
@data_option
def init(data: Path) -> None:
    """Make a registry: its database and its keys. Harmless if it is there."""
    opened = make(data)
    click.echo(f"registry {opened.id}")
    click.echo(f"root key {opened.root.public.encode()}")
    click.echo(f"data     {data.resolve()}")
    click.echo("Keep keys/root.pem safe: whoever has it can be this registry.")


@registry.command()
@data_option
@click.option("--init", "anew", is_flag=True, help="Make the registry first if there is none.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8750, show_default=True, type=click.IntRange(0, 65_535), help="0 picks a free one.")
@click.option("--name", default="Artrator", show_default=True, help="What people call this registry.")
@click.option(
    "--fee",
    "fee_basis_points",
    default=500,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="The operator's share, in 1/100 %.",
)
@click.option(
    "--start-seconds", default=300, show_default=True, type=_SECONDS, help="How long a ticket may wait to be started."
)
@click.option(
    "--finish-seconds", default=900, show_default=True, type=_SECONDS, help="When a ticket's job must be done."
)
@click.option(
    "--capture-seconds",
    default=86_400,
    show_default=True,
    type=_SECONDS,
    help="When a silent node's hold ends at last.",
)
@click.option(
    "--purchase-seconds",
    default=86_400,
    show_default=True,
    type=_SECONDS,
    help="How long a bought package may be fetched.",
)
@click.option("--grace-seconds", type=_TIME, default=None, help="How long a receipt may travel after the finish.")
@click.option("--dispute-seconds", default=86_400.0, show_default=True, type=_TIME, help="How long a buyer may object.")
@click.option(
    "--answer-seconds", default=1_209_600.0, show_default=True, type=_TIME, help="How long a creator may say nothing."
)
@click.option(
    "--payout-delay-seconds", default=604_800.0, show_default=True, type=_TIME, help="How long earnings mature."
)
@click.option("--payout-minimum", type=Credits(), default="10", show_default=True, help="The least that is paid out.")
@click.option(
    "--verify-payouts",
    type=click.Choice(["all", "cash", "none"]),
    default="cash",
    show_default=True,
    help="Who must be verified as a seller before being paid out; cash: whoever is not paid by hand.",
)
@click.option("--heartbeat-seconds", default=15.0, show_default=True, type=_TIME, help="How often nodes are to come.")
@click.option("--sweep-seconds", default=5.0, show_default=True, type=_TIME, help="How often expiry is looked at.")
@click.option("--accounts-per-hour", default=300, show_default=True, type=_COUNT, help="New accounts from one address.")
@click.option("--quotes-per-minute", default=1_200, show_default=True, type=_COUNT, help="Prices asked by one account.")
@click.option("--orders-per-day", default=20_000, show_default=True, type=_COUNT, help="Orders of one account.")
@click.option(
    "--free-orders-per-day",
    default=2_000,
    show_default=True,
    type=_COUNT,
    help="Those of them that cost nothing, and looks at packages.",
)
@click.option(
    "--publications-per-day", default=200, show_default=True, type=_COUNT, help="Publications of one account."
)
@click.option(
    "--nodes-per-account",
    default=100,
    show_default=True,
    type=_COUNT,
    help="Nodes of one account that are not silent for a month.",
)
@click.option("--rail", "rails", multiple=True, help="Take money through this extension; see rails.toml. Repeatable.")
@click.option(
    "--credit-note",
    "notes",
    multiple=True,
    type=Note(),
    help="What a credit is worth, such as en='100 credits cost 1 euro'. Repeatable, once for each language.",
)
@click.option("--public-url", default="", help="Where the world finds this registry, such as https://art.example.")
def serve(data: Path, anew: bool, host: str, port: int, notes: Sequence[tuple[str, str]], **settings: Any) -> None:
    """Serve the registry until it is told to stop.

    SIGTERM or Ctrl+C stops it; requests that run may finish.
    """
    from artrator_registry.server import serve as run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for library in ("httpx", "stripe"):  # every call of a provider would be a line, every few seconds
        logging.getLogger(library).setLevel(logging.WARNING)
    online = max(Settings.online_seconds, 3 * settings["heartbeat_seconds"])
    try:
        chosen = Settings(data=data, online_seconds=online, credit_note=dict(notes) or None, **settings)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error
    run(chosen, host, port, anew=anew)


for command in (dispute, disputes, forgive, payouts, resolve, sellers, statement, topups, verifiers):
    registry.add_command(command)


@registry.command()
@data_option
@click.argument("handle")
@click.argument("amount", type=Credits())
@click.option("--note", default="", help="Stands on the account's statement.")
def grant(data: Path, handle: str, amount: int, note: str) -> None:
    """Give credits to the account with this handle."""
    from artrator_registry.rails.service import grant as give

    after = write(data, lambda t: give(t, handle, amount, note, str(uuid.uuid4())))
    click.echo(f"{handle} can spend {format_credits(after.available)} credits")


@registry.group()
def voucher() -> None:
    """Vouchers: credits that can be handed out as text."""


@voucher.command("create")
@data_option
@click.option("--amount", type=Credits(), required=True, help="What each voucher is worth.")
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many to make.")
@click.option("--expires", type=click.IntRange(1, 36_500), default=None, help="Days until they expire.")
@click.option("--promotion", default=None, help="What it is a gift for; each account gets one of a promotion.")
def create_voucher(data: Path, amount: int, count: int, expires: int | None, promotion: str | None) -> None:
    """Make vouchers and print their codes, which are shown only now."""
    from artrator_registry.rails.service import create_vouchers

    if promotion is not None and not (promotion.strip() and promotion.isprintable() and len(promotion) <= 80):
        raise click.BadParameter("a name of at most 80 signs that print", param_hint="--promotion")

    def make_them(t: Transaction) -> tuple[str, list[str]]:
        until = None if expires is None else t.now + expires * 86_400
        return create_vouchers(t, amount, count, until, promotion)

    batch, codes = write(data, make_them)
    click.echo(f"batch {batch}: {count} x {format_credits(amount)} credits", err=True)
    for code in codes:
        click.echo(code)


@registry.command()
@data_option
def audit(data: Path) -> None:
    """Replay every transfer and report any difference.

    Then explain what is no difference and looks odd. It ends with 1 if there is a difference.
    """
    from artrator_registry.ledger.audit import differences, explanations

    def work(t: Transaction) -> tuple[int, int]:
        found = 0
        for difference in differences(t):
            found += 1
            click.echo(difference)
        for explanation in explanations(t, Settings(data=data)):
            click.echo(f"note: {explanation}", err=True)
        return found, t.row("SELECT count(*) FROM ledger_transfers")[0]

    found, count = read(data, work)
    if found:
        many = "1 difference" if found == 1 else f"{found} differences"
        raise click.ClickException(f"{many} in {count} transfers. Amounts are micro-credits: 1 credit is {MICRO:,}.")
    click.echo(f"{count} transfers replayed, no difference")


@registry.command()
@data_option
@click.argument("target", type=click.Path(path_type=Path))
def backup(data: Path, target: Path) -> None:
    """Copy the whole registry to a new folder, while it runs.

    The copy holds the keys, and the rails' secrets: keep it safe.
    """
    from artrator_registry.backup import backup as copy

    settings = existing(data)
    with new_file(target), told(settings):
        copy(settings, target)
    click.echo(f"copied to {target}; serve it with: artrator registry serve --data {target}")


@registry.command()
@data_option
def info(data: Path) -> None:
    """Say what this registry is and holds."""

    def count(t: Transaction) -> dict[str, int]:
        tables = ("accounts", "listings", "nodes", "orders", "ledger_transfers")
        return {table: t.row(f"SELECT count(*) FROM {table}")[0] for table in tables}  # noqa: S608  # names above

    def given_out(t: Transaction) -> int:
        sources = "SELECT coalesce(sum(debits_posted - credits_posted), 0) FROM ledger_accounts WHERE overdraft = 1"
        return int(t.row(sources)[0])

    counts, issued = read(data, lambda t: (count(t), given_out(t)))
    authority = keys_of(data)  # only looked at: the clock of this moment need not be the registry's
    click.echo(f"registry {authority.id}")
    click.echo(f"root key {authority.root.public.encode()}")
    click.echo(f"key set  {authority.keyset().serial}")
    for table, number in counts.items():
        click.echo(f"{table.removeprefix('ledger_'):<9} {number}")
    click.echo(f"credits given out {format_credits(issued)}")


@registry.command("rotate-key")
@data_option
def rotate_key(data: Path) -> None:
    """Sign tickets with a fresh key.

    Nodes hear of it with their next heartbeat.
    """
    settings = existing(data)
    with told(settings):
        serial = prepare(data).rotate(now(settings))
    click.echo(f"key set {serial}; the new key signs in two minutes")
