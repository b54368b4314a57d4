"""``artrator search | show``: find a model and see what it takes."""

from __future__ import annotations

import os
from typing import Any

import click
from rich.table import Table

from artrator.cli._session import json_option, print_json, run
from artrator.cli._tables import print_table
from artrator.clients.buyer import read_listing
from artrator.manifest import InputSpec, Texts, pick
from artrator.money import format_credits


def language() -> str:
    """``ko`` or ``en``, by the user's locale."""
    return "ko" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("ko") else "en"


def label(texts: Texts) -> str:
    """A text in the user's language."""
    return pick(texts, language())


@click.command()
@click.argument("query", default="")
@click.option("--task", help="Only this task, such as text-to-image.")
@click.option(
    "--sort",
    default="relevant",
    show_default=True,
    type=click.Choice(["relevant", "popular", "new", "price"]),
    help="What comes first.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100), help="How many to show.")
@json_option
def search(query: str, task: str | None, sort: str, limit: int, as_json: bool) -> None:
    """Find models by QUERY, or list all."""
    page = run(lambda client: client.search(query, task=task, sort=sort, limit=limit), signed=False)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    if not page.items:
        click.echo(f"Nothing matches {query!r}." if query else "Nothing is listed here yet.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("listing", "what it does", "task", "licence", "state"):
        table.add_column(column, no_wrap=column in ("listing", "state"))
    table.add_column("credits", justify="right", no_wrap=True)
    for card in page.items:
        row = (card.listing, label(card.summary), card.task, card.license, card.state.value, format_credits(card.price))
        table.add_row(*row)
    print_table(table)


@click.command()
@click.argument("listing")
@click.option("--version", help="A version other than the newest.")
@json_option
def show(listing: str, version: str | None, as_json: bool) -> None:
    """Show a LISTING: its inputs, price, licence and the signed package behind it."""
    found = run(lambda client: client.listing(listing, version), signed=False)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    manifest, offer, creator = read_listing(found)
    card = found.card
    click.secho(f"{label(manifest.title)} {manifest.version}", bold=True)
    click.echo(f"{label(manifest.summary)}\n\n  by       {card.creator_name} ({card.creator}, key {creator.id[:23]}…)")
    click.echo(f"  package  {card.package}\n  licence  {manifest.license}, commercial use ", nl=False)
    click.echo("allowed" if manifest.rights.commercial else "not allowed")
    click.echo(f"  nodes    {card.nodes} online, {card.state.value}\n  price    {format_credits(card.price)} credits")
    units = {unit.name: label(unit.label) for unit in manifest.cost.units}
    if offer.base:
        click.echo(f"           {format_credits(offer.base)} a run")
    for name, unit in offer.units.items():
        click.echo(f"           {format_credits(unit.amount)} for {unit.per:,} {units.get(name, name)}")
    if offer.free_runs:
        click.echo(f"           {offer.free_runs} runs a day for nothing")
    if offer.licence is not None:
        click.echo(f"           {format_credits(offer.licence)} for a licence to keep it and run it yourself")
    for royalty in offer.royalties:
        click.echo(f"           {royalty.basis_points / 100:g} % of it for {royalty.listing}")
    click.echo("\nInputs (--set NAME=VALUE; files with --file NAME=PATH):")
    for spec in manifest.inputs.values():
        click.echo(f"  {spec.name:<12} {spec.type.value:<8} {label(spec.label)}{_bounds(spec)}")


def _bounds(spec: InputSpec) -> str:
    facts: list[Any] = []
    if spec.choices:
        facts.append("one of " + ", ".join(choice.value for choice in spec.choices))
    if spec.minimum is not None or spec.maximum is not None:
        facts.append(f"{_plain(spec.minimum)} to {_plain(spec.maximum)}")
    if spec.max_side:
        facts.append(f"at most {spec.max_side} px a side")
    if spec.random:
        facts.append("random unless given")
    elif spec.default is not None:
        facts.append(f"default {spec.default}")
    elif not spec.required:
        facts.append("optional")
    return f" ({'; '.join(facts)})" if facts else ""


def _plain(bound: float | None) -> str:
    return "…" if bound is None else f"{bound:g}"
