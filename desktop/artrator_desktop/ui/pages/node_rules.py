"""The owner's say over their node: the button that pauses it, why it holds still, sensors, and the rules in force."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from artrator_desktop.state.node_watch import NodeWatch
from artrator_desktop.ui.text import bytes_text, when
from artrator_desktop.ui.theme.tokens import M
from artrator_desktop.ui.widgets import Button, Card, IconLabel, Label

if TYPE_CHECKING:
    from artrator.messages.node import CardHealth, Health, HoldHealth

_HOUR: Final = 3600.0


class PauseButton(Button):
    """Pauses the node for a time that is chosen from its menu, or ends the pause."""

    def __init__(self, watch: NodeWatch, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("PauseButton", "Pause"), icon="pause", parent=parent)
        self._watch = watch
        self.choices = QMenu(self)
        self.choices.setAccessibleName(self.tr("How long to pause"))
        for words, hours in (
            (self.tr("For an hour"), 1.0),
            (self.tr("For eight hours"), 8.0),
            (self.tr("Until I resume"), None),
        ):
            seconds = None if hours is None else hours * _HOUR
            self.choices.addAction(words).triggered.connect(lambda _=False, seconds=seconds: watch.pause(seconds))
        self.choices.addSeparator()
        self.choices.addAction(self.tr("At once: running jobs go back into the queue")).triggered.connect(
            lambda: watch.pause(now=True)
        )
        self.setMenu(self.choices)


class ResumeButton(Button):
    """Ends the pause."""

    def __init__(self, watch: NodeWatch, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("ResumeButton", "Resume"), "primary", "play", parent)
        self.clicked.connect(watch.resume)


class HoldStrip(Card):
    """Why the node takes nothing new, and until when."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("strip-warn", inset=M, gap=4, parent=parent)
        self.words = Label("", "body", wrap=True)
        line = QHBoxLayout()
        line.setSpacing(M)
        line.addWidget(IconLabel("pause", 16, "warn"))
        line.addWidget(self.words, 1)
        self.column.addLayout(line)
        self.hide()

    def show_hold(self, hold: HoldHealth | None) -> None:
        """Say it, or nothing."""
        self.setVisible(hold is not None)
        if hold is None:
            return
        why = _reasons().get(hold.kind, hold.reason)
        # What the node says to its own machine names the program or the temperature; that is told as it is.
        detail = hold.reason if hold.kind in {"program", "temperature", "power", "card_memory"} else ""
        until = "" if hold.until is None else self.tr("Until {time}.").format(time=_moment(hold.until))
        self.words.setText(" ".join(part for part in (why, detail, until) if part))


class RulesCard(Card):
    """Sensors, and the rules that the owner set."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("card", inset=M, gap=4, parent=parent)
        self.sensors = Label("", "strong", wrap=True)
        self.rules = Label("", "dim", wrap=True)
        self.column.addWidget(self.sensors)
        self.column.addWidget(self.rules)

    def show_machine(self, health: Health) -> None:
        """Say what the node tells its own machine; hidden where it tells nothing."""
        machine = health.machine
        lines = [] if machine is None else [_card_words(card) for card in machine.cards]
        if machine is not None and machine.processor_temperature is not None:
            lines.append(self.tr("Processor · {degrees} °C").format(degrees=round(machine.processor_temperature)))
        rules = [] if machine is None else list(machine.rules)
        if machine is not None and machine.hours_change_at is not None:
            closed = health.hold is not None and health.hold.kind == "hours"
            words = self.tr("opens {time}") if closed else self.tr("closes {time}")
            rules.append(words.format(time=_moment(machine.hours_change_at)))
        self.sensors.setText("\n".join(lines))
        self.sensors.setVisible(bool(lines))
        self.rules.setText("\n".join(rules))
        self.rules.setVisible(bool(rules))
        self.setVisible(bool(lines or rules))


def standing(hold: HoldHealth) -> str:
    """What the node's pill says while a rule holds."""
    translate = QCoreApplication.translate
    return {
        "paused": translate("NodeRules", "Paused"),
        "hours": translate("NodeRules", "Closed"),
        "program": translate("NodeRules", "Gives way"),
    }.get(hold.kind, translate("NodeRules", "Rests"))


def _reasons() -> dict[str, str]:
    translate = QCoreApplication.translate
    return {
        "paused": translate("NodeRules", "You paused the node: it takes no jobs."),
        "hours": translate("NodeRules", "It is outside the hours that you set."),
        "program": translate("NodeRules", "Another program goes first."),
        "temperature": translate("NodeRules", "It is cooling down."),
        "power": translate("NodeRules", "It keeps to your limit of power."),
        "card_memory": translate("NodeRules", "The card has no memory to spare."),
    }


def _moment(seconds: float) -> str:
    """A time to come, with its day unless that is today."""
    clock = datetime.fromtimestamp(seconds).strftime("%H:%M")
    return clock if when(seconds) == clock else f"{when(seconds)} {clock}"


def _card_words(card: CardHealth) -> str:
    parts = [card.name]
    if card.temperature is not None:
        parts.append(f"{round(card.temperature)} °C")
    if card.power is not None:
        parts.append(f"{round(card.power)} W")
    if card.memory_used is not None:
        whole = f" / {bytes_text(card.memory_total)}" if card.memory_total else ""
        parts.append(f"{bytes_text(card.memory_used)}{whole}")
    return " · ".join(parts)
