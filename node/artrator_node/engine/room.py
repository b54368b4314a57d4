"""What fits into memory together: whom to evict for a package that must be loaded.

A slot is worth the seconds that its next load would cost, for each byte that it holds and as often as it is used: the
"profit" of LNC-R (Scheuermann, Shim and Vingralek, "WATCHMAN: A Data Warehouse Intelligent Cache Manager", VLDB 1996).
How often is reckoned from its last few uses, so that one which was used much and rests for a minute outlasts one that
was tried once. The least worth goes first; where loads, sizes and uses are alike, that is the least recently used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from artrator_node.engine.slot import Slot

#: No load is cheaper: a process starts, whatever the package is. Less is an accident of the moment.
_LEAST_COST: Final = 0.5
#: No time between uses is shorter: clocks are not finer, and nobody divides by nothing.
_LEAST_AGE: Final = 0.001


def worth(slot: Slot, now: float, taken: int) -> float:
    """Seconds of loading that keeping a slot saves, for each second and byte.

    Args:
        slot: One that is loaded.
        now: On the monotonic clock.
        taken: Its bytes of the memory in which there is no room.
    """
    first = slot.uses[0] if slot.uses else slot.last_used
    often = max(1, len(slot.uses)) / max(now - first, _LEAST_AGE)
    return often * max(slot.estimate.load_seconds, _LEAST_COST) / max(1, taken)


def taken_bytes(slots: Iterable[Slot]) -> int:
    """Host memory of slots together: what each has of its own, and what workers of one package map only once."""
    own, shared = 0, dict[str, int]()
    for slot in slots:
        own += slot.own_bytes
        package = slot.package.digest
        shared[package] = max(shared.get(package, 0), slot.shared_bytes)
    return own + sum(shared.values())


def victims(
    newcomer: Slot, slots: Iterable[Slot], budget: int, now: float, size: Callable[[Slot], int] | None = None
) -> Sequence[Slot] | None:
    """Idle slots to evict so that ``newcomer`` fits, and no more of them; None if busy or pinned ones are in the way.

    Second workers of a package go first, then whatever is worth least. A package larger than the whole budget is loaded
    alone: refusing it would help nobody.

    Args:
        newcomer: Who needs room.
        slots: Who may be there.
        budget: Bytes that all may take together.
        now: On the monotonic clock.
        size: What a slot takes of them; None stands for host memory, where workers of one package share.
    """
    staying = [slot for slot in slots if slot.loaded and slot is not newcomer]

    def fits(others: Sequence[Slot]) -> bool:
        if not others:
            return True
        return (taken_bytes([*others, newcomer]) if size is None else sum(map(size, [*others, newcomer]))) <= budget

    chosen: list[Slot] = []
    idle = [slot for slot in staying if slot.idle and not slot.pinned]
    taken = size or (lambda slot: slot.memory_bytes)
    for slot in sorted(idle, key=lambda slot: (not slot.replica, worth(slot, now, taken(slot)))):
        if fits(staying):
            break
        chosen.append(slot)
        staying.remove(slot)
    if not fits(staying):
        return None
    # One that went early may have been too small to help: what a later, larger one made needless stays.
    for slot in reversed(chosen[:-1]):
        if fits([*staying, slot]):
            chosen.remove(slot)
            staying.append(slot)
    return chosen


def busy_victim(newcomer: Slot, slots: Iterable[Slot]) -> Slot | None:
    """The least recently used busy slot: it takes no younger job until the newcomer has its room."""
    busy = [slot for slot in slots if slot.loaded and not slot.idle and not slot.pinned and slot is not newcomer]
    return min(busy, key=lambda slot: slot.last_used, default=None)
