"""Checking what nodes and buyers sign about an order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from artrator.documents import Acknowledgement, Offer, Receipt
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator_registry.orders.models import CheckedAcknowledgement, CheckedReceipt
from artrator_registry.storage import as_json

_CODE: Final = re.compile(r"[a-z][a-z_]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
#: Receipts are kept for ever. A plain one has a kilobyte, and a quarter of one for each output; whatever is far more
#: holds something else.
_MOST_BYTES: Final = 16 * 1024
_MOST_BYTES_OF_OUTPUT: Final = 1024
#: A verdict, and two thousand letters of any script that say why.
_MOST_BYTES_OF_ACKNOWLEDGEMENT: Final = 32 * 1024


def check_receipt(order: Any, receipt_key: str, document: Mapping[str, Any]) -> CheckedReceipt:
    """A receipt for an order (its row) by the node with this key; raises ArtratorError ``receipt_invalid``."""
    try:
        receipt, digest = Receipt.verify_named(document, PublicKey.decode(receipt_key))
    except ArtratorError as error:
        raise ArtratorError(Code.RECEIPT_INVALID, error.message) from error
    agreed: Mapping[str, int] = json.loads(order["measures"])
    problem = None
    if receipt.order != order["id"] or receipt.ticket != order["ticket_digest"]:
        problem = "The receipt is for another order or another ticket."
    elif receipt.node != order["node"]:
        problem = "The receipt names another node than the ticket."
    elif receipt.package != order["package"] or receipt.request != order["request"]:
        problem = "The receipt names another package or another request than the ticket."
    elif any(not 0 <= used <= agreed.get(unit, 0) for unit, used in receipt.measures.items()):
        problem = "The receipt measures more than the ticket allows."
    elif receipt.outcome == "delivered" and not receipt.outputs:
        problem = "The receipt says delivered, and names no output."
    elif not all(_DIGEST.fullmatch(output.sha256) for output in receipt.outputs):
        problem = "The receipt names an output by something that is no digest."
    size = len(as_json(document))
    if size > _MOST_BYTES + _MOST_BYTES_OF_OUTPUT * len(receipt.outputs):
        problem = "The receipt is far longer than what it says needs."
    if problem:
        raise ArtratorError(Code.RECEIPT_INVALID, problem)
    return CheckedReceipt(receipt, document, digest, size)


def check_acknowledgement(
    order: Any, buyer_key: str, receipt: CheckedReceipt, document: Mapping[str, Any]
) -> CheckedAcknowledgement:
    """The buyer's answer to this receipt; raises ArtratorError ``document_invalid``."""
    acknowledgement = Acknowledgement.verify(document, PublicKey.decode(buyer_key))
    if acknowledgement.order != order["id"] or acknowledgement.receipt != receipt.digest:
        raise ArtratorError(Code.DOCUMENT_INVALID, "The acknowledgement is for another order or another receipt.")
    if acknowledgement.buyer != buyer_key:
        raise ArtratorError(Code.DOCUMENT_INVALID, "The acknowledgement names another buyer.")
    if len(as_json(document)) > _MOST_BYTES_OF_ACKNOWLEDGEMENT:
        raise ArtratorError(Code.DOCUMENT_INVALID, "The acknowledgement is far longer than any that says why.")
    return CheckedAcknowledgement(acknowledgement, document)


def worth(order: Any, offer: Offer, receipt: Receipt) -> int:
    """What a delivery is worth: the offer's price of what was really used, never above that of what was ordered.

    A receipt without measures used what was ordered. A purchase is all or nothing.
    """
    if order["kind"] == "purchase":
        return int(order["worth"])
    used = receipt.measures or json.loads(order["measures"])
    return min(int(order["worth"]), sum(offer.breakdown(used).values()))


def failure(receipt: Receipt) -> str:
    """Why nothing was delivered, as a code."""
    if receipt.outcome == "cancelled":
        return "cancelled"
    return receipt.error if receipt.error and _CODE.fullmatch(receipt.error) else Code.MODEL_FAILED.value


def shortfall(receipt: Receipt) -> str | None:
    """Why a delivery is less than what was ordered, as a code; None if it is all of it."""
    return failure(receipt) if receipt.outcome == "delivered" and receipt.error else None
