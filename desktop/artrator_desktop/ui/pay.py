"""How a press of the button is paid, in the words on the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.ui.text import credits_text

if TYPE_CHECKING:
    from artrator_desktop.state.payment import Payment


def pay_words(payment: Payment, pictures: int = 1) -> str:
    """Return the price with its cap, or what is there instead of one; ``pictures`` is how many a run makes."""
    translate = QCoreApplication.translate
    if payment.paid_by in {"free", "pass"} and payment.cap:
        return translate("Pay", "{count} covered, then up to {amount}").format(
            count=payment.covered, amount=credits_text(payment.cap)
        )
    match payment.paid_by:
        case "here":
            return translate("Pay", "free, on this computer")
        case "own":
            return translate("Pay", "free: your own model")
        case "free":
            return translate("Pay", "free ({count} left today)").format(count=payment.left)
        case "pass":
            left = f"{(payment.runs_left or 0) * max(pictures, 1):,}"
            return translate("Pay", "in your pass (about {count} left)").format(count=left)
    return translate("Pay", "up to {amount}").format(amount=credits_text(payment.cap))


def pay_note(payment: Payment) -> str:
    """Return what the button has no room for: what a run costs once the free ones are used up."""
    if payment.paid_by == "free":
        return QCoreApplication.translate("Pay", "Then {amount} a run").format(amount=credits_text(payment.worth))
    return ""
