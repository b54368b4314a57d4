"""The owner's rules as the health page tells them: little to everybody, all of it to the machine itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from artrator.messages.node import CardHealth, HoldHealth, MachineHealth, RuleHealth
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.owner.owner import Owner
from artrator_node.schedule import describe


def hold_of(owner: Owner, *, to_owner: bool) -> HoldHealth | None:
    """The first rule in force; buyers are not told which program runs, nor how warm it is."""
    if not owner.rules:
        return None
    rule = owner.rules[0]
    if not to_owner:
        return HoldHealth(kind=rule.kind.value, reason=rule.public, until=rule.until)
    return HoldHealth(kind=rule.kind.value, reason=rule.words, until=rule.until, facts=rule.facts)


def machine_of(settings: Settings, owner: Owner, clock: Clock) -> MachineHealth:
    """Sensors and rules."""
    reading = owner.reading
    return MachineHealth(
        cards=[CardHealth.model_validate(card, from_attributes=True) for card in reading.cards],
        processor_temperature=reading.processor,
        owner_rules=list(_rules(settings)),
        hours_change_at=owner.schedule.next_change(clock.now()),
        hours_open=owner.schedule.open_at(clock.now()),
        upload_mbit=settings.upload_mbit,
        download_mbit=settings.download_mbit,
    )


def _rules(settings: Settings) -> Iterator[RuleHealth]:
    if settings.hours:
        words = f"works {describe(settings.hours, settings.timezone)}"
        yield RuleHealth(name="hours", values=settings.hours, words=words, timezone=settings.timezone)
    if settings.pause_for:
        yield RuleHealth(
            name="pause_for", values=settings.pause_for, words=f"pauses for {', '.join(settings.pause_for)}"
        )
    for name, words in _NUMBERS.items():
        if value := getattr(settings, name):
            yield RuleHealth(name=name, values=[value], words=words.format(value=f"{value:g}"))


_NUMBERS: Final = {
    "pause_for_card_mib": "pauses for programs with {value} MiB of a card",
    "max_card_celsius": "card at most {value} °C",
    "max_processor_celsius": "processor at most {value} °C",
    "max_card_watts": "card at most {value} W",
    "max_card_memory_mib": "card memory at most {value} MiB",
    "upload_mbit": "sends at most {value} Mbit/s",
    "download_mbit": "receives at most {value} Mbit/s",
}
