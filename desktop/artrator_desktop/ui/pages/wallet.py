"""Wallet: what can be spent, what waits, what this month cost, and every movement."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Money, Phase
from artrator_desktop.state.store import images
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pages.wallet_rows import StatementRows
from artrator_desktop.ui.text import about, amount, credits_text
from artrator_desktop.ui.theme.tokens import L, M, S
from artrator_desktop.ui.wallet.order import OrderSheet
from artrator_desktop.ui.wallet.topup import TopUpSheet
from artrator_desktop.ui.wallet.waiting import WaitingTopUps
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    Field,
    IconLabel,
    Label,
    LineEdit,
    PageHeader,
    PageScroll,
    Skeleton,
    StatCard,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator.messages.rails import TopUp
    from artrator.messages.registry import StatementLine
    from artrator_desktop.state import AppState, Failure

_DAY: Final = 86_400
#: A pace is told from this many days on: before, it would be a guess.
_PACE_DAYS: Final = 3
#: A balance that lasts longer than this needs no forecast.
_LONG_DAYS: Final = 365


class WalletPage(Page):
    """What can be spent, what waits, and where it went."""

    page_id: ClassVar[str] = "wallet"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._wallet = app.wallet
        self.header = PageHeader(
            self.tr("Wallet"), self.tr("Money is only held until your picture arrives. Failed or cancelled is free.")
        )
        self.export = Button(self.tr("Export CSV"), icon="download")
        self.export.clicked.connect(self._export)
        self.top_up = Button(self.tr("Top up"), "primary", "plus")
        self.top_up.clicked.connect(self._top_up)
        self.header.controls.addWidget(self.export)
        self.header.controls.addWidget(self.top_up)
        self.available = StatCard("wallet", "on_tint", self.tr("Available"))
        self.held = StatCard("lock", "warn", self.tr("On hold"))
        self.spent = StatCard("images", "ok", self.tr("Spent this month"))
        cards = QHBoxLayout()
        cards.setSpacing(M + 2)
        for card in (self.available, self.held, self.spent):
            cards.addWidget(card, 1)
        self.debt = Card("strip-bad", inset=M, gap=0)
        self.debt.hide()  # until a balance is known that owes something
        self.debt_words = Label("", "body", wrap=True)
        debt = QHBoxLayout()
        debt.setSpacing(M)
        debt.addWidget(IconLabel("triangle-alert", 18, "bad"))
        debt.addWidget(self.debt_words, 1)
        self.debt.column.addLayout(debt)
        self.waiting = WaitingTopUps(app)
        self.waiting.chosen.connect(self._continue)
        self.redeem = _Redeem()
        self.redeem.button.clicked.connect(self._redeem)
        self.redeem.code.returnPressed.connect(self._redeem)
        self.rows = StatementRows(pixmaps)
        self.rows.opened.connect(self._open_line)
        self.more = Button(self.tr("Show older entries"), "ghost")
        self.more.clicked.connect(self._wallet.load_more)
        self.loading = Card(gap=L)
        for width in (260, 180, 220, 200):
            self.loading.column.addWidget(Skeleton(14, width))
        self.panel = StatePanel()
        self.panel.setMinimumHeight(260)
        self.panel.primary.connect(self._wallet.refresh)
        self._sheet: TopUpSheet | None = None

        scroll = PageScroll()
        scroll.column.addLayout(cards)
        for widget in (self.debt, self.waiting, self.redeem):
            scroll.column.addWidget(widget)
        scroll.column.addWidget(Label(self.tr("Activity"), "section"))
        for part in (self.loading, self.rows, self.panel):
            scroll.column.addWidget(part)
        scroll.column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        scroll.column.addStretch(1)
        self.lay_out(self.header, scroll)
        self._wallet.changed.connect(self.refresh)
        self._wallet.redeemed.connect(self._redeemed)
        self._wallet.redeem_failed.connect(self._redeem_failed)
        self._wallet.exported.connect(self._exported)
        self._wallet.export_failed.connect(self.complain)
        app.topups.changed.connect(self._show_ways)
        app.passes.changed.connect(self.refresh)
        app.topups.paid.connect(self._paid)
        app.session.changed.connect(self._show_note)
        app.jobs.money_moved.connect(self._show_cards)
        self.refresh()

    def activate(self, **arguments: object) -> None:
        """Ask for the newest entries, and for money or a code if another page said "top up"."""
        self._wallet.refresh()
        self.app.topups.refresh()
        if "code" in arguments:
            self.redeem.code.setText(str(arguments["code"]))
        if arguments.get("redeem"):
            self._top_up()

    def keep(self) -> dict[str, object]:
        """Keep a code that was typed."""
        return {"code": self.redeem.code.text()}

    def refresh(self) -> None:
        """Show what the wallet holds."""
        wallet = self._wallet
        phase = wallet.phase
        self._show_cards()
        self._show_note()
        self._show_ways()
        self.redeem.set_busy(wallet.redeeming)
        passes = {each.plan: pick(each.title, language()) for each in self.app.passes.mine}
        self.rows.show_lines(wallet.lines, self.app.catalogue.known, passes)
        self.rows.setVisible(bool(wallet.lines))
        self.export.setEnabled(bool(wallet.lines))
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
                self.tr("Top up or redeem a voucher; every hold, payment and release will be listed here."),
            )

    def _show_cards(self) -> None:
        wallet = self._wallet
        if wallet.balance is None:
            return
        self.available.show_value(
            amount(wallet.balance.available, places=2),
            self._pace() or self.tr("credits to spend"),
            credits_text(wallet.balance.available),
        )
        held = wallet.balance.held
        running = sum(1 for job in self.app.jobs.active() if job.money is Money.HELD and job.hold)
        if not held:
            note = self.tr("nothing is running")
        elif running:
            note = self.tr("%Ln running job(s)", "", running)
        else:
            note = self.tr("released if nothing arrives")
        self.held.show_value(about(held), note, credits_text(held))
        owed = wallet.balance.debt
        self.debt.setVisible(owed > 0)
        self.debt_words.setText(
            self.tr(
                "You owe {amount}: a top-up was taken back by your bank after it was spent. Until it is settled "
                "nothing can be ordered; what comes in pays it first."
            ).format(amount=credits_text(owed))
        )
        self._show_spent()

    def _show_spent(self) -> None:
        spent = self._wallet.spent
        if spent is None:
            return
        month = QLocale().standaloneMonthName(datetime.fromtimestamp(spent.since).month)
        self.spent.name.setText(self.tr("Spent in {month}").format(month=month))
        parts = []
        if spent.pictures:
            pictures = self.tr("%Ln picture(s)", "", spent.pictures)
            average = about(-(-spent.runs // spent.pictures))
            parts.append(self.tr("{pictures}, {amount} on average").format(pictures=pictures, amount=average))
        if spent.goods:
            parts.append(self.tr("{amount} for passes and models").format(amount=about(spent.goods)))
        number = about(spent.total)
        if not spent.whole:
            number = self.tr("at least {amount}").format(amount=number)
        self.spent.show_value(number, " · ".join(parts) or self.tr("nothing so far"), credits_text(spent.total))

    def _pace(self) -> str:
        spent, balance = self._wallet.spent, self._wallet.balance
        if spent is None or balance is None or not spent.total:
            return ""
        days = (time.time() - spent.since) / _DAY
        left = int(balance.available * days / spent.total) if days >= _PACE_DAYS else 0
        if not 0 < left <= _LONG_DAYS:
            return ""
        if left < 14:
            return self.tr("Lasts about %Ln day(s) at your pace", "", left)
        return self.tr("Lasts about %Ln week(s) at your pace", "", round(left / 7))

    def _show_note(self) -> None:
        info = self.app.session.info
        note = pick(info.credit_note, language()) if info is not None else ""
        self.redeem.note.setText(note)

    def _show_ways(self) -> None:
        self.redeem.setVisible(self.app.topups.vouchers)

    # --- money in

    def _top_up(self) -> None:
        topups = self.app.topups
        if not topups.ways_in and topups.vouchers:
            self.redeem.code.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        if topups.current is None and topups.open:
            topups.show(next(iter(topups.open)))
        self._show_sheet()

    def _continue(self, number: str) -> None:
        self.app.topups.show(number)
        self._show_sheet()

    def _show_sheet(self) -> None:
        if self._sheet is None:
            self._sheet = TopUpSheet(self.app, self)
        self._sheet.start()

    def _paid(self, topup: TopUp) -> None:
        if self._sheet is None or not self._sheet.isVisible():
            words = self.tr("{amount} were added to your balance.")
            self.say.emit("ok", words.format(amount=credits_text(topup.amount)))

    # --- where a line leads

    def _open_line(self, line: StatementLine) -> None:
        if line.kind == "pass":
            self.navigate.emit("library", {})
        elif line.order:
            order, listing = line.order, line.listing or ""

            def found(image: int) -> None:
                if image >= 0:
                    self.navigate.emit("gallery", {"image": image})
                else:
                    self._show_order(order)

            if line.kind == "purchase":
                self.navigate.emit("library", {"listing_id": listing})
                return
            self.app.engine.follow(self.app.database.read(lambda connection: images.of_order(connection, order)), found)
        elif line.listing:
            self.navigate.emit("model", {"listing_id": line.listing})

    def _show_order(self, order: str) -> None:
        sheet = OrderSheet(self.app, order, self)
        sheet.model.connect(lambda listing: self.navigate.emit("model", {"listing_id": listing}))
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    # --- files

    def _export(self) -> None:
        name = f"artrator-{datetime.now():%Y-%m-%d}.csv"
        start = str(Path.home() / name)
        target, _ = QFileDialog.getSaveFileName(self, self.tr("Export the statement"), start, "*.csv")
        if target:
            self._wallet.export(Path(target))

    def _exported(self, path: str) -> None:
        self.say.emit("ok", self.tr("Saved as {name}.").format(name=Path(path).name))

    # --- vouchers

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
        self.button = Button(self.tr("Redeem"), "soft", "ticket")
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
        line.addWidget(self.note, 2)  # there without words too, or the field would move to the middle
        self.column.addLayout(line)

    def set_busy(self, busy: bool) -> None:
        """Wait for the registry's answer."""
        self.button.setEnabled(not busy)
        self.code.setEnabled(not busy)
