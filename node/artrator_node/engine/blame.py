"""Whose fault the deaths of a package's workers are: the package's own, or that of who asks for what it cannot bear.

Three deaths in a row put a package into quarantine. A buyer who knows a request that ends its worker could do that to
any creator, so deaths count like this:

* While it loads or has nothing to do, nobody but the package is to blame: each death counts.
* With jobs of one buyer inside, or for a limit that one job passed, it is a death of that buyer. However often one
  buyer sees it die, that counts once; but whoever sees it die often is turned away for a while.
* With jobs of several buyers inside nobody knows; they are tried again alone, and then it is known.
* Passing a limit counts only against a package that has never finished a run here: afterwards it is the request that
  was too much.

Whatever run ends as it should sets the count to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Deaths in a row after which a package is quarantined until its owner lets it out.
MAX_CRASHES: Final = 3
#: A buyer's deaths until none of their requests is taken for a while, twice as long with each further one.
_PATIENCE: Final = 3
_TURNED_AWAY_SECONDS: Final = 600.0
_MOST_SECONDS: Final = 86_400.0
#: More buyers than this are not remembered: the oldest goes.
_REMEMBERED: Final = 1000


@dataclass
class _Grudge:
    deaths: int = 0
    since: float = 0.0
    until: float = 0.0


class Blame:
    """The deaths of one package's workers.

    Attributes:
        last: How the last one went, as a sentence.
    """

    def __init__(self) -> None:
        self.last = ""
        self._own = 0
        self._buyers: set[str] = set()
        self._grudges: dict[str, _Grudge] = {}

    @property
    def in_a_row(self) -> int:
        """Deaths that count against the package, since a run last ended as it should."""
        return self._own + len(self._buyers)

    @property
    def is_enough(self) -> bool:
        """Whether the package belongs into quarantine."""
        return self.in_a_row >= MAX_CRASHES

    def of_package(self, reason: str) -> None:
        """A worker died, and nobody had asked it for anything."""
        self.last = reason
        self._own += 1

    def of_buyer(self, reason: str, buyer: str, now: float, *, counts: bool) -> None:
        """A worker died of a buyer's request; ``counts`` against the package too."""
        self.last = reason
        if counts:
            self._buyers.add(buyer)
        grudge = self._grudges.pop(buyer, _Grudge())
        if now - grudge.since > _MOST_SECONDS:
            grudge = _Grudge()
        grudge.deaths, grudge.since = grudge.deaths + 1, now
        if grudge.deaths >= _PATIENCE:
            grudge.until = now + min(_TURNED_AWAY_SECONDS * 2 ** (grudge.deaths - _PATIENCE), _MOST_SECONDS)
        self._grudges[buyer] = grudge
        if len(self._grudges) > _REMEMBERED:
            del self._grudges[next(iter(self._grudges))]

    def of_nobody(self, reason: str) -> None:
        """A worker died, and which of its jobs did it is not known."""
        self.last = reason

    def deaths_of(self, buyer: str) -> int:
        """How often a worker died of this buyer's requests lately."""
        grudge = self._grudges.get(buyer)
        return 0 if grudge is None else grudge.deaths

    def seconds_left(self, buyer: str, now: float) -> float:
        """How long a buyer is turned away yet; 0 if not."""
        grudge = self._grudges.get(buyer)
        return 0.0 if grudge is None else max(0.0, grudge.until - now)

    def survived(self) -> None:
        """A run ended as it should."""
        self._own = 0
        self._buyers.clear()

    def forget(self) -> None:
        """The owner lets everybody begin anew."""
        self.survived()
        self._grudges.clear()
