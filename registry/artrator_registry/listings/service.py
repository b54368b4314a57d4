"""Publishing packages and showing listings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from packaging.version import Version

from artrator.documents import Offer
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.accounts.models import Caller
from artrator_registry.listings import checks, parsed, royalties, store
from artrator_registry.listings.cards import cards
from artrator_registry.listings.models import CheckedPublication
from artrator_registry.listings.samples import SampleFiles
from artrator_registry.orders import shares
from artrator_registry.search import index
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction


class Listings:
    """Everything about listings."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings
        self.samples = SampleFiles(settings.samples)

    async def publish(self, who: Caller, handle: str, name: str, request: m.Publication) -> m.Listing:
        """Offer a package version. Repeating it is harmless; a version that exists cannot become another package."""
        if handle != who.handle:
            raise ArtratorError(Code.FORBIDDEN, f"You publish as {who.handle}, not as {handle}.")
        checked = await asyncio.to_thread(checks.check, name, who.public_key, request)
        for sample in checked.samples:
            # Files first: a row that names a missing picture would be worse than a picture that no row names.
            await asyncio.to_thread(self.samples.put, sample)
        listing = f"{handle}/{name}"
        await self._db.write(_publish, listing, who.account, checked, self._settings.fee_basis_points)
        return await self.listing(listing, checked.manifest.version)

    async def listing(self, listing: str, version: str | None) -> m.Listing:
        """One listing; the newest version unless another is named."""
        return await self._db.read(_listing, listing, version, self._settings)


def find(t: Transaction, listing: str, version: str | None) -> Any:
    """A version's row; raises ArtratorError ``listing_unknown``."""
    row = store.current(t, listing) if version is None else store.version(t, listing, version)
    if row is None:
        which = listing if version is None else f"{listing} {version}"
        raise ArtratorError(Code.LISTING_UNKNOWN, f"There is no listing {which}.")
    return row


def _publish(t: Transaction, listing: str, creator: str, checked: CheckedPublication, fee: int) -> None:
    known = store.by_name(t, listing)
    listing_id = known["id"] if known is not None else store.add_listing(t, listing, creator, checked.manifest.name)
    old = store.version(t, listing, checked.manifest.version)
    if old is None:
        version_id = store.add_version(t, listing_id, checked, checks.card_facts(checked.manifest))
    elif old["package"] == checked.package:
        version_id = old["version_id"]
    else:
        raise ArtratorError(
            Code.CONFLICT,
            f"Version {checked.manifest.version} of {listing} is published with other content.",
            cure="Raise the version in artrator.toml and sign the package again.",
        )
    _put_offer(t, version_id, checked, creator, fee)
    if checked.samples or old is None:
        store.set_samples(t, version_id, [(sample.file, sample.blob) for sample in checked.samples])
    _show_newest(t, listing_id)


def _put_offer(t: Transaction, version_id: int, checked: CheckedPublication, creator: str, fee: int) -> None:
    if store.offer_by_digest(t, checked.offer_digest) is not None:
        return
    royalties.check(t, checked.offer, checked.manifest, creator, fee)
    newest = store.offer(t, version_id)
    if newest is not None and checked.offer.issued_at < newest["issued_at"]:
        # An old offer that is sent again would bring an old price back.
        raise ArtratorError(Code.OFFER_INVALID, "A newer offer for this version is published already.")
    store.add_offer(t, version_id, checked)


def _show_newest(t: Transaction, listing_id: int) -> None:
    versions = store.versions(t, listing_id)
    # A version that says of itself that it is not final is shown only while there is no other.
    final = [row for row in versions if not Version(row["version"]).is_prerelease]
    newest = max(final or versions, key=lambda row: Version(row["version"]))
    row = t.row("SELECT card FROM versions WHERE id = ?", (newest["id"],))
    facts = json.loads(row["card"])
    price = store.offer(t, newest["id"])["price"]
    store.set_current(t, listing_id, newest["id"], facts["task"], price, facts["tags"])
    index.put(t, listing_id)


def _listing(t: Transaction, listing: str, version: str | None, settings: Settings) -> m.Listing:
    row = find(t, listing, version)
    document = store.offer(t, row["version_id"])["document"]
    history = sorted(store.versions(t, row["listing_id"]), key=lambda each: Version(each["version"]), reverse=True)
    return m.Listing(
        card=cards(t, [row], settings.online_seconds)[0],
        manifest=row["manifest"],
        offer=json.loads(document),
        creator_key=row["public_key"],
        signature=json.loads(row["signature"]),
        versions=[
            m.ListingVersion(version=each["version"], package=each["package"], published_at=each["published_at"])
            for each in history
        ],
        licence_split=_licence_split(t, row["creator"], parsed.offer(document), settings),
    )


def _licence_split(t: Transaction, creator: str, offer: Offer, settings: Settings) -> Sequence[m.Share]:
    if offer.licence is None:
        return ()
    return shares.as_messages(
        t, shares.divide(t, offer.licence, creator, settings.fee_basis_points, offer), settings.name
    )
