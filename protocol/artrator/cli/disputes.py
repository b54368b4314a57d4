"""``artrator dispute``: a delivery that is not what was bought."""

from __future__ import annotations

import time

import click

from artrator.cli._session import json_option, print_json, run
from artrator.clients.orders import OrderFolder
from artrator.errors import ArtratorError, Code
from artrator.messages import disputes as m
from artrator.money import format_credits
from artrator.profile import Profile


@click.group()
def dispute() -> None:
    """Say that a delivery is not what was bought, or answer somebody who says so."""


@dispute.command("open")
@click.argument("order")
@click.option(
    "--reason", required=True, type=click.Choice([reason.value for reason in m.DisputeReason]), help="What is wrong."
)
@click.option("--text", default="", help="In your words; the creator and the operator read them.")
@click.option("--reveal", is_flag=True, help="Also show them what you asked for, with the proof that you did.")
@json_option
def open_dispute(order: str, reason: str, text: str, reveal: bool, as_json: bool) -> None:
    """Dispute the delivery of ORDER while its window is open."""
    evidence = None
    if reveal:
        evidence = OrderFolder(Profile().folder / "orders").evidence(order)
        if evidence is None:
            raise ArtratorError(
                Code.NOT_FOUND, "This machine does not have what you asked for.", cure="Try it without --reveal."
            )
    opening = m.DisputeOpening(reason=m.DisputeReason(reason), text=text, evidence=evidence)
    _print(run(lambda client: client.open_dispute(order, opening)), as_json=as_json)


@dispute.command("show")
@click.argument("order")
@json_option
def show(order: str, as_json: bool) -> None:
    """Show how the dispute about ORDER stands."""
    _print(run(lambda client: client.dispute(order)), as_json=as_json)


@dispute.command("list")
@json_option
def list_disputes(as_json: bool) -> None:
    """List your disputes, as buyer and as creator, newest first."""
    page = run(lambda client: client.disputes())
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    if not page.items:
        click.echo("There are no disputes.")
    for found in page.items:
        click.echo(
            f"{_when(found.opened_at)}  {found.order}  {_state(found):<19} {found.listing}  {found.reason.value}"
        )


@dispute.command("answer")
@click.argument("order")
@click.option("--text", required=True, help="In your words; the buyer and the operator read them.")
@click.option("--give-back", is_flag=True, help="Give way: the buyer gets everything back at once.")
@json_option
def answer(order: str, text: str, give_back: bool, as_json: bool) -> None:
    """Answer the dispute about ORDER as its creator, once."""
    said = m.DisputeAnswer(text=text, give_back=give_back)
    _print(run(lambda client: client.answer_dispute(order, said)), as_json=as_json)


def _print(found: m.Dispute, *, as_json: bool) -> None:
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    click.echo(f"{found.listing}: {format_credits(found.amount)} credits, {_state(found)}")
    click.echo(f"{_when(found.opened_at)} {found.buyer}: {found.reason.value}. {_plain(found.text)}")
    if found.evidence is not None:
        fits = "as the ticket names it" if found.evidence_fits else "NOT as the ticket names it"
        click.echo(f"    the request, {fits}: {_plain(found.evidence.request)}")
    if found.answered_at is not None:
        click.echo(f"{_when(found.answered_at)} {found.creator}: {_plain(found.answer or '')}")
    if found.decided_at is not None:
        click.echo(f"{_when(found.decided_at)} decided for the {found.decided_for}. {_plain(found.note)}".rstrip())


def _state(found: m.Dispute) -> str:
    return f"decided for {found.decided_for}" if found.decided_for else found.state.value


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _plain(text: str) -> str:
    """What somebody else wrote, as one line that cannot move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
