"""A listing, opened: what the registry says of it, what its creator signed, and who serves it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artrator.documents import Offer
    from artrator.manifest import Manifest
    from artrator.messages.registry import Listing, NodeCandidate
    from artrator_desktop.state.network import Network


@dataclass(frozen=True)
class ListingDetail:
    """What the pages of a model and of Create show."""

    listing: Listing
    manifest: Manifest
    offer: Offer
    nodes: Sequence[NodeCandidate]


async def fetch_detail(network: Network, listing: str, version: str | None = None) -> ListingDetail:
    """A listing whose signatures have been checked, its creator's key pinned, and who serves it now.

    Raises:
        ArtratorError: ``listing_unknown``, and whatever ``artrator.clients.buyer.read_listing`` raises.
    """
    from artrator.clients.buyer import read_listing
    from artrator.errors import ArtratorError

    found = await network.registry.listing(listing, version)
    manifest, offer, creator = read_listing(found)
    network.profile.pin_creator(network.url, found.card.creator, creator)
    try:
        nodes = await network.registry.nodes(listing)
    except ArtratorError:  # the page is worth showing without them
        nodes = ()
    return ListingDetail(found, manifest, offer, nodes)
