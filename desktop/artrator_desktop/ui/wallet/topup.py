"""The sheet that brings money in: choose a way and an amount, pay elsewhere, and see it arrive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator.money import MICRO, parse_credits
from artrator_desktop.i18n import language
from artrator_desktop.state import Phase
from artrator_desktop.ui.text import amount, cash, countdown, credits_text
from artrator_desktop.ui.theme.tokens import L, M, S
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    ChipRow,
    Choice,
    ChoiceList,
    ElidedLabel,
    Field,
    IconLabel,
    Label,
    LineEdit,
    QRCode,
    Sheet,
    Skeleton,
)

if TYPE_CHECKING:
    from artrator.messages.rails import Rail, TopUp
    from artrator_desktop.state import AppState, Failure

_ICONS: Final = {"redirect": "credit-card", "invoice": "zap"}
_OWN: Final = "own"


class TopUpSheet(Sheet):
    """Shows what ``TopUps`` knows: the form, the place to pay, or how it ended. Closing it loses nothing."""

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self._topups = app.topups
        self._amount = ""
        self._stage = ""
        self._opened_page = ""
        self.rails = ChoiceList(self.tr("How to pay"))
        self.rails.chosen.connect(lambda _rail: self._show_amounts())
        self.presets = ChipRow(self.tr("Amount"))
        self.presets.chosen.connect(self._preset)
        self.own = LineEdit(self.tr("Amount in credits"), "")
        self.own.textChanged.connect(self._typed)
        self.own_field = Field(self.tr("Another amount, in credits"), self.own)
        self.charge = Label("", "strong")
        self.problem = Card("strip-bad", inset=10, gap=0)
        self._problem = Label("", "meta", wrap=True)
        self.problem.column.addWidget(self._problem)
        self.form = self._make_form()
        self.waiting = self._make_waiting()
        self.ended = self._make_result()
        for part in (self.form, self.waiting, self.ended):
            self.column.addWidget(part)
        self.cancel = self.add_button(self.tr("Close"))
        self.cancel.clicked.connect(self.close)
        self.other = self.add_button("")
        self.other.clicked.connect(self._second)
        self.go = self.add_button("", "primary")
        self.go.clicked.connect(self._first)
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._count_down)
        self._topups.changed.connect(self.refresh)
        self._topups.refused.connect(self._refused)
        self.refresh()

    def start(self) -> None:
        """Show the sheet, with the newest ways to pay."""
        self._topups.watch(on=True)
        self._topups.refresh()
        self.open()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop looking so closely; an open top-up goes on waiting."""
        self._leave()
        super().closeEvent(event)

    def reject(self) -> None:
        """Do the same for Escape."""
        self._leave()
        super().reject()

    def refresh(self) -> None:
        """Show the form, the wait or the end."""
        topup = self._topups.current
        stage = "form" if topup is None else topup.state.value
        self.form.setVisible(stage == "form")
        self.waiting.setVisible(stage == "open")
        self.ended.setVisible(stage not in {"form", "open"})
        if topup is None:
            self._show_form()
        elif stage == "open":
            self._show_waiting(topup)
        else:
            self._show_result(topup)
        if stage != self._stage:
            self._stage = stage
            self.problem.hide()
        self.fit()

    # --- the form

    def _make_form(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.loading = Skeleton(56, radius=10)
        self.nothing = Label(
            self.tr("This registry takes no payments. Redeem a voucher on the Wallet page instead."), "dim", wrap=True
        )
        self._rails_label = Label(self.tr("How to pay"), "label")
        self._amount_label = Label(self.tr("How much"), "label")
        for part in (self.loading, self.nothing, self._rails_label, self.rails, self._amount_label, self.presets):
            column.addWidget(part)
        column.addWidget(self.own_field)
        self.total = Card("well", inset=12, gap=0)
        row = QHBoxLayout()
        row.addWidget(Label(self.tr("You will be charged"), "dim"), 1)
        row.addWidget(self.charge)
        self.total.column.addLayout(row)
        column.addWidget(self.total)
        column.addWidget(self.problem)
        return holder

    def _show_form(self) -> None:
        ways = self._topups.ways_in
        loading = self._topups.phase in {Phase.IDLE, Phase.LOADING}
        self.title.setText(self.tr("Top up"))
        self._say(self.tr("Credits pay for runs, passes and models. What is not spent stays yours."))
        self.loading.setVisible(loading and not ways)
        self.nothing.setVisible(not loading and not ways)
        if self._topups.phase is Phase.FAILED and not ways and self._topups.failure is not None:
            self.nothing.setText(self._topups.failure.sentence)
        for part in (self._rails_label, self.rails, self._amount_label, self.presets, self.own_field, self.total):
            part.setVisible(bool(ways))
        if [choice.value for choice in self.rails.choices()] != [rail.name for rail in ways]:
            self.rails.set_choices([self._choice(rail) for rail in ways], self.rails.value())
            self._show_amounts()
        else:
            self._show_charge()
        self.other.hide()
        self.go.setVisible(bool(ways))
        rail = self._rail()
        invoice = rail is not None and rail.flow == "invoice"
        self.go.setText(self.tr("Make the invoice") if invoice else self.tr("Continue to payment"))
        self.go.setEnabled(self._micro() is not None and not self._topups.asking)
        self.cancel.setText(self.tr("Cancel"))

    def _choice(self, rail: Rail) -> Choice:
        notes = {
            "redirect": self.tr("Opens a page in your browser."),
            "invoice": self.tr("Shows an invoice for your Lightning wallet."),
        }
        return Choice(
            rail.name,
            pick(rail.title, language()) or rail.name,
            notes.get(rail.flow, ""),
            _ICONS.get(rail.flow, "wallet"),
            self.tr("Real money") if rail.cash_value else self.tr("No cash value"),
            "ok" if rail.cash_value else "neutral",
        )

    def _rail(self) -> Rail | None:
        return self._topups.rail(self.rails.value())

    def _show_amounts(self) -> None:
        rail = self._rail()
        if rail is None:
            return
        values = [str(value) for value in rail.suggested]
        if self._amount not in {*values, _OWN}:
            self._amount = values[min(1, len(values) - 1)] if values else _OWN
        chips = [(value, credits_text(int(value))) for value in values]
        self.presets.set_choices([*chips, (_OWN, self.tr("Another amount"))], self._amount)
        self._amount_label.setVisible(bool(values))
        self.presets.setVisible(bool(values))
        self._show_charge()
        self.fit()

    def _preset(self, value: str) -> None:
        self._amount = value
        self._show_charge()
        self.fit()
        if value == _OWN:
            self.own.setFocus(Qt.FocusReason.OtherFocusReason)

    def _typed(self) -> None:
        self.own_field.set_error("")
        self._show_charge()

    def _micro(self) -> int | None:
        """Return the wanted micro-credits, or None while they cannot be had."""
        rail = self._rail()
        if rail is None:
            return None
        if self._amount != _OWN:
            return int(self._amount) if self._amount else None
        try:
            wanted = parse_credits(self.own.text())
        except ValueError:
            return None
        return wanted if rail.minimum <= wanted and (not rail.maximum or wanted <= rail.maximum) and wanted else None

    def _show_charge(self) -> None:
        rail = self._rail()
        own = self._amount == _OWN
        self.own_field.setVisible(own and rail is not None)
        if rail is None:
            return
        micro = self._micro()
        if own:
            limits = self.tr("Between {low} and {high}.").format(
                low=credits_text(rail.minimum), high=credits_text(rail.maximum)
            )
            self.own_field.set_error(limits if self.own.text().strip() and micro is None else "")
            self.own.setPlaceholderText(amount(max(rail.minimum, MICRO)))
        if micro is None:
            self.charge.setText("–")
        elif rail.rate and rail.currency:
            self.charge.setText(cash(-(-micro // rail.rate), rail.currency))
        else:
            self.charge.setText(self.tr("nothing"))
        self.go.setEnabled(micro is not None and not self._topups.asking)

    # --- waiting for the payment

    def _make_waiting(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.qr = QRCode(self.tr("The invoice as a QR code"), 264)
        column.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignHCenter)
        self.invoice_row = Card("well", inset=10, gap=0)
        self.invoice = ElidedLabel("", "mono", mode=Qt.TextElideMode.ElideMiddle)
        self.copy = Button(self.tr("Copy"), "plain", "copy")
        self.copy.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.setSpacing(M)
        row.addWidget(self.invoice, 1)
        row.addWidget(self.copy)
        self.invoice_row.column.addLayout(row)
        column.addWidget(self.invoice_row)
        self.state = Card("strip-tint", inset=12, gap=0)
        self.state_words = Label("", "body", wrap=True)
        self.remaining = Label("", "strong")
        line = QHBoxLayout()
        line.setSpacing(M)
        line.addWidget(IconLabel("clock", 18, "on_tint"))
        line.addWidget(self.state_words, 1)
        line.addWidget(self.remaining)
        self.state.column.addLayout(line)
        column.addWidget(self.state)
        column.addWidget(
            Label(self.tr("You may close this: the payment is noticed also after a restart."), "caption", wrap=True)
        )
        return holder

    def _show_waiting(self, topup: TopUp) -> None:
        price = cash(topup.charge, topup.currency) if topup.currency else credits_text(topup.amount)
        self.title.setText(self.tr("Pay {amount}").format(amount=price))
        self._say(self.tr("{amount} arrive as soon as it is paid.").format(amount=credits_text(topup.amount)))
        invoice = topup.invoice or ""
        if self.invoice.whole() != invoice:
            self.qr.show_text(invoice)
            self.invoice.setText(invoice)
        self.invoice_row.setVisible(bool(invoice))
        self.qr.setVisible(self.qr.modules() > 0)
        self.state_words.setText(
            self.tr("Waiting for your wallet…") if invoice else self.tr("Waiting for the payment in your browser…")
        )
        page = topup.page or ""
        self.go.setText(self.tr("Open the page again") if page else self.tr("I have paid"))
        self.go.setVisible(True)
        self.go.setEnabled(True)
        self.other.setText(self.tr("Give up"))
        self.other.show()
        self.cancel.setText(self.tr("Close"))
        if page and self._opened_page != page:
            self._open_page(page)
        self._tick.start()
        self._count_down()

    def _open_page(self, page: str) -> None:
        self._opened_page = page
        url = QUrl(page)
        # The address comes from the registry: nothing but a page of the web is opened.
        if url.scheme() in {"https", "http"} and url.host():
            QDesktopServices.openUrl(url)

    def _count_down(self) -> None:
        topup = self._topups.current
        if topup is None or topup.state.value != "open" or topup.expires_at is None:
            self.remaining.setText("")
            if topup is None or topup.state.value != "open":
                self._tick.stop()
            return
        self.remaining.setText(countdown(topup.expires_at - time.time()))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.invoice.whole())
        self.copy.setText(self.tr("Copied"))
        QTimer.singleShot(2000, self.copy, lambda: self.copy.setText(self.tr("Copy")))

    # --- the end

    def _make_result(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, L, 0, L)
        column.setSpacing(S)
        self.result_icon = IconLabel("circle-check", 26, "ok", ground="ok_tint")
        self.result_words = Label("", "dim", wrap=True)
        self.result_words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.result_icon, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.result_words)
        return holder

    def _show_result(self, topup: TopUp) -> None:
        self._tick.stop()
        paid = topup.state.value == "paid"
        self._say("")
        if paid:
            self.title.setText(self.tr("{amount} arrived").format(amount=credits_text(topup.amount)))
            self.result_icon.set_icon("circle-check", "ok", "ok_tint")
            self.result_words.setText(self.tr("They are in your wallet now."))
        elif topup.state.value == "expired":
            self.title.setText(self.tr("The time to pay is over"))
            self.result_icon.set_icon("clock", "warn", "warn_tint")
            self.result_words.setText(
                self.tr("Nothing was added. If you paid at the last moment, it still arrives by itself.")
            )
        else:
            self.title.setText(self.tr("The payment did not work"))
            self.result_icon.set_icon("circle-alert", "bad", "bad_tint")
            self.result_words.setText(topup.reason or self.tr("Nothing was charged. Try again or choose another way."))
        self.go.setVisible(not paid)
        self.go.setText(self.tr("Try again"))
        self.go.setEnabled(True)
        self.other.hide()
        self.cancel.setText(self.tr("Close"))

    # --- the buttons

    def _first(self) -> None:
        topup = self._topups.current
        if topup is None:
            micro, rail = self._micro(), self._rail()
            if micro is not None and rail is not None:
                self.problem.hide()
                self._topups.start(rail.name, micro)
        elif topup.state.value != "open":
            self._topups.forget_current()
        elif topup.page:
            self._open_page(topup.page)
        else:
            self._topups.look()

    def _second(self) -> None:
        topup = self._topups.current
        if topup is not None:
            self._topups.abandon(topup.id)

    def _refused(self, failure: Failure) -> None:
        self._problem.setText(failure.sentence)
        self.problem.show()
        self.fit()

    def _say(self, words: str) -> None:
        self.subtitle.setText(words)
        self.subtitle.setVisible(bool(words))

    def _leave(self) -> None:
        self._tick.stop()
        self._topups.watch(on=False)
        topup = self._topups.current
        if topup is not None and topup.state.value != "open":
            self._topups.forget_current()
