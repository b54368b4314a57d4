"""One order of the statement: what was bought, how it stands, and what one may still say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from artrator_desktop.ui.disputes.sheets import DisputeSheet
from artrator_desktop.ui.text import credits_text, day, short_digest
from artrator_desktop.ui.widgets import Facts, Label, Sheet, Skeleton

if TYPE_CHECKING:
    from artrator.messages.registry import Order
    from artrator_desktop.state import AppState


class OrderSheet(Sheet):
    """Asks the registry for the order. ``model`` carries the listing whose page is wanted."""

    model = Signal(str)

    def __init__(self, app: AppState, order: str, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Order"), "", parent)
        self._app = app
        self._order = order
        self.facts = Facts()
        self.loading = Skeleton(120, radius=10)
        self.missing = Label(self.tr("The registry does not answer for this order just now."), "dim", wrap=True)
        shown: tuple[QWidget, ...] = (self.loading, self.facts, self.missing)
        for part in shown:
            self.column.addWidget(part)
        self.wrong = self.add_button(self.tr("Something is wrong…"), "ghost")
        self.wrong.clicked.connect(self._dispute)
        self.open_model = self.add_button(self.tr("Open the model"))
        self.open_model.clicked.connect(self._open_model)
        close = self.add_button(self.tr("Close"), "primary")
        close.clicked.connect(self.accept)
        hidden: tuple[QWidget, ...] = (self.facts, self.missing, self.wrong, self.open_model)
        for part in hidden:
            part.hide()
        app.disputes.known.connect(self._known)
        app.disputes.look(order)
        self.fit()

    def _known(self, order: str) -> None:
        if order != self._order:
            return
        standing = self._app.disputes.standings.get(order)
        self.loading.hide()
        self.missing.setVisible(standing is None)
        self.facts.setVisible(standing is not None)
        self.open_model.setVisible(standing is not None)
        if standing is not None:
            self.facts.show_rows(self._rows(standing.order))
            self.wrong.setVisible(standing.can_open or standing.dispute is not None)
            self.wrong.setText(
                self.tr("See the dispute") if standing.dispute is not None else self.tr("Something is wrong…")
            )
        self.fit()

    def _rows(self, order: Order) -> list[tuple[str, str]]:
        states = {
            "held": self.tr("on its way"),
            "claimed": self.tr("delivered, waiting for your answer"),
            "settled": self.tr("delivered and paid"),
            "released": self.tr("nothing was charged"),
            "disputed": self.tr("disputed"),
            "refunded": self.tr("refunded"),
        }
        ways = {
            "credits": self.tr("credits"),
            "pass": self.tr("your pass"),
            "free": self.tr("a free run"),
            "own": self.tr("nothing: your own model"),
        }
        rows = [
            (self.tr("Model"), order.listing),
            (self.tr("State"), states.get(order.state.value, order.state.value)),
            (self.tr("Paid with"), ways[order.paid_by]),
            (self.tr("At most"), credits_text(order.cap)),
            (self.tr("Charged"), credits_text(order.charged)),
        ]
        if order.refunded:
            rows.append((self.tr("Given back"), credits_text(order.refunded)))
        rows.append((self.tr("Ordered"), day(order.created_at)))
        rows.append((self.tr("Order"), order.order))
        rows.append((self.tr("Package"), short_digest(order.package)))
        return rows

    def _dispute(self) -> None:
        standing = self._app.disputes.standings[self._order]
        sheet = DisputeSheet(self._app, self._order, standing.order.listing, self)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _open_model(self) -> None:
        standing = self._app.disputes.standings[self._order]
        self.accept()
        self.model.emit(standing.order.listing)
