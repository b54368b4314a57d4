"""The pictures that were chosen for the inputs of the open listing: from files, films, folders and the clipboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.film import Frames, read_frames
from artrator_desktop.state.inputs import FILE_TYPES, Picture, Problem, pictures_problem
from artrator_desktop.state.picture_input import from_pixels, read_picture

if TYPE_CHECKING:
    from artrator.manifest import InputSpec

T = TypeVar("T")


class Chosen(QObject):
    """``pictures`` is a list by input, of every input that takes files; what is read is read off this thread."""

    #: The pictures of an input changed.
    changed = Signal(str)
    #: A picture could not be taken: input, ``Problem``.
    refused = Signal(str, object)

    def __init__(self, engine: Engine, pasted: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        #: Where pasted pixels become files that drafts come back to.
        self._pasted = pasted
        self._specs: Mapping[str, InputSpec] = {}
        self.pictures: dict[str, list[Picture]] = {}
        #: Where the frames of an input came from, if they came together.
        self.films: dict[str, list[str]] = {}
        self.frame_rate: float | None = None
        #: How often a picture was asked for, by input: a large one may be read for longer than the one after it.
        self._asked: dict[str, int] = {}

    def begin(self, specs: Mapping[str, InputSpec]) -> None:
        """Hold nothing yet, for the inputs of another listing; what is still being read for the one before is lost."""
        self._specs = specs
        self.pictures = {name: [] for name, spec in specs.items() if spec.type in FILE_TYPES}
        self.films = {}
        self.frame_rate = None

    @property
    def first(self) -> str:
        """The input that a single picture is meant for, or an empty text."""
        return next((name for name, spec in self._specs.items() if spec.type in ("image", "images")), "")

    def several(self, name: str) -> bool:
        """Whether an input takes more than one picture."""
        return self._specs[name].type == "images"

    def problems(self) -> Mapping[str, Problem]:
        """What is wrong with them, by input."""
        found = {name: pictures_problem(self._specs[name], chosen) for name, chosen in self.pictures.items()}
        return {name: problem for name, problem in found.items() if problem is not None}

    # --- taking

    def add_file(self, name: str, path: str) -> None:
        """Take a picture file for an input."""
        self.add_files(name, [path])

    def add_files(self, name: str, paths: Sequence[str]) -> None:
        """Take picture files for an input, in this order."""
        room = self._room(name)

        async def work() -> Sequence[Picture | Problem]:
            return await self._engine.decode(_read_what_fits, paths, room)

        self._take(name, work, len(paths))

    def add_image(self, name: str, image: QImage) -> None:
        """Take pasted pixels for an input."""
        copy = image.copy()

        async def work() -> Sequence[Picture | Problem]:
            return [await self._engine.decode(from_pixels, copy, self._pasted)]

        self._take(name, work, 1)

    def set_files(self, name: str, paths: Sequence[str]) -> None:
        """Take these, in order, instead of what an input had: pictures, folders of frames, films."""
        spec = self._specs[name]

        async def work() -> Frames | Problem:
            return await self._engine.decode(read_frames, [Path(path) for path in paths], spec)

        def done(frames: Frames | Problem) -> None:
            if isinstance(frames, Problem):
                self.refused.emit(name, frames)
                return
            self.pictures[name] = list(frames.pictures if self.several(name) else frames.pictures[:1])
            self.films[name] = list(paths)
            self.frame_rate = frames.rate or self.frame_rate
            self.changed.emit(name)

        self._call(name, work, done)

    def set_file(self, name: str, path: str) -> None:
        """Take a picture file instead of what an input had, which is given up at once: this one may be refused."""
        self.clear(name)
        self.add_file(name, path)

    def clear(self, name: str) -> None:
        """Remove the pictures of an input."""
        self._asked[name] = self._asked.get(name, 0) + 1  # nor is what is still being read wanted any more
        self.films.pop(name, None)
        if self.pictures.get(name):
            self.pictures[name] = []
            self.changed.emit(name)

    def remove(self, name: str, place: int) -> None:
        """Remove one picture of an input that has several."""
        chosen = self.pictures.get(name, [])
        if place < len(chosen):
            self.films.pop(name, None)  # what is left is no longer what came together
            self.pictures[name] = [*chosen[:place], *chosen[place + 1 :]]
            self.changed.emit(name)

    def _room(self, name: str) -> int | None:
        """How many more pictures an input takes; None if it does not say."""
        if not self.several(name):
            return 1
        most = self._specs[name].max_items
        return None if most is None else max(most - len(self.pictures[name]), 0)

    def _take(self, name: str, work: Callable[[], Awaitable[Sequence[Picture | Problem]]], given: int) -> None:
        """Take what fits of ``given`` pictures, then say what did not."""
        asked = self._asked[name] = self._asked.get(name, 0) + 1

        def done(found: Sequence[Picture | Problem]) -> None:
            if not self.several(name) and asked != self._asked[name]:
                return
            room = self._room(name)
            good = [each for each in found if not isinstance(each, Problem)]
            bad = [each for each in found if isinstance(each, Problem)]
            taken = good[:room]
            if taken:
                self.pictures[name] = [*self.pictures[name], *taken] if self.several(name) else taken
                self.changed.emit(name)
            if bad:
                self.refused.emit(name, bad[0] if given == 1 else Problem("unreadable", given, len(bad)))
            elif given > len(taken):
                self.refused.emit(name, Problem("no_room", self._specs[name].max_items or 1, given - len(taken)))

        self._call(name, work, done)

    def _call(self, name: str, work: Callable[[], Awaitable[T]], done: Callable[[T], None]) -> None:
        """Read in the engine; what arrives when another listing has been opened meanwhile is dropped."""
        specs = self._specs

        def arrived(result: T) -> None:
            if self._specs is specs:
                done(result)

        self._engine.call(work, arrived, lambda _failure: self.refused.emit(name, Problem("corrupt")))

    # --- giving back

    def copies(self) -> dict[str, list[Picture]]:
        """What is chosen now, to be brought back by ``restore``."""
        return {name: list(chosen) for name, chosen in self.pictures.items()}

    def restore(self, pictures: Mapping[str, Sequence[Picture]]) -> None:
        """Choose what was chosen before."""
        self.pictures = {name: list(chosen) for name, chosen in pictures.items()}
        for name in self.pictures:
            self.changed.emit(name)

    def draft(self) -> dict[str, Any]:
        """Where they came from, for a draft; pasted pixels have files of their own."""
        single = {name: chosen for name, chosen in self.pictures.items() if name not in self.films}
        paths = {name: [each.path for each in chosen if each.path] for name, chosen in single.items()}
        return {"pictures": paths, "films": dict(self.films)}

    def take_draft(self, draft: Mapping[str, Any]) -> None:
        """Choose what a draft names, as far as it is still there."""
        for name, paths in draft.get("pictures", {}).items():
            if there := self._still_there(name, paths):
                self.add_files(name, there)
        for name, paths in draft.get("films", {}).items():
            if there := self._still_there(name, paths):
                self.set_files(name, there)

    def _still_there(self, name: str, paths: object) -> list[str]:
        if name not in self.pictures or not isinstance(paths, list):
            return []
        return [str(path) for path in paths if Path(str(path)).exists()]


def _read_what_fits(paths: Sequence[str], room: int | None) -> Sequence[Picture | Problem]:
    """Read files until ``room`` of them were pictures: somebody may drop a folder's thousand on a place for three."""
    found: list[Picture | Problem] = []
    for path in paths:
        if room is not None and sum(1 for each in found if not isinstance(each, Problem)) >= room:
            break
        found.append(read_picture(Path(path)))
    return found
