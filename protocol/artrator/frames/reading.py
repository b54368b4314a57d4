"""What kind of film a path is, by its content and never by its name, and its frames."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Final

import PIL.Image

from artrator.errors import ArtratorError, Code
from artrator.frames.movie import is_movie, read_movie
from artrator.frames.sequence import Collector, Film, FilmLimits, natural
from artrator.inputs import MAX_IMAGE_BYTES

_HEAD: Final = 64
_ZIP: Final = b"PK\x03\x04"
_PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
_ANIMATIONS: Final = ("GIF", "WEBP", "PNG")
#: Names in a zip file, the pictures among them or not.
_MOST_NAMES: Final = 20_000


def is_film(path: Path) -> bool:
    """Whether a path holds frames: a folder, a zip file, a movie, or a picture with more than one frame.

    Raises:
        ArtratorError: ``input_invalid`` if it cannot be read.
    """
    if path.is_dir():
        return True
    head = _head(path)
    return head.startswith(_ZIP) or is_movie(head) or _animated(path)


def read_film(path: Path, limits: FilmLimits = FilmLimits()) -> Film:  # noqa: B008 - frozen
    """All frames of a folder, a zip file, a GIF, WebP or PNG animation, or a movie.

    Pictures of folders and zip files stay the bytes they are; other frames come as PNG.

    Raises:
        ArtratorError: ``input_invalid``, ``image_corrupt``, ``image_too_large``, with the number of the frame.
    """
    collector = Collector(path, limits)
    if path.is_dir():
        return _folder(path, collector)
    head = _head(path)
    if head.startswith(_ZIP):
        return _archive(path, collector)
    if is_movie(head):
        return read_movie(path, collector)
    return _animation(path, collector)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> ArtratorError:
    """The system does not let us read it."""
    return ArtratorError(Code.INPUT_INVALID, f"{path} cannot be read: {error.strerror}.", cure="Check the path.")


def _wanted(name: str) -> bool:
    plain = name.rsplit("/", 1)[-1]
    return Path(plain).suffix.lower() in _PICTURES and not plain.startswith(".") and not name.startswith("__MACOSX/")


def _folder(path: Path, collector: Collector) -> Film:
    try:
        names = [entry.name for entry in path.iterdir() if _wanted(entry.name) and entry.is_file()]
        collector.check_count(len(names))
        for name in natural(names):
            file = path / name
            size = file.stat().st_size
            if size > MAX_IMAGE_BYTES:
                raise collector.refuse(f"{name} has {size} bytes; at most {MAX_IMAGE_BYTES} are accepted.")
            collector.add_file(file.read_bytes(), name)
    except OSError as error:
        raise unreadable(path, error) from error
    return collector.film()


def _archive(path: Path, collector: Collector) -> Film:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_NAMES:
                raise collector.refuse(f"holds {len(entries)} files.", "Put nothing but the frames into it.")
            by_name = {entry.filename: entry for entry in entries if _wanted(entry.filename) and not entry.is_dir()}
            collector.check_count(len(by_name))
            for name in natural(by_name):
                with archive.open(by_name[name]) as file:
                    # What the directory says of sizes may be a lie, so reading itself is bounded.
                    data = file.read(MAX_IMAGE_BYTES + 1)
                if len(data) > MAX_IMAGE_BYTES:
                    raise collector.refuse(f"{name} has more than {MAX_IMAGE_BYTES} bytes.")
                collector.add_file(data, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        # RuntimeError stands for encrypted files, and for compression that nobody uses.
        problem = f"frame {collector.count + 1} cannot be taken out of the zip file."
        raise collector.refuse(problem, "Zip the frames anew, and without a password.") from error
    return collector.film()


def _animated(path: Path) -> bool:
    try:
        with PIL.Image.open(path, formats=_ANIMATIONS) as picture:
            return getattr(picture, "n_frames", 1) > 1
    except Exception:  # whatever it is, it is no film; what it is instead is for the picture's own check
        return False


def _animation(path: Path, collector: Collector) -> Film:
    """Every frame as a viewer shows it, over white; the rate is that of the mean duration."""
    milliseconds = 0.0
    try:
        with PIL.Image.open(path, formats=_ANIMATIONS) as picture:
            count = getattr(picture, "n_frames", 1)
            collector.check_count(count)
            for number in range(count):
                collector.check_size(*picture.size, f"frame {number + 1}")
                picture.seek(number)
                picture.load()
                milliseconds += float(picture.info.get("duration", 0) or 0)
                collector.add(_png(picture), *picture.size)
    except ArtratorError:
        raise
    except Exception as error:  # decoders of hostile bytes raise nearly everything
        raise collector.refuse(
            f"frame {collector.count + 1} is damaged or was cut off.", code=Code.IMAGE_CORRUPT
        ) from error
    return collector.film(1000 * collector.count / milliseconds if milliseconds > 0 else None)


def _png(picture: PIL.Image.Image) -> bytes:
    layered = picture.convert("RGBA")
    paper = PIL.Image.new("RGBA", layered.size, (255, 255, 255, 255))
    buffer = io.BytesIO()
    PIL.Image.alpha_composite(paper, layered).convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
