"""A package's large files, kept from being written to for as long as a worker loads them.

Weights may be mapped only if what was hashed is what is computed with, however long a load takes. Linux can promise it:
nobody can open a file to write while somebody has a read lease of it, and whoever has it learns that somebody tried.
The lease is the parent's, because workers must not hold up whoever writes; the worker inherits the open file.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.worker.child.package_files import open_regular
from artrator.worker.claims import SignedContent
from artrator.worker.outlast import outlast

#: What is smaller is read in no time, and held twice for no longer.
_LEAST_BYTES: Final = 16 << 20
#: Weights in more files than this are read, as are the smaller ones of them: a worker may open few files.
_MOST_FILES: Final = 16
#: File systems whose files change through this kernel alone, by their magic numbers: ext, XFS, Btrfs, F2FS, bcachefs,
#: ZFS, tmpfs. A server's files could change behind any lease, and an overlay's beneath it.
_LOCAL: Final = frozenset({0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0xCA451A4E, 0x2FC12FC1, 0x01021994})
_F_SETSIG: Final = 10


class HeldFiles:
    """Open files of a package that nobody can write to until they are let go of.

    Attributes:
        descriptors: By name.
        size: Bytes of all of them.
    """

    def __init__(self) -> None:
        """Nothing; use ``of``."""
        self.descriptors: Final[dict[str, int]] = {}
        self.size = 0
        self._open: Final = contextlib.ExitStack()

    @classmethod
    def of(cls, content: SignedContent) -> HeldFiles:
        """Hold what can be held: nothing on other systems than Linux, of other users' files, and of what is written to.

        What cannot be held is left out, and read by the worker. Close it in any case.
        """
        held = cls()
        if sys.platform == "linux":
            for name in _largest(content.folder, content.files):
                with contextlib.suppress(OSError, AttributeError):
                    held._hold(content.folder, name)
        return held

    @classmethod
    async def taken(cls, content: SignedContent) -> HeldFiles:
        """As ``of``, in a thread; whoever is cancelled meanwhile holds nothing."""
        taking = asyncio.ensure_future(asyncio.to_thread(cls.of, content))
        try:
            return await outlast(taking)
        except asyncio.CancelledError:
            if not taking.cancelled() and taking.exception() is None:
                taking.result().close()
            raise

    def require_unchanged(self) -> None:
        """Be sure that all of them are as they were when they were opened.

        Raises:
            ArtratorError: ``package_changed`` if somebody opened one to write since; whoever did may still be waiting.
        """
        for name, descriptor in self.descriptors.items():
            if not _is_leased(descriptor):
                raise ArtratorError(Code.PACKAGE_CHANGED, f"Somebody writes to {name} while it is loaded.")

    def close(self) -> None:
        """Let go; whoever waits to write goes on."""
        self._open.close()
        self.descriptors.clear()

    def __enter__(self) -> HeldFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _hold(self, folder: Path, name: str) -> None:
        with contextlib.ExitStack() as opening:
            file = opening.enter_context(open_regular(folder, PurePosixPath(name).parts))
            if _file_system(file.fileno()) not in _LOCAL:
                return
            opening.enter_context(_lease(file.fileno()))
            self.descriptors[name] = file.fileno()
            self.size += os.fstat(file.fileno()).st_size
            self._open.push(opening.pop_all())


def _largest(folder: Path, files: Mapping[str, str]) -> list[str]:
    sizes = {}
    for name in files:
        with contextlib.suppress(OSError):
            sizes[name] = folder.joinpath(*PurePosixPath(name).parts).lstat().st_size
    large = sorted((name for name, size in sizes.items() if size >= _LEAST_BYTES), key=lambda name: -sizes[name])
    return large[:_MOST_FILES]


def _file_system(descriptor: int) -> int:
    """The magic number of the file system that a file lies on; 0 if nobody says."""
    found = (ctypes.c_long * 64)()
    if ctypes.CDLL(None).fstatfs(descriptor, ctypes.byref(found)) != 0:
        return 0
    return int(found[0]) & 0xFFFFFFFF


@contextlib.contextmanager
def _lease(descriptor: int) -> Iterator[None]:
    if sys.platform != "linux":
        raise OSError(0, "only Linux knows leases")
    import fcntl

    # The usual signal would end this process, which does not wait for it; this one is passed over.
    fcntl.fcntl(descriptor, _F_SETSIG, int(signal.SIGURG))
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    try:
        yield
    finally:
        # To close it is not enough: the worker has the file open as well.
        with contextlib.suppress(OSError):  # it is over already
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _is_leased(descriptor: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK
