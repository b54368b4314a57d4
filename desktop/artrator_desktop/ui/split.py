"""Who gets what of a price, in one line and in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.ui.text import credits_text, share_of, tip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artrator.messages.registry import Share


def split_line(shares: Sequence[Share]) -> str:
    """Return the shares in a few words: "85 % creator · 10 % registry · 5 % royalty"."""
    words = QCoreApplication.translate("Split", "{share} {who}")
    return " · ".join(words.format(share=share_of(share.basis_points), who=_who(share)) for share in shares)


def split_rows(shares: Sequence[Share]) -> list[tuple[str, str]]:
    """Return a row for each share, with its amount."""
    return [(_whole_name(share), f"{credits_text(share.amount)} · {share_of(share.basis_points)}") for share in shares]


def split_tip(shares: Sequence[Share]) -> str:
    """Return the exact amounts as a tool tip."""
    return "".join(tip(f"{name}: {value}") for name, value in split_rows(shares))


def _who(share: Share) -> str:
    translate = QCoreApplication.translate
    names = {
        "creator": translate("Split", "creator"),
        "fee": translate("Split", "registry"),
        "royalty": translate("Split", "royalty"),
    }
    return names[share.kind]


def _whole_name(share: Share) -> str:
    translate = QCoreApplication.translate
    if share.kind == "creator":
        return translate("Split", "To its creator, {name}").format(name=share.to)
    if share.kind == "fee":
        return translate("Split", "To the registry, {name}").format(name=share.to)
    return translate("Split", "Royalty for {listing}").format(listing=share.listing or share.to)
