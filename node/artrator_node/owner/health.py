"""The owner's rules as the health page tells them: little to everybody, all of it to the machine itself."""

from __future__ import annotations

from collections.abc import Iterator

from artrator.messages.node import CardHealth, HoldHealth, MachineHealth
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.owner.owner import Owner
from artrator_node.owner.schedule import describe


def hold_of(owner: Owner, *, to_owner: bool) -> HoldHealth | None:
    """The first rule in force; buyers are not told which program runs, nor how warm it is."""
    if not owner.rules:
        return None
    rule = owner.rules[0]
    return HoldHealth(kind=rule.kind.value, reason=rule.words if to_owner else rule.public, until=rule.until)


def machine_of(settings: Settings, owner: Owner, clock: Clock) -> MachineHealth:
    """Sensors and rules."""
    reading = owner.reading
    return MachineHealth(
        cards=[
            CardHealth(
                name=card.name,
                temperature=card.temperature,
                power=card.power,
                memory_used=card.memory_used,
                memory_total=card.memory_total,
            )
            for card in reading.cards
        ],
        processor_temperature=reading.processor,
        rules=list(_rules(settings)),
        hours_change_at=owner.schedule.next_change(clock.now()),
        upload_mbit=settings.upload_mbit,
        download_mbit=settings.download_mbit,
    )


def _rules(settings: Settings) -> Iterator[str]:
    if settings.hours:
        yield f"works {describe(settings.hours, settings.timezone)}"
    if settings.pause_for:
        yield f"pauses for {', '.join(settings.pause_for)}"
    if settings.pause_for_card_mib:
        yield f"pauses for programs with {settings.pause_for_card_mib:g} MiB of a card"
    if settings.max_card_celsius:
        yield f"card at most {settings.max_card_celsius:g} °C"
    if settings.max_processor_celsius:
        yield f"processor at most {settings.max_processor_celsius:g} °C"
    if settings.max_card_watts:
        yield f"card at most {settings.max_card_watts:g} W"
    if settings.max_card_memory_mib:
        yield f"card memory at most {settings.max_card_memory_mib:g} MiB"
    if settings.upload_mbit:
        yield f"sends at most {settings.upload_mbit:g} Mbit/s"
    if settings.download_mbit:
        yield f"receives at most {settings.download_mbit:g} Mbit/s"
