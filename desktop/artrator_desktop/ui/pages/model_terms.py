"""The right side of a model's page: price, licence, and the package that the creator signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import about, credits_text, day, duration, short_digest
from artrator_desktop.ui.theme.tokens import L, S
from artrator_desktop.ui.widgets import Button, Card, Facts, IconButton, IconLabel, Label, Line, PageScroll

if TYPE_CHECKING:
    from artrator_desktop.state import ListingDetail

_WIDTH: Final = 344


class TermsPanel(QFrame):
    """Everything one wants to know before paying."""

    create_clicked = Signal()
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        for title, part in (
            (self.tr("Price"), self.price_rows),
            (self.tr("Licence and rights"), self.licence),
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
                (self.tr("Creator"), card.creator_name),
                (self.tr("Runs so far"), f"{card.runs:,}"),
            ]
        )
        self.digest.setText(short_digest(card.package))
        self.digest.setToolTip(card.package)
        self.button.setEnabled(card.nodes > 0)
        self.button.setToolTip("" if card.nodes else self.tr("No node offers this model right now."))

    def _price_rows(self, detail: ListingDetail) -> list[tuple[str, str]]:
        labels = {unit.name: pick(unit.label, language()) for unit in detail.manifest.cost.units}
        rows = []
        if detail.offer.base or not detail.offer.units:
            rows.append((self.tr("Each run"), credits_text(detail.offer.base)))
        for name, unit in detail.offer.units.items():
            label = labels.get(name, name)
            key = label if unit.per == 1 else self.tr("{unit} × {count}").format(unit=label, count=f"{unit.per:,}")
            rows.append((key, credits_text(unit.amount)))
        rows.append((self.tr("With its own settings"), credits_text(detail.listing.card.price)))
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
