"""How many pictures were ordered, and what a delivery of fewer measures: the rule that ties pictures to money.

An output list whose manifest says ``count = "INPUT"`` has as many pictures as that input says. Where the input is a
factor of a cost unit too, a job that ends early can be paid for what it made: every measure is a product, so that of
``made`` pictures is the measure of all, divided by the pictures that were ordered and multiplied by those that came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from artrator.manifest import Manifest


@dataclass(frozen=True)
class Counted:
    """The counted output of one request.

    Attributes:
        output: The name of the output list; its files are named ``OUTPUT-1`` and so on.
        ordered: How many pictures were ordered.
        units: The cost units of which the count is a factor.
    """

    output: str
    ordered: int
    units: Sequence[str]

    @classmethod
    def of(cls, manifest: Manifest, inputs: Mapping[str, object]) -> Counted | None:
        """What a complete request orders; None if the package's one output is no counted list."""
        if len(manifest.outputs) != 1:
            return None  # the other outputs would be missing from a part
        (spec,) = manifest.outputs.values()
        ordered = inputs.get(spec.count) if spec.count is not None else None
        if not isinstance(ordered, int) or ordered < 1:
            return None
        return cls(spec.name, ordered, [unit.name for unit in manifest.cost.units if spec.count in unit.factors])

    @property
    def divisible(self) -> bool:
        """Whether fewer pictures measure less: only then is a part of them worth less, and may be delivered."""
        return bool(self.units)

    def measures(self, whole: Mapping[str, int], made: int) -> dict[str, int]:
        """What ``made`` pictures measure, where all that were ordered measure ``whole``."""
        return {
            name: measured * made // self.ordered if name in self.units else measured
            for name, measured in whole.items()
        }

    def made(self, names: Iterable[str]) -> int:
        """How many of these files are pictures of the list."""
        return sum(1 for name in names if name.rpartition("-")[0] == self.output)

    def fault(self, whole: Mapping[str, int], claimed: Mapping[str, int], names: Iterable[str]) -> str:
        """What is wrong with a delivery of files of these names that claims these measures; empty if nothing is."""
        made = self.made(names)
        if made > self.ordered or not made or (made < self.ordered and not self.divisible):
            return f"The node delivered {made} pictures where {self.ordered} were ordered."
        allowed = self.measures(whole, made)
        # A receipt that measures nothing stands for all that was ordered.
        if any(used > allowed.get(unit, 0) for unit, used in (claimed or whole).items()):
            return f"The node delivered {made} of {self.ordered} pictures and charges for more."
        return ""
