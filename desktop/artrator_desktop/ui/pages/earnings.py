"""Earnings: what one's own models brought in, by day and by model, and how it gets out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Phase
from artrator_desktop.state.earnings import today
from artrator_desktop.ui.disputes.sheets import AnswerSheet
from artrator_desktop.ui.disputes.words import reason_name, state_line
from artrator_desktop.ui.earnings.chart import EarningsChart
from artrator_desktop.ui.earnings.seller import SellerSheet, country_name, seller_state
from artrator_desktop.ui.earnings.sheets import MoveSheet, PayoutSheet, ScheduleSheet
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.text import amount, credits_text, day, when
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, L, M, S
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    ElidedLabel,
    Facts,
    IconLabel,
    Label,
    Line,
    MenuButton,
    PageHeader,
    PageScroll,
    Pill,
    RowButton,
    Sheet,
    Skeleton,
    StatCard,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator.messages.disputes import Dispute
    from artrator.messages.payouts import Payout
    from artrator_desktop.state import AppState, Failure

#: The yearly statement is offered for so many years back.
_YEARS = 5


class EarningsPage(Page):
    """The books of a creator."""

    page_id: ClassVar[str] = "earnings"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._earnings = app.earnings
        self._shown: object = None
        self.header = PageHeader(
            self.tr("Earnings"),
            self.tr("What your models bring in. It can be paid out once buyers can no longer object."),
        )
        self.statement = MenuButton(self.tr("Yearly statement"), "file-text")
        self._years = QMenu(self)
        self._years.setAccessibleName(self.tr("Years"))
        self.statement.setMenu(self._years)
        self._fill_years()
        self.move_button = Button(self.tr("Move to wallet"), icon="wallet")
        self.move_button.clicked.connect(lambda: self._open(MoveSheet(app, self)))
        self.payout_button = Button(self.tr("Payout"), "primary", "arrow-up-right")
        self.payout_button.clicked.connect(lambda: self._open(PayoutSheet(app, self)))
        for button in (self.statement, self.move_button, self.payout_button):
            self.header.controls.addWidget(button)
        self.available = StatCard("hand-coins", "ok", self.tr("Available"))
        self.maturing = StatCard("clock", "warn", self.tr("Maturing"))
        self.pending = StatCard("lock", "on_tint", self.tr("Pending"))
        self.paid = StatCard("banknote", "text_dim", self.tr("Paid out"))
        cards = QHBoxLayout()
        cards.setSpacing(M + 2)
        for card in (self.available, self.maturing, self.pending, self.paid):
            cards.addWidget(card, 1)
        self.chart = EarningsChart(app)
        self.table = Card("card", inset=18, gap=0)
        self._table = QGridLayout()
        self._table.setHorizontalSpacing(L)
        self._table.setVerticalSpacing(M)
        self._table.setColumnStretch(0, 1)
        self.table.column.addLayout(self._table)
        self._disputes_title = Label(self.tr("Objections"), "section")
        self.disputes = Card("card", inset=0, gap=0)
        self.payouts = Card("card", inset=0, gap=0)
        self.schedule = Label("", "dim")
        self.schedule_button = Button(self.tr("Change"), "ghost")
        self.schedule_button.clicked.connect(lambda: self._open(ScheduleSheet(app, self)))
        self.more = Button(self.tr("Show older payouts"), "ghost")
        self.more.clicked.connect(self._earnings.load_more)
        self.seller = Card("card", inset=18, gap=M)
        self.seller_facts = Facts()
        self.seller_pill = Pill()
        self.seller_note = Label("", "dim", wrap=True)
        self.seller_button = Button(self.tr("Edit"))
        self.seller_button.clicked.connect(lambda: self._open(SellerSheet(app, self)))
        self._build_seller()

        self.area = PageScroll()
        self.area.column.addLayout(cards)
        self.area.column.addWidget(self.chart)
        for part in (Label(self.tr("By model"), "section"), self.table, self._disputes_title, self.disputes):
            self.area.column.addWidget(part)
        payouts = QHBoxLayout()
        payouts.setSpacing(S)
        payouts.addWidget(Label(self.tr("Payouts"), "section"))
        payouts.addStretch(1)
        payouts.addWidget(self.schedule)
        payouts.addWidget(self.schedule_button)
        self.area.column.addLayout(payouts)
        self.area.column.addWidget(self.payouts)
        self.area.column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        self.area.column.addWidget(Label(self.tr("Who sells"), "section"))
        self.area.column.addWidget(self.seller)
        self.area.column.addStretch(1)
        self.panel = StatePanel()
        self.panel.primary.connect(self._earnings.refresh)
        self.loading = QWidget()
        waiting = QVBoxLayout(self.loading)
        waiting.setContentsMargins(PAGE_SIDE, 0, PAGE_SIDE, 0)
        waiting.setSpacing(L)
        waiting.addWidget(Skeleton(110, radius=12))
        waiting.addWidget(Skeleton(280, radius=12))
        waiting.addStretch(1)
        self.stack = QStackedWidget()
        for page in (self.area, self.loading, self.panel):
            self.stack.addWidget(page)
        self.lay_out(self.header, self.stack)
        self._earnings.changed.connect(self.refresh)
        self._earnings.done.connect(self._did)
        self._earnings.refused.connect(self._refused)
        app.disputes.changed.connect(self._show_disputes)
        self.refresh()

    def activate(self, **_arguments: object) -> None:
        """Ask for the newest figures."""
        self._earnings.refresh()
        self.app.disputes.refresh()
        self.app.topups.refresh()

    def refresh(self) -> None:
        """Show the books, or why they cannot be shown."""
        summary = self._earnings.summary
        for button in (self.statement, self.move_button, self.payout_button):
            button.setVisible(summary is not None)
        if summary is not None:
            self._show()
            self.stack.setCurrentWidget(self.area)
        elif self._earnings.phase is Phase.FAILED:
            failure = self._earnings.failure
            self.panel.show_state(
                "wifi-off" if failure is None or failure.code == "registry_unreachable" else "circle-alert",
                self.tr("Your earnings could not be read"),
                failure.sentence if failure is not None else "",
                self.tr("Retry now"),
                failed=True,
            )
            self.stack.setCurrentWidget(self.panel)
        else:
            self.stack.setCurrentWidget(self.loading)

    # --- what is shown

    def _show(self) -> None:
        earnings, summary = self._earnings, self._earnings.summary
        if summary is None:
            return
        self.available.show_value(
            amount(summary.available, places=2),
            self.tr("can be paid out or spent") if summary.available else self.tr("nothing yet"),
        )
        until = self.tr("the next on {day}").format(day=day(summary.next_matures_at)) if summary.next_matures_at else ""
        self.maturing.show_value(amount(summary.maturing, places=2), until or self.tr("buyers may still object"))
        self.pending.show_value(amount(summary.pending, places=2), self.tr("held by buyers for what is running"))
        asked = self.tr("{amount} on their way").format(amount=amount(summary.requested, places=2))
        self.paid.show_value(amount(summary.paid, places=2), asked if summary.requested else self.tr("in all"))
        self.move_button.setEnabled(summary.available > 0)
        self.payout_button.setEnabled(summary.available > 0 and summary.available >= earnings.minimum)
        self.payout_button.setToolTip(
            self.tr("At least {amount} can be paid out.").format(amount=credits_text(earnings.minimum))
            if earnings.minimum
            else ""
        )
        shown = (summary, earnings.payouts, earnings.schedule, earnings.seller, earnings.span, earnings.busy.copy())
        if shown == self._shown:
            return
        self._shown = shown
        self.chart.refresh()
        self._show_table()
        self._show_payouts()
        self._show_seller()
        self._show_disputes()

    def _show_table(self) -> None:
        _clear(self._table)
        rows = self._earnings.by_listing()
        if not rows:
            self._table.addWidget(
                Label(self.tr("Every run, pass and sale of the chosen days will be summed up here."), "dim"), 0, 0
            )
            return
        heads = (self.tr("Model"), self.tr("Runs"), self.tr("Paid by buyers"), self.tr("Fee"), self.tr("Royalties"),
                 self.tr("Given back"), self.tr("Yours"))  # fmt: skip
        for column, name in enumerate(heads):
            head = Label(name, "caption")
            if column:
                head.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._table.addWidget(head, 0, column)
        kinds = {
            "run": self.tr("runs"),
            "pass": self.tr("passes"),
            "purchase": self.tr("sales"),
            "royalty": self.tr("royalties"),
        }
        for index, row in enumerate(rows, 1):
            title = ElidedLabel(f"{row.listing} · {', '.join(kinds.get(kind, kind) for kind in row.kinds)}", "body")
            self._table.addWidget(title, index, 0)
            self._cell(f"{row.runs:,}", "dim", index, 1, heads[1])
            for column, micro in enumerate((row.gross, -row.fee, -row.royalties, -row.refunded, row.net), 2):
                role = "strong" if column == len(heads) - 1 else "dim"
                self._cell(amount(micro, places=2), role, index, column, heads[column], credits_text(micro))

    def _cell(self, value: str, role: str, row: int, column: int, head: str, exact: str = "") -> None:
        cell = Label(value, role)
        cell.setToolTip(exact)
        cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        cell.setAccessibleName(f"{head}: {value}")
        self._table.addWidget(cell, row, column)

    def _show_payouts(self) -> None:
        schedule = self._earnings.schedule
        words = {
            "hand": self.tr("Asked for by hand"),
            "week": self.tr("Asked for every Monday"),
            "month": self.tr("Asked for on the first of each month"),
        }
        self.schedule.setText(words.get(schedule.every, "") if schedule is not None else "")
        _empty(self.payouts)
        for index, payout in enumerate(self._earnings.payouts):
            if index:
                self.payouts.column.addWidget(Line())
            self.payouts.column.addWidget(self._payout_row(payout))
        if not self._earnings.payouts:
            nothing = Label(self.tr("Nothing has been paid out yet."), "dim")
            nothing.setContentsMargins(18, L, 18, L)
            self.payouts.column.addWidget(nothing)
        self.more.setVisible(self._earnings.more_payouts)

    def _payout_row(self, payout: Payout) -> QWidget:
        states = {
            "requested": (self.tr("Asked for"), "warn"),
            "sent": (self.tr("On its way"), "accent"),
            "paid": (self.tr("Paid"), "ok"),
            "failed": (self.tr("Failed; it is back"), "bad"),
            "cancelled": (self.tr("Taken back"), "neutral"),
        }
        rail = self.app.topups.rail(payout.rail)
        way = pick(rail.title, language()) if rail is not None else self.tr("By the operator")
        words = " · ".join(part for part in (way, payout.destination, payout.reference, payout.reason) if part)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(L + 2, M, L + 2, M)
        row.setSpacing(M)
        row.addWidget(IconLabel("banknote", 20, "text_dim"))
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(Label(credits_text(payout.amount), "strong"))
        left.addWidget(ElidedLabel(words, "dim"))
        row.addLayout(left, 1)
        row.addWidget(Label(when(payout.ended_at or payout.requested_at), "dim"))
        row.addWidget(Pill(*states[payout.state.value]))
        if payout.state.value == "requested":
            back = Button(self.tr("Take back"), "ghost")
            back.setAccessibleName(
                self.tr("Take the payout of {amount} back").format(amount=credits_text(payout.amount))
            )
            back.clicked.connect(lambda: self._earnings.cancel_payout(payout.id))
            row.addWidget(back)
        return holder

    def _show_disputes(self) -> None:
        account = self.app.session.account
        found = self.app.disputes.as_creator(account.handle) if account is not None else []
        for part in (self._disputes_title, self.disputes):
            part.setVisible(bool(found))
        _empty(self.disputes)
        for index, dispute in enumerate(found):
            if index:
                self.disputes.column.addWidget(Line())
            self.disputes.column.addWidget(self._dispute_row(dispute))

    def _dispute_row(self, dispute: Dispute) -> QWidget:
        words, role = state_line(dispute)
        row = RowButton()
        row.set_can_open(True)
        row.opened.connect(lambda: self._open(AnswerSheet(self.app, dispute, self)))
        line = QHBoxLayout(row)
        line.setContentsMargins(L + 2, M, L + 2, M)
        line.setSpacing(M)
        line.addWidget(IconLabel("flag", 20, "text_dim" if role == "dim" else role))
        left = QVBoxLayout()
        left.setSpacing(2)
        title = ElidedLabel(f"{dispute.listing} · {reason_name(dispute.reason.value)}", "strong")
        left.addWidget(title)
        left.addWidget(ElidedLabel(words, "dim"))
        line.addLayout(left, 1)
        line.addWidget(Label(credits_text(dispute.amount), "strong"))
        line.addWidget(Label(when(dispute.opened_at), "dim"))
        row.setAccessibleName(f"{title.whole()}, {words}")
        return row

    def _build_seller(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(M)
        head.addWidget(self.seller_pill)
        head.addWidget(self.seller_note, 1)
        head.addWidget(self.seller_button)
        self.seller.column.addLayout(head)
        self.seller.column.addWidget(self.seller_facts)

    def _show_seller(self) -> None:
        seller = self._earnings.seller
        profile = seller.profile if seller is not None else None
        state = seller.state.value if seller is not None else "none"
        self.seller_pill.set_tone(*seller_state(state))
        notes = {
            "none": self.tr("Needed before models can be sold to keep, and for payouts where tax law asks."),
            "submitted": self.tr("The registry’s operator looks at it."),
            "verified": self.tr("Models may be sold to keep."),
            "rejected": seller.reason if seller is not None else "",
        }
        self.seller_note.setText(notes.get(state, ""))
        self.seller_button.setText(self.tr("Edit") if profile is not None else self.tr("Fill in"))
        self.seller_facts.setVisible(profile is not None)
        if profile is not None:
            rows = [(self.tr("Legal name"), profile.legal_name), (self.tr("Country"), country_name(profile.country))]
            if profile.business_number:
                digits = profile.business_number
                shown = f"{digits[:3]}-{digits[3:5]}-{digits[5:]}" if len(digits) == 10 else digits
                rows.append((self.tr("Business registration number"), shown))
            if profile.vat_number:
                rows.append((self.tr("VAT number"), profile.vat_number))
            self.seller_facts.show_rows(rows)

    # --- what is done

    def _open(self, sheet: Sheet) -> None:
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _fill_years(self) -> None:
        for year in range(today().year, today().year - _YEARS, -1):
            self._years.addAction(str(year)).triggered.connect(lambda _on=False, year=year: self._export(year))

    def _export(self, year: int) -> None:
        start = str(Path.home() / f"artrator-earnings-{year}.csv")
        target, _ = QFileDialog.getSaveFileName(self, self.tr("Save the statement"), start, "*.csv")
        if target:
            self._earnings.export_year(year, Path(target))

    def _did(self, what: str) -> None:
        words = {
            "moved": self.tr("The credits are in your wallet."),
            "payout": self.tr("The payout was asked for."),
            "cancelled": self.tr("The payout was taken back."),
            "schedule": self.tr("The schedule was saved."),
            "seller": self.tr("Sent. The operator looks at it."),
            "statement": self.tr("The statement was saved."),
        }
        self.say.emit("ok", words.get(what, ""))

    def _refused(self, what: str, failure: Failure) -> None:
        if what in {"cancelled", "statement"}:  # the others have a sheet that says it
            self.say.emit("bad", failure.sentence)


def _empty(card: Card) -> None:
    while (item := card.column.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
