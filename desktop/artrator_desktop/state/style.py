"""The Style page's state: which frame is looked at, which were painted by hand, and one frame tried before all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.film import write_film
from artrator_desktop.state.inputs import Picture, Problem
from artrator_desktop.state.quoting import Quoting, measure_request
from artrator_desktop.state.slots import Layout, Slot, layout, numbers_in_names, parse_numbers, size_problem

if TYPE_CHECKING:
    from artrator_desktop.state.create import Create
    from artrator_desktop.state.engine import Engine
    from artrator_desktop.state.job import Job
    from artrator_desktop.state.jobs import Jobs
    from artrator_desktop.state.session import Session


class Style(QObject):
    """What ``Create`` holds, seen as pictures that belong together."""

    changed = Signal()

    def __init__(
        self, session: Session, create: Create, jobs: Jobs, engine: Engine, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._create = create
        self._jobs = jobs
        self._engine = engine
        self.layout: Layout | None = None
        self.frame = 1
        #: The price of the preview; asked for beside the whole run's.
        self.quoting = Quoting(session, self)
        self.quoting.changed.connect(self.changed)
        create.listing_changed.connect(self._open)
        create.chosen.changed.connect(self._pictures_changed)
        create.problems_changed.connect(self._ask)
        self._open()

    # --- what is there

    @property
    def frames(self) -> Sequence[Picture]:
        """The pictures that are painted: one, or the frames of a film."""
        return self._create.chosen.pictures.get(self.layout.target, ()) if self.layout is not None else ()

    @property
    def keyframes(self) -> list[int]:
        """The numbers of the painted frames, as far as they can be read."""
        keys = self.layout.keys if self.layout is not None else None
        return parse_numbers(str(self._create.values.get(keys.numbers, ""))) if keys is not None else []

    def job(self) -> Job | None:
        """The newest job of the open listing."""
        mine = [job for job in self._jobs.all() if job.listing == self._create.listing]
        return mine[-1] if mine else None

    def place_in(self, job: Job | None) -> int:
        """Which of a job's pictures is the frame in view: a preview has only that frame and its nearest keyframe."""
        if job is None or len(job.images) >= len(self.frames) or not self.keyframes:
            return self.frame - 1
        return sorted({self._nearest(), self.frame}).index(self.frame)

    def problem(self, slot: Slot) -> Problem | None:
        """What is wrong with a slot's pictures beside the others; None for an empty slot."""
        pictures = self._create.chosen.pictures.get(slot.name, ())
        if not pictures:
            return None
        own = self._create.problems().get(slot.name)
        if own is not None:
            return own
        if slot.numbers and (len(self.keyframes) != len(pictures) or not self._numbers_good()):
            return Problem("numbers", len(self.frames), len(pictures))
        return size_problem(pictures, self._create.chosen.pictures.get(slot.partner, ()))

    def problems(self) -> Mapping[str, Problem]:
        """Everything that keeps the run from being sent, by input."""
        found = dict(self._create.problems())
        for slot in self.layout.slots if self.layout is not None else ():
            problem = self.problem(slot)
            if problem is not None:
                found.setdefault(slot.name, problem)
        return found

    # --- what is done

    def look_at(self, number: int) -> None:
        """Look at a frame."""
        number = min(max(number, 1), max(len(self.frames), 1))
        if number != self.frame:
            self.frame = number
            self._ask()
            self.changed.emit()

    def set_numbers(self, text: str) -> None:
        """Say which frames the keyframes are."""
        if self.layout is not None and self.layout.keys is not None:
            self._create.set_value(self.layout.keys.numbers, text)
            self._create.values_changed.emit()

    def toggle_key(self) -> None:
        """Make the frame in view a keyframe, or none. Its painting is dropped in by hand, in their order."""
        numbers = set(self.keyframes) ^ {self.frame}
        self.set_numbers(", ".join(str(number) for number in sorted(numbers)))

    @property
    def can_preview(self) -> bool:
        """Whether one frame can be tried before all: of a film, with everything in its place."""
        return len(self.frames) > 1 and self.layout is not None and self.layout.keys is not None

    @property
    def ready(self) -> bool:
        """Whether the preview's button can be pressed: its price is there, and is that of the frame in view."""
        detail = self._create.detail
        if detail is None or not self.can_preview or self.problems():
            return False
        if self._create.here:
            return True
        if self.quoting.present is None:
            return False
        values, pictures = self._one_frame()
        sizes = {name: [(each.width, each.height) for each in chosen] for name, chosen in pictures.items()}
        return measure_request(detail, values, sizes) == self.quoting.measures

    def preview(self, title: str) -> list[str]:
        """Buy the frame in view, painted from the keyframe that is nearest; the new job's id."""
        detail, here = self._create.detail, self._create.here
        if not self.ready or detail is None:
            return []
        cap = 0 if here or self.quoting.quote is None else self.quoting.quote.cap
        values, pictures = self._one_frame()
        expected = len(pictures[self.layout.target]) if self.layout is not None else 1
        return self._jobs.submit([self._create.request(detail, values, pictures, cap, cap, expected, title)])

    def save_film(self, job: Job, target: Path, then: Callable[[str], None]) -> None:
        """Write a job's frames as one film; ``then`` gets an empty text, or why it could not be."""
        paths = [Path(image.path) for image in job.images]
        rate = self._create.chosen.frame_rate

        async def work() -> str:
            return await self._engine.decode(write_film, paths, target, rate)

        self._engine.call(work, then, lambda failure: then(failure.happened))

    # --- what follows

    def _open(self) -> None:
        detail = self._create.detail
        self.layout = layout(detail.manifest) if detail is not None else None
        self.frame = 1
        self.changed.emit()

    def _pictures_changed(self, name: str) -> None:
        if self.layout is None:
            return
        keys = self.layout.keys
        if keys is not None and name == keys.name and self._create.chosen.pictures[name]:
            paths = [picture.path for picture in self._create.chosen.pictures[name]]
            if numbers := numbers_in_names(paths, len(self.frames)):
                self.set_numbers(", ".join(str(number) for number in numbers))
        self.frame = min(self.frame, max(len(self.frames), 1))
        self.changed.emit()

    def _numbers_good(self) -> bool:
        numbers = self.keyframes
        return len(set(numbers)) == len(numbers) and all(1 <= number <= len(self.frames) for number in numbers)

    def _one_frame(self) -> tuple[dict[str, Any], dict[str, list[Picture]]]:
        """The nearest keyframe and the frame in view, as a film of two frames (or one)."""
        values, pictures = dict(self._create.values), {k: list(v) for k, v in self._create.chosen.pictures.items()}
        if self.layout is None or self.layout.keys is None:
            return values, pictures
        keys, nearest = self.layout.keys, self._nearest()
        wanted = sorted({nearest, self.frame})
        many = len(self.frames)
        for slot in self.layout.slots:
            chosen = pictures.get(slot.name, [])
            if slot.name != keys.name and len(chosen) == many:
                pictures[slot.name] = [chosen[number - 1] for number in wanted]
        pictures[keys.name] = [pictures[keys.name][self.keyframes.index(nearest)]]
        values[keys.numbers] = str(wanted.index(nearest) + 1)
        return values, pictures

    def _nearest(self) -> int:
        return min(self.keyframes, key=lambda number: abs(number - self.frame))

    def _ask(self) -> None:
        detail = self._create.detail
        if detail is not None and self.can_preview and not self.problems() and self.keyframes:
            self.quoting.ask(detail, *self._one_frame())
        self.changed.emit()
