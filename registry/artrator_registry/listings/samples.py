"""Sample pictures: checked by their headers, kept on disk under the digest of their bytes."""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import os
import re
import secrets
import warnings
from pathlib import Path
from typing import Final

from PIL import Image

from artrator import durable
from artrator.canonical import sha256
from artrator.errors import ArtratorError, Code
from artrator_registry.listings.models import CheckedSample

MAX_BYTES: Final = 512 * 1024
MAX_SIDE: Final = 2048
_TYPES: Final = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
MEDIA_TYPES: Final = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_BLOB: Final = re.compile(r"(?P<digest>[0-9a-f]{64})[.](?P<extension>png|jpg|webp)")


def check(file: str, data: str) -> CheckedSample:
    """A sample of a publication; raises ArtratorError ``image_too_large`` or ``image_corrupt``.

    Only the header is read: nothing here decodes pixels that a stranger made.
    """
    if len(data) > MAX_BYTES * 4 // 3 + 4:
        raise ArtratorError(Code.IMAGE_TOO_LARGE, f"The sample {file} is larger than {MAX_BYTES // 1024} KiB.")
    try:
        raw = base64.b64decode(data, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a bomb's size is refused below, with words
            with Image.open(io.BytesIO(raw), formats=list(_TYPES)) as image:
                kind, size = str(image.format), image.size
    except (binascii.Error, ValueError) as error:
        raise ArtratorError(Code.IMAGE_CORRUPT, f"The sample {file} is not base64.") from error
    except Exception as error:  # Pillow raises many kinds for broken headers
        raise ArtratorError(Code.IMAGE_CORRUPT, f"The sample {file} is not a PNG, JPEG or WebP picture.") from error
    if len(raw) > MAX_BYTES or max(size) > MAX_SIDE:
        raise ArtratorError(
            Code.IMAGE_TOO_LARGE,
            f"The sample {file} is larger than {MAX_BYTES // 1024} KiB or than {MAX_SIDE} pixels on a side.",
        )
    return CheckedSample(file, f"{sha256(raw)}.{_TYPES[kind]}", raw)


class SampleFiles:
    """The folder of samples. A file is there whole or not at all, and never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, sample: CheckedSample) -> None:
        """Keep a sample; harmless if it is there."""
        path = self._path(sample.blob)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with scratch.open("wb") as file:
                file.write(sample.data)
                file.flush()
                os.fsync(file.fileno())
            durable.replace(scratch, path)
            durable.sync_folder(self._folder)  # the folder of this digest may be new
        except OSError as error:
            with contextlib.suppress(OSError):
                scratch.unlink()
            raise ArtratorError(Code.DISK_FULL, "The registry could not store a sample picture.") from error

    def find(self, blob: str) -> tuple[Path, str]:
        """Path and media type of a sample; raises ArtratorError ``not_found``."""
        match = _BLOB.fullmatch(blob)
        if match is not None:
            path = self._path(blob)
            if path.is_file():
                return path, MEDIA_TYPES[match["extension"]]
        raise ArtratorError(Code.NOT_FOUND, "There is no such sample.")

    def _path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob
