"""A package inside a worker: names and hashes come from the parent, bytes from the folder.

The parent has verified the signature, because that takes a key and a library which a plugin's environment lacks. The
worker reads the files itself, and checks every read against the signed hash: a file that changed since is refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest


class SignedFolder:
    """PackageFiles over a folder whose signature the parent has verified."""

    def __init__(self, folder: Path, manifest: Manifest, digest: str, hashes: Mapping[str, str]) -> None:
        self._folder: Final = folder
        self._manifest: Final = manifest
        self._digest: Final = digest
        self._hashes: Final = dict(hashes)

    @property
    def manifest(self) -> Manifest:
        """The validated ``artrator.toml``."""
        return self._manifest

    @property
    def digest(self) -> str:
        """``sha256:<hex>``: what the signature names."""
        return self._digest

    def names(self) -> Sequence[str]:
        """The signed files, as POSIX paths relative to the package folder."""
        return tuple(self._hashes)

    def read(self, name: str) -> bytes:
        """The bytes of a signed file.

        Raises:
            ArtratorError: ``package_changed`` if the bytes differ, ``package_invalid`` if nothing so named is signed.
        """
        expected = self._hashes.get(name)
        parts = PurePosixPath(name).parts
        if expected is None or not parts or ".." in parts or PurePosixPath(name).is_absolute():
            raise ArtratorError(Code.PACKAGE_INVALID, f"The package has no signed file named {name}.")
        try:
            data = _read_regular(self._folder, parts)
        except OSError as error:
            raise ArtratorError(Code.PACKAGE_CHANGED, f"{name} cannot be read: {error.strerror or error}.") from error
        if hashlib.sha256(data).hexdigest() != expected:
            raise ArtratorError(Code.PACKAGE_CHANGED, f"{name} is not the file that was signed.")
        return data


def _read_regular(folder: Path, parts: Sequence[str]) -> bytes:
    """Read one plain file below ``folder``, following no link: a hard link may lead outside just as a symlink may."""
    path = folder.joinpath(*parts)
    for above in [folder.joinpath(*parts[:depth]) for depth in range(1, len(parts))]:
        if above.is_symlink():
            raise OSError(0, f"{above.name} is a link")
    # Without O_NONBLOCK, opening a pipe in the place of the file would wait for ever.
    flags = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    descriptor = os.open(path, os.O_RDONLY | flags)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise OSError(0, f"{path.name} is a link or no plain file")
        return file.read()
