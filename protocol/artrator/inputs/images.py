"""Images that strangers sent, decoded safely: limits first, then the header, then the pixels.

Whatever is wrong with the bytes comes out as ``image_corrupt`` or ``image_too_large``, nothing else. The order is:

1. bytes: not empty, not more than ``MAX_IMAGE_BYTES``;
2. header: one of six formats, with a size within the limits; no pixel has been decoded yet, so a decompression
   bomb is refused for the price of a few hundred bytes;
3. pixels, once: a truncated file is refused;
4. colour: turned upright, converted to sRGB where the file holds another profile, and to the channels asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import PIL.Image
from PIL import UnidentifiedImageError

from artrator.backend import Image
from artrator.errors import ArtratorError, Code
from artrator.inputs.colour import to_grey, to_rgb, to_rgba
from artrator.inputs.metered import MeteredBytes, TooManyPiecesError
from artrator.manifest import InputSpec, InputType

#: No manifest can raise these: they are what a node's daemon can stand.
MAX_IMAGE_BYTES: Final = 64 * 1024 * 1024
MAX_PIXELS: Final = 64_000_000
MAX_SIDE: Final = 16_384

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_MEDIA_TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
# A progressive JPEG may repeat its scans at no cost in bytes; cameras and tools write ten at most.
_MAX_SCANS: Final = 100
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


def decode_image(data: bytes, spec: InputSpec | None = None) -> Image:
    """Decode an image for an input.

    Args:
        data: A PNG, JPEG, WebP, GIF (its first frame), BMP or TIFF file.
        spec: The input it is for; without one only the hard limits hold and the image comes as RGB.

    Returns:
        uint8 ``[height, width, 3]`` RGB, upright, in sRGB; transparency is laid over white. With ``spec.alpha``
        ``[height, width, 4]``. For a mask ``[height, width]``: how bright it is over black.

    Raises:
        ArtratorError: ``image_corrupt``, ``image_too_large``, or ``input_invalid`` if it is smaller than the
            input's ``min_side``. ``details["input"]`` names the input.
    """
    with _opened(data, spec) as picture:
        check_size(picture.size, spec)
        if picture.format == "JPEG" and data.count(b"\xff\xda") > _MAX_SCANS:
            raise _too_large(spec, f"is decoded in more than {_MAX_SCANS} passes")
        if picture.mode in ("I", "F"):
            raise _corrupt(spec, "has 32-bit samples, whose white nobody knows")
        picture.load()
        upright = _turned(picture)
        if spec is not None and spec.type is InputType.MASK:
            return np.array(to_grey(upright))
        if spec is not None and spec.alpha:
            return np.array(to_rgba(upright))
        return np.array(to_rgb(upright))


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height as the header says them, before turning upright; no pixel is decoded.

    Raises:
        ArtratorError: ``image_corrupt``, ``image_too_large``.
    """
    with _opened(data, None) as picture:
        return picture.size


def media_type(data: bytes) -> str:
    """The media type by the content, whatever the file was named.

    Raises:
        ArtratorError: ``image_corrupt``, ``image_too_large``.
    """
    with _opened(data, None) as picture:
        return _MEDIA_TYPES[str(picture.format)]


def check_size(size: tuple[int, int], spec: InputSpec | None) -> None:
    """Raise ``image_too_large`` or ``input_invalid`` unless (width, height) lies within the limits."""
    width, height = size
    shown = f"{width} x {height}"
    max_side = min(MAX_SIDE, (spec.max_side if spec else None) or MAX_SIDE)
    max_pixels = min(MAX_PIXELS, (spec.max_pixels if spec else None) or MAX_PIXELS)
    if max(width, height) > max_side:
        raise _too_large(spec, f"is {shown} pixels; at most {max_side} wide or high are accepted")
    if width * height > max_pixels:
        raise _too_large(spec, f"is {shown}, {width * height} pixels; at most {max_pixels} are accepted")
    if spec is not None and spec.min_side is not None and min(width, height) < spec.min_side:
        raise ArtratorError(
            Code.INPUT_INVALID,
            f"{_subject(spec)} is {shown} pixels; at least {spec.min_side} wide and high are needed.",
            cure=f"Use an image of at least {spec.min_side} x {spec.min_side} pixels.",
            input=spec.name,
        )


def check_total(sizes: Sequence[tuple[int, int]], spec: InputSpec) -> None:
    """Raise ``image_too_large`` unless all images of one input together lie within its ``max_total_pixels``."""
    total = sum(width * height for width, height in sizes)
    if spec.max_total_pixels is not None and total > spec.max_total_pixels:
        raise ArtratorError(
            Code.IMAGE_TOO_LARGE,
            f"{spec.name} has {len(sizes)} images of {total} pixels together; at most {spec.max_total_pixels} are "
            "accepted.",
            cure="Give fewer images or smaller ones.",
            input=spec.name,
        )


@contextmanager
def _opened(data: bytes, spec: InputSpec | None) -> Iterator[PIL.Image.Image]:
    """An image whose header was read; whatever a decoder raises inside becomes a catalogue error."""
    if not data:
        raise _corrupt(spec, "is empty")
    if len(data) > MAX_IMAGE_BYTES:
        raise _too_large(spec, f"has {len(data)} bytes; at most {MAX_IMAGE_BYTES} are accepted")
    try:
        with PIL.Image.open(MeteredBytes(data), formats=_FORMATS) as picture:
            if min(picture.size) < 1:
                raise _corrupt(spec, "has no pixels")
            yield picture
    except ArtratorError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise _too_large(spec, f"has more pixels than the {MAX_PIXELS} that are accepted") from error
    except UnidentifiedImageError as error:
        raise _corrupt(spec, "is not a PNG, JPEG, WebP, GIF, BMP or TIFF image") from error
    except TooManyPiecesError as error:
        raise _too_large(spec, "is made of too many pieces") from error
    except MemoryError as error:
        raise _too_large(spec, "does not fit into memory") from error
    except Exception as error:  # decoders of hostile bytes raise nearly everything: OSError, SyntaxError, struct.error
        raise _corrupt(spec, "is damaged or was cut off") from error


def _turned(picture: PIL.Image.Image) -> PIL.Image.Image:
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error):
        return picture  # like every viewer: broken notes about a picture do not spoil the picture
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture if method is None else picture.transpose(method)


def _subject(spec: InputSpec | None) -> str:
    return "The image" if spec is None else spec.name


def _corrupt(spec: InputSpec | None, why: str) -> ArtratorError:
    return ArtratorError(Code.IMAGE_CORRUPT, f"{_subject(spec)} {why}.", **_named(spec))


def _too_large(spec: InputSpec | None, why: str) -> ArtratorError:
    return ArtratorError(Code.IMAGE_TOO_LARGE, f"{_subject(spec)} {why}.", **_named(spec))


def _named(spec: InputSpec | None) -> dict[str, str]:
    return {} if spec is None else {"input": spec.name}
