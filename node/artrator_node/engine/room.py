"""What fits into memory together: whom to evict for a package that must be loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from artrator_node.engine.slot import Slot


def victims(newcomer: Slot, slots: Iterable[Slot], budget: int) -> Sequence[Slot] | None:
    """Idle slots to evict so that ``newcomer`` fits, least recently used first; None if busy ones are in the way.

    A package larger than the whole budget is loaded alone: refusing it would help nobody.
    """
    loaded = [slot for slot in slots if slot.loaded and slot is not newcomer]
    taken = sum(slot.memory_bytes for slot in loaded)
    chosen: list[Slot] = []
    for slot in sorted((slot for slot in loaded if slot.idle), key=lambda slot: slot.last_used):
        if taken + newcomer.memory_bytes <= budget:
            break
        chosen.append(slot)
        taken -= slot.memory_bytes
    fits = taken + newcomer.memory_bytes <= budget or taken == 0
    return chosen if fits else None


def busy_victim(newcomer: Slot, slots: Iterable[Slot]) -> Slot | None:
    """The least recently used busy slot: it takes no younger job until the newcomer has its room."""
    busy = [slot for slot in slots if slot.loaded and not slot.idle and slot is not newcomer]
    return min(busy, key=lambda slot: slot.last_used, default=None)
