"""The node descriptor: where a node is and which keys speak for it, signed by the creator who owns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from artrator.documents._signed import EncodedKey, SignedDocument
from artrator.plain_text import PlainText


class NodeDescriptor(SignedDocument):
    """Who a node is.

    Attributes:
        node: The node's id: its receipt key's id.
        creator: The owner's public key, encoded; it signs this document.
        urls: Where the node answers, best first (``https://host:port``).
        tls_certificate: The node's self-signed certificate in PEM: clients trust this one and no other.
        receipt_key: The public key that signs the node's receipts, encoded.
        issued_at, expires_at: Seconds since 1970.
    """

    payload_type: ClassVar[str] = "application/vnd.artrator.node+json"

    node: str
    creator: EncodedKey
    name: PlainText
    urls: Sequence[PlainText]
    tls_certificate: str
    receipt_key: EncodedKey
    issued_at: int
    expires_at: int
