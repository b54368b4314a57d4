"""How a job is paid, as a rank: what the queue and a worker's batches go by."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from artrator.worker.child.turns import WEIGHTS as WEIGHTS

_RANKS: Final = {"credits": 0, "own": 1, "pass": 1, "free": 2}
#: Of the queue, the share that jobs of this rank and those below it may fill together: a crowd of free accounts leaves
#: room for who pays.
SHARES: Final = (1.0, 0.75, 0.5)
#: Workers are not trusted, and tell buyers apart by a mark that means nothing after a restart.
_SALT: Final = secrets.token_bytes(16)


def rank_of(paid_by: str) -> int:
    """0 pays by the run, 1 has a pass or owns the model, 2 pays nothing."""
    return _RANKS.get(paid_by, len(WEIGHTS) - 1)


def mark_of(buyer: str) -> str:
    """What a worker knows of a buyer."""
    return hashlib.blake2s(buyer.encode(), key=_SALT, digest_size=6).hexdigest()
