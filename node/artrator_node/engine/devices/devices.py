"""What there is to compute on, and how each package is best computed there: the owner's word, or what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from artrator.backend import PRECISIONS
from artrator_node.catalogue import ServedPackage
from artrator_node.config import Settings
from artrator_node.engine.devices import cores
from artrator_node.engine.devices.figures import Figures, Measurement
from artrator_node.engine.devices.places import KINDS, ON_PROCESSOR, Choice, Place, parse
from artrator_node.engine.devices.probe import Answer, Card

#: A place that is this much slower than a package's best one gets no second worker of it: the buyer would wait longer
#: for the slow one than in the queue of the fast one.
_TOO_SLOW: Final = 4.0
#: What is not even this much slower is as good.
_AS_GOOD: Final = 1.05
#: Of a card's memory, what models may take: drivers, screens and other programs need the rest.
_SHARE_OF_CARD: Final = 0.9


class Devices:
    """The places of this machine and what was measured on them.

    Attributes:
        automatic: Places and ways are found and measured; otherwise the owner has said what to use, and nothing else
            is ever tried.
        places: Where packages can be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings: Final = settings
        self.automatic: Final = not settings.devices and settings.device == "auto"
        self.places: Sequence[Place] = _processors(settings) if self.automatic else _named(settings)
        self._answers: dict[str, Answer] = {}
        self._measured: dict[str, dict[str, Measurement]] = {}

    # --- what is learnt

    def learn(self, backend: str, answer: Answer) -> None:
        """What the environment of a backend can compute on, as a probe found out."""
        self._answers[backend] = answer
        if not self.automatic:
            self.places = [_named_place(place, answer.cards) for place in self.places]
            return
        known = {place.label for place in self.places}
        for card in answer.cards:
            place = Place(
                "gpu",
                card.index,
                memory_bytes=int(card.memory_bytes * _SHARE_OF_CARD),
                name=card.name,
                driver=card.driver,
            )
            if place.label not in known:
                self.places = [*self.places, place]
                known.add(place.label)

    def knows(self, backend: str) -> bool:
        """Whether this backend's environment was asked."""
        return backend in self._answers

    def recall(self, measurements: Sequence[Measurement]) -> None:
        """What earlier starts measured; what holds no more is left out when it is asked for."""
        for measurement in measurements:
            self._measured.setdefault(measurement.package, {})[measurement.key] = measurement

    def remember(self, package: ServedPackage, choice: Choice, figures: Figures, at: float) -> Measurement:
        """One more measurement, made at a time; the newest holds. The caller keeps what is answered."""
        circumstances = self.circumstances(package, choice.place)
        made = Measurement(package.digest, choice.place.label, str(choice), circumstances, figures, at)
        self.recall([made])
        return made

    # --- what is decided

    def precision(self, package: ServedPackage) -> str:
        """The least precision that package or owner allows; ``fp32`` if neither says anything."""
        own = package.manifest.settings.get("precision", "fp32")
        if package.manifest.name in self._settings.fp16:
            return "fp16"
        return own if isinstance(own, str) and own in PRECISIONS else "fp32"

    def choices(self, package: ServedPackage, place: Place) -> Sequence[Choice]:
        """Every way to compute a package here, the best guess first."""
        precision = self.precision(package)
        threads = (
            (self._settings.threads,)
            if self._settings.threads
            else cores.thread_counts(place.cores)
            if self.automatic
            else (cores.default_threads(place.cores),)
        )
        found: list[Choice] = []
        for kind in self._kinds(package, place):
            counts = threads if kind in ON_PROCESSOR else (cores.default_threads(place.cores),)
            # The processor itself always computes as the package says; only accelerators have a cheaper arithmetic.
            exact = "fp32" if kind == "cpu" else precision
            found += [Choice(place, kind, count, exact) for count in counts]
        return found

    def choice(self, package: ServedPackage, place: Place) -> Choice | None:
        """The best way that is known for a package here: measured, or guessed; None if there is none."""
        choices = self.choices(package, place)
        measured = self._current(package)
        usable = [choice for choice in choices if (m := measured.get(str(choice))) is None or not m.figures.out]
        tried = [choice for choice in usable if str(choice) in measured]
        if tried:
            costs = {choice: measured[str(choice)].figures.cost for choice in tried}
            # The first of those that are as good as the best: what differs by less will differ again tomorrow.
            return next(choice for choice in tried if costs[choice] <= min(costs.values()) * _AS_GOOD)
        guessed = (choice for choice in usable if self._may_be_guessed(package, choice))
        # A made-up request that failed must not take a package off the market: the processor is always worth a try.
        last = next((choice for choice in choices if choice.kind == "cpu"), None)
        return next(guessed, last)

    def ranked(self, package: ServedPackage) -> Sequence[Choice]:
        """The best way at each place, the best place first; places that are far too slow are left out."""
        measured = self._current(package)
        found = [choice for place in self.places if (choice := self.choice(package, place)) is not None]

        def order(choice: Choice) -> tuple[float, int]:
            known = measured.get(str(choice))
            return (known.figures.cost if known else 0.0, KINDS.index(choice.kind))

        if all(str(choice) in measured for choice in found):
            found.sort(key=order)
            best = order(found[0])[0] if found else 0.0
            return [choice for choice in found if order(choice)[0] <= best * _TOO_SLOW]
        found.sort(key=lambda choice: (KINDS.index(choice.kind), order(choice)[0]))
        # Before anything was measured, a card is believed to be far faster than the processor.
        if found and found[0].place.hardware == "gpu":
            found = [choice for choice in found if choice.place.hardware == "gpu"]
        return found

    def unmeasured(self, package: ServedPackage) -> Sequence[Choice]:
        """What is still to be tried. Nothing, where there is only one way or the owner has decided."""
        if not self.automatic or not self.knows(package.manifest.backend):
            return ()
        every = [choice for place in self.places for choice in self.choices(package, place)]
        measured = self._current(package)
        return [choice for choice in every if str(choice) not in measured] if len(every) > 1 else ()

    def measurements(self, package: ServedPackage) -> Mapping[str, Measurement]:
        """What was measured of a package under today's circumstances, by the choice's words."""
        return self._current(package)

    def circumstances(self, package: ServedPackage, place: Place) -> str:
        """What a measurement depends on beside package and choice: when it changes, all is measured anew."""
        answer = self._answers.get(package.manifest.backend)
        runtime = answer.runtime if answer else ""
        return "; ".join((runtime, place.name, place.driver, f"{len(place.cores or cores.usable())} processors"))

    # --- inside

    def _current(self, package: ServedPackage) -> dict[str, Measurement]:
        current = {place.label: self.circumstances(package, place) for place in self.places}
        return {
            m.choice: m
            for m in self._measured.get(package.digest, {}).values()
            if current.get(m.place) == m.circumstances
        }

    def _may_be_guessed(self, package: ServedPackage, choice: Choice) -> bool:
        """Whether a choice may be used before it was measured."""
        if not self.automatic:
            return True
        answer = self._answers.get(package.manifest.backend)
        untold = answer is not None and (choice.kind, choice.place.index) in answer.untold
        return choice.kind != "tensorrt" and not (choice.place.hardware == "gpu" and untold)

    def _kinds(self, package: ServedPackage, place: Place) -> Sequence[str]:
        if place.only:
            return (place.only,)
        answer = self._answers.get(package.manifest.backend)
        if answer is None:
            return ("cpu",) if place.hardware == "cpu" else ()
        if place.hardware == "cpu":
            return ("cpu", *(("openvino",) if "openvino" in answer.kinds else ()))
        own = answer.cards_by_kind | answer.untold
        return tuple(kind for kind in KINDS if (kind, place.index) in own)


