"""A listing that was checked, and a request that is ready to be quoted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from artrator.canonical import sha256
from artrator.documents import NodeDescriptor, Offer
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.manifest import Manifest
from artrator.messages import registry as m
from artrator.messages.node import JobBody
from artrator.package import read_manifest, verify_signature

#: How far our clock may be ahead: descriptors hold for weeks, so an hour costs nothing.
_CLOCK_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Prepared:
    """A request that is ready to be quoted and sent.

    Attributes:
        pay: ``any`` lets a free run or a pass pay for it where there is one; ``credits`` keeps those.
    """

    listing: m.Listing
    manifest: Manifest
    offer: Offer
    creator: PublicKey
    body: JobBody
    files: Mapping[str, bytes]
    measures: Mapping[str, int]
    salt: bytes
    digest: str
    pay: Literal["any", "credits"] = "any"


def read_listing(listing: m.Listing) -> tuple[Manifest, Offer, PublicKey]:
    """What a listing says, if its creator signed it: the manifest is the signed package's, the offer is for it.

    Raises:
        ArtratorError: ``document_invalid``, ``package_changed`` or ``manifest_invalid``.
    """
    try:
        creator = PublicKey.decode(listing.creator_key)
    except ValueError as error:
        raise ArtratorError(Code.DOCUMENT_INVALID, "The listing names no key of its creator.") from error
    signed = verify_signature(listing.signature, creator)
    if signed.files.get("artrator.toml") != sha256(listing.manifest.encode()):
        raise ArtratorError(Code.PACKAGE_CHANGED, "The listing's manifest is not the one that its creator signed.")
    offer = Offer.verify(listing.offer, creator)
    if not offer.package == signed.digest == listing.card.package:
        raise ArtratorError(Code.OFFER_INVALID, "The offer is for another package than the listing shows.")
    return read_manifest(listing.manifest), offer, creator


def check_descriptor(candidate: m.NodeCandidate, creator: PublicKey) -> NodeDescriptor:
    """Where a node is, if the listing's creator says so and still does.

    Raises:
        ArtratorError: ``document_invalid``, ``descriptor_invalid``.
    """
    descriptor = NodeDescriptor.verify(candidate.descriptor, creator)
    if descriptor.node != candidate.node:
        raise ArtratorError(Code.DESCRIPTOR_INVALID, f"The descriptor of {candidate.name} is another node's.")
    late = time.time() - descriptor.expires_at
    if late > _CLOCK_SECONDS:
        raise ArtratorError(
            Code.DESCRIPTOR_INVALID,
            f"The descriptor of {descriptor.name} ran out {round(late)} seconds ago.",
            cure="Check this machine's clock; if it is right, pick another node.",
        )
    return descriptor
