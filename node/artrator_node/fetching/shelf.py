"""A package's files as they were signed, block by block: what has changed on the disk is refused and never sent.

A file's signature covers all of it, so a piece of it can be vouched for only if all of it was hashed before. The first
time a file is asked for it is hashed once, and the digest of each block is remembered; a block is sent only if it still
has its digest. A purchase gets its files sealed: each block is encrypted as it is read, and the digests of what comes
out, the table, are made in one pass over the file, and made again after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from artrator.documents import Seal
from artrator.errors import ArtratorError, Code
from artrator.package.tree import open_plain, read_errors
from artrator.sealing import CHUNK, SEALED_CHUNK, FileSeal, commitment, root
from artrator_node.catalogue import ServedPackage
from artrator_node.config import Settings
from artrator_node.logs import log

_logger = logging.getLogger(__name__)

#: A thousandth of a gigabyte: its digest costs 32 bytes to remember, and reading it a few milliseconds.
BLOCK: Final = CHUNK
#: How long a request waits for a large file to be hashed before it is told to come back.
_PATIENCE_SECONDS: Final = 10.0
_COME_BACK_SECONDS: Final = 3
#: Hashing and reading have threads of their own, so that they hold up no job's encoding.
_THREADS: Final = 2
#: So many bytes of digests are remembered, which are those of two thousand gigabytes; of withdrawn packages too.
_MOST_REMEMBERED: Final = 64 * 2**20
#: What a table takes besides its digests: a small file has one of 32 bytes.
_TABLE_ITSELF: Final = 1_024

#: The package, the file in it, and what it is sealed with.
_Key = tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One file of a served package, by its digest."""

    served: ServedPackage
    name: str
    sha256: str
    size: int


class Shelf:
    """The files of all served packages."""

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.downloads
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="shelf")
        self._tables: dict[_Key, bytes] = {}  # the one that was used last is the last
        self._remembered = 0
        self._hashing: dict[_Key, asyncio.Task[bytes]] = {}
        self._busy: defaultdict[str, int] = defaultdict(int)

    def close(self) -> None:
        """Read nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def find(served: ServedPackage, sha256: str) -> Item:
        """A file by its digest: no request names a path.

        Raises:
            ArtratorError: ``not_found``.
        """
        for name, file in served.files.items():
            if file.sha256 == sha256:
                return Item(served, name, sha256, file.size)
        raise ArtratorError(Code.NOT_FOUND, "The package has no file of this digest.")

    @asynccontextmanager
    async def place(self, buyer: str) -> AsyncIterator[None]:
        """One of the places for those who fetch at the same time.

        Raises:
            ArtratorError: ``node_busy``.
        """
        if sum(self._busy.values()) >= self._limit or self._busy[buyer] >= max(1, self._limit // 2):
            raise ArtratorError(
                Code.NODE_BUSY, "As many files are fetched now as the node allows.", retry_after=_COME_BACK_SECONDS
            )
        self._busy[buyer] += 1
        try:
            yield
        finally:
            self._busy[buyer] -= 1
            if not self._busy[buyer]:
                del self._busy[buyer]

    def blocks(self, item: Item, begin: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes from ``begin`` to before ``end``, in pieces of at most a block, each of them as it was signed.

        Raises:
            ArtratorError: ``package_changed``; ``node_busy`` while a large file is being hashed.
        """
        return self._pieces(item, begin, end, BLOCK, _read)

    def sealed(self, item: Item, key: bytes, begin: int, end: int) -> AsyncGenerator[bytes, None]:
        """The sealed bytes from ``begin`` to before ``end``, in pieces of at most a sealed block.

        Raises:
            ArtratorError: As ``blocks`` does.
        """
        return self._pieces(item, begin, end, SEALED_CHUNK, _read_sealed, FileSeal(key, item.sha256, item.size))

    async def _pieces(
        self, item: Item, begin: int, end: int, size: int, read: Callable[..., bytes], *how: Any
    ) -> AsyncGenerator[bytes, None]:
        """What ``read`` makes of each block, ``size`` bytes but for the last, cut to what was asked for."""
        table = await self._table(item)
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(self._pool, _open, item)
        try:
            for number in range(begin // size, -(-end // size)):
                data = await loop.run_in_executor(self._pool, read, file, item, table, number, *how)
                start = number * size
                yield data[max(0, begin - start) : end - start]
        except ArtratorError as error:
            self._changed(item, error)
            raise
        finally:
            await asyncio.shield(loop.run_in_executor(None, file.close))

    async def sealed_table(self, item: Item, key: bytes) -> bytes:
        """The digests of a file's sealed blocks, one after the other; raises as ``blocks`` does."""
        return await self._once(item, (commitment(key),), _sealed_digests, FileSeal(key, item.sha256, item.size))

    async def seal(self, served: ServedPackage, key: bytes) -> Seal:
        """What a receipt says of all files of a package as they are sealed with ``key``; raises as ``blocks`` does."""
        tables = {}
        for name, file in served.files.items():
            tables[file.sha256] = await self.sealed_table(Item(served, name, file.sha256, file.size), key)
        return Seal(key=commitment(key), root=root(tables))

    async def _table(self, item: Item) -> bytes:
        """The digests of a file's blocks, one after the other."""
        return await self._once(item, (), _digests)

    async def _once(self, item: Item, more: tuple[str, ...], read: Callable[..., bytes], *how: Any) -> bytes:
        """What one pass over a file brings, in a thread; remembered by the file and ``more``."""
        key = (item.served.digest, item.sha256, *more)
        if (table := self._forget(key)) is not None:
            self._remember(key, table)
            return table
        hashing = self._hashing.get(key)
        if hashing is None:
            hashing = self._hashing[key] = asyncio.ensure_future(self._read(read, item, *how))
            hashing.add_done_callback(partial(self._hashed, key))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                try:
                    return await asyncio.shield(hashing)
                except ArtratorError as error:
                    self._changed(item, error)
                    raise
        raise ArtratorError(
            Code.NODE_BUSY, f"{item.name} is being read for the first time.", retry_after=_COME_BACK_SECONDS
        )

    async def _read(self, read: Callable[..., bytes], item: Item, *how: Any) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pool, read, item, *how)

    def _hashed(self, key: _Key, hashing: asyncio.Task[bytes]) -> None:
        del self._hashing[key]
        if not hashing.cancelled() and hashing.exception() is None:
            self._remember(key, hashing.result())

    def _remember(self, key: _Key, table: bytes) -> None:
        self._tables[key] = table
        self._remembered += len(table) + _TABLE_ITSELF
        while self._remembered > _MOST_REMEMBERED:
            self._forget(next(iter(self._tables)))

    def _forget(self, key: _Key) -> bytes | None:
        table = self._tables.pop(key, None)
        if table is not None:
            self._remembered -= len(table) + _TABLE_ITSELF
        return table

    def _changed(self, item: Item, error: ArtratorError) -> None:
        """A file is not what was signed: hash it anew the next time, in case its owner restored it."""
        for key in [key for key in self._tables if key[:2] == (item.served.digest, item.sha256)]:
            self._forget(key)
        log(_logger, logging.ERROR, "package_changed", package=item.served.digest, file=item.name, why=error.message)


