"""How many jobs are in a worker at once, and which of them may join those that are there.

A place in a worker is not a step on the device: jobs enter early so that their steps can go together. So a job never
waits for a place behind one that would let it go first anyway: those who pay do not count those who pay less, and a
buyer's first job does not count the second ones of others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final

from artrator_node.engine.live import LiveJob

#: Where nothing was learnt yet, or where a backend has nothing to batch.
UNKNOWN: Final = 4
#: However urgent a job is, a worker holds no more than this many times its places.
_CROWDED: Final = 3


def has_seat(live: LiveJob, inside: Collection[LiveJob], seats: int) -> bool:
    """Whether a job may join those inside.

    Args:
        live: The job.
        inside: Those that are in the worker.
        seats: How many there should be.
    """
    if len(inside) < seats:
        return True
    if len(inside) >= _CROWDED * seats:
        return False
    rank = live.rank
    each = Counter(other.record.buyer for other in inside if other.rank <= rank)
    mine = each.pop(live.record.buyer, 0)
    return mine + sum(min(count, mine + 1) for count in each.values()) < seats
