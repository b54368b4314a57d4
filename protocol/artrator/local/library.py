"""Bought packages on this machine, one folder each.

In the profile::

    packages/<digest>/package/       the files, exactly as their creator signed them
    packages/<digest>/owned.json     what it is and whose signature it carries
    packages/<digest>/licence.json   the registry's licence
    packages/.incoming/<digest>/     what a download has so far

A folder appears whole or not at all, because it is renamed into its place.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.local.package import LocalPackage
from artrator.profile import write_atomically

_INCOMING: Final = ".incoming"


@dataclass(frozen=True)
class OwnedPackage:
    """One bought package.

    Attributes:
        digest: ``sha256:<hex>``.
        creator_key: Whose signature it carries, encoded.
        order: The purchase's id.
        registry: Where it was bought.
        size: Bytes of all files.
        licence: The signed licence; None until the purchase is settled.
        folder: Where its files are.
    """

    digest: str
    listing: str
    version: str
    title: Mapping[str, str]
    creator_key: str
    order: str
    registry: str
    size: int
    arrived_at: float = field(default_factory=time.time)
    licence: Mapping[str, Any] | None = None
    folder: Path = Path()

    @property
    def package(self) -> LocalPackage:
        """As the engine takes it."""
        return LocalPackage(self.folder, PublicKey.decode(self.creator_key), self.listing, self.digest)


class Library:
    """The packages that were bought."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def packages(self) -> Sequence[OwnedPackage]:
        """All of them, the newest first."""
        found = [owned for path in self._folder.glob("*/owned.json") if (owned := self._read(path)) is not None]
        return sorted(found, key=lambda owned: owned.arrived_at, reverse=True)

    def owned(self, name: str) -> OwnedPackage | None:
        """The newest of a listing (``handle/name``), or the one of a digest."""
        return next((owned for owned in self.packages() if name in (owned.listing, owned.digest)), None)

    def get(self, name: str) -> OwnedPackage:
        """As ``owned``.

        Raises:
            ArtratorError: ``licence_missing``.
        """
        owned = self.owned(name)
        if owned is None:
            raise ArtratorError(
                Code.LICENCE_MISSING,
                f"{name} is not on this machine.",
                cure=f"Buy it: `artrator licence buy {name}`. If you have: `artrator licence download {name}`.",
            )
        return owned

    def remove(self, digest: str) -> None:
        """Delete a package's files. The licence stays at the registry, and fetches them again."""
        place = self._place(digest)
        if not place.is_dir():
            raise ArtratorError(Code.NOT_FOUND, "This package is not on this machine.")
        leaving = self.incoming(digest).with_suffix(".gone")
        leaving.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(leaving, ignore_errors=True)
        place.rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)

    def incoming(self, digest: str) -> Path:
        """Where a download keeps what it has so far."""
        return self._folder / _INCOMING / _hex(digest)

    def keep(self, staged: Path, owned: OwnedPackage) -> OwnedPackage:
        """Take a folder of verified files in. ``staged`` lies in ``incoming`` and is gone afterwards.

        Raises:
            ArtratorError: ``disk_full``.
        """
        place = self._place(owned.digest)
        whole = staged.parent / "whole"
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        staged.rename(whole / "package")
        facts = {name: value for name, value in asdict(owned).items() if name not in ("licence", "folder")}
        write_atomically(whole / "owned.json", json.dumps(facts, ensure_ascii=False, indent=2).encode())
        if place.exists():  # it was damaged, or somebody else was quicker
            self.remove(owned.digest)
        whole.rename(place)
        shutil.rmtree(staged.parent, ignore_errors=True)
        return replace(owned, folder=place / "package")

    def keep_licence(self, digest: str, licence: Mapping[str, Any]) -> None:
        """Put the licence beside its package."""
        write_atomically(self._place(digest) / "licence.json", json.dumps(licence, indent=2).encode())

    def _place(self, digest: str) -> Path:
        return self._folder / _hex(digest)

    def _read(self, path: Path) -> OwnedPackage | None:
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            licence = path.with_name("licence.json")
            kept = json.loads(licence.read_text(encoding="utf-8")) if licence.exists() else None
            return OwnedPackage(**facts, licence=kept, folder=path.parent / "package")
        except (OSError, ValueError, TypeError):  # a folder that a person has changed is none of ours any more
            return None


def _hex(digest: str) -> str:
    """A digest as the name of a folder; nothing else can be one."""
    name = digest.removeprefix("sha256:")
    if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
        raise ArtratorError(Code.REQUEST_INVALID, "This is not a package's digest.")
    return name
