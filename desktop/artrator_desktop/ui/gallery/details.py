"""The pane at the right: one picture with everything that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from artrator_desktop.ui.create.actions import PictureActions
from artrator_desktop.ui.create.facts import setting_rows
from artrator_desktop.ui.create.preview import Preview
from artrator_desktop.ui.disputes.strip import DisputeStrip
from artrator_desktop.ui.gallery.receipt import ReceiptStrip
from artrator_desktop.ui.listings.titles import title_of
from artrator_desktop.ui.text import credits_text, duration, when
from artrator_desktop.ui.theme import set_icon
from artrator_desktop.ui.widgets import Button, Facts, IconButton, Label, PageScroll

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord
    from artrator_desktop.state.receipts import Verdict
    from artrator_desktop.ui.images import Pixmaps

_WIDTH: Final = 330


class DetailsPane(QFrame):
    """Signals: more (make more like this), compare, delete, receipt: for the picture that is shown."""

    more = Signal(object)
    compare = Signal(object)
    delete = Signal()
    favourite = Signal(bool)
    receipt = Signal(object)
    sent = Signal(str, str)
    said = Signal(str, str)

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setFixedWidth(_WIDTH)
        self._app = app
        self._record: ImageRecord | None = None
        self._verdict: Verdict | None = None
        self.picture = Preview(pixmaps)
        self.heart = IconButton("heart", self.tr("Favourite"), self.picture, size=34)
        self.heart.setObjectName("on-picture")
        self.heart.setCheckable(True)
        set_icon(self.heart, "heart", size=18, role="on_glass", on="bad")
        self.heart.clicked.connect(self.favourite)
        self.heart.move(_WIDTH - 36 - 46, 10)
        self.prompt_title = Label(self.tr("Prompt"), "label")
        self.copy_prompt = IconButton("copy", self.tr("Copy prompt"), size=24, glyph=14)
        self.copy_prompt.clicked.connect(self._copy_prompt)
        self.prompt = Label("", "body", wrap=True).selectable()
        self.facts = Facts()
        self.strip = ReceiptStrip()
        self.strip.details.connect(self._show_receipt)
        self.dispute = DisputeStrip(app)
        self.again = Button(self.tr("Make more like this"), "primary", "sparkles")
        self.again.clicked.connect(lambda: self.more.emit(self._record))
        self.tools = PictureActions(app)
        self.tools.hide()
        self.tools.sent.connect(self.sent)
        self.tools.said.connect(self.said)
        self.comparing = Button(self.tr("Compare"), "plain", "square-split-horizontal")
        self.comparing.clicked.connect(lambda: self.compare.emit(self._record))
        self.removing = Button(self.tr("Delete"), "danger", "trash-2")
        self.removing.clicked.connect(self.delete)
        self._build()
        app.companions.known.connect(self._name_settings)

    def show_record(self, record: ImageRecord) -> None:
        """Show a picture; its receipt is checked anew each time."""
        same = self._record is not None and self._record.id == record.id
        self._record = record
        shape = record.height / record.width if record.width else 1.0
        self.picture.setFixedHeight(min(max(round((_WIDTH - 36) * shape), 160), 340))
        self.picture.setAccessibleName(record.prompt or record.title)
        self.picture.show_key(record.path)
        self.heart.setChecked(record.favourite)
        for widget in (self.prompt_title, self.copy_prompt, self.prompt):
            widget.setVisible(bool(record.prompt))
        self.prompt.setText(record.prompt)
        self.facts.show_rows(self._rows(record))
        self.tools.show_record(record)
        self.tools.hide()
        self.comparing.setEnabled(bool(record.source))
        self.dispute.show_record(record)
        if not same:
            self._verdict = None
            self.strip.show_verdict(None)
            self._app.gallery.verify(record)

    def show_verdict(self, image: int, verdict: Verdict) -> None:
        """Show the outcome of the check, if it is this picture's."""
        if self._record is not None and self._record.id == image:
            self._verdict = verdict
            self.strip.show_verdict(verdict)

    def record(self) -> ImageRecord | None:
        """Return the picture that is shown."""
        return self._record

    def clear(self) -> None:
        """Forget the picture."""
        self._record = None

    def _build(self) -> None:
        area = PageScroll(side=18, top=22, bottom=22)
        area.column.setSpacing(12)
        area.column.addWidget(self.picture)
        prompt = QHBoxLayout()
        prompt.addWidget(self.prompt_title, 1)
        prompt.addWidget(self.copy_prompt)
        area.column.addLayout(prompt)
        for widget in (self.prompt, self.facts, self.strip, self.dispute, self.again):
            area.column.addWidget(widget)
        grid = QGridLayout()
        grid.setSpacing(8)
        # The buttons of the actions' row, in two columns because the pane is narrow; the first is not always there.
        grid.addWidget(self.tools.send, 0, 0, 1, 2)
        for number, button in enumerate((self.comparing, self.tools.save, self.tools.copy, self.tools.reveal)):
            grid.addWidget(button, 1 + number // 2, number % 2)
        grid.addWidget(self.removing, 3, 0, 1, 2)
        area.column.addLayout(grid)
        area.column.addWidget(self.tools)
        area.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    def _rows(self, record: ImageRecord) -> list[tuple[str, str]]:
        rows = [(self.tr("Model"), f"{title_of(self._app, record.listing, record.title)} {record.version}".strip())]
        rows.append((self.tr("Creator"), record.listing.partition("/")[0]))
        rows += setting_rows(self._app.companions.inputs_of(record.listing), record.inputs)
        rows.append((self.tr("Size"), f"{record.width} × {record.height}"))
        rows.append((self.tr("Node"), self.tr("this computer") if record.made_here else record.node_name))
        rows.append((self.tr("Took"), duration(record.seconds)))
        paid = credits_text(record.cost) if record.cost else self.tr("nothing")
        if record.outputs > 1 and record.cost:
            paid = self.tr("{amount} for {count} pictures").format(amount=paid, count=record.outputs)
        if not record.made_here:
            rows.append((self.tr("Paid"), paid))
        rows.append((self.tr("Made"), when(record.created_at)))
        return rows

    def _name_settings(self, listing: str) -> None:
        if self._record is not None and self._record.listing == listing:
            self.facts.show_rows(self._rows(self._record))

    def _copy_prompt(self) -> None:
        if self._record is not None:
            QGuiApplication.clipboard().setText(self._record.prompt)
            self.said.emit("ok", self.tr("Copied."))

    def _show_receipt(self) -> None:
        if self._verdict is not None:
            self.receipt.emit(self._verdict)
