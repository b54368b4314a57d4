"""How prices are said before anything is bought, and the question whether to buy."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.money import format_credits, parse_credits

_WHO = {"creator": "its creator", "fee": "the registry", "royalty": "for"}


def price_of(quote: m.Quote) -> str:
    """What a quote costs at most, and what pays for it."""
    match quote.paid_by:
        case "free":
            return f"free: {quote.left or 0} free runs are left today after it"
        case "own":
            return "free: it is your own model"
        case "pass":
            return (
                f"paid by your pass, which has {format_credits(quote.left or 0)} credits' worth of runs left after it"
            )
        case _:
            return f"at most {format_credits(quote.cap)} credits"


def paid(charged: int, paid_by: m.PaidBy) -> str:
    """What was paid in the end."""
    how = {"free": "a free run", "own": "your own model, for nothing", "pass": "paid by your pass"}
    return how.get(paid_by) or f"{format_credits(charged)} credits paid"


def say_split(split: Sequence[m.Share]) -> None:
    """Who gets what of a price, on standard error: it is no part of an answer that programs read."""
    for share in split:
        who = f"{_WHO[share.kind]} {share.listing}: {share.to}" if share.listing else f"{_WHO[share.kind]}, {share.to}"
        click.echo(f"  {format_credits(share.amount)} ({share.basis_points / 100:g} %) {who}", err=True)


def agree(price: str, split: Sequence[m.Share], *, yes: bool) -> None:
    """Say a price and its split, and ask; who cannot be asked (no terminal) has agreed by calling.

    Raises:
        ArtratorError: ``job_cancelled``: the answer was no.
    """
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    click.echo(price, err=True)
    say_split(split)
    if not click.confirm("Buy it?", err=True):
        raise ArtratorError(Code.JOB_CANCELLED, "Nothing was bought.", cure="")


def read_max_price(text: str | None) -> int | None:
    """What ``--max-price`` says, in micro-credits; None if it is not given."""
    if text is None:
        return None
    try:
        return parse_credits(text)
    except ValueError as error:
        raise click.UsageError(f"--max-price: {error}.") from error
