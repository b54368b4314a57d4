"""Top-ups that have not been paid yet, with the way back to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import credits_text
from artrator_desktop.ui.theme.tokens import M, S
from artrator_desktop.ui.widgets import Button, Card, ElidedLabel, IconButton, IconLabel

if TYPE_CHECKING:
    from artrator.messages.rails import TopUp
    from artrator_desktop.state import AppState


class WaitingTopUps(QWidget):
    """A strip for each. ``chosen`` carries the id of the one to go on with."""

    chosen = Signal(str)

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._topups = app.topups
        self._shown: list[str] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(S)
        self._topups.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show those that are open."""
        waiting = [topup for topup in self._topups.open.values() if topup.state.value == "open"]
        self.setVisible(bool(waiting))
        if [topup.id for topup in waiting] == self._shown:
            return
        self._shown = [topup.id for topup in waiting]
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for topup in waiting:
            self._column.addWidget(self._strip(topup))

    def _strip(self, topup: TopUp) -> Card:
        strip = Card("strip-tint", inset=10, gap=0)
        rail = self._topups.rail(topup.rail)
        way = pick(rail.title, language()) if rail is not None else topup.rail
        words = self.tr("{amount} wait for your payment · {way}").format(amount=credits_text(topup.amount), way=way)
        go_on = Button(self.tr("Go on"), "soft")
        go_on.clicked.connect(lambda: self.chosen.emit(topup.id))
        cross = IconButton("x", self.tr("Give this top-up up"), size=30, glyph=15)
        cross.clicked.connect(lambda: self._topups.abandon(topup.id))
        row = QHBoxLayout()
        row.setSpacing(M)
        row.addWidget(IconLabel("clock", 18, "on_tint"))
        row.addWidget(ElidedLabel(words, "body"), 1)
        row.addWidget(go_on)
        row.addWidget(cross)
        strip.column.addLayout(row)
        return strip
