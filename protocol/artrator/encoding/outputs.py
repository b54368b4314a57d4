"""From what a model returned to files: checked against the manifest, encoded, digested."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from artrator.backend import Image, Value
from artrator.canonical import sha256
from artrator.encoding.metadata import Provenance
from artrator.encoding.png import encode_png
from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest, OutputSpec, OutputType
from artrator.messages.node import Output

#: What each of the formats can say; more is not a picture that any buyer's program would open.
_MAX_SIDE: Final = 16_383
_MAX_ITEMS: Final = 1_000
_MAX_TEXT: Final = 1_000_000
_PREVIEW_SIDE: Final = 320
_MEDIA_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_EXTENSIONS: Final = {"png": "png", "jpeg": "jpg", "webp": "webp"}


@dataclass(frozen=True)
class EncodedOutput:
    """One finished file in memory."""

    output: Output
    file: str
    data: bytes


def encode_outputs(
    manifest: Manifest, values: Mapping[str, Value], image_format: str, provenance: Provenance
) -> Sequence[EncodedOutput]:
    """Every output that the manifest declares, in its order.

    Raises:
        ArtratorError: ``model_failed`` if a value is missing, has another type or shape, or is not a number.
    """
    encoded: list[EncodedOutput] = []
    for spec in manifest.outputs.values():
        if spec.name not in values:
            raise _wrong(spec, "is missing")
        for name, data, media_type, extension, size in _files(spec, values[spec.name], image_format, provenance):
            index = len(encoded)
            output = Output(
                index=index,
                name=name,
                media_type=media_type,
                sha256=sha256(data),
                size=len(data),
                width=size[0] if size else None,
                height=size[1] if size else None,
            )
            encoded.append(EncodedOutput(output, f"{index}.{extension}", data))
    return encoded


def encode_preview(image: Image) -> bytes:
    """A small JPEG of a picture that is not finished.

    Raises:
        ArtratorError: ``model_failed`` if it is no picture.
    """
    picture = PillowImage.fromarray(_checked(OutputSpec("preview", OutputType.IMAGE, {"en": "Preview"}), image))
    picture.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


_File = tuple[str, bytes, str, str, tuple[int, int] | None]


def _files(spec: OutputSpec, value: Value, image_format: str, provenance: Provenance) -> Iterator[_File]:
    """Name, bytes, media type, extension and size of each file of one output."""
    if spec.type is OutputType.TEXT:
        if not isinstance(value, str) or len(value) > _MAX_TEXT:
            raise _wrong(spec, f"is not a text of at most {_MAX_TEXT:,} characters")
        yield spec.name, value.encode("utf-8", "replace"), "text/plain; charset=utf-8", "txt", None
    elif spec.type is OutputType.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise _wrong(spec, "is not a finite number")
        yield spec.name, json.dumps(value).encode(), "application/json", "json", None
    elif spec.type is OutputType.IMAGE:
        yield _image_file(spec, spec.name, value, image_format, provenance)
    else:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= _MAX_ITEMS:
            raise _wrong(spec, f"is not a list of 1 to {_MAX_ITEMS:,} images")
        for number, item in enumerate(value, start=1):
            yield _image_file(spec, f"{spec.name}-{number}", item, image_format, provenance)


def _image_file(spec: OutputSpec, name: str, value: object, image_format: str, provenance: Provenance) -> _File:
    image = _checked(spec, value)
    data = encode_image(image, image_format, provenance)
    return name, data, _MEDIA_TYPES[image_format], _EXTENSIONS[image_format], (image.shape[1], image.shape[0])


def encode_image(image: Image, image_format: str, provenance: Provenance) -> bytes:
    """One picture in ``png``, ``jpeg`` or ``webp``, with where it comes from."""
    if image_format == "png":
        return encode_png(image, provenance.png_texts())
    picture = PillowImage.fromarray(image)
    buffer = io.BytesIO()
    xmp = provenance.xmp().encode()
    if image_format == "jpeg":
        picture.convert("RGB").save(buffer, "JPEG", quality=92, subsampling=0, xmp=xmp)
    else:
        picture.save(buffer, "WEBP", lossless=True, quality=0, method=0, xmp=xmp)
    return buffer.getvalue()


def _checked(spec: OutputSpec, value: object) -> Image:
    """The picture, if it is one: uint8, a sane size, grey or RGB or RGBA."""
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8:
        raise _wrong(spec, "is not a picture of 8 bits a channel")
    if value.ndim == 3 and value.shape[2] == 1:
        value = value[:, :, 0]
    if value.ndim not in (2, 3) or (value.ndim == 3 and value.shape[2] not in (3, 4)):
        raise _wrong(spec, f"has the shape {list(value.shape)}, which is not a picture's")
    if not all(1 <= side <= _MAX_SIDE for side in value.shape[:2]):
        raise _wrong(spec, f"is {value.shape[1]}x{value.shape[0]}; a side has 1 to {_MAX_SIDE:,} pixels")
    return np.ascontiguousarray(value)


def _wrong(spec: OutputSpec, what: str) -> ArtratorError:
    return ArtratorError(Code.MODEL_FAILED, f"The model's output {spec.name!r} {what}.", output=spec.name)
