"""Fetching a package as it is, under a verification ticket: for the creator's other nodes and for named verifiers."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from artrator.clients.node import Access, NodeClient
from artrator.clients.package_download import OnDownload, PackageDownload
from artrator.clients.prepared import read_listing
from artrator.clients.registry import RegistryClient
from artrator.documents import NodeDescriptor
from artrator.documents import ticket as tickets
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages import registry as m
from artrator.messages.verifications import VerificationRequest
from artrator.package import VerifiedPackage, verify


async def fetch_to_verify(
    registry: RegistryClient,
    key: PrivateKey,
    root: PublicKey,
    listing: m.Listing,
    folder: Path,
    *,
    node: str | None = None,
    pin_creator: Callable[[str, PublicKey], None] | None = None,
    on_progress: OnDownload | None = None,
) -> VerifiedPackage:
    """Fetch the package of ``listing`` into ``folder``, which appears whole or not at all; resumable.

    What is there so far lies beside it, in ``FOLDER.incoming``, and the next call goes on with it.

    Raises:
        ArtratorError: ``forbidden`` if the caller is neither the creator nor a verifier; ``conflict`` if the folder is
            there; ``package_changed``, and whatever keeps it from being fetched.
    """
    _, _, creator = read_listing(listing)
    if pin_creator is not None:
        pin_creator(listing.card.creator, creator)
    if folder.exists():
        raise ArtratorError(Code.CONFLICT, f"{folder} is there already.", cure="Name a folder that is not.")
    package = listing.card.package
    wanted = VerificationRequest(listing=listing.card.listing, package=package, node=node)
    allowed = await registry.verification(str(uuid.uuid4()), wanted)
    descriptor = NodeDescriptor.verify(allowed.descriptor, creator)
    keyset = await registry.keyset(root)
    ticket = tickets.read(allowed.ticket or "", {one.kid: PublicKey.decode(one.public_key) for one in keyset.keys})
    promised = (descriptor.node, package, key.public.encode(), "verify")
    if (ticket.aud, ticket.package, ticket.cnf, ticket.kind) != promised:
        raise ArtratorError(Code.TICKET_INVALID, "The ticket is for something else than what was asked for.")
    incoming = folder.with_name(f"{folder.name}.incoming")
    async with NodeClient(descriptor, key) as client:
        fetch = PackageDownload(client, Access.by_ticket(allowed.ticket or ""), package, creator, incoming, on_progress)
        staged, _ = await fetch.run()
    return await asyncio.to_thread(_keep, staged, folder, creator, package)


def _keep(staged: Path, folder: Path, creator: PublicKey, package: str) -> VerifiedPackage:
    verified = verify(staged, creator)
    if verified.digest != package:
        raise ArtratorError(Code.PACKAGE_CHANGED, "What was fetched is another package than the one that is listed.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(folder)
    shutil.rmtree(staged.parent, ignore_errors=True)
    return verify(folder, creator)
