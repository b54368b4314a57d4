"""The signed documents that the parties exchange."""

from artrator.documents._signed import SignedDocument, document_digest
from artrator.documents.descriptor import NodeDescriptor
from artrator.documents.keyset import KeySet, TicketKey
from artrator.documents.licence import Licence
from artrator.documents.offer import Offer, Royalty, UnitPrice
from artrator.documents.plan import Plan
from artrator.documents.quoted import QuotedPrice
from artrator.documents.receipt import Acknowledgement, OutputDigest, Receipt, Seal
from artrator.documents.ticket import Ticket, ticket_digest

__all__ = [
    "Acknowledgement",
    "KeySet",
    "Licence",
    "NodeDescriptor",
    "Offer",
    "OutputDigest",
    "Plan",
    "QuotedPrice",
    "Receipt",
    "Royalty",
    "Seal",
    "SignedDocument",
    "Ticket",
    "TicketKey",
    "UnitPrice",
    "document_digest",
    "ticket_digest",
]
