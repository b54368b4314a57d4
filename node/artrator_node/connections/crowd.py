"""Connections: how many there may be, who has to leave when there are too many, and how long each may dawdle.

A connection of somebody who has proven that they hold a paid ticket is kept. All others (those that shake hands, say
nothing, say their headers letter by letter, or only look) share what is left: when there is no room, the oldest of
the address that has the most of them is closed. So no crowd keeps a buyer out, and no limit by address alone turns away
the many who share one.
"""

from __future__ import annotations

import ipaddress
import logging
import sys
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: Of all file descriptors that this process may have, so many are for anything but connections.
_OTHER_DESCRIPTORS: Final = 200
_WANTED_DESCRIPTORS: Final = 8192
_FEWEST: Final = 64
_MOST: Final = 4096
#: So many connections of one buyer are kept; a program that downloads a film uses a dozen.
_KEPT_OF_ONE: Final = 64


class Guest:
    """One connection.

    Attributes:
        origin: Where it comes from.
        proven: The key of the buyer who showed a ticket on it, or None.
        close: Ends it at once.
        choked: Whether it takes nothing more at the moment.
    """

    def __init__(self, crowd: Crowd, address: str, close: Callable[[], None]) -> None:
        self.crowd = crowd
        self.origin = _origin(address)
        self.proven: str | None = None
        self.close = close
        self.choked: Callable[[], bool] = lambda: False

    def forget(self) -> None:
        """It is gone: nothing here keeps what it was made of."""
        self.close = lambda: None
        self.choked = lambda: False


#: The connection that the current request came by, for whoever finds out that it is worth keeping.
_current: ContextVar[Guest | None] = ContextVar("guest", default=None)


def proven(buyer: str) -> None:
    """The current request shows that its sender holds a ticket: their connection is kept."""
    guest = _current.get()
    if guest is not None:
        guest.crowd.keep(guest, buyer)


def arrived_by(guest: Guest | None) -> None:
    """Say by which connection the request came that this task answers."""
    _current.set(guest)


class Crowd:
    """All connections of a node.

    Args:
        room: How many there may be.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.turned_away = 0
        self._guests: set[Guest] = set()
        #: Those without a ticket by where they come from, the oldest first.
        self._strangers: dict[str, dict[Guest, None]] = {}
        self._by_peer: dict[object, Guest] = {}
        self._kept: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, address: str, close: Callable[[], None]) -> Guest | None:
        """Somebody connects; another one may have to leave for them. None if everybody here is worth more."""
        if len(self._guests) >= self.room and not self._make_room():
            self.turned_away += 1
            return None
        guest = Guest(self, address, close)
        self._guests.add(guest)
        self._strangers.setdefault(guest.origin, {})[guest] = None
        return guest

    def leave(self, guest: Guest) -> None:
        """They are gone; harmless if they were already."""
        self._guests.discard(guest)
        self._forget_stranger(guest)
        if guest.proven is not None:
            self._kept[guest.proven] -= 1
            if not self._kept[guest.proven]:
                del self._kept[guest.proven]
            guest.proven = None

    def keep(self, guest: Guest, buyer: str) -> None:
        """A guest who holds a ticket stays, whoever comes; only so many of one buyer do."""
        if guest.proven is None and guest in self._guests and self._kept[buyer] < _KEPT_OF_ONE:
            guest.proven = buyer
            self._kept[buyer] += 1
            self._forget_stranger(guest)

    def knows(self, peer: object, guest: Guest | None) -> None:
        """Which connection an address and port belongs to; None forgets it."""
        if guest is None:
            self._by_peer.pop(peer, None)
        else:
            self._by_peer[peer] = guest

    def of(self, peer: object) -> Guest | None:
        """The connection of an address and port."""
        return self._by_peer.get(peer)

    def _make_room(self) -> bool:
        if not self._strangers:
            return False
        crowded = max(self._strangers, key=lambda origin: len(self._strangers[origin]))
        oldest = next(iter(self._strangers[crowded]))
        self.leave(oldest)
        self.turned_away += 1
        oldest.close()
        if self.turned_away & (self.turned_away - 1) == 0:  # the first, the second, the fourth …
            log(_logger, logging.WARNING, "connections_crowded", room=self.room, turned_away=self.turned_away)
        return True

    def _forget_stranger(self, guest: Guest) -> None:
        alike = self._strangers.get(guest.origin)
        if alike is not None:
            alike.pop(guest, None)
            if not alike:
                del self._strangers[guest.origin]


def _origin(address: str) -> str:
    """Who shares an address's fate: with IPv6 a home has 2^64 of them, and one is as good as another."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return known.exploded[:19] if known.version == 6 else address


def room_for_connections(wished: int = 0) -> int:
    """How many connections this process can have, at most ``wished`` unless that is 0.

    It raises the process's own limit of open files first, as far as it may.
    """
    most = wished or _MOST
    if sys.platform == "win32":
        return most
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # a system that says less than it means
            log(_logger, logging.WARNING, "open_files_limited", limit=soft)
    # A job that is served may have a file, a database and its worker's pipes open beside its connection.
    free = most if soft == resource.RLIM_INFINITY else max(_FEWEST, (soft - _OTHER_DESCRIPTORS) // 2)
    return min(most, free)
