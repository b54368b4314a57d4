"""Ceilings: too warm, too much power, too little memory left on the card; and not again at every degree.

A ceiling is reached at its value and left some way below it, so that the node does not stop and go with every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from artrator_node.config import Settings
from artrator_node.owner.readings import MachineReading
from artrator_node.owner.rules import Kind, Rule

#: Memory that was let go is loaded again by the next job: not more often than this.
_MEMORY_REST_SECONDS: Final = 20.0
_MIB: Final = 1 << 20


@dataclass
class Ceiling:
    """One limit and whether it holds now.

    Attributes:
        limit: Reached at this value.
        margin: Left this far below.
        rest: It holds for at least so many seconds.
        part: Of what: ``card`` or ``processor``.
    """

    kind: Kind
    limit: float
    margin: float
    words: str
    read: Callable[[MachineReading], Sequence[float | None]]
    rest: float = 0.0
    part: str = "card"
    held_since: float | None = None
    known: bool = False

    def look(self, reading: MachineReading, now: float) -> Rule | None:
        """Compare; a sensor that says nothing leaves everything as it was."""
        values = [value for value in self.read(reading) if value is not None]
        if values:
            self.known = True
            value = max(values)
            if value >= self.limit:
                self.held_since = now if self.held_since is None else self.held_since
            elif (
                value <= self.limit - self.margin and self.held_since is not None and now - self.held_since >= self.rest
            ):
                self.held_since = None
        if self.held_since is None:
            return None
        again = self.limit - self.margin
        facts: dict[str, str | float] = {"part": self.part, "limit": self.limit, "again": again}
        words = self.words if values else _SILENT
        if values:
            facts["value"] = max(values)
        shown = {name: value if isinstance(value, str) else f"{value:g}" for name, value in facts.items()}
        return Rule(self.kind, words.format_map(shown), facts=facts)


class Ceilings:
    """The ceilings that the owner set."""

    def __init__(self, settings: Settings) -> None:
        self._ceilings = tuple(_ceilings(settings))

    def look(self, reading: MachineReading, now: float) -> Sequence[Rule]:
        """What holds now, at a monotonic time."""
        return [rule for ceiling in self._ceilings if (rule := ceiling.look(reading, now)) is not None]

    @property
    def blind(self) -> Sequence[str]:
        """The limits for which no sensor has said anything yet, as the owner's settings name them."""
        return [_SETTING[ceiling.words] for ceiling in self._ceilings if not ceiling.known]


_CARD: Final = "The card has {value} °C; it may have {limit}, and works again at {again}."
_PROCESSOR: Final = "The processor has {value} °C; it may have {limit}, and works again at {again}."
_POWER: Final = "The card takes {value} W; it may take {limit}, and works again at {again}."
_MEMORY: Final = "{value} MiB of the card's memory are taken; {limit} may be, and {again} let the node work again."
_SILENT: Final = "The {part}'s sensor fell silent above its limit of {limit}; the node works again at {again}."
_SETTING: Final = {
    _CARD: "max_card_celsius",
    _PROCESSOR: "max_processor_celsius",
    _POWER: "max_card_watts",
    _MEMORY: "max_card_memory_mib",
}


def _ceilings(settings: Settings) -> Iterator[Ceiling]:
    if limit := settings.max_card_celsius:
        yield Ceiling(Kind.TEMPERATURE, limit, 5.0, _CARD, lambda now: [card.temperature for card in now.cards])
    if limit := settings.max_processor_celsius:
        yield Ceiling(Kind.TEMPERATURE, limit, 5.0, _PROCESSOR, lambda now: [now.processor], part="processor")
    if limit := settings.max_card_watts:
        yield Ceiling(Kind.POWER, limit, limit * 0.1, _POWER, lambda now: [card.power for card in now.cards])
    if limit := settings.max_card_memory_mib:
        yield Ceiling(
            Kind.CARD_MEMORY,
            limit,
            limit * 0.1,
            _MEMORY,
            lambda now: [None if card.memory_used is None else card.memory_used // _MIB for card in now.cards],
            rest=_MEMORY_REST_SECONDS,
        )
