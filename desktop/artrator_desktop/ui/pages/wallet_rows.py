"""The rows of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.paint import rounded
from artrator_desktop.ui.text import amount, signed, when
from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.theme.tokens import L, M
from artrator_desktop.ui.widgets import Card, ElidedLabel, Label, Line, Picture, RowButton

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from artrator.messages.registry import ListingCard, StatementLine

# kind: (icon, colour's role of the icon, role of the amount); one for every kind of the ledger's statements
_LOOKS: Final = {
    "hold": ("lock", "warn", "warn"),
    "release": ("rotate-ccw", "text_faint", "dim"),
    "charge": ("sparkles", "on_tint", "strong"),
    "grant": ("plus", "ok", "ok"),
    "voucher": ("ticket", "ok", "ok"),
    "topup": ("credit-card", "ok", "ok"),
    "transfer": ("hand-coins", "ok", "ok"),
    "refund": ("undo-2", "ok", "ok"),
    "pass": ("calendar-clock", "on_tint", "strong"),
    "purchase": ("shopping-bag", "on_tint", "strong"),
    "payout": ("banknote", "text_dim", "strong"),
    "chargeback": ("landmark", "bad", "bad"),
    "clawback": ("landmark", "bad", "bad"),
    "writeoff": ("scale", "text_dim", "strong"),
    "earning": ("coins", "ok", "ok"),
    "royalty": ("coins", "ok", "ok"),
    "fee": ("receipt", "text_dim", "strong"),
}


def fold(lines: Sequence[StatementLine]) -> list[StatementLine]:
    """Make one line of an order's lines: what was paid, or that the hold came back, or the hold that still stands."""
    paid = {line.order for line in lines if line.kind in {"charge", "purchase"} and line.order}
    back = {line.order for line in lines if line.kind == "release" and line.order}
    result = []
    for line in lines:
        if line.order and line.kind == "release" and line.order not in paid:
            result.append(line.model_copy(update={"amount": 0}))
        elif not line.order or line.kind not in {"hold", "release"} or line.order not in paid | back:
            result.append(line)
    return result


def _pass_of(line: StatementLine, passes: Mapping[str, str]) -> str:
    """Return the title of the pass that a line is about: the registry names its plan at the end of the text."""
    return next((title for plan, title in passes.items() if line.kind == "pass" and line.text.endswith(plan)), "")


class StatementRows(Card):
    """The statement, newest first. ``opened`` carries the line whose row was chosen."""

    opened = Signal(object)

    def __init__(self, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=0, gap=0)
        self._pixmaps = pixmaps
        self._shown: object = None
        self.rows: list[StatementRow] = []

    def show_lines(
        self, lines: Sequence[StatementLine], listings: Mapping[str, ListingCard], passes: Mapping[str, str]
    ) -> None:
        """Show lines, with title and picture of the listings that are known; the same lines are not built twice.

        Args:
            lines: Newest first.
            listings: Cards by listing.
            passes: Titles by plan, ``handle/name``.
        """
        known = {line.listing for line in lines if line.listing in listings}
        if (list(lines), known, dict(passes)) == self._shown:
            return
        self._shown = (list(lines), known, dict(passes))
        self.rows.clear()
        while (item := self.column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for index, line in enumerate(fold(lines)):
            if index:
                self.column.addWidget(Line())
            row = StatementRow(line, listings.get(line.listing or ""), _pass_of(line, passes), self._pixmaps)
            row.opened.connect(lambda line=line: self.opened.emit(line))
            self.rows.append(row)
            self.column.addWidget(row)


class StatementRow(RowButton):
    """One line: an icon, what it was, what became of it, the amount and the time."""

    def __init__(
        self,
        line: StatementLine,
        card: ListingCard | None,
        bought: str,
        pixmaps: Pixmaps,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        icon, role, ink = _LOOKS.get(line.kind, ("receipt", "text_dim", "strong"))
        self._pass = bought
        name = ElidedLabel(self._title(line, card), "strong")
        kind = ElidedLabel(self._kind(line, card), "dim")
        self.number = Label(signed(line.amount), ink)
        if ink in {"ok", "warn"}:
            self.number.setStyleSheet("font-size:13px;")
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        moment = Label(when(line.at), "caption")
        moment.setAlignment(Qt.AlignmentFlag.AlignRight)
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(name)
        left.addWidget(kind)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addWidget(self.number)
        right.addWidget(moment)
        row = QHBoxLayout(self)
        row.setContentsMargins(L, M - 1, L + 2, M - 1)
        row.setSpacing(M)
        if card is not None and card.samples and line.kind in {"hold", "charge", "release", "purchase"}:
            picture = Picture(pixmaps, name.whole(), radius=8)
            picture.setFixedSize(40, 40)
            picture.set_key(card.samples[0])
            row.addWidget(picture)
        else:
            row.addWidget(_Glyph(icon, role))
        row.addLayout(left, 1)
        row.addLayout(right)
        self.set_can_open(bool(line.order or line.listing or line.kind == "pass"))
        self.setToolTip(self.tr("Balance after it: {amount}").format(amount=amount(line.balance)))
        self.setAccessibleName(f"{name.whole()}, {kind.whole()}, {self.number.text()}")

    def _title(self, line: StatementLine, card: ListingCard | None) -> str:
        if card is not None:
            return pick(card.title, language())
        if line.kind == "pass":
            return self._pass or self.tr("Pass")
        if line.listing:
            return line.listing.rpartition("/")[2].replace("-", " ").capitalize()
        return {
            "grant": self.tr("Credits granted"),
            "voucher": self.tr("Voucher"),
            "topup": self.tr("Top-up"),
            "transfer": self.tr("From your earnings"),
            "payout": self.tr("Payout"),
            "chargeback": self.tr("Top-up taken back"),
            "clawback": self.tr("Debt settled"),
            "writeoff": self.tr("Debt written off"),
        }.get(line.kind, line.text or line.kind)

    def _kind(self, line: StatementLine, card: ListingCard | None) -> str:
        words = {
            "hold": self.tr("Held until delivered"),
            "release": self.tr("Hold released"),
            "charge": self.tr("Delivered and paid"),
            "grant": self.tr("Added by the registry’s operator"),
            "voucher": self.tr("Redeemed"),
            "refund": self.tr("Refunded"),
            "pass": self.tr("Pass for one period") if line.amount < 0 else self.tr("Pass refunded: it was not used"),
            "purchase": self.tr("Bought to keep"),
            "topup": line.text or self.tr("Paid in"),
            "transfer": self.tr("Moved to the wallet"),
            "payout": self.tr("Paid out"),
            "chargeback": self.tr("The bank took the payment back"),
            "clawback": self.tr("From what came in"),
            "writeoff": self.tr("By the registry’s operator"),
            "earning": self.tr("Earned"),
            "royalty": self.tr("Royalty of a model made from yours"),
            "fee": self.tr("Registry’s fee"),
        }.get(line.kind, line.kind)
        maker = card.creator_name if card is not None else (line.listing or "").partition("/")[0]
        return f"{words} · {maker}" if maker else words


class _Glyph(QWidget):
    """An icon on a square of its own."""

    def __init__(self, icon: str, role: str) -> None:
        super().__init__()
        self._icon, self._role = icon, role
        self.setFixedSize(40, 40)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint it."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(rounded(QRectF(self.rect()), 10), QColor(tokens.raised))
        painter.drawPixmap(11, 11, pixmap(self._icon, getattr(tokens, self._role), 18))
