"""Whether an offer can promise the royalties that it does."""

from __future__ import annotations

from typing import Final

from artrator.documents import Offer
from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest
from artrator_registry.listings import store
from artrator_registry.storage import Transaction

_WHOLE: Final = 10_000


def check(t: Transaction, offer: Offer, manifest: Manifest, creator: str, fee: int) -> None:
    """Raise ArtratorError ``offer_invalid`` unless every royalty goes to somebody else's listing that was declared.

    Args:
        t: The transaction that publishes the offer.
        offer: The offer.
        manifest: Of the package; its ``base_models`` name a listing as ``handle/name``, with words after it or without.
        creator: The account that publishes.
        fee: The operator's share in basis points.
    """
    promised = sum(royalty.basis_points for royalty in offer.royalties)
    if promised + fee > _WHOLE:
        raise ArtratorError(
            Code.OFFER_INVALID,
            f"The royalties take {promised / 100:g} % and the operator {fee / 100:g} %, more than all of the price.",
            cure="Publish again with smaller royalties.",
        )
    declared = {name.partition(" ")[0] for name in manifest.base_models}
    seen: set[str] = set()
    for royalty in offer.royalties:
        problem, cure = _problem(t, royalty.listing, creator, declared, seen)
        if problem:
            raise ArtratorError(Code.OFFER_INVALID, problem, cure=cure, listing=royalty.listing)
        seen.add(royalty.listing)


def _problem(t: Transaction, listing: str, creator: str, declared: set[str], seen: set[str]) -> tuple[str, str]:
    if listing in seen:
        return f"The offer has two royalties for {listing}.", "Put them together."
    if listing not in declared:
        return (
            f"The offer has a royalty for {listing}, which the manifest does not name as a base model.",
            f'Write base_models = ["{listing}"] in artrator.toml and sign the package again.',
        )
    found = store.by_name(t, listing)
    if found is None:
        return f"The offer has a royalty for {listing}, and there is no such listing.", "Check its name."
    if found["creator"] == creator:
        return f"The offer has a royalty for {listing}, which is your own.", "Leave it out: you get that share anyway."
    return "", ""
