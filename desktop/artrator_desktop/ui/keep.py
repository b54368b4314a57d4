"""A licence to keep a model: what it costs, what it is and what it is not, and the last look before it is bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.split import split_line, split_tip
from artrator_desktop.ui.text import credits_text
from artrator_desktop.ui.theme.tokens import M, S
from artrator_desktop.ui.widgets import AskingSheet, Button, Card, IconLabel, Label

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ListingDetail


def what_it_is() -> str:
    """Return what a licence gives."""
    return QCoreApplication.translate(
        "Keep", "This version of the model on your own computer, to run as often as you like without paying by the run."
    )


def what_it_is_not() -> str:
    """Return what a licence does not give."""
    return QCoreApplication.translate(
        "Keep", "No later versions, and no more rights to the pictures than the licence of the model grants."
    )


class KeepCard(Card):
    """On a model's page: the price of keeping it, or that it is kept already."""

    navigate = Signal(str, object)

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__("well", parent, inset=14, gap=S)
        self._app = app
        self._detail: ListingDetail | None = None
        self.words = Label("", "meta", wrap=True)
        self.shares = Label("", "caption", wrap=True)
        self.button = Button(self.tr("Show in the library"), "soft")
        self.button.clicked.connect(self._pressed)
        for part in (self.words, self.shares, self.button):
            self.column.addWidget(part)

    def show_detail(self, detail: ListingDetail) -> None:
        """Show a listing that can be kept, or is."""
        self._detail = detail
        card, split = detail.listing.card, detail.listing.licence_split
        if self._app.library.has(card.package):
            self.words.setText(self.tr("You may keep and run this version on your own computer."))
            self.shares.hide()
            self.button.setText(self.tr("Show in the library"))
            self.button.setEnabled(True)
            return
        terms = self.tr("Terms: {licence}, {use}.").format(
            licence=detail.manifest.license,
            use=self.tr("commercial use allowed") if detail.manifest.rights.commercial
            else self.tr("not for commercial use"),
        )  # fmt: skip
        self.words.setText(f"{what_it_is()} {what_it_is_not()} {terms}")
        self.shares.setText(split_line(split))
        self.shares.setToolTip(split_tip(split))
        self.shares.setVisible(bool(split))
        self.button.setText(self.tr("Buy to keep · {amount}").format(amount=credits_text(detail.offer.licence or 0)))
        self.button.setEnabled(card.nodes > 0 and card.package not in self._app.library.busy)

    def _pressed(self) -> None:
        detail = self._detail
        if detail is None:
            return
        if self._app.library.has(detail.listing.card.package):
            self.navigate.emit("library", {"listing_id": detail.listing.card.listing})
            return
        sheet = BuyLicenceSheet(self._app, detail, self)
        sheet.top_up.connect(lambda: self.navigate.emit("wallet", {"redeem": True}))
        sheet.kept.connect(lambda listing: self.navigate.emit("library", {"listing_id": listing}))
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()


class BuyLicenceSheet(AskingSheet):
    """The last look before a licence is bought."""

    top_up = Signal()
    kept = Signal(str)

    def __init__(self, app: AppState, detail: ListingDetail, parent: QWidget | None = None) -> None:
        card, price = detail.listing.card, detail.offer.licence or 0
        title = pick(card.title, language())
        by = self.tr("{creator} · version {version}").format(creator=card.creator_name, version=card.version)
        super().__init__(self.tr("Keep {title}").format(title=title), by, parent)
        self._app = app
        self._package = card.package
        self._price = price
        rights = detail.manifest.rights
        rows = [
            ("package", what_it_is()),
            ("info", what_it_is_not()),
            (
                "scale",
                self.tr("Terms: {licence}, {use}.").format(
                    licence=detail.manifest.license,
                    use=self.tr("commercial use allowed") if rights.commercial else self.tr("not for commercial use"),
                ),
            ),
            ("lock", self.tr("The price is held now and paid when the whole package has arrived and was checked.")),
        ]
        for icon, words in rows:
            row = QHBoxLayout()
            row.setSpacing(M)
            row.addWidget(IconLabel(icon, 18, "on_tint"))
            row.addWidget(Label(words, "body", wrap=True), 1)
            self.column.addLayout(row)
        if detail.listing.licence_split:
            shares = Label(split_line(detail.listing.licence_split), "caption", wrap=True)
            shares.setToolTip(split_tip(detail.listing.licence_split))
            self.column.addWidget(shares)
        self.column.addWidget(self.problem)
        cancel = self.add_button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.more = self.add_button(self.tr("Top up"))
        self.more.clicked.connect(self._leave_for_money)
        self.go = self.add_button(self.tr("Buy · {amount}").format(amount=credits_text(price)), "primary")
        self.go.clicked.connect(lambda: app.library.buy(detail.listing, price))
        self._listing = card.listing
        app.library.bought.connect(self._bought)
        app.library.refused.connect(self._refused)
        app.library.changed.connect(self._refresh)
        app.wallet.changed.connect(self._refresh)
        self._refresh()
        self.fit()

    def _refresh(self) -> None:
        short = self._app.wallet.balance is not None and self._app.wallet.available < self._price
        self.more.setVisible(short)
        self.go.setEnabled(self._package not in self._app.library.busy and not short)
        if short:
            self.complain(self.tr("You have {amount}.").format(amount=credits_text(self._app.wallet.available)))

    def _bought(self, package: str) -> None:
        if package == self._package:
            self.accept()
            self.kept.emit(self._listing)

    def _refused(self, failure: object) -> None:
        self.complain(str(getattr(failure, "sentence", "")))

    def _leave_for_money(self) -> None:
        self.reject()
        self.top_up.emit()
