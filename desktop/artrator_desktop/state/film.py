"""Frames of films, folders and single pictures, as the form takes them. All of it blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artrator_desktop.state.failure_words import told
from artrator_desktop.state.inputs import Picture, Problem
from artrator_desktop.state.picture_input import from_bytes, read_picture

if TYPE_CHECKING:
    from artrator.manifest import InputSpec

#: Longest side of a frame as it is shown: five hundred of them are kept.
_SHOWN_SIDE = 960


@dataclass(frozen=True)
class Frames:
    """Pictures in order, and how many of them were shown in a second, if a film said so."""

    pictures: Sequence[Picture]
    rate: float | None = None


def read_frames(paths: Sequence[Path], spec: InputSpec) -> Frames | Problem:
    """Every picture of these files: pictures one by one, folders, zips and films by their frames, within the bounds."""
    from artrator.errors import ArtratorError
    from artrator.frames import FilmLimits, is_film, read_film

    found: list[Picture] = []
    rate = None
    for path in paths:
        if is_film(path):
            try:
                film = read_film(path, FilmLimits.of(spec))
            except ArtratorError as error:
                return Problem("said", text=" ".join(told(error.code.value, error.message, error.cure)).strip())
            rate = film.rate or rate
            read = [from_bytes(frame, shown_side=_SHOWN_SIDE) for frame in film.frames]
        else:
            read = [read_picture(path)]
        for each in read:
            if isinstance(each, Problem):
                return each
            found.append(each)
    return Frames(found, rate) if found else Problem("corrupt")


def write_film(paths: Sequence[Path], target: Path, rate: float | None) -> str:
    """Write pictures as one film, of the kind that the target's name ends with; answers what went wrong, or nothing."""
    from artrator.errors import ArtratorError
    from artrator.frames import write_film as write

    try:
        write(target, [path.read_bytes() for path in paths], rate)
    except ArtratorError as error:
        return told(error.code.value, error.message, error.cure)[0]
    except OSError as error:
        return error.strerror or str(error)
    return ""
