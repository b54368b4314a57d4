"""Passes: the card of one that was bought, and the card of one that is sold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state.passes import left
from artrator_desktop.ui.split import split_line, split_tip
from artrator_desktop.ui.text import amount, credits_text, day
from artrator_desktop.ui.theme.tokens import L, M, S
from artrator_desktop.ui.widgets import (
    AskingSheet,
    Button,
    Card,
    Choice,
    ChoiceList,
    ElidedLabel,
    IconLabel,
    Label,
    Pill,
    Switch,
)

if TYPE_CHECKING:
    from artrator.messages.products import Pass, Plan
    from artrator_desktop.state import AppState


def covered(listings: list[str]) -> str:
    """Return what a pass is for, in words."""
    translate = QCoreApplication.translate
    if not listings:
        return translate("Passes", "everything of its creator, also what is yet to come")
    names = [each.rpartition("/")[2].replace("-", " ") for each in listings]
    if len(names) <= 3:
        return ", ".join(names)
    return translate("Passes", "{names} and {count} more").format(names=", ".join(names[:3]), count=len(names) - 3)


def refund_rule() -> str:
    """Return, in one sentence, what happens to a pass that was not used."""
    return QCoreApplication.translate(
        "Passes", "If nothing was delivered in a period, its whole price comes back when it ends."
    )


class AllowanceBar(QWidget):
    """How much of a period's allowance is used; what open orders may still take is told in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.words = Label("", "meta", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self.words)

    def show_pass(self, bought: Pass) -> None:
        """Show a pass."""
        taken = bought.used + bought.waiting
        self.bar.setValue(min(taken * 1000 // bought.allowance, 1000) if bought.allowance else 0)
        words = self.tr("{left} of {all} left").format(
            left=amount(left(bought), places=2), all=credits_text(bought.allowance)
        )
        if bought.waiting:
            words += " · " + self.tr("{amount} on their way").format(amount=credits_text(bought.waiting))
        self.words.setText(words)
        self.bar.setAccessibleName(words)


class PassCard(Card):
    """One pass of this account. ``again`` asks to buy its plan anew, ``opened`` to see what it is for."""

    again = Signal(str, int)
    opened = Signal(str)

    def __init__(self, app: AppState, bought: Pass, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=18, gap=M)
        self._app = app
        self._pass = bought
        title = pick(bought.title, language()) or bought.plan
        states = {
            "active": (self.tr("In force"), "ok"),
            "ended": (self.tr("Ended"), "neutral"),
            "refunded": (self.tr("Refunded"), "neutral"),
            "unpaid": (self.tr("Not renewed: too few credits"), "warn"),
        }
        head = QHBoxLayout()
        head.setSpacing(M)
        head.addWidget(IconLabel("calendar-clock", 20, "on_tint"))
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(ElidedLabel(title, "name"))
        names.addWidget(ElidedLabel(self.tr("{creator} · covers {what}").format(
            creator=bought.creator, what=covered(list(bought.listings))), "dim"))  # fmt: skip
        head.addLayout(names, 1)
        head.addWidget(Pill(*states[bought.state.value]))
        self.column.addLayout(head)
        active = bought.state.value == "active"
        self.bar = AllowanceBar()
        self.bar.show_pass(bought)
        self.bar.setVisible(active)
        self.column.addWidget(self.bar)
        foot = QHBoxLayout()
        foot.setSpacing(M)
        self.when = Label(self._when(), "dim")
        foot.addWidget(self.when, 1)
        if active:
            self.renew_words = Label(self.tr("Renew by itself"), "label")
            self.renew = Switch(self.tr("Renew {title} by itself").format(title=title), bought.renew)
            self.renew.clicked.connect(lambda on: app.passes.set_renew(bought.id, bool(on)))
            self.renew.setEnabled(bought.id not in app.passes.busy)
            foot.addWidget(self.renew_words)
            foot.addWidget(self.renew)
        elif not active:
            self.buy_again = Button(self.tr("Buy again · {amount}").format(amount=credits_text(bought.price)))
            self.buy_again.clicked.connect(lambda: self.again.emit(bought.plan, bought.price))
            self.buy_again.setEnabled(bought.plan not in app.passes.busy)
            foot.addWidget(self.buy_again)
        self.column.addLayout(foot)
        self.setAccessibleName(f"{title}: {states[bought.state.value][0]}. {self.bar.words.text()}. {self.when.text()}")

    def _when(self) -> str:
        bought = self._pass
        price = credits_text(bought.price)
        until = day(bought.period_until)
        if bought.state.value != "active":
            return self.tr("Ended on {day}").format(day=until)
        if bought.paid_through != "credits" and bought.renew:
            return self.tr("Renews on {day} through {rail}").format(day=until, rail=bought.paid_through)
        if bought.renew:
            return self.tr("Renews on {day} for {amount}").format(day=until, amount=price)
        return self.tr("Ends on {day}").format(day=until)


class PlanCard(Card):
    """One pass that is sold for a listing, with its terms before it is bought. ``wanted``: the plan."""

    wanted = Signal(object)

    def __init__(self, app: AppState, plan: Plan, worth: int, parent: QWidget | None = None) -> None:
        super().__init__("well", parent, inset=14, gap=S)
        mine = app.passes.of_plan(plan.plan)
        owned = mine is not None and mine.state.value == "active"
        title = pick(plan.title, language()) or plan.plan
        price = self.tr("{amount} for %Ln day(s)", "", plan.period_days).format(amount=credits_text(plan.price))
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(Label(title, "strong", wrap=True))
        names.addWidget(Label(price, "dim", wrap=True))
        self.column.addLayout(names)
        runs = plan.allowance // worth if worth else 0
        words = self.tr("Runs worth {amount}").format(amount=credits_text(plan.allowance))
        if runs:
            words += " · " + self.tr("about %Ln run(s) of this model", "", runs)
        self.column.addWidget(Label(words, "meta", wrap=True))
        self.column.addWidget(Label(
            self.tr("Covers {what}.").format(what=covered(list(plan.listings))), "meta", wrap=True))  # fmt: skip
        shares = Label(split_line(plan.split), "caption", wrap=True)
        shares.setToolTip(split_tip(plan.split))
        shares.setVisible(bool(plan.split))
        self.column.addWidget(shares)
        if owned and mine is not None:
            bar = AllowanceBar()
            bar.show_pass(mine)
            self.column.addWidget(bar)
            ends = self.tr("renews on {day}") if mine.renew else self.tr("ends on {day}")
            self.column.addWidget(Label(ends.format(day=day(mine.period_until)), "caption"))
        else:
            self.column.addWidget(Label(refund_rule(), "caption", wrap=True))
            self.buy = Button(self.tr("Buy this pass · {amount}").format(amount=credits_text(plan.price)), "soft")
            self.buy.setEnabled(plan.plan not in app.passes.busy)
            self.buy.clicked.connect(lambda: self.wanted.emit(plan))
            self.column.addWidget(self.buy)
        self.setAccessibleName(f"{title}, {words}")


class BuyPassSheet(AskingSheet):
    """The last look before a pass is bought: price, cover, split, renewal, refund."""

    top_up = Signal()

    def __init__(self, app: AppState, plan: Plan, parent: QWidget | None = None) -> None:
        title = pick(plan.title, language()) or plan.plan
        super().__init__(self.tr("Buy {title}").format(title=title), plan.creator_name, parent)
        self._app = app
        self._plan = plan
        for icon, words in (
            ("coins", self.tr("{price} now, for %Ln day(s).", "", plan.period_days).format(
                price=credits_text(plan.price))),
            ("sparkles", self.tr("Runs worth {amount} at list prices; beyond that you pay by the run.").format(
                amount=credits_text(plan.allowance))),
            ("layers", self.tr("Covers {what}.").format(what=covered(list(plan.listings)))),
            ("undo-2", refund_rule()),
        ):  # fmt: skip
            row = QHBoxLayout()
            row.setSpacing(M)
            row.addWidget(IconLabel(icon, 18, "on_tint"))
            row.addWidget(Label(words, "body", wrap=True), 1)
            self.column.addLayout(row)
        if plan.split:
            shares = Label(split_line(plan.split), "caption", wrap=True)
            shares.setToolTip(split_tip(plan.split))
            self.column.addWidget(shares)
        rails = [rail for rail in app.topups.ways_in if rail.renews_passes]
        self.ways = ChoiceList(self.tr("How to pay"))
        own = self.tr("You have {amount}.").format(amount=credits_text(app.wallet.available))
        self.ways.set_choices([
            Choice("credits", self.tr("From your wallet"), own, "wallet"),
            *(Choice(rail.name, pick(rail.title, language()) or rail.name, self.tr("A subscription, paid outside."),
                     "credit-card") for rail in rails),
        ])  # fmt: skip
        self.ways.chosen.connect(lambda _way: self._refresh())
        self.ways.setVisible(bool(rails))
        self.column.addWidget(self.ways)
        self.renewal = box = Card("well", inset=12, gap=0)
        row = QHBoxLayout()
        row.setSpacing(L)
        words_column = QVBoxLayout()
        words_column.setSpacing(1)
        words_column.addWidget(Label(self.tr("Renew by itself"), "strong"))
        words_column.addWidget(
            Label(self.tr("For the same price, from your wallet. You can stop it at any time."), "meta", wrap=True)
        )
        self.renew = Switch(self.tr("Renew by itself"))
        row.addLayout(words_column, 1)
        row.addWidget(self.renew)
        box.column.addLayout(row)
        self.column.addWidget(box)
        self.column.addWidget(self.problem)
        cancel = self.add_button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.more = self.add_button(self.tr("Top up"))
        self.more.clicked.connect(self._leave_for_money)
        self.go = self.add_button(self.tr("Buy · {amount}").format(amount=credits_text(plan.price)), "primary")
        self.go.clicked.connect(self._press)
        app.topups.changed.connect(self._leave_for_payment)
        app.topups.refused.connect(self._refused)
        app.passes.bought.connect(self._bought)
        app.passes.refused.connect(self._refused)
        app.passes.changed.connect(self._refresh)
        app.wallet.changed.connect(self._refresh)
        self._refresh()
        self.fit()

    def _refresh(self) -> None:
        outside = self.ways.value() != "credits"
        short = self._app.wallet.balance is not None and self._app.wallet.available < self._plan.price and not outside
        self.more.setVisible(short)
        self.renewal.setVisible(not outside)
        busy = self._plan.plan in self._app.passes.busy or self._app.topups.asking
        self.go.setEnabled(not busy and not short)
        price = credits_text(self._plan.price)
        self.go.setText(self.tr("Continue to payment") if outside else self.tr("Buy · {amount}").format(amount=price))
        self.problem.setVisible(short)
        if short:
            self.complain(self.tr("You have {amount}.").format(amount=credits_text(self._app.wallet.available)))

    def _press(self) -> None:
        if self.ways.value() == "credits":
            self._app.passes.buy(self._plan.plan, self._plan.price, renew=self.renew.isChecked())
        else:
            self._app.topups.start(self.ways.value(), self._plan.price, self._plan.plan)

    def _leave_for_payment(self) -> None:
        """The place to pay is known: the sheet of top-ups shows it, and waits."""
        topup = self._app.topups.current
        if self.isVisible() and topup is not None and topup.rail == self.ways.value():
            self.accept()
            self.top_up.emit()

    def _bought(self, bought: Pass) -> None:
        if bought.plan == self._plan.plan:
            self.accept()

    def _refused(self, failure: object) -> None:
        self.complain(str(getattr(failure, "sentence", "")))

    def _leave_for_money(self) -> None:
        self.reject()
        self.top_up.emit()
