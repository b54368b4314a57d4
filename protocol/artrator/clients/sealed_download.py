"""Fetching a package that is still sealed, and opening it once it has been paid for.

While it arrives, each chunk is compared with its table; the node signs the root over all tables, so that what was
fetched is what it will be held to. A folder of its own holds the sealed files of one purchase, because no other
purchase's key opens them: ``<sha256>.part`` and ``<sha256>.table``.

Opening goes file by file. What was opened is a part of the plain package, as ``PackageDownload`` keeps them, and its
sealed form goes: the disk never holds more than one file twice. A crash in between loses nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from artrator.clients.package_download import PackageDownload, assemble, begun, disk_errors, take_back, under_way
from artrator.errors import ArtratorError, Code
from artrator.one_process import only_one
from artrator.profile import write_atomically
from artrator.sealing import DIGEST, SEALED_CHUNK, FileSeal, TableCheck, chunks, root, sealed_size

#: A node may hash for so long before it has the table of a large file.
_TABLE_SECONDS: Final = 1200.0
_FACTS: Final = "sealed.json"


class SealedDownload(PackageDownload):
    """One sealed package on its way from one node; ``folder`` belongs to one purchase."""

    #: Plain sizes and tables by plain hex SHA-256, once ``fetch`` knows them.
    _plain: dict[str, int]
    _tables: dict[str, bytes]

    async def fetch(self) -> SealedPackage:
        """Fetch what is missing; raises as ``PackageDownload.run`` does."""
        async with self._begun(sealed=True) as files:
            self._plain, self._tables = dict(files.values()), {}
            for sha256, size in self._plain.items():
                self._tables[sha256] = await self._table(sha256, size)
            await self._gather({sha256: sealed_size(size) for sha256, size in self._plain.items()})
            sealed = SealedPackage(self._folder, files, self._signature, self._tables)
            await asyncio.to_thread(sealed.save)
            return sealed

    async def _table(self, sha256: str, size: int) -> bytes:
        path, wanted = self._folder / f"{sha256}.table", chunks(size) * DIGEST
        if path.is_file() and path.stat().st_size == wanted:
            return path.read_bytes()
        until, wait = time.monotonic() + _TABLE_SECONDS, 0.2
        while True:
            try:
                table = await self._node.package_table(self._package, sha256, self._access, size=wanted)
                break
            except ArtratorError as error:
                if error.code is Code.INTERNAL:  # more than a table of this file has
                    raise _unfit() from error
                if error.code is Code.NODE_BUSY and time.monotonic() < until:
                    self._heard = time.monotonic()  # it hashes
                elif not self._worth_waiting(error):
                    raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, 3.0)
        if len(table) != wanted:
            raise _unfit()
        with disk_errors(wanted):
            write_atomically(path, table)
        return table

    async def _fetch(self, sha256: str, size: int) -> None:
        part, check = self._part(sha256), TableCheck(self._tables[sha256], self._plain[sha256])
        with disk_errors(size):
            have = await asyncio.to_thread(begun, part, size, check)
            if check.wrong:  # a power cut left something else than what came: go on from the last chunk that is right
                os.truncate(part, check.good)
                have, check = check.good, TableCheck(self._tables[sha256], self._plain[sha256])
                await asyncio.to_thread(begun, part, size, check)
        self._tell(have)
        await self._finish(part, check, sha256, have, size)
        if check.whole:
            return
        part.unlink(missing_ok=True)
        self._done -= size
        raise ArtratorError(
            Code.PACKAGE_CHANGED,
            "What the node sent is not what it had announced.",
            cure="It was thrown away, and nothing was paid for it; try again later or tell the creator.",
        )


class SealedPackage:
    """A package that was fetched whole and is still sealed.

    Args:
        folder: Of the purchase.
        files: (hex SHA-256, size) by name, as the creator signed them.
        signature: The creator's, parsed.
        tables: Of each file, by its plain hex SHA-256.
    """

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, tuple[str, int]],
        signature: Mapping[str, Any],
        tables: Mapping[str, bytes],
    ) -> None:
        self.files = files
        self.root = root(tables)
        self._folder = folder
        self._signature = signature
        self._tables = tables

    @classmethod
    def load(cls, folder: Path) -> SealedPackage | None:
        """What an earlier start fetched, or None if it did not come to that."""
        try:
            facts = json.loads((folder / _FACTS).read_bytes())
            files = {str(name): (str(sha256), int(size)) for name, (sha256, size) in facts["files"].items()}
            tables = {sha256: (folder / f"{sha256}.table").read_bytes() for sha256, _ in files.values()}
            return cls(folder, files, facts["signature"], tables)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self) -> None:
        """Note that everything is here. From now on it can be opened without the node."""
        facts = {"files": dict(self.files), "signature": self._signature}
        with disk_errors(0):
            write_atomically(self._folder / _FACTS, json.dumps(facts).encode())

    def open(self, key: bytes, target: Path) -> Path:
        """Open every file into ``target``; answers the folder of the whole package. Blocks.

        Raises:
            ArtratorError: ``package_changed``: the node is bound by its signature to something that this key does not
                open, or that the creator did not sign. ``output_corrupt``: this machine's copy is damaged.
                ``disk_full``.
        """
        with disk_errors(0):
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
        with only_one(target / "lock", under_way("Opening this package")), disk_errors(0):
            take_back(target, self.files)
            for sha256, size in dict(self.files.values()).items():
                self._open_file(sha256, size, key, target / f"{sha256}.part")
            return assemble(target, self.files, self._signature)

    def _open_file(self, sha256: str, size: int, key: bytes, plain: Path) -> None:
        sealed = self._folder / f"{sha256}.part"
        if not sealed.exists():
            digest = hashlib.sha256()
            if begun(plain, size, digest) == size and digest.hexdigest() == sha256:
                return  # opened before a crash
            raise _damaged(sha256)
        digest, seal, table = hashlib.sha256(), FileSeal(key, sha256, size), self._tables[sha256]
        with sealed.open("rb") as source, plain.open("wb") as file:
            for number in range(chunks(size)):
                chunk = source.read(SEALED_CHUNK)
                if hashlib.sha256(chunk).digest() != table[DIGEST * number : DIGEST * (number + 1)]:
                    raise _damaged(sha256)
                opened = seal.open(number, chunk)
                digest.update(opened)
                file.write(opened)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise ArtratorError(
                Code.PACKAGE_CHANGED, "What the node had sealed is not the file that the creator signed."
            )
        sealed.unlink()


def _unfit() -> ArtratorError:
    return ArtratorError(Code.PACKAGE_CHANGED, "The node's table does not fit the file that was signed.")


def _damaged(sha256: str) -> ArtratorError:
    return ArtratorError(Code.OUTPUT_CORRUPT, f"The sealed file {sha256[:12]}… was damaged on this machine.")
