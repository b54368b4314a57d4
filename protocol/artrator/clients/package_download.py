"""Fetching a bought package from a node that need not be honest: resumable, bounded, and nothing unsigned is kept.

What arrives is named by its digest and hashed as it is written. An interrupted download, by a kill or a power cut
too, goes on from the bytes that are there. The folder is handed on only when it holds exactly what was signed.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from artrator.clients.node import Access, NodeClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages.node import PackageFiles
from artrator.one_process import only_one
from artrator.package import verify_signature
from artrator.package.tree import SIGNATURE_NAME
from artrator.profile import write_atomically

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

#: Larger packages than this are not fetched, whatever a node promises.
MAX_PACKAGE: Final = 256 * 2**30
#: Files that are fetched at once: enough to hide the waits between small ones.
_AT_ONCE: Final = 3
#: What stays free on the disk.
_RESERVE: Final = 256 * 2**20
#: How long a node may be away, or busy, before the download is put off. Every byte that arrives starts it anew.
_PATIENCE_SECONDS: Final = 60.0
#: What must have come in that time.
_LEAST: Final = 64 * 1024
_CHUNK: Final = 1 << 20
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Download:
    """How far a download is, in bytes of all files."""

    done: int
    total: int


OnDownload = Callable[[Download], None]


class Check(Protocol):
    """What looks at a file's bytes as they come: a hash, or something like it."""

    def update(self, data: bytes, /) -> None:
        """More of the file."""
        ...


