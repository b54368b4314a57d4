"""Wallet: the balance, the statement, and vouchers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Phase
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pages.wallet_rows import StatementRows
from artrator_desktop.ui.text import amount, credits_text
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, L, M, S
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    Field,
    Label,
    LineEdit,
    PageHeader,
    PageScroll,
    Skeleton,
    StatCard,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, Failure

_MONTH: Final = 30 * 24 * 3600
# A release gives back what its hold took, so only these are spent for good; a refund comes back.
_SPENT: Final = frozenset({"charge", "refund"})


class WalletPage(Page):
    """What can be spent, what waits, and where it went."""

    page_id: ClassVar[str] = "wallet"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._wallet = app.wallet
        self.header = PageHeader(
            self.tr("Wallet"), self.tr("Money is only held until your picture arrives. Failed or cancelled is free.")
        )
        self.refresh_button = Button(self.tr("Refresh"), icon="refresh-cw")
        self.refresh_button.clicked.connect(self._wallet.refresh)
        self.header.controls.addWidget(self.refresh_button)
        self.available = StatCard("wallet", "on_tint", self.tr("Available"))
        self.held = StatCard("lock", "warn", self.tr("On hold"))
        self.spent = StatCard("images", "ok", self.tr("Spent in 30 days"))
        cards = QHBoxLayout()
        cards.setSpacing(M + 2)
        for card in (self.available, self.held, self.spent):
            cards.addWidget(card, 1)
        self.redeem = _Redeem()
        self.redeem.button.clicked.connect(self._redeem)
        self.redeem.code.returnPressed.connect(self._redeem)
        self.rows = StatementRows(pixmaps)
        self.more = Button(self.tr("Show older entries"), "ghost")
        self.more.clicked.connect(self._wallet.load_more)
        self.loading = Card(gap=L)
        for width in (260, 180, 220, 200):
            self.loading.column.addWidget(Skeleton(14, width))
        self.panel = StatePanel()
        self.panel.setMinimumHeight(260)
        self.panel.primary.connect(self._wallet.refresh)

        scroll = PageScroll()
        scroll.column.addLayout(cards)
        scroll.column.addWidget(self.redeem)
        scroll.column.addWidget(Label(self.tr("Activity"), "section"))
        for part in (self.loading, self.rows, self.panel):
            scroll.column.addWidget(part)
        scroll.column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        scroll.column.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(PAGE_SIDE, PAGE_TOP, PAGE_SIDE, 0)
        top.addWidget(self.header)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(L)
        column.addLayout(top)
        column.addWidget(scroll, 1)
        self._wallet.changed.connect(self.refresh)
        self._wallet.redeemed.connect(self._redeemed)
        self._wallet.redeem_failed.connect(self._redeem_failed)
        app.session.changed.connect(self._show_note)
        self.refresh()

    def activate(self, **arguments: object) -> None:
        """Ask for the newest entries, and for a code if another page said "top up"."""
        self._wallet.refresh()
        if "code" in arguments:
            self.redeem.code.setText(str(arguments["code"]))
        if arguments.get("redeem"):
            self.redeem.code.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keep(self) -> dict[str, object]:
        """Keep a code that was typed."""
        return {"code": self.redeem.code.text()}

    def refresh(self) -> None:
        """Show what the wallet holds."""
        wallet = self._wallet
        phase = wallet.phase
        self._show_cards()
        self._show_note()
        self.redeem.set_busy(wallet.redeeming)
        self.rows.show_lines(wallet.lines, {card.listing: card for card in self.app.catalogue.cards})
        self.rows.setVisible(bool(wallet.lines))
        self.loading.setVisible(phase in {Phase.IDLE, Phase.LOADING} and not wallet.lines)
        self.more.setVisible(bool(wallet.lines) and wallet.more)
        self.panel.setVisible(not wallet.lines and phase in {Phase.EMPTY, Phase.FAILED})
        if phase is Phase.FAILED:
            failure = wallet.failure
            self.panel.show_state(
                "wifi-off" if failure is None or failure.code == "registry_unreachable" else "circle-alert",
                self.tr("Your statement could not be read"),
                failure.sentence if failure is not None else "",
                self.tr("Retry now"),
                failed=True,
            )
        elif phase is Phase.EMPTY:
            self.panel.show_state(
                "receipt",
                self.tr("Nothing has moved yet"),
                self.tr("Redeem a voucher above; every hold, payment and release will be listed here."),
            )

    def _show_cards(self) -> None:
        wallet = self._wallet
        if wallet.balance is None:
            return
        self.available.show_value(amount(wallet.balance.available), self.tr("credits to spend"))
        held = wallet.balance.held
        self.held.show_value(
            amount(held), self.tr("released if nothing arrives") if held else self.tr("nothing is running")
        )
        since = time.time() - _MONTH
        lines = [line for line in wallet.lines if line.at >= since and line.kind in _SPENT]
        spent = -sum(line.amount for line in lines)
        runs = sum(1 for line in lines if line.kind == "charge")
        self.spent.show_value(amount(max(spent, 0)), self.tr("%Ln delivered job(s)", "", runs))

    def _show_note(self) -> None:
        info = self.app.session.info
        note = pick(info.credit_note, language()) if info is not None else ""
        self.redeem.note.setText(note)
        self.redeem.note.setVisible(bool(note))

    def _redeem(self) -> None:
        self.redeem.field.set_error("")
        if self.redeem.code.text().strip():
            self._wallet.redeem(self.redeem.code.text())
        else:
            self.redeem.field.set_error(self.tr("Type the code of your voucher first."))

    def _redeemed(self, micro: int) -> None:
        self.redeem.code.clear()
        self.say.emit("ok", self.tr("{amount} were added to your balance.").format(amount=credits_text(micro)))

    def _redeem_failed(self, failure: Failure) -> None:
        self.redeem.field.set_error(failure.sentence)
        self.redeem.code.selectAll()


class _Redeem(Card):
    """The voucher's field, its button, and what a credit is worth here."""

    def __init__(self) -> None:
        super().__init__("card", inset=18)
        self.code = LineEdit("", "XXXX-XXXX-XXXX")
        self.code.setMaxLength(80)
        self.button = Button(self.tr("Redeem"), "primary", "ticket")
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S + 2)
        row.addWidget(self.code, 1)
        row.addWidget(self.button)
        self.field = Field(self.tr("Voucher code"), both)
        self.field.setMaximumWidth(520)
        self.code.setAccessibleName(self.tr("Voucher code"))
        self.note = Label("", "dim", wrap=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line = QHBoxLayout()
        line.setSpacing(L)
        line.addWidget(self.field, 3)
        line.addWidget(self.note, 2)
        self.column.addLayout(line)

    def set_busy(self, busy: bool) -> None:
        """Wait for the registry's answer."""
        self.button.setEnabled(not busy)
        self.code.setEnabled(not busy)
