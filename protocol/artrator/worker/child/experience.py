"""All that a worker knows of its batches, and how it outlives the worker.

A package may have several kernels, and a kernel rows of several sizes; each pair is known by itself. What is told to
the parent is small, and says of each pair how long each number of rows takes; the next worker of the same package
begins with it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from artrator.backend import Kernel
from artrator.worker.child.sizes import Sizes

#: What must agree for two calls to be merged: the kernel, and name, dtype and all axes but the first of each array.
Signature: TypeAlias = tuple[Kernel, tuple[tuple[str, str, tuple[int, ...]], ...]]

#: Pairs that are kept; a buyer chooses the size of rows, so there may be any number.
_KEPT: Final = 24
#: Ordinary news is told at most this often.
_QUIET_SECONDS: Final = 5.0


class Experience:
    """What is known, by kernel and size of rows."""

    def __init__(self) -> None:
        self._known: Final[dict[tuple[str, str], Mapping[str, Any]]] = {}
        self._pairs: Final[dict[tuple[Kernel, object], tuple[str, str, Sizes]]] = {}
        self._told_at = float("-inf")
        self._changed = False

    def recall(self, known: Iterable[Mapping[str, Any]]) -> None:
        """Take up what another one told with ``to_json``."""
        self._known.update({(entry["kernel"], entry["row"]): entry for entry in known})

    def of(self, signature: Signature) -> Sizes:
        """What is known of calls of this signature."""
        found = self._pairs.get(signature)
        if found is not None:
            return found[2]
        kernel, arrays = signature
        row = " ".join(f"{name}:{dtype[1:]}[{','.join(map(str, axes))}]" for name, dtype, axes in arrays)[:400]
        sizes = Sizes(kernel.max_batch)
        if (kept := self._known.get((kernel.name, row))) is not None:
            sizes.recall(
                ((int(size), float(seconds)) for size, seconds in kept["sizes"]), kept["ceiling"], kept["tried"]
            )
        if len(self._pairs) >= 4 * _KEPT:
            # The one that took the least of the device is missed the least.
            del self._pairs[min(self._pairs, key=lambda key: self._pairs[key][2].spent)]
        self._pairs[signature] = kernel.name, row, sizes
        return sizes

    def changed(self) -> None:
        """Something is known that was not known before."""
        self._changed = True

    def news(self) -> Mapping[str, Any] | None:
        """What is to be told now, if anything."""
        now = time.monotonic()
        if not self._changed and now - self._told_at < _QUIET_SECONDS:
            return None
        if not self._changed and not self._pairs:
            return None
        self._changed = False
        return self.to_json()

    def to_json(self) -> Mapping[str, Any]:
        """All that is worth keeping: what computed most first, then what was never needed this time."""
        self._told_at = time.monotonic()
        pairs = sorted(self._pairs.values(), key=lambda pair: -pair[2].spent)
        kept = [{"kernel": name, "row": row, **sizes.to_json()} for name, row, sizes in pairs]
        used = {(entry["kernel"], entry["row"]) for entry in kept}
        kept += [dict(entry) for pair, entry in self._known.items() if pair not in used]
        rows = pairs[0][2].rows / pairs[0][2].calls if pairs and pairs[0][2].calls else 0.0
        return {"places": self.places, "rows": rows, "kernels": kept[:_KEPT]}

    @property
    def places(self) -> int:
        """How many jobs should be at hand: a batch that is worth it, and one more that waits; 0 if nobody knows.

        The kernel on which most of the time is spent decides.
        """
        busiest = max((pair[2] for pair in self._pairs.values()), key=lambda sizes: sizes.spent, default=None)
        if busiest is None or not busiest.calls:
            return 0
        return 2 * math.ceil(busiest.wanted / (busiest.rows / busiest.calls))
