"""A second node of the same creator: it fetches what the first one serves, as it is, and serves it too."""

from __future__ import annotations

from pathlib import Path

from artrator.clients.registry import RegistryClient
from artrator.clients.verification import fetch_to_verify
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.package import VerifiedPackage
from artrator_node import catalogue
from artrator_node.config import Paths


async def fetch_and_serve(
    paths: Paths,
    client: RegistryClient,
    creator: PrivateKey,
    root: PublicKey,
    listing: str,
    folder: Path,
    source: str | None,
) -> VerifiedPackage:
    """Fetch one's own listing into ``folder`` and serve it under the offer that it is sold by.

    Raises:
        ArtratorError: ``forbidden`` if the listing is somebody else's; as of ``fetch_to_verify``.
    """
    found = await client.listing(listing)
    if found.creator_key != creator.public.encode():
        raise ArtratorError(
            Code.FORBIDDEN,
            f"{listing} is not yours, so this node cannot serve it.",
            cure="A node serves the packages that its owner signed.",
        )
    verified = await fetch_to_verify(client, creator, root, found, folder, node=source)
    catalogue.add(
        paths.served,
        package=folder,
        signer=creator.public,
        digest=verified.digest,
        listing=found.card.listing,
        offer=found.offer,
    )
    return verified
