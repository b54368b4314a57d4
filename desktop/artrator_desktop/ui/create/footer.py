"""Below the form: what it costs, how long it takes, and the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from artrator_desktop.state.create import COUNTS
from artrator_desktop.ui.pay import pay_note, pay_words
from artrator_desktop.ui.split import split_line, split_tip
from artrator_desktop.ui.text import credits_text, duration, exactly, short_price
from artrator_desktop.ui.theme import set_icon
from artrator_desktop.ui.widgets import Button, Card, IconLabel, Label, Line, Segmented, Switch, set_look

if TYPE_CHECKING:
    from artrator_desktop.state import AppState


class PriceFooter(QFrame):
    """The exact price before the press, and why it cannot be pressed when it cannot.

    Signals:
        generate: The button was pressed, whether or not the form is complete.
        top_up: Credits are missing, and the person wants some.
    """

    generate = Signal()
    top_up = Signal()

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._create = app.create
        self.count = Segmented([(str(count), str(count)) for count in COUNTS], "1", self.tr("Number of pictures"))
        self.count.chosen.connect(lambda value: self._create.set_count(int(value)))
        self._count_row = QWidget()
        counts = QHBoxLayout(self._count_row)
        counts.setContentsMargins(0, 0, 0, 4)
        counts.addWidget(Label(self.tr("Images"), "label"), 1)
        counts.addWidget(self.count, 2)
        self.here = Switch(self.tr("Run on this computer"))
        self.here.clicked.connect(lambda on: self._create.set_here(bool(on)))
        self.here_box = QWidget()
        here = QHBoxLayout(self.here_box)
        here.setContentsMargins(0, 0, 0, 4)
        here.addWidget(IconLabel("laptop", 16, "text_dim"))
        here.addWidget(Label(self.tr("Run on this computer"), "label"), 1)
        here.addWidget(self.here)
        self.reason = Card("strip-warn", inset=10, gap=0)
        self._reason_icon = IconLabel("triangle-alert", 16, "warn")
        self.reason_text = Label("", "meta", wrap=True)
        self.reason_button = Button(self.tr("Top up"), "ghost")
        self.reason_button.clicked.connect(self.top_up)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._reason_icon)
        row.addWidget(self.reason_text, 1)
        row.addWidget(self.reason_button)
        self.reason.column.addLayout(row)
        self.held = Label(self.tr("Held until delivered"), "dim")
        self.price = Label("", "strong")
        self.expected = Label("", "caption", wrap=True)
        self.split = Label("", "caption", wrap=True)
        self.button = Button(self.tr("Generate"), "primary", "sparkles").tall()
        self.button.clicked.connect(self.generate)
        hint = Label("Ctrl+Enter", "caption")
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.held, 1)
        first.addWidget(self.price)
        second.addWidget(self.expected, 1)
        second.addWidget(hint)
        box = QVBoxLayout()
        box.setContentsMargins(20, 12, 20, 20)
        box.setSpacing(6)
        box.addWidget(self._count_row)
        box.addWidget(self.here_box)
        box.addWidget(self.reason)
        box.addLayout(first)
        box.addLayout(second)
        box.addWidget(self.split)
        box.addSpacing(2)
        box.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Line())
        column.addLayout(box)
        self._create.problems_changed.connect(self.refresh)
        self._create.listing_changed.connect(self.refresh)
        self._create.quoting.changed.connect(self.refresh)
        app.wallet.changed.connect(self.refresh)
        app.library.changed.connect(self.refresh)
        app.session.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the price as it is known now."""
        self.setVisible(self._create.detail is not None)
        self._count_row.setVisible(self._create.can_repeat)
        self.count.set_value(str(self._create.count))
        price, quoting = self._create.price, self._create.quoting
        self.price.setText(short_price(price) if price is not None else "–")
        self.price.setToolTip(exactly(price or 0))
        self.price.setAccessibleDescription(exactly(price or 0))
        self.button.setToolTip(exactly(price or 0))
        self.held.setText(self.tr("Held until delivered") if price != 0 else self.tr("Nothing is held"))
        self.expected.setText(self._expected())
        self._say_why_not(self._why_not())
        count = self._create.runs * self._create.expected
        words = self.tr("Generate {count} images").format(count=count) if count > 1 else self.tr("Generate")
        paying = self._create.payment
        caption = f"{words} · {pay_words(paying, self._create.expected)}" if paying is not None else words
        self._show_split()
        self.button.setText(caption)
        self.button.setAccessibleName(caption)
        # An incomplete form may be pressed: then it says what is missing. A price that is not known may not.
        self.button.setEnabled(self._create.here or (str(quoting.phase) == "ready" and not self._too_dear()))
        self.here_box.setVisible(self._create.kept is not None)
        self.here.setChecked(self._create.here)
        set_icon(self.button, "sparkles", size=16, role="on_accent")

    def _expected(self) -> str:
        quoting = self._create.quoting
        if self._create.here:
            return self.tr("Your own copy of the model; nothing leaves this computer.")
        if str(quoting.phase) == "idle":
            return self.tr("The price depends on the picture.") if self._create.detail is not None else ""
        if str(quoting.phase) == "loading":
            return self.tr("Asking who can make it…")
        if quoting.quote is None:
            return ""
        parts = []
        seconds = quoting.seconds_for(self._create.runs)
        if seconds is not None:
            parts.append(self.tr("About {time}").format(time=duration(seconds)))
        nodes = len(quoting.quote.nodes)
        name = quoting.quote.nodes[0].name
        parts.append(name if nodes == 1 else self.tr("{name} and {count} more").format(name=name, count=nodes - 1))
        states = {
            "warm": self.tr("warm"),
            "cold": self.tr("cold start"),
            "loading": self.tr("warming up"),
            "offline": self.tr("offline"),
        }
        parts.append(states.get(quoting.state, quoting.state))
        return " · ".join(parts)

    def _show_split(self) -> None:
        """Say who gets what, before anything is bought; what a pass or free runs leave is told in the same place."""
        quote, paying = self._create.quoting.quote, self._create.payment
        note = pay_note(paying) if paying is not None else ""
        bought = paying is not None and paying.paid_by not in {"own", "here"}
        shares = quote.split if quote is not None and bought else ()
        self.split.setText(" · ".join(part for part in (note, split_line(shares)) if part))
        self.split.setToolTip(split_tip(shares))
        self.split.setVisible(bool(self.split.text()))

    def _too_dear(self) -> bool:
        price, balance = self._create.price, self._app.wallet.balance
        return price is not None and balance is not None and price > balance.available

    def _why_not(self) -> str:
        quoting = self._create.quoting
        if self._create.here:
            return ""
        if str(quoting.phase) == "failed" and quoting.failure is not None:
            return quoting.failure.sentence
        if self._too_dear():
            words = self.tr("You have {amount}.").format(amount=credits_text(self._app.wallet.available, places=2))
            return " ".join((words, self.tr("Top up or choose less.")))
        return ""

    def _say_why_not(self, sentence: str) -> None:
        self.reason.setVisible(bool(sentence))
        self.reason_text.setText(sentence)
        self.reason_button.setVisible(self._too_dear())
        set_look(self.reason_text, "role", "meta")