def _open(item: Item) -> io.BufferedReader:
    return open_plain(item.served.folder / item.name, item.name)


def _digests(item: Item) -> bytes:
    """Hash a file once: all of it must be what was signed, and each block gets a digest."""
    return _tabled(item, lambda _number, block: block)


def _sealed_digests(item: Item, seal: FileSeal) -> bytes:
    """Like ``_digests``, of the blocks as they are sealed."""
    return _tabled(item, seal.seal) if item.size else hashlib.sha256(seal.seal(0, b"")).digest()


def _tabled(item: Item, made_of: Callable[[int, bytes], bytes]) -> bytes:
    whole, table = hashlib.sha256(), bytearray()
    with _open(item) as file:
        for number, block in enumerate(_all_blocks(file, item)):
            whole.update(block)
            table += hashlib.sha256(made_of(number, block)).digest()
    if whole.hexdigest() != item.sha256:
        raise _not_signed(item)
    return bytes(table)


def _all_blocks(file: io.BufferedReader, item: Item) -> Iterator[bytes]:
    left = item.size
    while left:
        with read_errors(item.name):
            block = file.read(min(BLOCK, left))
        if not block:
            raise _not_signed(item)
        left -= len(block)
        yield block
    with read_errors(item.name):
        if file.read(1):
            raise _not_signed(item)


def _read(file: io.BufferedReader, item: Item, table: bytes, number: int) -> bytes:
    with read_errors(item.name):
        file.seek(number * BLOCK)
        block = file.read(min(BLOCK, item.size - number * BLOCK))
    if hashlib.sha256(block).digest() != table[32 * number : 32 * number + 32]:
        raise _not_signed(item)
    return block


def _read_sealed(file: io.BufferedReader, item: Item, table: bytes, number: int, seal: FileSeal) -> bytes:
    return seal.seal(number, _read(file, item, table, number) if item.size else b"")


def _not_signed(item: Item) -> ArtratorError:
    return ArtratorError(Code.PACKAGE_CHANGED, f"{item.name} is not the file that was signed.", file=item.name)
