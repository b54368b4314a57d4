"""Whose calls go first, when the device cannot take all of them at once.

Two rules, both about seconds of the device, so that a large picture costs its buyer more than a small one:

1. Ranks share it by weight. While all of them wait, of 21 seconds 16 go to who pays by the run, 4 to who has a pass and
   1 to who pays nothing, however many of each there are: a crowd of free accounts takes nothing from those who pay, and
   those who pay cannot starve it.
2. Buyers of a rank share alike, in turns of a second. Within a turn the oldest job goes first, because jobs that are
   finished one after the other are finished sooner on the average than jobs that crawl side by side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

#: Shares of the ranks, the most urgent one first.
WEIGHTS: Final = (16.0, 4.0, 1.0)
#: How long a buyer's turn lasts, in seconds of the device.
TURN_SECONDS: Final = 1.0
#: What a step is reckoned at before it is measured: who pays is not kept waiting by who has just come.
_STEP: Final = 0.1
#: Buyers who have gone are forgotten beyond this many.
_REMEMBERED: Final = 256

_serials = itertools.count()


@dataclass(frozen=True, eq=False)
class Party:
    """A job as the batcher knows it.

    Attributes:
        buyer: Whose it is; a mark that says nothing else.
        rank: 0 pays by the run, 1 has a pass, 2 pays nothing.
        serial: Older jobs have smaller ones.
    """

    job: str
    buyer: str = ""
    rank: int = 0
    serial: int = field(default_factory=lambda: next(_serials))


class HasParty(Protocol):
    """What stands in the queue."""

    @property
    def party(self) -> Party:
        """Whose it is."""
        ...


_C = TypeVar("_C", bound=HasParty)
_Buyer = tuple[int, str]


class Turns:
    """Who had how much of the device."""

    def __init__(self) -> None:
        self._ranks: Final = [0.0] * len(WEIGHTS)
        self._buyers: Final[dict[_Buyer, float]] = {}
        # Where the shares of those who wait stand: whoever comes begins there, and has nothing to make up for.
        self._rank_clock = 0.0
        self._buyer_clocks: Final = [0.0] * len(WEIGHTS)

    def arrive(self, party: Party) -> None:
        """A call of this job begins to wait."""
        rank = party.rank
        self._ranks[rank] = max(self._ranks[rank], self._rank_clock)
        buyer = rank, party.buyer
        self._buyers[buyer] = max(self._buyers.get(buyer, 0.0), self._buyer_clocks[rank])
        if len(self._buyers) > _REMEMBERED:
            self._forget(buyer)

    def _forget(self, but: _Buyer) -> None:
        """Forget whoever would begin again where they are; and if that is not enough, those who came first."""
        clocks = self._buyer_clocks
        gone = [one for one, served in self._buyers.items() if served < clocks[one[0]] + TURN_SECONDS and one != but]
        for one in gone or [one for one in self._buyers if one != but][: _REMEMBERED // 2]:
            del self._buyers[one]

    def lead(self, calls: Sequence[_C]) -> _C:
        """The call that should go first; there must be one. The same that ``order`` begins with, for less."""
        rank = self._first_rank({call.party.rank for call in calls})
        best, least = calls[0], (math.inf, math.inf)
        for call in calls:
            party = call.party
            if party.rank == rank:
                key = self._buyers.get((rank, party.buyer), 0.0) // TURN_SECONDS, party.serial
                if key < least:
                    best, least = call, key
        return best

    def _first_rank(self, ranks: Collection[int]) -> int:
        """The rank whose share is behind, of those that wait."""
        self._rank_clock = max(self._rank_clock, min([self._ranks[rank] for rank in ranks]))
        return min(ranks, key=lambda rank: (self._ranks[rank] + _STEP / WEIGHTS[rank], rank))

    def order(self, calls: Sequence[_C]) -> list[_C]:
        """The calls in the order in which they should go: one of each buyer before a second of any."""
        if len(calls) < 2:
            return list(calls)
        waiting = sorted(calls, key=lambda call: call.party.serial)
        nth_of_job: dict[int, int] = {}
        by_buyer: dict[_Buyer, list[tuple[int, int, _C]]] = {}
        for place, call in enumerate(waiting):
            nth = nth_of_job[call.party.serial] = nth_of_job.get(call.party.serial, -1) + 1
            by_buyer.setdefault((call.party.rank, call.party.buyer), []).append((nth, place, call))
        first = self._first_rank({rank for rank, _ in by_buyer})
        keyed = []
        for (rank, name), theirs in by_buyer.items():
            theirs.sort(key=lambda entry: entry[:2])
            turn = int(self._buyers.get((rank, name), 0.0) / TURN_SECONDS)
            for nth, (_, place, call) in enumerate(theirs):
                # The rank whose share is behind leads the batch; what room there is beside is filled by rank.
                leads = rank == first and nth == 0
                keyed.append(((not leads, rank, nth, turn, place), call))
        lead = min(key for key, _ in keyed)
        # Only one call leads: the rest of its rank fills up like everybody else.
        keyed = [((key[0] or key != lead, *key[1:]), call) for key, call in keyed]
        return [call for _, call in sorted(keyed, key=lambda entry: entry[0])]

    def begin(self, lead: Party) -> None:
        """A batch begins that this job leads."""
        # The beginning of the turn, so that nobody who is in the same turn loses what is left of it.
        turn = int(self._buyers.get((lead.rank, lead.buyer), 0.0) / TURN_SECONDS) * TURN_SECONDS
        self._buyer_clocks[lead.rank] = max(self._buyer_clocks[lead.rank], turn)

    def charge(self, party: Party, seconds: float) -> None:
        """This job had so many seconds of the device."""
        self._ranks[party.rank] += seconds / WEIGHTS[party.rank]
        buyer = party.rank, party.buyer
        self._buyers[buyer] = self._buyers.get(buyer, self._buyer_clocks[party.rank]) + seconds
