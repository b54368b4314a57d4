"""The receipt of a package that arrived sealed: what the node binds itself to before it is paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from artrator.clients.purchases import PendingPurchase
from artrator.clients.sealed_download import SealedPackage
from artrator.documents import NodeDescriptor, Receipt, ticket_digest
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import products as p


def check_sealed_receipt(
    document: Mapping[str, Any],
    descriptor: NodeDescriptor,
    pending: PendingPurchase,
    bought: p.Purchase,
    sealed: SealedPackage,
) -> Mapping[str, Any]:
    """The receipt, if the node signed it for this purchase and is bound by it to exactly what arrived.

    Raises:
        ArtratorError: ``document_invalid``, ``receipt_invalid``.
    """
    receipt = Receipt.verify(document, PublicKey.decode(descriptor.receipt_key))
    promised = (descriptor.node, pending.purchase, ticket_digest(bought.order.ticket or ""), pending.package)
    if (receipt.node, receipt.order, receipt.ticket, receipt.package) != promised or receipt.outcome != "delivered":
        raise ArtratorError(Code.RECEIPT_INVALID, "The node signed a receipt for something else.")
    files = sealed.files
    if receipt.sealed is None or receipt.sealed.root != sealed.root:
        raise ArtratorError(Code.RECEIPT_INVALID, "The node's receipt is bound to something else than what arrived.")
    named = {output.name: (output.sha256, output.size) for output in receipt.outputs}
    whole = {"package": (pending.package.removeprefix("sha256:"), sum(size for _, size in files.values()))}
    if named not in (dict(files), whole):
        raise ArtratorError(Code.RECEIPT_INVALID, "The node's receipt names other files than those that arrived.")
    return document
