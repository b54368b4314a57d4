"""Below a receipt: the way to say that something is wrong, or what has been said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from artrator_desktop.ui.disputes.sheets import DisputeSheet
from artrator_desktop.ui.disputes.words import state_line
from artrator_desktop.ui.text import when
from artrator_desktop.ui.widgets import Button, Card, IconLabel, Label

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord

#: Older pictures are not asked about: no registry keeps a window open for so long.
_OLD_SECONDS: Final = 120 * 86_400
#: Walking through the gallery with the arrow keys asks for none of the pictures in between.
_PAUSE_MS: Final = 350


class DisputeStrip(Card):
    """Hidden unless there is something to say or to see."""

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__("well", parent, inset=12, gap=0)
        self._app = app
        self._record: ImageRecord | None = None
        self.icon = IconLabel("flag", 18, "text_dim")
        self.words = Label("", "meta", wrap=True)
        self.button = Button(self.tr("Something is wrong…"), "ghost")
        self.button.clicked.connect(self.open)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.icon)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.column.addLayout(row)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self._ask)
        app.disputes.known.connect(self._known)
        self.hide()

    def show_record(self, record: ImageRecord) -> None:
        """Look at a picture's order."""
        self._record = record
        self._show()
        if not record.made_here and time.time() - record.created_at < _OLD_SECONDS:
            self._soon.start()
        else:
            self._soon.stop()

    def open(self) -> None:
        """Open the sheet."""
        if self._record is not None:
            sheet = DisputeSheet(self._app, self._record.order_id, self._record.title, self)
            sheet.finished.connect(sheet.deleteLater)
            sheet.open()

    def _ask(self) -> None:
        if self._record is not None:
            self._app.disputes.look(self._record.order_id)

    def _known(self, order: str) -> None:
        if self._record is not None and self._record.order_id == order:
            self._show()

    def _show(self) -> None:
        standing = self._app.disputes.standings.get(self._record.order_id) if self._record is not None else None
        self.setVisible(standing is not None and (standing.can_open or standing.dispute is not None))
        if standing is None:
            return
        if standing.dispute is not None:
            words, role = state_line(standing.dispute)
            self.set_look({"ok": "strip-ok", "warn": "strip-warn"}.get(role, "well"))
            self.icon.set_icon("flag", "text_dim" if role == "dim" else role)
            self.words.setText(words)
            self.button.setText(self.tr("Details"))
        else:
            self.set_look("well")
            self.icon.set_icon("flag", "text_dim")
            until = standing.order.dispute_until or 0.0
            self.words.setText(self.tr("Not right? Until {day}").format(day=when(until)))
            self.button.setText(self.tr("Something is wrong…"))
        self.setAccessibleName(self.words.text())
