"""Spoken warnings: what this machine lacks, what fell back, what the owner should know. Each has a code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from artrator.errors import ArtratorError
from artrator.messages.node import Advice
from artrator.onnx_runtime.wheels import wheels_problem
from artrator.worker.lacks import code_of
from artrator_node.catalogue import BrokenPackage
from artrator_node.clock import WARN_SECONDS, Clock
from artrator_node.config import Settings
from artrator_node.engine.slot import Slot


def at_start() -> Sequence[Advice]:
    """What is wrong with this environment."""
    problem = wheels_problem()
    if problem is None:
        return ()
    return (Advice(code="runtime", message=f"{problem.message} {problem.cure}", facts=_facts(problem)),)


def of_lack(lack: str) -> Advice:
    """What this platform cannot confine of a worker."""
    code, facts = code_of(lack)
    return Advice(code=code, message=lack, facts=facts)


def of_clock(clock: Clock) -> Iterator[Advice]:
    """A clock that is wrong by the registry's."""
    skew = round(clock.skew)
    if abs(clock.skew) > WARN_SECONDS:
        ahead = "ahead of" if skew > 0 else "behind"
        words = f"This machine's clock is {abs(skew)} seconds {ahead} the registry's: set it right."
        yield Advice(code="clock", message=words, facts={"seconds": skew})


def of_slots(slots: Sequence[Slot]) -> Iterator[Advice]:
    """What is not confined, what does not run on its device, and what failed."""
    for slot in slots:
        name = slot.package.manifest.name
        yield from map(of_lack, slot.confinement)
        if slot.choice is not None and slot.loaded and slot.choice.kind not in slot.runtime.lower():
            yield Advice(
                code="fallback",
                message=f"{name} was to run on {slot.choice} but runs on {slot.runtime}: check the GPU's driver.",
                facts={"package": name, "wanted": str(slot.choice), "runtime": slot.runtime},
            )
        if slot.error is not None:
            words = f"{name}: {slot.error.message} {slot.error.cure}"
            yield Advice(code="package", message=words, facts={"package": name, **_facts(slot.error)})


def of_pins(settings: Settings, slots: Sequence[Slot]) -> Iterator[Advice]:
    """Names in ``pin`` that are no package's."""
    served = {slot.package.manifest.name for slot in slots}
    for name in settings.pin:
        if name not in served:
            words = f"The package {name} is pinned but not served: check `pin` in node.toml."
            yield Advice(code="pin", message=words, facts={"package": name})


def of_broken(packages: Iterable[BrokenPackage]) -> Iterator[Advice]:
    """Packages that are to be served and cannot be."""
    for broken in packages:
        name = broken.folder.name
        facts = {"package": name, "error": broken.code, "message": broken.reason, "cure": ""}
        yield Advice(code="package", message=f"{name}: {broken.reason}", facts=facts)


def of_registry(problem: ArtratorError | None) -> Iterator[Advice]:
    """A registry that does not answer, or refuses this node."""
    if problem is not None:
        yield Advice(code="registry", message=f"The registry: {problem.message}", facts=_facts(problem))


def of_sensors(blind: Sequence[str]) -> Iterator[Advice]:
    """Ceilings that nothing here measures, by the names of their settings."""
    for setting in blind:
        words = f"{setting} is set, but no sensor of this machine tells what it limits."
        yield Advice(code="sensor", message=words, facts={"setting": setting})


def _facts(error: ArtratorError) -> dict[str, str | float]:
    return {"error": error.code.value, "message": error.message, "cure": error.cure}
