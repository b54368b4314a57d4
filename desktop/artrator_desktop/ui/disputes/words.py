"""Reasons and states of disputes, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.ui.text import credits_text

if TYPE_CHECKING:
    from artrator.messages.disputes import Dispute


def reasons() -> list[tuple[str, str, str]]:
    """Return every reason as (value, name, what it means), the most usual first."""
    translate = QCoreApplication.translate
    return [
        ("not_as_described", translate("Dispute", "Not what was described"),
         translate("Dispute", "The model does not do what its page says.")),
        ("unusable", translate("Dispute", "Unusable"),
         translate("Dispute", "Noise, one colour, or nothing that could be meant.")),
        ("damaged", translate("Dispute", "Damaged"),
         translate("Dispute", "The picture is cut off or broken.")),
        ("wrong_model", translate("Dispute", "Another model"),
         translate("Dispute", "It was plainly made by something else.")),
        ("nothing_arrived", translate("Dispute", "Nothing arrived"),
         translate("Dispute", "It was paid, and there is no picture.")),
        ("other", translate("Dispute", "Something else"),
         translate("Dispute", "Say it in your own words.")),
    ]  # fmt: skip


def reason_name(reason: str) -> str:
    """Return a reason's name."""
    return next((name for value, name, _note in reasons() if value == reason), reason)


def state_line(dispute: Dispute) -> tuple[str, str]:
    """Return how a dispute stands, in one sentence, and its colour."""
    translate = QCoreApplication.translate
    given = credits_text(dispute.amount)
    if dispute.decided_for == "buyer":
        return translate("Dispute", "Decided for the buyer: {amount} went back").format(amount=given), "ok"
    if dispute.decided_for == "creator":
        return translate("Dispute", "Decided for the creator: the payment stands"), "dim"
    if dispute.answer is not None:
        return translate("Dispute", "Answered; the registry’s operator decides"), "warn"
    return translate("Dispute", "Open; the creator has not answered yet"), "warn"
