"""Films to files: the ending of the name says which kind."""

from __future__ import annotations

import io
import itertools
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import PIL.Image

from artrator.backend import Image
from artrator.errors import ArtratorError, Code
from artrator.frames.movie import opencv, write_movie
from artrator.frames.sequence import USUAL_RATE
from artrator.inputs import decode_image
from artrator.profile import write_atomically

#: What ``write_film`` writes, by the ending of the name; without an ending it is a folder.
FILM_FORMATS: Final = (".mp4", ".gif", ".webp", ".zip", "")
_SUFFIXES: Final[Mapping[bytes, str]] = {b"\x89PNG": ".png", b"\xff\xd8\xff\xe0": ".jpg", b"RIFF": ".webp"}


def check_target(path: Path) -> None:
    """Refuse a film that could not be written here, before anything is paid for its frames.

    Raises:
        ArtratorError: ``input_invalid``.
    """
    if path.suffix.lower() not in FILM_FORMATS:
        raise ArtratorError(
            Code.INPUT_INVALID,
            f"{path.name}: films are not written as {path.suffix}.",
            cure="Use .mp4, .gif, .webp or .zip, or the name of a folder.",
        )
    if path.suffix.lower() == ".mp4":
        opencv(f"write {path.name}")


def write_film(path: Path, frames: Sequence[bytes], rate: float | None = None) -> None:
    """Write frames, one after the other.

    Args:
        path: ``.mp4``, ``.gif``, ``.webp`` or ``.zip``; anything without an ending is a folder. A file that is there is
            replaced whole. Zip files and folders hold the frames as they are.
        frames: PNG, JPEG or WebP, all of one size.
        rate: Frames a second; 24 if nobody knows. Where a format counts in hundredths or thousandths of a second,
            frames are rounded so that the film as a whole keeps its length.

    Raises:
        ArtratorError: ``input_invalid``, ``image_corrupt``, ``disk_full``.
    """
    check_target(path)
    if not frames:
        raise ArtratorError(Code.INPUT_INVALID, f"{path.name}: there are no frames.", cure="Give at least one.")
    speed = rate or USUAL_RATE
    match path.suffix.lower():
        case "":
            for name, data in _named(frames):
                write_atomically(path / name, data)
        case ".zip":
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # pictures are packed already
                for name, data in _named(frames):
                    archive.writestr(name, data)
            write_atomically(path, buffer.getvalue())
        case ".mp4":
            _movie(path, frames, speed)
        case kind:
            write_atomically(path, _animation(frames, speed, kind))


def _named(frames: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    digits = max(4, len(str(len(frames))))
    for number, data in enumerate(frames, 1):
        suffix = next((ending for head, ending in _SUFFIXES.items() if data.startswith(head)), ".jpg")
        yield f"{number:0{digits}d}{suffix}", data


def _decoded(frames: Sequence[bytes]) -> Iterator[Image]:
    """One at a time, because all of them would not fit."""
    size: tuple[int, ...] | None = None
    for number, data in enumerate(frames, 1):
        picture = decode_image(data)
        size = size or picture.shape
        if picture.shape != size:
            raise ArtratorError(Code.INPUT_INVALID, f"Frame {number} has another size than the first.")
        yield picture


def _movie(path: Path, frames: Sequence[bytes], rate: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    decoded = _decoded(frames)
    first = next(decoded)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".film-") as folder:
        scratch = Path(folder) / "film.mp4"
        write_movie(scratch, itertools.chain([first], decoded), (first.shape[1], first.shape[0]), rate)
        scratch.replace(path)


def _animation(frames: Sequence[bytes], rate: float, kind: str) -> bytes:
    unit = 10 if kind == ".gif" else 1
    ticks = [round(number * 1000 / rate / unit) for number in range(len(frames) + 1)]
    durations = [max(unit, (after - before) * unit) for before, after in itertools.pairwise(ticks)]
    pictures = (PIL.Image.fromarray(frame) for frame in _decoded(frames))
    buffer = io.BytesIO()
    if kind == ".gif":
        small = (picture.quantize(256, PIL.Image.Quantize.MEDIANCUT) for picture in pictures)
        next(small).save(buffer, "GIF", save_all=True, append_images=small, duration=durations, loop=0)
    else:
        next(pictures).save(
            buffer, "WEBP", save_all=True, append_images=pictures, duration=durations, loop=0, quality=90, method=4
        )
    return buffer.getvalue()
