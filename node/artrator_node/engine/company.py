"""How many jobs were side by side in a worker, on the average over any time."""

from __future__ import annotations


class Company:
    """Counts heads over time."""

    def __init__(self) -> None:
        self._heads = 0
        self._since = 0.0
        self._sum = 0.0
        self._entered: dict[str, tuple[float, float]] = {}

    def change(self, heads: int, now: float) -> None:
        """From now on there are so many."""
        self._sum += self._heads * (now - self._since)
        self._heads, self._since = heads, now

    def enter(self, job: str, heads: int, now: float) -> None:
        """A job came in; with it there are so many."""
        self.change(heads, now)
        self._entered[job] = now, self._sum

    def leave(self, job: str, heads: int, now: float) -> None:
        """A job went; so many are left."""
        self.change(heads, now)
        self._entered.pop(job, None)

    def of(self, job: str, now: float) -> float:
        """How many there were since this job came in, itself included."""
        entered, before = self._entered.get(job, (now, 0.0))
        if now <= entered:
            return max(1.0, float(self._heads))
        total = self._sum + self._heads * (now - self._since)
        return max(1.0, (total - before) / (now - entered))
