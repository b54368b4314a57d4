"""Spoken warnings: what this machine lacks, what fell back, what the owner should know."""

from __future__ import annotations

from collections.abc import Sequence

from artrator.onnx_runtime.wheels import wheels_problem
from artrator_node.clock import WARN_SECONDS, Clock
from artrator_node.config import Settings
from artrator_node.engine.slot import Slot


def at_start() -> Sequence[str]:
    """What is wrong with this environment."""
    problem = wheels_problem()
    return () if problem is None else (f"{problem.message} {problem.cure}",)


def while_serving(
    settings: Settings, clock: Clock, slots: Sequence[Slot], broken: Sequence[str], registry_problem: str | None
) -> Sequence[str]:
    """What is wrong now, one sentence each, none twice."""
    said: dict[str, None] = {}
    if abs(clock.skew) > WARN_SECONDS:
        ahead = "ahead of" if clock.skew > 0 else "behind"
        said[f"This machine's clock is {abs(round(clock.skew))} seconds {ahead} the registry's: set it right."] = None
    for slot in slots:
        name = slot.package.manifest.name
        for lack in slot.confinement:
            said[lack] = None
        if slot.choice is not None and slot.loaded and slot.choice.kind not in slot.runtime.lower():
            said[f"{name} was to run on {slot.choice} but runs on {slot.runtime}: check the GPU's driver."] = None
        if slot.error is not None:
            said[f"{name}: {slot.error.message} {slot.error.cure}"] = None
    served = {slot.package.manifest.name for slot in slots}
    for name in settings.pin:
        if name not in served:
            said[f"The package {name} is pinned but not served: check `pin` in node.toml."] = None
    said.update(dict.fromkeys(broken))
    if registry_problem is not None:
        said[f"The registry: {registry_problem}"] = None
    return tuple(said)
