"""After a restore: nodes are asked for their receipts again, and what cannot be known any more is at least noted.

A copy made by ``artrator registry backup`` carries the file ``copied.json``. Whoever serves it has restored it: the
file becomes a row, and with every heartbeat nodes hear since when this registry remembers nothing. They send the
receipts of that time again. Those of orders that the copy knows settle them, once; the others stay here as strays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from artrator.documents import Receipt, document_digest
from artrator.errors import ArtratorError
from artrator.keys import PublicKey
from artrator_registry.accounts.models import Caller
from artrator_registry.nodes import store as nodes
from artrator_registry.orders import store as orders
from artrator_registry.recovery import store
from artrator_registry.storage import Transaction

MARK: Final = "copied.json"
#: Nodes that were away while the copy was put in place hear of it for so long.
_TELL_SECONDS: Final = 30 * 86_400.0
#: The clocks of a node and of this registry need not agree, and a receipt may have been on its way.
_MARGIN_SECONDS: Final = 3_600.0
#: More than this from one node is not a trace of anything.
_MOST_STRAYS: Final = 1_000


def mark(folder: Path, copied_at: float) -> None:
    """Say in a copy's folder when it was made."""
    (folder / MARK).write_text(json.dumps({"copied_at": copied_at}), encoding="ascii")


def adopt(t: Transaction, folder: Path) -> None:
    """If this folder is a copy, note that it is served from now on. ``forget_mark`` comes after the commit."""
    try:
        copied_at = float(json.loads((folder / MARK).read_text(encoding="ascii"))["copied_at"])
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, KeyError):  # somebody's hand was in it: it is a copy all the same
        copied_at = 0.0
    store.restored(t, copied_at)


def forget_mark(folder: Path) -> None:
    """It stands in the database now."""
    (folder / MARK).unlink(missing_ok=True)


def lost_since(t: Transaction) -> float | None:
    """Since when this registry may have forgotten receipts; None if it was not restored lately."""
    copied_at = store.lost_since(t, t.now - _TELL_SECONDS)
    return None if copied_at is None else max(0.0, copied_at - _MARGIN_SECONDS)


@dataclass(frozen=True)
class Trace:
    """What is left of an order that nobody here knows: its node's receipt, in short."""

    order: str
    node: str
    outcome: str
    package: str
    digest: str
    finished_at: float


def trace(t: Transaction, who: Caller, order: str, document: Mapping[str, Any]) -> Trace | None:
    """The trace of a receipt, if nobody knows its order and the caller's own node signed it."""
    try:
        claimed = Receipt.peek(document)
        node = nodes.node(t, claimed.node)
        if node is None or node["owner"] != who.account or claimed.order != order or orders.order(t, order) is not None:
            return None
        receipt = Receipt.verify(document, PublicKey.decode(node["receipt_key"]))
    except ArtratorError:
        return None
    digest = document_digest(document)
    return Trace(order, receipt.node, receipt.outcome, receipt.package, digest, receipt.finished_at)


def keep(t: Transaction, found: Trace) -> None:
    """Keep a trace; the first one of an order counts."""
    if store.count_strays(t, found.node) < _MOST_STRAYS:
        store.keep_stray(t, found.order, found.node, found.outcome, found.package, found.digest, found.finished_at)
