"""What fits into memory together: whom to evict for a package that must be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from artrator_node.engine.slot import Slot


def _host_bytes(slot: Slot) -> int:
    return slot.memory_bytes


def victims(
    newcomer: Slot, slots: Iterable[Slot], budget: int, size: Callable[[Slot], int] = _host_bytes
) -> Sequence[Slot] | None:
    """Idle slots to evict so that ``newcomer`` fits; None if busy ones are in the way.

    Second workers of a package go first, then those that were not used for the longest time. A package larger than the
    whole budget is loaded alone: refusing it would help nobody.

    Args:
        newcomer: Who needs room.
        slots: Who may be there.
        budget: Bytes that all may take together.
        size: What a slot takes of them.
    """
    loaded = [slot for slot in slots if slot.loaded and slot is not newcomer]
    taken = sum(size(slot) for slot in loaded)
    chosen: list[Slot] = []
    idle = sorted((slot for slot in loaded if slot.idle), key=lambda slot: (not slot.replica, slot.last_used))
    for slot in idle:
        if taken + size(newcomer) <= budget:
            break
        chosen.append(slot)
        taken -= size(slot)
    fits = taken + size(newcomer) <= budget or taken == 0
    return chosen if fits else None


def busy_victim(newcomer: Slot, slots: Iterable[Slot]) -> Slot | None:
    """The least recently used busy slot: it takes no younger job until the newcomer has its room."""
    busy = [slot for slot in slots if slot.loaded and not slot.idle and slot is not newcomer]
    return min(busy, key=lambda slot: slot.last_used, default=None)
