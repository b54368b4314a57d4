"""``artrator registry sellers``: who sells, and whether it is true."""

from __future__ import annotations

from pathlib import Path

import click

from artrator.messages.payouts import SellerProfile
from artrator_registry.admin import data_option, read, write
from artrator_registry.cells import moment


@click.group()
def sellers() -> None:
    """Look at seller profiles, and verify or reject them."""


@sellers.command("list")
@data_option
@click.option("--state", type=click.Choice(["submitted", "verified", "rejected"]), help="Only these.")
def list_sellers(data: Path, state: str | None) -> None:
    """List who sells, those who wait for you first."""
    from artrator_registry.sellers.service import listed

    rows = read(data, lambda t: listed(t, state))
    if not rows:
        click.echo("Nobody has said who sells." if state is None else f"No seller is {state}.")
    for row in rows:
        profile = SellerProfile.model_validate_json(row["profile"])
        vat = " VAT" if profile.vat_registered else ""
        number = profile.business_number or profile.vat_number or "no number"
        click.echo(
            f"{row['handle']}  {row['state']:<9} {moment(row['changed_at'])}  {profile.country} {number}{vat}"
            f"  {profile.legal_name}  {profile.representative}  {profile.email}  {' '.join(profile.address.split())}"
        )


@sellers.command()
@data_option
@click.argument("handle")
def verify(data: Path, handle: str) -> None:
    """Say that the profile of HANDLE is true.

    From then on they may sell licences and be paid out.
    """
    from artrator_registry.sellers.service import decide

    write(data, lambda t: decide(t, handle, None))
    click.echo(f"{handle} is verified")


@sellers.command()
@data_option
@click.argument("handle")
@click.option("--reason", required=True, help="What is wrong; the seller sees it.")
def reject(data: Path, handle: str, reason: str) -> None:
    """Say that the profile of HANDLE is not right."""
    from artrator_registry.sellers.service import decide

    if not reason.strip():
        raise click.UsageError("Say what is wrong.")
    write(data, lambda t: decide(t, handle, reason))
    click.echo(f"{handle} is rejected")
