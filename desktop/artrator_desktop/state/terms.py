"""What a listing's page tells besides its creator's words: what a usual run costs now, and how it went for others."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from artrator_desktop.state.quoting import measure_request

if TYPE_CHECKING:
    from artrator.messages.disputes import DisputeRates
    from artrator.messages.registry import Quote
    from artrator_desktop.state.detail import ListingDetail
    from artrator_desktop.state.network import Network

#: The picture that a usual run is measured with, where the price depends on one.
_USUAL_SIDE: Final = 512


@dataclass(frozen=True)
class Terms:
    """``quote`` is of a run with the model's own settings, None while no node offers it; ``trust`` of 90 days."""

    quote: Quote | None
    trust: DisputeRates | None


async def fetch_terms(network: Network, detail: ListingDetail) -> Terms:
    """Ask for both; either may be missing, and the page is worth showing without them."""
    quote, trust = await asyncio.gather(
        _usual_quote(network, detail), network.registry.trust(detail.listing.card.listing), return_exceptions=True
    )
    return Terms(
        None if isinstance(quote, BaseException) else quote, None if isinstance(trust, BaseException) else trust
    )


async def _usual_quote(network: Network, detail: ListingDetail) -> Quote | None:
    from artrator.messages.registry import QuoteRequest
    from artrator_desktop.state.inputs import FILE_TYPES, defaults

    manifest = detail.manifest
    sizes = {name: [(_USUAL_SIDE, _USUAL_SIDE)] for name, spec in manifest.inputs.items() if spec.type in FILE_TYPES}
    measures = measure_request(detail, defaults(manifest), sizes)
    if measures is None:
        return None
    card = detail.listing.card
    digest = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
    return await network.registry.quote(
        QuoteRequest(listing=card.listing, version=card.version, measures=measures, request=digest)
    )
