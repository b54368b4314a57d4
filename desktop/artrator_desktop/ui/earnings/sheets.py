"""What can be done with earnings: have them paid out, say when that happens by itself, or spend them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from artrator.manifest import pick
from artrator.money import format_credits, parse_credits
from artrator_desktop.i18n import language
from artrator_desktop.ui.text import cash, credits_text
from artrator_desktop.ui.widgets import AskingSheet, Choice, ChoiceList, Field, Label, LineEdit, Segmented

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, Failure

_MANUAL: Final = "manual"


def rail_choices(app: AppState) -> list[Choice]:
    """Return the ways for money to go out; the operator can always pay by hand."""
    translate = QCoreApplication.translate
    choices = [
        Choice(
            rail.name,
            pick(rail.title, language()) or rail.name,
            translate("Payouts", "Paid in {currency}.").format(currency=rail.currency) if rail.currency else "",
            "zap" if rail.currency == "sat" else "landmark",
        )
        for rail in app.topups.rails
        if rail.pays_out
    ]
    if not any(choice.value == _MANUAL for choice in choices):
        name = translate("Payouts", "By the registry’s operator")
        choices.append(Choice(_MANUAL, name, translate("Payouts", "Paid by hand, by bank transfer."), "landmark"))
    return choices


def destination_words(app: AppState, rail: str) -> tuple[str, str]:
    """Return what a rail wants to know, and an example of it."""
    translate = QCoreApplication.translate
    found = app.topups.rail(rail)
    if found is not None and found.currency == "sat":
        return translate("Payouts", "Lightning address"), "you@wallet.example"
    if found is not None and found.flow == "redirect":
        return translate("Payouts", "Connected account"), "acct_…"
    return translate("Payouts", "Bank, account number and its holder"), translate("Payouts", "Bank 123-456-789, Kim")


class _MoneySheet(AskingSheet):
    """An amount of credits, at most what there is."""

    def __init__(self, app: AppState, title: str, subtitle: str, parent: QWidget | None) -> None:
        super().__init__(title, subtitle, parent)
        self._app = app
        self._earnings = app.earnings
        self.amount = LineEdit(self.tr("Amount in credits"))
        self.amount_field = Field(self.tr("Amount in credits"), self.amount, self._help())
        available = self._available()
        self.amount.setText(format_credits(available).replace(",", "") if available else "")
        self.amount.textChanged.connect(lambda _text: self._check())
        cancel = self.add_button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self._earnings.done.connect(self._done)
        self._earnings.refused.connect(self._refused)
        self._earnings.changed.connect(self._check)

    what = ""

    def micro(self) -> int | None:
        """Return the amount, or None while it cannot be had."""
        try:
            wanted = parse_credits(self.amount.text())
        except ValueError:
            return None
        return wanted if 0 < wanted <= self._available() else None

    def _available(self) -> int:
        return self._earnings.summary.available if self._earnings.summary is not None else 0

    def _help(self) -> str:
        return self.tr("Available: {amount}.").format(amount=credits_text(self._available()))

    def _check(self) -> None:
        """Allow the press, or not."""

    def _done(self, what: str) -> None:
        if what == self.what:
            self.accept()

    def _refused(self, what: str, failure: Failure) -> None:
        if what == self.what:
            self.complain(failure.sentence)


class MoveSheet(_MoneySheet):
    """From earnings to the wallet."""

    what = "moved"

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        title = QCoreApplication.translate("Payouts", "Move to the wallet")
        words = QCoreApplication.translate(
            "Payouts", "Credits in the wallet can be spent, and not be paid out any more."
        )
        super().__init__(app, title, words, parent)
        self.column.addWidget(self.amount_field)
        self.column.addWidget(self.problem)
        self.go = self.add_button(self.tr("Move"), "primary")
        self.go.clicked.connect(self._press)
        self._check()
        self.fit()

    def _check(self) -> None:
        wrong = bool(self.amount.text()) and self.micro() is None
        self.amount_field.set_error(self._help() if wrong else "")
        self.go.setEnabled(self.micro() is not None and self.what not in self._earnings.busy)

    def _press(self) -> None:
        if (micro := self.micro()) is not None:
            self._earnings.move(micro)


class PayoutSheet(_MoneySheet):
    """From earnings to the world outside."""

    what = "payout"

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        title = QCoreApplication.translate("Payouts", "Ask for a payout")
        super().__init__(app, title, "", parent)
        schedule = app.earnings.schedule
        self.rails = ChoiceList(self.tr("How to be paid"))
        self.rails.set_choices(rail_choices(app), schedule.rail if schedule is not None else "")
        self.rails.chosen.connect(lambda _rail: self._name_destination())
        self.destination = LineEdit("")
        self.destination.setMaxLength(200)
        self.destination.setText(schedule.destination if schedule is not None else "")
        self.destination.textChanged.connect(lambda _text: self._check())
        self.destination_field = Field("", self.destination)
        self.worth = Label("", "meta")
        for part in (self.amount_field, self.rails, self.destination_field, self.worth, self.problem):
            self.column.addWidget(part)
        self.go = self.add_button(self.tr("Ask for it"), "primary", "arrow-up-right")
        self.go.clicked.connect(self._press)
        self._name_destination()
        self.fit()

    def _help(self) -> str:
        words = super()._help()
        if self._earnings.minimum:
            least = self.tr("At least {amount}.").format(amount=credits_text(self._earnings.minimum))
            words = f"{words} {least}"
        return words

    def micro(self) -> int | None:
        """Return the amount if it is enough."""
        wanted = super().micro()
        return wanted if wanted is not None and wanted >= self._earnings.minimum else None

    def _name_destination(self) -> None:
        label, example = destination_words(self._app, self.rails.value())
        self.destination_field.label.setText(label)
        self.destination.setAccessibleName(label)
        self.destination.setPlaceholderText(example)
        self._check()

    def _check(self) -> None:
        micro = self.micro()
        wrong = bool(self.amount.text()) and micro is None
        self.amount_field.set_error(self._help() if wrong else "")
        rail = self._app.topups.rail(self.rails.value())
        if micro is not None and rail is not None and rail.rate and rail.currency:
            words = self.tr("About {money} arrive.").format(money=cash(micro // rail.rate, rail.currency))
            self.worth.setText(words)
        self.worth.setVisible(micro is not None and rail is not None and bool(rail.rate and rail.currency))
        ready = micro is not None and bool(self.destination.text().strip())
        self.go.setEnabled(ready and self.what not in self._earnings.busy)

    def _press(self) -> None:
        if (micro := self.micro()) is not None:
            self._earnings.request_payout(micro, self.rails.value(), self.destination.text().strip())


class ScheduleSheet(AskingSheet):
    """When payouts are asked for by themselves."""

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Payout schedule"), self.tr("What is available then is asked for by itself."), parent)
        self._app = app
        schedule = app.earnings.schedule
        self.every = Segmented(
            [("hand", self.tr("By hand")), ("week", self.tr("Mondays")), ("month", self.tr("Each first"))],
            schedule.every if schedule is not None else "hand",
            self.tr("How often"),
        )
        self.every.chosen.connect(lambda _value: self._check())
        self.rails = ChoiceList(self.tr("How to be paid"))
        self.rails.set_choices(rail_choices(app), schedule.rail if schedule is not None else "")
        self.rails.chosen.connect(lambda _rail: self._name_destination())
        self.destination = LineEdit("")
        self.destination.setMaxLength(200)
        self.destination.setText(schedule.destination if schedule is not None else "")
        self.destination.textChanged.connect(lambda _text: self._check())
        self.destination_field = Field("", self.destination)
        least = max(schedule.minimum if schedule is not None else 0, app.earnings.minimum)
        self.least = LineEdit(self.tr("Not below, in credits"))
        self.least.setText(format_credits(least).replace(",", ""))
        self.least.textChanged.connect(lambda _text: self._check())
        self.least_field = Field(self.tr("Not below, in credits"), self.least)
        for part in (self.every, self.rails, self.destination_field, self.least_field, self.problem):
            self.column.addWidget(part)
        cancel = self.add_button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.go = self.add_button(self.tr("Save"), "primary")
        self.go.clicked.connect(self._press)
        app.earnings.done.connect(self._done)
        app.earnings.refused.connect(self._refused)
        self._name_destination()
        self.fit()

    def _name_destination(self) -> None:
        label, example = destination_words(self._app, self.rails.value())
        self.destination_field.label.setText(label)
        self.destination.setAccessibleName(label)
        self.destination.setPlaceholderText(example)
        self._check()

    def _micro(self) -> int | None:
        try:
            return parse_credits(self.least.text() or "0")
        except ValueError:
            return None

    def _check(self) -> None:
        by_hand = self.every.value() == "hand"
        for part in (self.rails, self.destination_field, self.least_field):
            part.setEnabled(not by_hand)
        self.go.setEnabled(self._micro() is not None and (by_hand or bool(self.destination.text().strip())))

    def _press(self) -> None:
        self._app.earnings.set_schedule(
            self.every.value(), self._micro() or 0, self.rails.value(), self.destination.text().strip()
        )

    def _done(self, what: str) -> None:
        if what == "schedule":
            self.accept()

    def _refused(self, what: str, failure: Failure) -> None:
        if what == "schedule":
            self.complain(failure.sentence)
