"""One time for a registry and for the operator's commands beside it.

A registry does not believe a clock that jumps (``storage.steady``), and only it knows since when. What a command wrote
by a wrong clock would stand in the books, and the next start would go on from there. So the registry tells in a file
how far its time is from the steady clock of the machine, which all processes share until the machine starts anew.
"""

from __future__ import annotations

import json
import math
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from artrator_registry.settings import Settings
from artrator_registry.storage import Clock, SteadyClock, connect

_FILE: Final = "clock.json"
#: Names the time since the machine was started, on Linux.
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
#: What was told is good for so many sweeps, and for so long at least: a busy registry may be late.
_SWEEPS: Final = 4
_LEAST_SECONDS: Final = 60.0


def now(settings: Settings) -> float:
    """The time that the registry believes in; if none is served, the one that it would begin with."""
    return _told(settings) or clock(settings)()


def clock(settings: Settings) -> Clock:
    """The system's clock, guarded, and not before what the registry wrote down last."""
    guards = settings.clock_jump_seconds, settings.clock_settle_seconds
    return SteadyClock(time.time, *guards, _known(settings) if settings.database.exists() else None)


def tell(settings: Settings, clock: Clock) -> None:
    """Tell what time it is, until it is told again; raises OSError if the file cannot be written."""
    steady = time.monotonic()
    until = steady + max(_LEAST_SECONDS, _SWEEPS * settings.sweep_seconds)
    scratch = settings.data / f"{_FILE}.new"
    scratch.write_text(json.dumps({"boot": _boot(), "ahead": clock() - steady, "until": until}), encoding="ascii")
    scratch.replace(settings.data / _FILE)


def forget(settings: Settings) -> None:
    """Nothing is served any more."""
    (settings.data / _FILE).unlink(missing_ok=True)


def _told(settings: Settings) -> float | None:
    try:
        said = json.loads((settings.data / _FILE).read_text(encoding="ascii"))
        ahead, until, boot = float(said["ahead"]), float(said["until"]), str(said["boot"])
    except (OSError, ValueError, TypeError, KeyError):  # none is served, or somebody's hand was in it
        return None
    steady = time.monotonic()
    # What is good for longer than it can be was told before the machine was started anew.
    if boot != _boot() or not steady <= until <= steady + max(_LEAST_SECONDS, _SWEEPS * 86_400.0):
        return None
    return ahead + steady if math.isfinite(ahead) else None


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _known(settings: Settings) -> float | None:
    """The latest time that this registry wrote down: of the last transfer, of the last heartbeat."""
    with closing(connect(settings.database, read_only=True)) as db:
        found: float = db.execute(
            "SELECT max(coalesce((SELECT at FROM ledger_transfers ORDER BY serial DESC LIMIT 1), 0),"
            " coalesce((SELECT max(seen_at) FROM nodes), 0))"
        ).fetchone()[0]
    return found or None
