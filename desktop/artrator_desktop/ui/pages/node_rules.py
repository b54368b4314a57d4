"""The owner's say over their node: the button that pauses it, why it holds still, and the rules in force."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from artrator_desktop.state.node_watch import NodeWatch
from artrator_desktop.ui.text import when
from artrator_desktop.ui.theme.tokens import M
from artrator_desktop.ui.widgets import Button, Card, IconLabel, Label, MenuButton

if TYPE_CHECKING:
    from artrator.messages.node import Health, HoldHealth, RuleHealth

_HOUR: Final = 3600.0


class PauseButton(MenuButton):
    """Pauses the node for a time that is chosen from its menu, or ends the pause."""

    def __init__(self, watch: NodeWatch, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("PauseButton", "Pause"), "pause", parent)
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
        detail = _hold_facts(hold)
        until = "" if hold.until is None else self.tr("Until {time}.").format(time=_moment(hold.until))
        self.words.setText(" ".join(part for part in (why, detail, until) if part))


class RulesCard(Card):
    """The rules that the owner set; hidden where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("card", inset=18, gap=4, parent=parent)
        self.heading = Label(self.tr("Your rules"), "caption")
        self.rules = Label("", "body", wrap=True)
        self.column.addWidget(self.heading)
        self.column.addWidget(self.rules)
        self.column.addStretch(1)

    def show_rules(self, health: Health) -> None:
        """Say what the node tells its own machine; hidden where it tells nothing."""
        machine = health.machine
        rules = [] if machine is None else [_rule_words(rule) for rule in machine.owner_rules]
        if machine is not None and machine.hours_change_at is not None:
            words = self.tr("closes {time}") if machine.hours_open else self.tr("opens {time}")
            rules.append(words.format(time=_moment(machine.hours_change_at)))
        self.rules.setText("\n".join(rules))
        self.setVisible(bool(rules))


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


def _hold_facts(hold: HoldHealth) -> str:
    """What a hold is about, which the node tells only its own machine: the program, or what the sensor said."""
    translate, facts = QCoreApplication.translate, hold.facts
    if "error" in facts:
        return translate(
            "NodeRules", "The file with the pause cannot be read; press Resume, and pause again if you want to."
        )
    if hold.kind == "program":
        if "program" not in facts:
            return translate("NodeRules", "It ended a moment ago.") if hold.until is None else ""
        if "mib" in facts:
            return translate("NodeRules", "{program} is running and takes {size} of the card.").format(
                program=facts["program"], size=_mib(facts["mib"])
            )
        return translate("NodeRules", "{program} is running.").format(program=facts["program"])
    if "limit" not in facts or "again" not in facts:
        return ""
    write = {"power": _watts, "card_memory": _mib}.get(hold.kind, _degrees)
    limit, again = write(facts["limit"]), write(facts["again"])
    if "value" not in facts:
        return translate("NodeRules", "At most {limit}; it works again at {again}.").format(limit=limit, again=again)
    if facts.get("part") == "processor":
        words = translate("NodeRules", "Processor: {value} of at most {limit}; it works again at {again}.")
    else:
        words = translate("NodeRules", "Graphics card: {value} of at most {limit}; it works again at {again}.")
    return words.format(value=write(facts["value"]), limit=limit, again=again)


def _rule_words(rule: RuleHealth) -> str:
    """A rule as the owner set it; one that this program does not know is told as the node tells it."""
    translate = QCoreApplication.translate
    if not rule.values:
        return rule.words
    if rule.name == "hours":
        hours = ", ".join(_hours(str(span)) for span in rule.values)
        if rule.timezone:
            return translate("NodeRules", "Works {hours} ({timezone})").format(hours=hours, timezone=rule.timezone)
        return translate("NodeRules", "Works {hours}").format(hours=hours)
    if rule.name == "pause_for":
        return translate("NodeRules", "Gives way to {programs}").format(programs=", ".join(map(str, rule.values)))
    value = rule.values[0]
    numbers = {
        "pause_for_card_mib": (translate("NodeRules", "Gives way to programs that take {value} of a card"), _mib),
        "max_card_celsius": (translate("NodeRules", "Graphics card at most {value}"), _degrees),
        "max_processor_celsius": (translate("NodeRules", "Processor at most {value}"), _degrees),
        "max_card_watts": (translate("NodeRules", "Graphics card at most {value}"), _watts),
        "max_card_memory_mib": (translate("NodeRules", "Memory of the card at most {value}"), _mib),
        "upload_mbit": (translate("NodeRules", "Sends at most {value}"), _mbit),
        "download_mbit": (translate("NodeRules", "Receives at most {value}"), _mbit),
    }
    if rule.name not in numbers:
        return rule.words
    words, write = numbers[rule.name]
    return words.format(value=write(value))


def _hours(span: str) -> str:
    """A span such as "mon-fri 22:00-07:00" with the names of days in the interface's language."""
    translate = QCoreApplication.translate
    days = {
        "mon": translate("NodeRules", "Mon"),
        "tue": translate("NodeRules", "Tue"),
        "wed": translate("NodeRules", "Wed"),
        "thu": translate("NodeRules", "Thu"),
        "fri": translate("NodeRules", "Fri"),
        "sat": translate("NodeRules", "Sat"),
        "sun": translate("NodeRules", "Sun"),
    }
    named = re.sub(r"[a-z]+", lambda found: days.get(found.group(), found.group()), span.strip().lower())
    return re.sub(r"\s*-\s*", "–", named)


def _degrees(value: str | float) -> str:
    return f"{_number(value)} °C"


def _watts(value: str | float) -> str:
    return f"{_number(value)} W"


def _mbit(value: str | float) -> str:
    return f"{_number(value)} Mbit/s"


def _mib(value: str | float) -> str:
    return f"{_number(value)} MiB"


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,.6g}"


def _moment(seconds: float) -> str:
    """A time to come, with its day unless that is today."""
    clock = datetime.fromtimestamp(seconds).strftime("%H:%M")
    return clock if when(seconds) == clock else f"{when(seconds)} {clock}"
