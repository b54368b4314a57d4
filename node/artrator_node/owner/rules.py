"""What follows of the owner's rules: each that is in force, and the one hold that the engine keeps to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from artrator_node.owner.hold import Hold


class Kind(StrEnum):
    """Why the node holds still; metrics and programs know the rules by these names."""

    PAUSED = "paused"
    PROGRAM = "program"
    HOURS = "hours"
    TEMPERATURE = "temperature"
    POWER = "power"
    CARD_MEMORY = "card_memory"


#: What buyers are told. What runs on the owner's machine, and how warm it is, is nobody's business.
_PUBLIC: Final[Mapping[Kind, str]] = {
    Kind.PAUSED: "The node's owner has paused it.",
    Kind.PROGRAM: "The node's owner needs the machine at the moment.",
    Kind.HOURS: "The node works at other hours.",
    Kind.TEMPERATURE: "The node is cooling down.",
    Kind.POWER: "The node keeps to its owner's limit of power.",
    Kind.CARD_MEMORY: "The node's card has no memory to spare.",
}


@dataclass(frozen=True)
class Rule:
    """A rule that is in force now.

    Attributes:
        words: The reason for the owner.
        until: When it ends by itself, by the registry's clock; None if nobody knows.
        urgent: Whether it cannot wait for running jobs.
        grace: Whether what was accepted may still be done.
        facts: What the words are made of, for programs that say it in another language.
    """

    kind: Kind
    words: str
    until: float | None = None
    urgent: bool = False
    grace: bool = False
    facts: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def public(self) -> str:
        """The reason for everybody else."""
        return _PUBLIC[self.kind]


def merged(rules: Sequence[Rule]) -> Hold | None:
    """The rules in force as one hold. It lasts as long as the longest of them, and is named after the first."""
    if not rules:
        return None
    ends = [rule.until for rule in rules]
    starts = all(rule.grace for rule in rules)
    kinds = {rule.kind for rule in rules}
    return Hold(
        rules[0].public,
        until=None if None in ends else max(end for end in ends if end is not None),
        starts=starts,
        ends_running=any(rule.urgent for rule in rules),
        halts_steps=bool(kinds & {Kind.TEMPERATURE, Kind.POWER}),
        lets_go=not starts and bool(kinds - {Kind.TEMPERATURE, Kind.POWER}),
    )
