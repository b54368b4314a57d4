"""How a press of the button is paid, in the words on the button."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtWidgets import QApplication

from artrator_desktop.ui.text import short_price

if TYPE_CHECKING:
    from artrator_desktop.state.payment import Payment


class Deliberate(QObject):
    """Lets a press through, and none that follows in haste: a double click must not buy twice.

    Several jobs are bought by several presses, each at its own time, or by the number of images.
    """

    meant = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._last = float("-inf")

    def press(self) -> None:
        """Emit ``meant``, unless the last press was a moment ago."""
        now, before = time.monotonic(), self._last
        self._last = now
        if now - before > QApplication.doubleClickInterval() / 1000:
            self.meant.emit()


def pay_words(payment: Payment, pictures: int = 1) -> str:
    """Return the price with its cap, or what is there instead of one; ``pictures`` is how many a run makes."""
    translate = QCoreApplication.translate
    if payment.paid_by in {"free", "pass"} and payment.cap:
        return translate("Pay", "{count} covered, then up to {amount}").format(
            count=payment.covered, amount=short_price(payment.cap)
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
    return translate("Pay", "up to {amount}").format(amount=short_price(payment.cap))


def pay_note(payment: Payment) -> str:
    """Return what the button has no room for: what a run costs once the free ones are used up."""
    if payment.paid_by == "free":
        return QCoreApplication.translate("Pay", "Then {amount} a run").format(amount=short_price(payment.worth))
    return ""
