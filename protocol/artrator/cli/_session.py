"""What the buyer's commands share: the profile, the registry client, and running a coroutine."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.profile import Profile

if TYPE_CHECKING:
    from artrator.clients.buyer import Buyer
    from artrator.package import VerifiedPackage

_T = TypeVar("_T")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def connect(profile: Profile | None = None, *, signed: bool = True) -> RegistryClient:
    """A client of the profile's registry; ``ARTRATOR_API_KEY`` is used instead of the identity where it is set."""
    profile = profile or Profile()
    if profile.registry_url is None:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            "No registry is chosen yet.",
            cure="Choose one with `artrator account use URL`, or set ARTRATOR_REGISTRY.",
        )
    root = profile.root_key(profile.registry_url)
    return RegistryClient(
        profile.registry_url,
        profile.identity if signed else None,
        api_key=os.environ.get("ARTRATOR_API_KEY") if signed else None,
        handle=profile.handle,
        display_name=profile.display_name,
        registry_id=root.id if root else None,
    )


def run(work: Callable[[RegistryClient], Awaitable[_T]], *, signed: bool = True) -> _T:
    """Run ``work`` with a connected client."""

    async def connected() -> _T:
        async with connect(signed=signed) as client:
            return await work(client)

    return asyncio.run(connected())


async def make_buyer(client: RegistryClient, profile: Profile) -> Buyer:
    """The profile as a buyer, with the registry's root key pinned on first use."""
    # Asking for a balance needs neither images nor tickets: what buying takes is loaded when one buys.
    from artrator.clients.buyer import Buyer
    from artrator.clients.orders import OrderFolder

    root = profile.root_key(client.url)
    if root is None:
        root = profile.pin_root(client.url, (await client.info()).root_key)
    return Buyer(
        client,
        profile.identity,
        root,
        store=OrderFolder(profile.folder / "orders"),
        pin_creator=lambda handle, key: profile.pin_creator(client.url, handle, key),
    )


async def fetch_as_verifier(client: RegistryClient, listing: str, folder: Path, node: str | None) -> VerifiedPackage:
    """The package of a listing in a folder, fetched with a verification ticket of the profile's account."""
    from artrator.clients.verification import fetch_to_verify

    profile = Profile()
    root = profile.root_key(client.url)
    if root is None:
        root = profile.pin_root(client.url, (await client.info()).root_key)
    return await fetch_to_verify(
        client,
        profile.identity,
        root,
        await client.listing(listing),
        folder.resolve(),
        node=node,
        pin_creator=lambda handle, key: profile.pin_creator(client.url, handle, key),
    )


def print_json(value: Any) -> None:
    """JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
