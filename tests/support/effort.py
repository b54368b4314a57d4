"""How much the proofs try: little in the everyday suite, much with ``make prove``."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, settings


def _long() -> bool:
    return os.environ.get("ARTRATOR_PROOFS") == "long"


@dataclass(frozen=True)
class Effort:
    """``ARTRATOR_PROOFS=long`` tries much; ``ARTRATOR_PROOF_KILLS``, ``_DISKS``, ``_TIMES`` and ``_SEED`` say how much.

    Attributes:
        long: Whether this is the long way.
        seed: Of every choice that is not the operating system's.
        kills: How often the registry dies.
        disks: How many disks are rebuilt after power cuts.
        times: By how much a state machine runs longer.
    """

    long: bool = field(default_factory=_long)
    seed: int = field(default_factory=lambda: int(os.environ.get("ARTRATOR_PROOF_SEED", random.randrange(2**32))))
    kills: int = field(default_factory=lambda: int(os.environ.get("ARTRATOR_PROOF_KILLS", 200 if _long() else 10)))
    disks: int = field(default_factory=lambda: int(os.environ.get("ARTRATOR_PROOF_DISKS", 5_000 if _long() else 150)))
    times: int = field(default_factory=lambda: int(os.environ.get("ARTRATOR_PROOF_TIMES", 30 if _long() else 1)))

    def requests(self, examples: int) -> settings:
        """Settings of Hypothesis for requests over HTTP: so many of each kind, and ``times`` as many."""
        return settings(
            max_examples=examples * self.times,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Shrinking a failure takes long where each try is an HTTP request; what was sent is shown as it is.
            phases=[Phase.explicit, Phase.generate],
        )
