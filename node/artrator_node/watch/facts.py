"""What the screen shows: the node's health and its metrics, and what a minute of them says of its pace."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from artrator.messages.node import Health

#: The pace of the last minute is shown.
_WINDOW_SECONDS: Final = 60.0
_RUN_SECONDS: Final = "artrator_node_jobs_run_seconds"

#: Counts of runs by their upper bound in seconds, ascending, each with all before it.
Buckets = Mapping[float, float]


@dataclass(frozen=True)
class Sample:
    """One look at the node. ``health`` is None while it does not answer; ``problem`` is why, where it listens still."""

    at: float
    health: Health | None
    #: By the name of the package.
    runs: Mapping[str, Buckets] = field(default_factory=dict)
    connections: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Pace:
    """How fast a package is served. ``minutes`` is what it rests on: less than one just after the start."""

    jobs_a_minute: float | None = None
    median_seconds: float | None = None


class Facts:
    """The last minute of a node."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self.last_seen: float | None = None

    @property
    def latest(self) -> Sample | None:
        """The newest look."""
        return self._samples[-1] if self._samples else None

    def add(self, sample: Sample) -> None:
        """Take a look in; a node that was away or was restarted begins anew."""
        before = self.latest
        if sample.health is not None:
            self.last_seen = sample.at
            known = before.health if before is not None else None
            if known is None or known.started_at != sample.health.started_at:
                self._samples.clear()
        else:
            self._samples.clear()
        self._samples.append(sample)
        while self._samples[0].at < sample.at - _WINDOW_SECONDS:
            self._samples.popleft()

    def pace(self, name: str, digest: str) -> Pace:
        """The pace of one package."""
        first, last = self._samples[0], self._samples[-1]
        seconds = last.at - first.at
        done = _ended(last.health, digest) - _ended(first.health, digest)
        rate = done / seconds * 60 if seconds >= 1 else None
        newest, oldest = last.runs.get(name, {}), first.runs.get(name, {})
        window = {bound: count - oldest.get(bound, 0.0) for bound, count in newest.items()}
        return Pace(rate, median(window) or median(newest))


def _ended(health: Health | None, digest: str) -> int:
    packages = health.packages if health is not None else ()
    return sum(package.jobs_done + package.jobs_failed for package in packages if package.package == digest)


def median(buckets: Buckets) -> float | None:
    """The middle of what a histogram counted, as exactly as its buckets allow; None without any."""
    total = max(buckets.values(), default=0.0)
    if total <= 0:
        return None
    below, count_below = 0.0, 0.0
    for bound, count in sorted(buckets.items()):
        if count >= total / 2:
            if math.isinf(bound):
                return below
            return below + (bound - below) * (total / 2 - count_below) / max(count - count_below, 1e-9)
        below, count_below = bound, count
    return None


def parse_metrics(text: str) -> tuple[Mapping[str, Buckets], int | None]:
    """Runs by package, and open connections, from a page of metrics; what makes no sense is left out."""
    runs: dict[str, dict[float, float]] = {}
    connections: int | None = None
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{_RUN_SECONDS}_bucket":
                runs.setdefault(sample.labels["package"], {})[float(sample.labels["le"])] = sample.value
            elif sample.name == "artrator_node_connections":
                connections = int(sample.value)
    return runs, connections


def order(health: Health) -> Sequence[str]:
    """Digests of packages, those that are at work first."""
    return [
        package.package
        for package in sorted(
            health.packages,
            key=lambda package: (-(package.running + package.queued), package.state != "warm", package.name),
        )
    ]
