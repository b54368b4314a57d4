"""``artrator account keys``: API keys for programs, with what they may do and how much they may spend."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from artrator.cli._session import json_option, print_json, run
from artrator.messages import registry as m
from artrator.money import format_credits, parse_credits


@click.group()
def keys() -> None:
    """Make, list and revoke API keys for programs."""


@keys.command("create")
@click.argument("label")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=[m.Scope.ORDERS_WRITE.value, m.Scope.ACCOUNT_READ.value],
    show_default=True,
    type=click.Choice([scope.value for scope in m.Scope]),
    help="What it may do; may be repeated.",
)
@click.option("--limit", metavar="CREDITS", help="The most it may ever spend.  [default: no limit]")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it lives.  [default: until it is revoked]")
@json_option
def create(label: str, scopes: Sequence[str], limit: str | None, days: int | None, as_json: bool) -> None:
    """Make an API key. It is shown only now; put it into ARTRATOR_API_KEY."""
    try:
        spending_limit = None if limit is None else parse_credits(limit)
    except ValueError as error:
        raise click.UsageError(f"--limit: {error}.") from error
    request = m.APIKeyRequest(
        label=label,
        scopes=[m.Scope(scope) for scope in scopes],
        spending_limit=spending_limit,
        expires_at=None if days is None else time.time() + days * 86_400,
    )
    made = run(lambda client: client.create_api_key(request))
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    click.echo(made.secret)
    click.echo(f"{_sentence(made)} It is shown only now.", err=True)


@keys.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List API keys and what they have spent."""
    found = run(lambda client: client.api_keys())
    if as_json:
        print_json([key.model_dump(mode="json") for key in found])
        return
    if not found:
        click.echo("There are no API keys.")
    for key in found:
        click.echo(f"{key.id}  {_sentence(key)}{' Revoked.' if key.revoked_at else ''}")


@keys.command("revoke")
@click.argument("key")
def revoke(key: str) -> None:
    """End the API key with the id KEY."""
    run(lambda client: client.revoke_api_key(key))
    click.echo("Revoked.")


def _sentence(key: m.APIKey) -> str:
    limit = "" if key.spending_limit is None else f" of {format_credits(key.spending_limit)}"
    return f"{key.label}: {', '.join(key.scopes)}; {format_credits(key.spent)}{limit} credits spent."
