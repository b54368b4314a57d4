"""A film as a client holds it: encoded pictures in order, all of one size, and how fast they follow each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.inputs import MAX_PIXELS, decode_image
from artrator.manifest import InputSpec

#: Frames a second where a film says none.
USUAL_RATE: Final = 24.0
#: What is believed of a film's own word.
RATES: Final = (0.1, 240.0)


@dataclass(frozen=True)
class FilmLimits:
    """What a film may take before it is refused. Files come from strangers, and memory is ours.

    Attributes:
        frames: How many there may be.
        pixels: Of one frame.
        total_pixels: Of all frames together.
        total_bytes: Of all frames together, encoded.
    """

    frames: int = 1_000
    pixels: int = MAX_PIXELS
    total_pixels: int = 2_000_000_000
    total_bytes: int = 1 << 30

    @classmethod
    def of(cls, spec: InputSpec) -> FilmLimits:
        """What an input of type ``images`` takes."""
        usual = cls()
        return cls(
            min(usual.frames, spec.max_items or usual.frames),
            min(usual.pixels, spec.max_pixels or usual.pixels),
            min(usual.total_pixels, spec.max_total_pixels or usual.total_pixels),
        )


@dataclass(frozen=True)
class Film:
    """Frames.

    Attributes:
        frames: PNG, JPEG and so on, as they were read or encoded without loss.
        rate: Frames a second, where the film said so.
    """

    frames: Sequence[bytes]
    rate: float | None = None


class Collector:
    """Takes frames one by one, and refuses the first that is broken, too large, too many or unlike the others."""

    def __init__(self, path: Path, limits: FilmLimits) -> None:
        self._path: Final = path
        self._limits: Final = limits
        self._frames: Final[list[bytes]] = []
        self._size: tuple[int, int] | None = None
        self._bytes = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._frames)

    def check_count(self, count: int) -> None:
        """Refuse a film that says itself that it has too many frames.

        Raises:
            ArtratorError: ``input_invalid``.
        """
        if count > self._limits.frames:
            raise self.refuse(
                f"has {count} frames; at most {self._limits.frames} are accepted.", "Cut it into shorter parts."
            )

    def check_size(self, width: int, height: int, where: str) -> None:
        """Refuse a frame before its pixels are looked at.

        Raises:
            ArtratorError: ``input_invalid``, ``image_too_large``.
        """
        limits = self._limits
        self.check_count(self.count + 1)
        if width * height > limits.pixels:
            raise self.refuse(
                f"{where} is {width} x {height}; at most {limits.pixels} pixels are accepted.",
                "Make the film smaller.",
                Code.IMAGE_TOO_LARGE,
            )
        if (self.count + 1) * width * height > limits.total_pixels:
            raise self.refuse(
                f"has more than {limits.total_pixels} pixels in all its frames together.",
                "Make it shorter or smaller.",
                Code.IMAGE_TOO_LARGE,
            )
        if self._size is not None and self._size != (width, height):
            raise self.refuse(
                f"{where} is {width} x {height} pixels, the first frame {self._size[0]} x {self._size[1]}.",
                "Give all frames the same size.",
            )

    def add(self, data: bytes, width: int, height: int) -> None:
        """Keep a frame that was checked.

        Raises:
            ArtratorError: ``image_too_large`` if all together are too many bytes.
        """
        self._bytes += len(data)
        if self._bytes > self._limits.total_bytes:
            raise self.refuse(
                f"takes more than {self._limits.total_bytes >> 20} MiB.", "Make it shorter or smaller.",
                Code.IMAGE_TOO_LARGE,
            )  # fmt: skip
        self._size = width, height
        self._frames.append(data)

    def add_file(self, data: bytes, name: str) -> None:
        """Keep the bytes of a picture's file, if all of it decodes.

        Raises:
            ArtratorError: As above; ``image_corrupt`` with the number and name of the frame.
        """
        where = f"frame {self.count + 1} ({name})"
        try:
            picture = decode_image(data)
        except ArtratorError as error:
            raise self.refuse(f"{where}: {error.message}", error.cure, error.code) from error
        self.check_size(picture.shape[1], picture.shape[0], where)
        self.add(data, picture.shape[1], picture.shape[0])

    def film(self, rate: float | None = None) -> Film:
        """What was collected.

        Raises:
            ArtratorError: ``input_invalid`` if nothing was.
        """
        if not self._frames:
            raise self.refuse("holds no frames.", "Give pictures, numbered in their names.")
        believed = rate is not None and RATES[0] <= rate <= RATES[1]
        return Film(tuple(self._frames), rate if believed else None)

    def refuse(self, problem: str, cure: str | None = None, code: Code = Code.INPUT_INVALID) -> ArtratorError:
        """An error that names the file."""
        return ArtratorError(code, f"{self._path.name}: {problem}", cure=cure)


def natural(names: Iterable[str]) -> list[str]:
    """Names in the order in which people count: frame2 before frame10."""
    return sorted(names, key=_parts)


def _parts(name: str) -> list[tuple[int, int, str]]:
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for character in [*name.casefold(), ""]:
        if character.isascii() and character.isdigit():
            digits += character
            continue
        if digits:
            parts.append((0, int(digits[:400]), ""))
            digits = ""
        parts.append((1, 0, character))
    return parts
