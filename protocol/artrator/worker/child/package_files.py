"""A package inside a worker: names and hashes come from the parent, bytes from the folder.

The parent has verified the signature, because that takes a key and a library which a plugin's environment lacks. The
worker reads the files itself, and checks every read against the signed hash: a file that changed since is refused.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import BinaryIO, Final

from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest

#: A file system may note times no finer than this.
_YOUNG_NS: Final = 3_000_000_000
_PIECE: Final = 1 << 20


class SignedFolder:
    """PackageFiles over a folder whose signature the parent has verified.

    Args:
        folder: Where it lies.
        manifest: The validated ``artrator.toml``.
        digest: What the signature names.
        hashes: SHA-256 in hex of every signed file.
        held: Open files to which the parent lets nobody write until the package is loaded, by name.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        digest: str,
        hashes: Mapping[str, str],
        held: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._folder: Final = folder
        self._manifest: Final = manifest
        self._digest: Final = digest
        self._hashes: Final = dict(hashes)
        self._held: Final = dict(held)
        self._hashed: Final[dict[str, tuple[int, ...]]] = {}

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
        expected, parts = self._signed(name)
        try:
            data, identity = _read_regular(self._folder, parts)
        except OSError as error:
            raise _unreadable(name, error) from error
        # A backend reads a graph to inspect it and once more to load it; as long as nothing wrote to the file between
        # the two, hashing it twice says nothing new.
        if identity is not None and self._hashed.get(name) == identity:
            return data
        if hashlib.sha256(data).hexdigest() != expected:
            raise _changed(name)
        if identity is not None:
            self._hashed[name] = identity
        return data

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a signed file, so that nobody need hold all of them.

        They are hashed on their way, each time. The last piece comes only after all of them were found to be what was
        signed; what came before is not to be relied on until then.

        Raises:
            ArtratorError: As of ``read``, at the end at the latest.
        """
        expected, parts = self._signed(name)
        hashed = hashlib.sha256()
        held = b""
        try:
            with open_regular(self._folder, parts) as file:
                while piece := file.read(_PIECE):
                    hashed.update(piece)
                    if held:
                        yield held
                    held = piece
        except OSError as error:
            raise _unreadable(name, error) from error
        if hashed.hexdigest() != expected:
            raise _changed(name)
        yield held

    @contextmanager
    def lent(self, name: str) -> Iterator[bytes | mmap.mmap]:
        """The bytes of a signed file for as long as the block lasts.

        They are mapped, and so take no memory of this process's own, where the parent keeps everybody from writing to
        the file; else they are read. Only while the package is loaded: afterwards anybody may write again.

        Raises:
            ArtratorError: As of ``read``.
        """
        expected, _ = self._signed(name)
        descriptor = self._held.get(name)
        if sys.platform == "win32" or descriptor is None:
            yield self.read(name)
            return
        try:
            if _hash_of(descriptor) != expected:
                raise _changed(name)
            mapped = mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        except OSError as error:
            raise _unreadable(name, error) from error
        with mapped:
            yield mapped

    def let_go(self) -> None:
        """The package is loaded: from now on anybody may write to its files, or take them away for good."""
        while self._held:
            os.close(self._held.popitem()[1])

    def _signed(self, name: str) -> tuple[str, Sequence[str]]:
        """The hash that was signed, and the parts of the path."""
        expected = self._hashes.get(name)
        parts = PurePosixPath(name).parts
        if expected is None or not parts or ".." in parts or PurePosixPath(name).is_absolute():
            raise ArtratorError(Code.PACKAGE_INVALID, f"The package has no signed file named {name}.")
        return expected, parts


def _changed(name: str) -> ArtratorError:
    return ArtratorError(Code.PACKAGE_CHANGED, f"{name} is not the file that was signed.")


def _unreadable(name: str, error: OSError) -> ArtratorError:
    return ArtratorError(Code.PACKAGE_CHANGED, f"{name} cannot be read: {error.strerror or error}.")


def _hash_of(descriptor: int) -> str:
    """Reads an open file without moving where others read in it."""
    hashed, at = hashlib.sha256(), 0
    while piece := os.pread(descriptor, _PIECE, at):
        hashed.update(piece)
        at += len(piece)
    return hashed.hexdigest()


def _read_regular(folder: Path, parts: Sequence[str]) -> tuple[bytes, tuple[int, ...] | None]:
    """Read one plain file below ``folder``.

    Returns:
        Its bytes, and what a later write to it would change; None if it is so young, or changed while it was read, that
        a write might not show.
    """
    with open_regular(folder, parts) as file:
        found = os.fstat(file.fileno())
        data = file.read()
        after = os.fstat(file.fileno())
    times = max(after.st_mtime_ns, after.st_ctime_ns)
    if _identity(found) != _identity(after) or time.time_ns() - times < _YOUNG_NS:
        return data, None
    return data, _identity(after)


@contextmanager
def open_regular(folder: Path, parts: Sequence[str]) -> Iterator[BinaryIO]:
    """Open one plain file below ``folder``, following no link: a hard link may lead outside just as a symlink may."""
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
        yield file


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
