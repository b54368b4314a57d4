"""The keys of sealed packages: deposited by the node with its receipt, handed out in the moment of the payment.

The registry sees no package, so a key tells it nothing; and because it can compare the key with what the receipt is
bound to, a node cannot be paid for a key that it made up.
"""

from __future__ import annotations

from typing import Any

from artrator.canonical import b64, unb64
from artrator.errors import ArtratorError, Code
from artrator.sealing import commitment
from artrator_registry.orders.models import CheckedReceipt
from artrator_registry.storage import Transaction


def deposit(t: Transaction, order: Any, receipt: CheckedReceipt, key: str | None) -> None:
    """Keep the key of a purchase (its order's row) that was delivered; the same again changes nothing.

    Raises:
        ArtratorError: ``key_missing`` without a key; ``receipt_invalid`` if the receipt is bound to another one.
    """
    if receipt.receipt.sealed is None:
        raise ArtratorError(Code.RECEIPT_INVALID, "The receipt of a purchase says nothing of what was sealed.")
    if key is None:
        raise ArtratorError(Code.KEY_MISSING, "The node has not deposited the key of this package yet.")
    plain = unb64(key)
    if commitment(plain) != receipt.receipt.sealed.key:
        raise ArtratorError(Code.RECEIPT_INVALID, "The key is not the one that the receipt is bound to.")
    # Not OR IGNORE, which would swallow whatever else does not fit.
    t.run("INSERT INTO sealed_keys (order_id, key) VALUES (?, ?) ON CONFLICT DO NOTHING", (order["id"], plain))


def require(t: Transaction, order: str) -> None:
    """Raise ArtratorError ``key_missing`` unless the key is here: nothing is paid for a package that stays sealed."""
    if t.row("SELECT 1 FROM sealed_keys WHERE order_id = ?", (order,)) is None:
        raise ArtratorError(
            Code.KEY_MISSING,
            "The node has not deposited the key of this package, so it cannot be paid.",
            cure="Decide for the buyer, or wait until the node is heard.",
        )


def shown(row: Any) -> str | None:
    """The key of a purchase (its row), as its buyer gets it."""
    return None if row["sealed_key"] is None else b64(row["sealed_key"])
