"""The licence: the registry's signed statement that somebody bought a package."""

from __future__ import annotations

from typing import ClassVar

from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.plain_text import PlainText


class Licence(SignedDocument):
    """A proof of purchase, bound to the buyer's key. It opens nothing by itself, and is no copy protection.

    It is signed by the registry's root key, because ticket keys end and a licence does not.

    Attributes:
        registry: The registry's id (its root key's id).
        buyer: The buyer's public key, encoded: whoever shows the licence proves to hold this key.
        order: The purchase's id.
        listing, version: What was bought, for people.
        package: Digest of the package: what was bought, for programs.
        terms: SPDX expression or LicenseRef of the package, as its manifest said.
        terms_digest: ``sha256:<hex>`` of the licence's text as the signature covers it, or empty for a bare SPDX id.
        commercial: Whether the manifest grants commercial use.
        price: What was paid, in micro-credits.
        issued_at: Seconds since 1970, UTC, by the registry's clock.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.licence+json"

    registry: str
    buyer: EncodedKey
    order: str
    listing: PlainText
    version: PlainText
    package: str
    terms: PlainText
    terms_digest: str
    commercial: bool
    price: int
    issued_at: int
