"""The packages this node serves: one small file each in ``served/``, written by ``publish`` and read while serving.

A file names the folder, the key that signed it, and every offer that was ever made for it: a ticket may have been
bought under an older price.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artrator.documents import Offer, document_digest
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.manifest import Manifest
from artrator.package.again import verify_again
from artrator.package.folder import SignedFile
from artrator.profile import write_atomically
from artrator_node.logs import log

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedPackage:
    """A verified package in its folder.

    Attributes:
        signer: The creator's key.
        offers: The offers under which it may be sold, by digest.
        files: Every signed file by name, as it was verified.
    """

    folder: Path
    signer: PublicKey
    digest: str
    manifest: Manifest
    listing: str
    file_bytes: int
    offers: Mapping[str, Offer] = field(default_factory=dict)
    files: Mapping[str, SignedFile] = field(default_factory=dict)


@dataclass(frozen=True)
class BrokenPackage:
    """A package that is to be served but cannot be, and why."""

    folder: Path
    digest: str
    reason: str
    code: str


@dataclass(frozen=True)
class _Entry:
    """What a file in ``served/`` says; nothing of it is verified but its form."""

    package: str
    folder: Path
    signer: PublicKey
    listing: str
    offers: Sequence[object]


class Catalogue:
    """What is served now. ``refresh`` reads the folder again; ``serial`` grows when anything changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._seen: dict[Path, int] = {}
        self._reading = asyncio.Lock()
        self.serial = 0
        self.packages: Mapping[str, ServedPackage] = {}
        self.broken: Mapping[str, BrokenPackage] = {}

    async def learn(self, package: str, offer: str) -> None:
        """Look again if this package or this offer of it is not known: it may have been published a moment ago."""
        served = self.packages.get(package)
        if served is None or offer not in served.offers:
            with contextlib.suppress(OSError):  # an entry that is just being replaced; the next look finds it
                await self.refresh()

    async def refresh(self) -> None:
        """Look for new, changed and withdrawn packages."""
        async with self._reading:
            await self._refresh()

    async def _refresh(self) -> None:
        files = {path: path.stat().st_mtime_ns for path in self._folder.glob("*.json")}
        if files == self._seen:
            return
        packages: dict[str, ServedPackage] = {}
        broken: dict[str, BrokenPackage] = {}
        known = {served.folder: served for served in self.packages.values()}
        for path, changed in sorted(files.items()):
            entry = await asyncio.to_thread(_read_entry, path)
            if entry is None:
                continue
            before = known.get(entry.folder)
            if before is not None and before.digest == entry.package and self._seen.get(path) == changed:
                packages[before.digest] = before
                continue
            try:
                served = await asyncio.to_thread(_open, entry)
            except ArtratorError as error:
                code = error.code.value
                broken[entry.package] = BrokenPackage(entry.folder, entry.package, error.message, code)
                log(_logger, logging.ERROR, "package_refused", package=entry.package, code=code)
            else:
                packages[served.digest] = served
        self._seen, self.packages, self.broken = files, packages, broken
        self.serial += 1

    def get(self, digest: str) -> ServedPackage:
        """A package by digest.

        Raises:
            ArtratorError: ``listing_unknown``.
        """
        served = self.packages.get(digest)
        if served is None:
            reason = f": {self.broken[digest].reason}" if digest in self.broken else "."
            raise ArtratorError(
                Code.LISTING_UNKNOWN, f"This node does not serve the package {digest[:19]}…{reason}", package=digest
            )
        return served


def add(folder: Path, *, package: Path, signer: PublicKey, digest: str, listing: str, offer: Mapping[str, Any]) -> None:
    """Write the entry of a package, keeping the offers it had and leaving out older versions in the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest.removeprefix('sha256:')}.json"
    before = _read_entry(path) if path.exists() else None
    home = package.resolve()
    entry = {
        "package": digest,
        "folder": str(home),
        "signer": signer.encode(),
        "listing": listing,
        "offers": [*(before.offers if before else ()), offer],
    }
    write_atomically(path, json.dumps(entry, indent=2).encode())
    for other in folder.glob("*.json"):
        if other != path and (old := _read_entry(other)) is not None and old.folder == home:
            other.unlink()  # the folder was signed anew: the older version's files are gone


def _read_entry(path: Path) -> _Entry | None:
    """None, and a word in the log, if it is none: its owner's hand may have been in it."""
    try:
        match json.loads(path.read_bytes()):
            case {
                "package": str(package),
                "folder": str(folder),
                "signer": str(signer),
                "listing": str(listing),
                "offers": list(offers),
            }:
                return _Entry(package, Path(folder), PublicKey.decode(signer), listing, offers)
    except (OSError, ValueError, RecursionError):
        pass
    log(_logger, logging.ERROR, "served_entry_unreadable", file=path.name)
    return None


def _open(entry: _Entry) -> ServedPackage:
    """Verify every file of the package and read its manifest."""
    verified = verify_again(entry.folder, entry.signer)
    if verified.digest != entry.package:
        raise ArtratorError(Code.PACKAGE_CHANGED, f"{entry.folder} holds another package now.")
    return ServedPackage(
        folder=entry.folder,
        signer=entry.signer,
        digest=verified.digest,
        manifest=verified.manifest,
        listing=entry.listing,
        file_bytes=verified.size,
        offers=_offers(entry.offers, entry.signer, verified.digest),
        files=verified.files,
    )


def _offers(documents: Sequence[object], signer: PublicKey, package: str) -> Mapping[str, Offer]:
    """The offers that the creator really signed for this package, by digest."""
    signed = {document_digest(document): Offer.verify(document, signer) for document in documents}
    return {digest: offer for digest, offer in signed.items() if offer.package == package}
