"""How a press of the button is paid, in the words on the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.ui.text import credits_text

if TYPE_CHECKING:
    from artrator_desktop.state.payment import Payment


def pay_words(payment: Payment) -> str:
    """Return the price with its cap, or what is there instead of one."""
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
            return translate("Pay", "in your pass")
    return translate("Pay", "up to {amount}").format(amount=credits_text(payment.cap))


def pay_note(payment: Payment, pictures: int) -> str:
    """Return what the button has no room for: how long a pass lasts, or what the rest costs."""
    translate = QCoreApplication.translate
    runs = payment.runs_left
    if payment.paid_by == "pass" and runs is not None:
        return translate("Pay", "Your pass still gives about {count} pictures like this").format(
            count=f"{runs * max(pictures, 1):,}"
        )
    if payment.paid_by == "free":
        return translate("Pay", "Then {amount} a run").format(amount=credits_text(payment.worth))
    return ""
