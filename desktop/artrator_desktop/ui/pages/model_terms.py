"""The right side of a model's page: the ways to pay, licence and rights, who sells it, and the signed package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state.payment import payment
from artrator_desktop.ui.keep import KeepCard
from artrator_desktop.ui.passes import BuyPassSheet, PlanCard
from artrator_desktop.ui.pay import pay_words
from artrator_desktop.ui.split import split_line, split_tip
from artrator_desktop.ui.text import about, credits_text, day, duration, exactly, share_of, short_digest, short_price
from artrator_desktop.ui.theme.tokens import L, S
from artrator_desktop.ui.widgets import Button, Card, Facts, IconButton, IconLabel, Label, Line, PageScroll

if TYPE_CHECKING:
    from artrator.messages.products import Plan
    from artrator_desktop.state import AppState, ListingDetail

_WIDTH: Final = 344


class TermsPanel(QFrame):
    """Everything one wants to know before paying."""

    create_clicked = Signal()
    copied = Signal(str)
    #: Another page is wanted: its id and arguments.
    navigate = Signal(str, object)

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._detail: ListingDetail | None = None
        self._plans_shown: object = None
        self.setObjectName("inspector")
        self.setFixedWidth(_WIDTH)
        self._digest = ""
        self.price = Label("", "display")
        self.unit = Label("", "dim")
        self.price_rows = Facts()
        self.licence = Facts()
        self.package = Facts()
        self.nodes = Facts()
        self.digest = Label("", "mono")
        self.button = Button(self.tr("Create with this model"), "primary", "sparkles").tall()
        self.button.clicked.connect(self.create_clicked)
        app.passes.changed.connect(self.refresh)
        app.library.changed.connect(self.refresh)
        price = QHBoxLayout()
        price.setSpacing(S)
        price.addWidget(self.price)
        price.addWidget(self.unit, 1, Qt.AlignmentFlag.AlignBottom)
        self.unit.setContentsMargins(0, 0, 0, 6)
        top = QVBoxLayout()
        top.setContentsMargins(20, 24, 20, 0)
        top.setSpacing(10)
        top.addLayout(price)
        top.addWidget(self.button)
        top.addWidget(Label(self.tr("Held when you press, paid when it has arrived."), "caption"))
        area = PageScroll(side=20, top=8, bottom=20)
        area.column.setSpacing(L - 4)
        self.split = Label("", "caption", wrap=True)
        self.plans = QWidget()
        self._plans = QVBoxLayout(self.plans)
        self._plans.setContentsMargins(0, 0, 0, 0)
        self._plans.setSpacing(S + 2)
        self._plans_title = Label(self.tr("Passes"), "section")
        self._plans_line = Line()
        self.keep = KeepCard(app)
        self.keep.navigate.connect(self.navigate)
        self._keep_title = Label(self.tr("Keep this model"), "section")
        self._keep_line = Line()
        self.seller = Facts()
        for part in (
            Line(),
            Label(self.tr("Price by the run"), "section"),
            self.price_rows,
            self.split,
            self._plans_line,
            self._plans_title,
            self.plans,
            self._keep_line,
            self._keep_title,
            self.keep,
        ):
            area.column.addWidget(part)
        for title, part in (
            (self.tr("Licence and rights"), self.licence),
            (self.tr("Who sells it"), self.seller),
            (self.tr("Where it runs"), self.nodes),
            (self.tr("Package"), self.package),
        ):
            area.column.addWidget(Line())
            area.column.addWidget(Label(title, "section"))
            area.column.addWidget(part)
        area.column.addWidget(self._seal())
        area.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        column.addLayout(top)
        column.addWidget(area, 1)

    def show_detail(self, detail: ListingDetail) -> None:
        """Show a listing's terms."""
        self._detail = detail
        card, manifest = detail.listing.card, detail.manifest
        self._digest = card.package
        self.price.setText(about(card.price))
        self.unit.setText(self.tr("credits / run"))
        self.price_rows.show_rows(self._price_rows(detail))
        yes, no = self.tr("yes"), self.tr("no")
        rights = manifest.rights
        licence = [
            (self.tr("Licence"), manifest.license),
            (self.tr("Commercial use"), yes if rights.commercial else no),
            (self.tr("Derived models"), yes if rights.derivatives else no),
        ]
        if rights.outputs:
            licence.append((self.tr("Your pictures"), pick(rights.outputs, language())))
        if manifest.base_models:
            licence.append((self.tr("Made from"), ", ".join(manifest.base_models)))
        self.licence.show_rows(licence)
        self.nodes.show_rows(self._node_rows(detail))
        self.package.show_rows(
            [
                (self.tr("Version"), card.version),
                (self.tr("Published"), day(card.published_at)),
                (self.tr("Runs so far"), f"{card.runs:,}"),
            ]
        )
        self.digest.setText(short_digest(card.package))
        self.digest.setToolTip(card.package)
        self.button.setEnabled(card.nodes > 0)
        self.button.setToolTip("" if card.nodes else self.tr("No node offers this model right now."))
        self.refresh()

    def refresh(self) -> None:
        """Show what has become known since: what a run costs this account, passes, purchases, others' luck."""
        detail = self._detail
        if detail is None:
            return
        terms = self._app.catalogue.terms
        quote = terms.quote if terms is not None else None
        paying = payment(quote, 1) if quote is not None else None
        words = self.tr("Create with this model")
        self.button.setText(
            self.tr("Create · {price}").format(price=pay_words(paying)) if paying is not None else words
        )
        self.button.setAccessibleName(f"{words}, {pay_words(paying)}" if paying is not None else words)
        self.price.setToolTip(exactly(detail.listing.card.price))
        shares = quote.split if quote is not None else ()
        self.split.setText(split_line(shares))
        self.split.setToolTip(split_tip(shares))
        self.split.setVisible(bool(shares))
        self._show_plans(detail)
        self._show_keep(detail)
        self.seller.show_rows(self._seller_rows(detail))

    def _show_plans(self, detail: ListingDetail) -> None:
        plans = self._app.passes.plans.get(detail.listing.card.listing, [])
        for part in (self._plans_line, self._plans_title, self.plans):
            part.setVisible(bool(plans))
        shown = (plans, list(self._app.passes.mine), set(self._app.passes.busy))
        if shown == self._plans_shown:
            return
        self._plans_shown = shown
        while (item := self._plans.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for plan in plans:
            card = PlanCard(self._app, plan, detail.listing.card.price)
            card.wanted.connect(self._buy_pass)
            self._plans.addWidget(card)

    def _buy_pass(self, plan: Plan) -> None:
        sheet = BuyPassSheet(self._app, plan, self)
        sheet.top_up.connect(lambda: self.navigate.emit("wallet", {"redeem": True}))
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _show_keep(self, detail: ListingDetail) -> None:
        offered = detail.offer.licence is not None
        owned = self._app.library.has(detail.listing.card.package)
        for part in (self._keep_line, self._keep_title, self.keep):
            part.setVisible(offered or owned)
        if offered or owned:
            self.keep.show_detail(detail)

    def _seller_rows(self, detail: ListingDetail) -> list[tuple[str, str]]:
        card = detail.listing.card
        rows = [(self.tr("Creator"), card.creator_name), (self.tr("Name here"), card.creator)]
        terms = self._app.catalogue.terms
        trust = terms.trust if terms is not None else None
        if trust is not None and trust.settled + trust.failed:
            whole = trust.settled + trust.failed
            rows.append((self.tr("Delivered in 90 days"), f"{trust.settled:,}"))
            rows.append((self.tr("Failed, not charged"), f"{trust.failed / whole:.1%}"))
            rows.append((self.tr("Disputed"), f"{trust.disputed / max(trust.settled, 1):.1%}"))
            rows.append((self.tr("Given back"), f"{trust.refunded / max(trust.settled, 1):.1%}"))
        return rows

    def _price_rows(self, detail: ListingDetail) -> list[tuple[str, str]]:
        labels = {unit.name: pick(unit.label, language()) for unit in detail.manifest.cost.units}
        rows = []
        if detail.offer.base or not detail.offer.units:
            rows.append((self.tr("Each run"), credits_text(detail.offer.base)))
        for name, unit in detail.offer.units.items():
            label = labels.get(name, name)
            key = label if unit.per == 1 else self.tr("{unit} × {count}").format(unit=label, count=f"{unit.per:,}")
            rows.append((key, credits_text(unit.amount)))
        rows.append((self.tr("With its own settings"), short_price(detail.listing.card.price)))
        if detail.offer.free_runs:
            rows.append((self.tr("Free each day"), self.tr("%Ln run(s)", "", detail.offer.free_runs)))
        for royalty in detail.offer.royalties:
            rows.append(
                (self.tr("Royalty for {listing}").format(listing=royalty.listing), share_of(royalty.basis_points))
            )
        return rows

    def _node_rows(self, detail: ListingDetail) -> list[tuple[str, str]]:
        rows = []
        for node in detail.nodes:
            words = []
            if node.run_seconds:
                words.append(self.tr("about {time}").format(time=duration(node.run_seconds)))
            if node.expected_wait >= 1:
                words.append(self.tr("waits {time}").format(time=duration(node.expected_wait)))
            rows.append((node.name, " · ".join(words) or self.tr("online")))
        return rows or [(self.tr("No node is online"), "")]

    def _seal(self) -> Card:
        strip = Card("strip-ok", inset=10, gap=0)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Label(self.tr("Signed by its creator"), "ok"))
        words.addWidget(self.digest)
        copy = IconButton("copy", self.tr("Copy the package’s digest"), size=30, glyph=15)
        copy.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(IconLabel("shield-check", 20, "ok"))
        row.addLayout(words, 1)
        row.addWidget(copy)
        strip.column.addLayout(row)
        return strip

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._digest)
        self.copied.emit(self.tr("The package’s digest was copied."))
