"""SQL of the built-in rails."""

from __future__ import annotations

from typing import Any

from artrator_registry.storage import Transaction


def add_voucher(
    t: Transaction, digest: bytes, batch: str, amount: int, expires_at: float | None, promotion: str | None
) -> None:
    """A new voucher, by the digest of its code."""
    t.run(
        "INSERT INTO vouchers (digest, batch, amount, created_at, expires_at, promotion) VALUES (?, ?, ?, ?, ?, ?)",
        (digest, batch, amount, t.now, expires_at, promotion),
    )


def voucher(t: Transaction, digest: bytes) -> Any:
    """A voucher, or None."""
    return t.row("SELECT * FROM vouchers WHERE digest = ?", (digest,))


def redeem(t: Transaction, digest: bytes, account: str) -> None:
    """Mark a voucher as used."""
    t.run("UPDATE vouchers SET redeemed_by = ?, redeemed_at = ? WHERE digest = ?", (account, t.now, digest))


def had(t: Transaction, promotion: str, account: str) -> bool:
    """Whether an account has redeemed a voucher of a promotion."""
    row = t.row("SELECT 1 FROM vouchers WHERE promotion = ? AND redeemed_by = ?", (promotion, account))
    return row is not None
