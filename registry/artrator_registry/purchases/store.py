"""SQL of purchases and licences."""

from __future__ import annotations

from typing import Any

from artrator_registry.storage import Transaction

#: The oldest purchases of somebody who has more than this are not listed; an account that buys so much is a program.
_MOST: int = 500


def purchase(t: Transaction, order: str) -> Any:
    """A purchase's order with its listing's version and its licence, or None."""
    return t.row(f"{_PURCHASE} WHERE o.id = ? AND o.kind = 'purchase'", (order,))


def purchases(t: Transaction, buyer: str) -> list[Any]:
    """A buyer's purchases, newest first."""
    return t.rows(
        f"{_PURCHASE} WHERE o.buyer = ? AND o.kind = 'purchase' ORDER BY o.serial DESC LIMIT {_MOST}", (buyer,)
    )


_PURCHASE = (
    "SELECT o.*, v.version, v.manifest, v.signature, a.public_key AS creator_key, b.public_key AS buyer_key,"
    " c.issued_at AS licence_at, c.document AS licence, k.key AS sealed_key"
    " FROM orders o JOIN listings l ON l.listing = o.listing"
    " JOIN versions v ON v.listing = l.id AND v.package = o.package"
    " JOIN accounts a ON a.id = o.creator JOIN accounts b ON b.id = o.buyer"
    " LEFT JOIN licences c ON c.order_id = o.id LEFT JOIN sealed_keys k ON k.order_id = o.id"
)


def version(t: Transaction, listing: str, package: str) -> Any:
    """The version of a listing that is this package, or None."""
    return t.row(
        "SELECT l.listing, l.creator, v.id AS version_id, v.version, v.package, v.manifest"
        " FROM listings l JOIN versions v ON v.listing = l.id WHERE l.listing = ? AND v.package = ?",
        (listing, package),
    )


def in_force(t: Transaction, buyer: str, package: str) -> str | None:
    """The buyer's purchase of a package that is under way or paid, or None."""
    row = t.row(
        "SELECT id FROM orders WHERE buyer = ? AND package = ? AND kind = 'purchase'"
        " AND state NOT IN ('released', 'refunded')",
        (buyer, package),
    )
    return None if row is None else str(row["id"])


def issue(t: Transaction, order: Any) -> None:
    """A purchase was paid: its licence is due from now on. Called in the transaction of the settlement."""
    t.run(
        "INSERT INTO licences (order_id, buyer, package, issued_at) VALUES (?, ?, ?, ?)",
        (order["id"], order["buyer"], order["package"], int(t.now)),
    )


def sign(t: Transaction, order: str, document: str) -> None:
    """Keep a licence's signed form; the first stays."""
    t.run("UPDATE licences SET document = ? WHERE order_id = ? AND document IS NULL", (document, order))
