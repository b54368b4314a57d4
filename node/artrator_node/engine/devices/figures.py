"""What a trial of one choice gave, and how it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from artrator_node.journal.records import Trial


@dataclass(frozen=True)
class Figures:
    """What one package gave on one choice.

    Attributes:
        load_seconds: From the start of the process until the model was ready.
        run_seconds: One run alone, the median.
        rows: Runs a second for each number of runs that went in together.
        memory_bytes: Host memory of the worker afterwards.
        difference: How far the picture is from the processor's, in levels of 255 (root of the mean square); None where
            it was not compared.
        out: Why this must not be used; empty if it may be.
        note: What else is worth knowing.
        provider: What really computed.
    """

    load_seconds: float = 0.0
    run_seconds: float = 0.0
    rows: Mapping[int, float] = field(default_factory=dict)
    memory_bytes: int = 0
    difference: float | None = None
    out: str = ""
    note: str = ""
    provider: str = ""

    @property
    def cost(self) -> float:
        """Seconds a picture: alone and in company count alike, because a node sees both."""
        if not self.run_seconds:
            return float("inf")
        best = max(self.rows.values(), default=0.0)
        return float((self.run_seconds * (1 / best if best else self.run_seconds)) ** 0.5)

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {**asdict(self), "rows": {str(size): rate for size, rate in self.rows.items()}}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Figures:
        """As it was kept; what a newer version wrote besides is left out."""
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        known["rows"] = {int(size): float(rate) for size, rate in known.get("rows", {}).items()}
        return cls(**known)


@dataclass(frozen=True)
class Measurement:
    """Figures of one package on one choice.

    Attributes:
        package: Its digest.
        place: The label of the place.
        choice: The choice in words.
        circumstances: Runtime, device and driver under which it holds.
        at: When it was measured.
    """

    package: str
    place: str
    choice: str
    circumstances: str
    figures: Figures
    at: float = 0.0

    @classmethod
    def kept(cls, trial: Trial) -> Measurement:
        """As the journal has it."""
        figures = Figures.from_json(trial.figures)
        return cls(trial.package, trial.place, trial.choice, trial.circumstances, figures, trial.measured_at)

    def to_keep(self) -> Trial:
        """As the journal keeps it."""
        return Trial(self.package, self.choice, self.circumstances, self.place, self.figures.to_json(), self.at)

    @property
    def key(self) -> str:
        """What a newer measurement replaces."""
        return f"{self.circumstances}|{self.choice}"