def _processors(settings: Settings) -> Sequence[Place]:
    """The processor as one place, or one for each NUMA node: memory of another node is slow to reach."""
    name = cores.processor_name()
    nodes = cores.numa_nodes()
    if len(nodes) < 2:
        return [Place("cpu", memory_bytes=settings.memory_bytes, name=name)]
    share = settings.memory_bytes // len(nodes)
    return [Place("cpu", i, cores=node, memory_bytes=share, name=name) for i, node in enumerate(nodes)]


def _named(settings: Settings) -> Sequence[Place]:
    """The places that the owner names."""
    names = [parse(name) for name in settings.devices] or [(settings.device, settings.device_index)]
    shares = sum(1 for kind, _ in names if kind in ON_PROCESSOR)
    divided = cores.parts(shares) if shares > 1 else ()
    processor = cores.processor_name()
    found: list[Place] = []
    part = 0
    for kind, index in names:
        if kind in ON_PROCESSOR:
            own = divided[part] if divided else ()
            memory = settings.memory_bytes // shares
            found.append(Place("cpu", index, kind, own, memory, processor))
            part += 1
        else:
            found.append(Place("gpu", index, kind))
    return found


def _named_place(place: Place, cards: Sequence[Card]) -> Place:
    """A place that the owner named, with what the driver says of it."""
    for card in cards:
        if place.hardware == "gpu" and card.index == place.index:
            memory = int(card.memory_bytes * _SHARE_OF_CARD)
            return replace(place, memory_bytes=memory, name=card.name, driver=card.driver)
    return place
