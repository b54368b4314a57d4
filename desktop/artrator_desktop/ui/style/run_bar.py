"""What would be run, what it costs at most, and the button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.ui.pay import pay_words
from artrator_desktop.ui.text import credits_text, duration, short_price
from artrator_desktop.ui.widgets import Button, Card, Label, Switch

if TYPE_CHECKING:
    from artrator.manifest import InputSpec
    from artrator_desktop.state import AppState


class RunBar(Card):
    """The facts of the run at the left, the buttons at the right.

    Signals:
        run: The button was pressed, whether or not everything is there.
        preview: One frame is wanted first.
        settings: The other settings are to be shown or hidden.
    """

    run = Signal()
    preview = Signal()
    settings = Signal(bool)

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=16, gap=0)
        self._app = app
        self.facts = Label("", "strong", wrap=True)
        self.cost = Label("", "dim", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.facts)
        words.addWidget(self.cost)
        self.more = Button(self.tr("Settings"), "ghost", "sliders-horizontal")
        self.more.setCheckable(True)
        self.more.toggled.connect(self.settings)
        self.first = Button(self.tr("Preview frame {number}"), "plain", "play")
        self.first.clicked.connect(self.preview)
        self.button = Button(self.tr("Paint it"), "primary", "sparkles")
        self.button.clicked.connect(self.run)
        self.here = Switch(self.tr("Run on this computer"))
        self.here.clicked.connect(lambda on: self._app.create.set_here(bool(on)))
        self.here_label = Label(self.tr("Run on this computer"), "label")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addLayout(words, 1)
        for part in (self.here_label, self.here, self.more, self.first, self.button):
            row.addWidget(part)
        self.column.addLayout(row)

    def show_run(self, frames: int, frame: int, *, can_preview: bool) -> None:
        """Show how a run of so many frames stands; ``frame`` is the one that a preview would make."""
        create = self._app.create
        quoting, paying, price = create.quoting, create.payment, create.price
        specs = create.specs()
        parts = [self.tr("%Ln frame(s)", "", frames)] if frames else []
        self.facts.setText(" · ".join([*parts, *chosen_words(specs, create.values)]))
        self.cost.setText(self._cost(frames))
        words = self.tr("Run %Ln frame(s)", "", frames) if frames > 1 else self.tr("Paint it")
        if paying is not None:
            words = f"{words} · {pay_words(paying, frames)}"
        self.button.setText(words)
        self.button.setAccessibleName(words)
        balance = self._app.wallet.balance
        dear = price is not None and balance is not None and price > balance.available
        self.button.setEnabled(create.here or (str(quoting.phase) == "ready" and not dear))
        self.here_label.setVisible(create.kept is not None)
        self.here.setVisible(create.kept is not None)
        self.here.setChecked(create.here)
        self.first.setVisible(can_preview)
        self.first.setText(self.tr("Preview frame {number}").format(number=frame))
        self.first.setAccessibleName(self.first.text())
        self.first.setEnabled(self._app.style.ready)

    def _cost(self, frames: int) -> str:
        create, quoting = self._app.create, self._app.create.quoting
        if create.here:
            return self.tr("With the model that you keep: nothing is sent, nothing is paid.")
        if str(quoting.phase) == "failed" and quoting.failure is not None:
            return quoting.failure.sentence
        if str(quoting.phase) == "loading":
            return self.tr("Asking who can make it…")
        price, paying = create.price, create.payment
        if price is None or paying is None:
            return self.tr("The price follows once the pictures are there.")
        balance = self._app.wallet.balance
        if balance is not None and price > balance.available:
            return self.tr("You have {amount}. Top up, or take fewer frames.").format(
                amount=credits_text(balance.available, places=2)
            )
        parts = []
        if frames > 1 and paying.worth:
            parts.append(self.tr("{amount} per frame").format(amount=short_price(paying.worth // frames)))
        if price:
            parts.append(self.tr("{amount} held until delivered").format(amount=short_price(price)))
        if quoting.seconds is not None:
            parts.append(self.tr("about {time}").format(time=duration(quoting.seconds)))
        return " · ".join(parts)


def chosen_words(specs: Mapping[str, InputSpec], values: Mapping[str, Any]) -> list[str]:
    """The choices that were made, in words: "Balanced"."""
    found = []
    for name, spec in specs.items():
        if str(spec.type) == "choice":
            found += [pick(each.label, language()) for each in spec.choices if each.value == values.get(name)]
    return found
