"""``artrator registry verifiers``: who may look at packages without buying them."""

from __future__ import annotations

from pathlib import Path

import click

from artrator_registry.admin import data_option, read, write
from artrator_registry.cells import moment


@click.group()
def verifiers() -> None:
    """Name those who may look at every package.

    Each look is written down, and the package's creator sees it.
    """


@verifiers.command()
@data_option
@click.argument("handle")
def add(data: Path, handle: str) -> None:
    """Let HANDLE fetch any package, to look at it.

    They fetch it with `artrator package fetch --verify`.
    """
    from artrator_registry.verifications.service import name_verifier

    write(data, lambda t: name_verifier(t, handle, named=True))
    click.echo(f"{handle} is a verifier")


@verifiers.command()
@data_option
@click.argument("handle")
def remove(data: Path, handle: str) -> None:
    """Take that back. Nodes hear of it with their next heartbeat, and every ticket ends within the hour."""
    from artrator_registry.verifications.service import name_verifier

    write(data, lambda t: name_verifier(t, handle, named=False))
    click.echo(f"{handle} is no verifier any more")


@verifiers.command("list")
@data_option
def list_verifiers(data: Path) -> None:
    """List who may look."""
    from artrator_registry.verifications import store

    rows = read(data, store.verifiers)
    if not rows:
        click.echo("Nobody is a verifier.")
    for row in rows:
        click.echo(f"{row['handle']}  since {moment(row['added_at'])}")