class PackageDownload:
    """One package on its way from one node.

    Args:
        node: Who has it.
        access: What opens it.
        package: Its digest.
        creator: The key that must have signed it.
        folder: Where it grows; another download of the same package goes on with what is there.
        on_progress: Called on the event loop.
    """

    def __init__(
        self,
        node: NodeClient,
        access: Access,
        package: str,
        creator: PublicKey,
        folder: Path,
        on_progress: OnDownload | None = None,
        *,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._node = node
        self._access = access
        self._package = package
        self._creator = creator
        self._folder = folder
        self._on_progress = on_progress
        self._patience = patience
        self._done = 0
        self._total = 0
        self._heard = time.monotonic()
        self._drops = 0
        self._signature: Mapping[str, Any] = {}
        self._is_sealed = False

    async def run(self) -> tuple[Path, Mapping[str, tuple[str, int]]]:
        """Fetch what is missing; answers the folder of the whole package, and (hex SHA-256, size) of its files.

        Raises:
            ArtratorError: ``package_changed`` or ``package_invalid``: the node sends something else than the creator
                signed. ``disk_full``; ``node_unreachable``, ``node_busy``: go on later. Else what the node says.
        """
        async with self._begun(sealed=False) as files:
            with disk_errors(0):
                await asyncio.to_thread(take_back, self._folder, files)
            await self._gather(dict(files.values()))
            with disk_errors(0):
                return await asyncio.to_thread(assemble, self._folder, files, self._signature), files

    @asynccontextmanager
    async def _begun(self, *, sealed: bool) -> AsyncIterator[Mapping[str, tuple[str, int]]]:
        """What is to be fetched; the folder is there for it, and for nobody else while the block lasts."""
        files = await self._listed()
        if self._is_sealed and not sealed:
            raise ArtratorError(Code.PACKAGE_CHANGED, "The node sends sealed what was paid for.")
        if sealed and not self._is_sealed:
            raise ArtratorError(Code.PACKAGE_CHANGED, "The node does not send what it sells sealed.")
        with disk_errors(0):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Two programs that write the same part would make it something that nobody sent.
        with only_one(self._folder / "lock", under_way("The download of this package")):
            yield files

    async def _gather(self, sizes: Mapping[str, int]) -> None:
        """Fetch every file, by digest, as far as it is missing."""
        self._total = sum(sizes.values())
        with disk_errors(self._total):
            await asyncio.to_thread(self._check_room, sizes)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(sha256: str, size: int) -> None:
            async with limit:
                await self._fetch(sha256, size)

        fetching = [asyncio.create_task(one(*item)) for item in sorted(sizes.items(), key=lambda item: item[1])]
        try:
            await asyncio.gather(*fetching)
        finally:
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)

    async def _listed(self) -> Mapping[str, tuple[str, int]]:
        """The files that the creator signed, with the sizes that the node says; digests check those in the end."""
        listed = await self._list()
        signed = verify_signature(listed.signature, self._creator)
        if signed.digest != self._package:
            raise ArtratorError(Code.PACKAGE_CHANGED, "The node lists another package than the one that was bought.")
        files = {file.name: (file.sha256, file.size) for file in listed.files}
        if len(files) != len(listed.files) or {name: sha for name, (sha, _) in files.items()} != dict(signed.files):
            raise ArtratorError(Code.PACKAGE_CHANGED, "The node lists other files than the creator signed.")
        by_digest: dict[str, int] = {}
        for sha256, size in files.values():
            if size < 0 or by_digest.setdefault(sha256, size) != size:
                raise ArtratorError(Code.PACKAGE_CHANGED, "The node lists sizes that make no sense.")
        if sum(by_digest.values()) > MAX_PACKAGE:
            raise ArtratorError(Code.PACKAGE_CHANGED, f"The node lists more than {MAX_PACKAGE >> 30} GiB.")
        self._signature, self._is_sealed = listed.signature, listed.sealed
        return files

    async def _list(self) -> PackageFiles:
        wait = 0.2
        while True:
            try:
                return await self._node.package(self._package, self._access)
            except ArtratorError as error:
                if not self._worth_waiting(error):
                    raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)

    def _check_room(self, sizes: Mapping[str, int]) -> None:
        there = sum(self._part(sha256).stat().st_size for sha256 in sizes if self._part(sha256).exists())
        missing = max(0, self._total - there)
        free = shutil.disk_usage(self._folder).free
        if missing and free < missing + _RESERVE:
            raise ArtratorError(
                Code.DISK_FULL,
                f"The package takes {missing / 2**20:,.0f} MiB more, and the disk has {free / 2**20:,.0f} MiB left.",
                cure="Free some space on this machine; the download goes on where it stands.",
                needed=missing + _RESERVE,
            )

    # --- one file

    async def _fetch(self, sha256: str, size: int) -> None:
        part = self._part(sha256)
        digest = hashlib.sha256()
        with disk_errors(size):
            have = await asyncio.to_thread(begun, part, size, digest)
        self._tell(have)
        left_before = have
        await self._finish(part, digest, sha256, have, size)
        if digest.hexdigest() == sha256:
            return
        part.unlink(missing_ok=True)
        self._done -= size
        if left_before:
            # A power cut may have left something else on the disk than what came: this node is not to blame for it yet.
            await self._fetch(sha256, size)
            return
        raise ArtratorError(
            Code.PACKAGE_CHANGED,
            "What the node sent is not the file that the creator signed.",
            cure="It was thrown away, and nothing was paid for it; try again later or tell the creator.",
        )

    async def _finish(self, part: Path, check: Check, sha256: str, have: int, size: int) -> None:
        """Ask for what is missing of a file until all of it is there."""
        wait = 0.2
        while have < size:
            before = have
            try:
                have = await self._more(part, check, sha256, have, size)
            except ArtratorError as error:
                have = part.stat().st_size
                if not self._worth_waiting(error):
                    raise
                wait = float(error.details["retry_after"]) if _says_when(error) else wait
            if have == before:
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)
            else:
                wait = 0.2
            if have < size and time.monotonic() - self._heard > self._patience:
                raise ArtratorError(Code.NODE_UNREACHABLE, "The node sends nothing any more.", reached=True)

    async def _more(self, part: Path, check: Check, sha256: str, have: int, size: int) -> int:
        """Take what the node sends from ``have`` on; answers how much there is now."""
        with disk_errors(size), part.open("ab") as file:
            chunks = self._node.package_file(self._package, sha256, self._access, begin=have, size=size)
            waiting = bytearray()
            try:
                async with aclosing(chunks):
                    async for chunk in chunks:
                        waiting += chunk
                        have += len(chunk)
                        self._tell(len(chunk))
                        self._hear(len(chunk), whole=have == size)
                        if len(waiting) >= _CHUNK:
                            await asyncio.to_thread(_write, file, check, bytes(waiting))
                            waiting.clear()
            finally:
                await asyncio.to_thread(_write, file, check, bytes(waiting), sync=True)
        return have

    def _hear(self, count: int, *, whole: bool) -> None:
        """Something came. A node that sends a byte now and then is as good as one that sends nothing."""
        self._drops += count
        if whole or self._drops >= _LEAST:
            self._heard, self._drops = time.monotonic(), 0
        elif time.monotonic() - self._heard > self._patience:
            raise ArtratorError(Code.NODE_UNREACHABLE, "The node sends next to nothing.", reached=True)

    def _worth_waiting(self, error: ArtratorError) -> bool:
        lost = error.code in (Code.NODE_UNREACHABLE, Code.NODE_BUSY)
        return lost and time.monotonic() - self._heard <= self._patience

    def _tell(self, more: int) -> None:
        self._done += more
        if self._on_progress is not None:
            self._on_progress(Download(self._done, self._total))

    def _part(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.part"


def take_back(folder: Path, files: Mapping[str, tuple[str, int]]) -> None:
    """An earlier attempt came as far as the whole package: its files are parts again, to be hashed once more."""
    for name, (sha256, _) in files.items():
        path, part = folder / "package" / name, folder / f"{sha256}.part"
        if not part.exists() and path.is_file() and not path.is_symlink():
            path.rename(part)


def under_way(what: str) -> ArtratorError:
    """Two programs at once: the second one hears of the first."""
    return ArtratorError(Code.CONFLICT, f"{what} is under way in another program.", cure="Wait until it has ended.")


def assemble(folder: Path, files: Mapping[str, tuple[str, int]], signature: Mapping[str, Any]) -> Path:
    """The package's folder out of the parts: each under its signed name, which ``verify_signature`` found safe."""

    def part(sha256: str) -> Path:
        return folder / f"{sha256}.part"

    target = folder / "package"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    left = Counter(sha256 for sha256, _ in files.values())
    for name, (sha256, _) in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        left[sha256] -= 1
        if left[sha256]:  # the same content stands under another name too
            shutil.copyfile(part(sha256), path)
        else:
            part(sha256).rename(path)
        path.chmod(0o644)
    write_atomically(target / SIGNATURE_NAME, json.dumps(signature, indent=1).encode() + b"\n")
    return target


def begun(part: Path, size: int, check: Check) -> int:
    """Show ``check`` what an earlier attempt left; answers how much that is."""
    if part.is_symlink() or (part.exists() and part.stat().st_size > size):
        part.unlink()
    have = 0
    if part.exists():
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                check.update(chunk)
                have += len(chunk)
    else:
        part.touch(mode=0o600)
    return have


def _write(file: IO[bytes], check: Check, data: bytes, *, sync: bool = False) -> None:
    file.write(data)
    check.update(data)
    if sync:
        file.flush()
        os.fsync(file.fileno())


def _says_when(error: ArtratorError) -> bool:
    """Whether a node asks to wait for a time that makes sense."""
    asked = error.details.get("retry_after")
    return isinstance(asked, int | float) and not isinstance(asked, bool) and 0 < asked <= 30


@contextmanager
def disk_errors(needed: int) -> Iterator[None]:
    """Tell errors of the disk as ``disk_full``."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ArtratorError(
                Code.DISK_FULL,
                "The disk of this machine is full.",
                cure="Free some space; the download goes on where it stands.",
                needed=needed,
            ) from error
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"The package could not be written: {error.strerror}.",
            cure="Name a folder in which you may write.",
        ) from error
