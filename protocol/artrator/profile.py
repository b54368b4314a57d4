"""A profile: where a person's key, registry and pins live on this machine.

A folder, ``ARTRATOR_HOME`` or the system's place for application data::

    identity.pem    the identity key, readable by its owner only
    profile.json    the registry's address and pinned root key
    pins.json       creators' keys, pinned on first use
    orders/         orders that have not reached their end: what a crash must not lose
    plugins/        environments of third-party plugins
    plugins.lock    held while one is installed or removed
    built-in/       what built-in plugins prepared
    derived/        graphs of bought packages as they were optimised here; may be deleted at any time
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from artrator import durable
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey


def home() -> Path:
    """The profile folder of this user: ``ARTRATOR_HOME``, else the system's place for application data."""
    given = os.environ.get("ARTRATOR_HOME")
    return Path(given) if given else platformdirs.user_data_path("Artrator", appauthor=False)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` so that a power cut leaves the old file or the new one, never half of it.

    Raises:
        ArtratorError: ``disk_full``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        durable.replace(Path(scratch), path)
    except OSError as error:
        Path(scratch).unlink(missing_ok=True)
        raise ArtratorError(Code.DISK_FULL, f"{path.name} could not be written: {error.strerror}.") from error


class Profile:
    """One person's profile."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else home()

    @property
    def identity(self) -> PrivateKey:
        """The identity key, made on first use.

        Raises:
            ArtratorError: ``request_invalid`` if the file is there and holds no key that can be read.
        """
        path = self.folder / "identity.pem"
        try:
            return PrivateKey.load_or_create(path)
        except (ValueError, TypeError, PermissionError, IsADirectoryError) as error:
            raise ArtratorError(
                Code.REQUEST_INVALID,
                f"The key in {path} cannot be read.",
                cure="This key is your account: restore it from a backup, or move it away to begin as somebody new.",
            ) from error

    @property
    def has_identity(self) -> bool:
        """Whether the key exists already."""
        return (self.folder / "identity.pem").exists()

    @property
    def registry_url(self) -> str | None:
        """The registry this profile talks to; ``ARTRATOR_REGISTRY`` overrides it."""
        given = os.environ.get("ARTRATOR_REGISTRY") or self._read("profile.json").get("registry_url")
        return str(given) if given else None

    @property
    def display_name(self) -> str | None:
        """The name that the first sign-in gives the account."""
        name = self._read("profile.json").get("display_name")
        return str(name) if name else None

    @property
    def handle(self) -> str | None:
        """The handle that the first sign-in asks for."""
        handle = self._read("profile.json").get("handle")
        return str(handle) if handle else None

    def configure(
        self, *, registry_url: str | None = None, handle: str | None = None, display_name: str | None = None
    ) -> None:
        """Remember the registry's address and who one is there."""
        given = {"registry_url": registry_url, "handle": handle, "display_name": display_name}
        known = self._read("profile.json")
        self._write("profile.json", known | {name: value for name, value in given.items() if value is not None})

    def root_key(self, url: str) -> PublicKey | None:
        """The root key pinned for the registry at ``url``."""
        roots = self._pins("registries")
        try:
            return PublicKey.decode(roots[url]) if url in roots else None
        except ValueError as error:
            raise self._unreadable("pins.json") from error

    def pin_root(self, url: str, encoded: str) -> PublicKey:
        """Pin a registry's root key on first use; raises ``document_invalid`` if another one is pinned already."""
        key = PublicKey.decode(encoded)
        known = self.root_key(url)
        if known is not None and known != key:
            raise ArtratorError(
                Code.DOCUMENT_INVALID,
                f"The registry at {url} shows another root key than before.",
                cure=f"If its operator says that it has changed, remove its line from {self.folder / 'pins.json'}.",
            )
        if known is None:
            roots = self._pins("registries")
            self._write("pins.json", self._read("pins.json") | {"registries": roots | {url: encoded}})
        return key

    def pinned_creator(self, registry: str, handle: str) -> str | None:
        """The id of the key pinned for a creator."""
        known = self._pins("creators").get(f"{registry}/{handle}")
        return str(known) if known else None

    def pin_creator(self, registry: str, handle: str, key: PublicKey) -> None:
        """Pin a creator's key on first use; raises ``document_invalid`` if the registry shows another one later."""
        creators = self._pins("creators")
        name = f"{registry}/{handle}"
        known = creators.get(name)
        if known == key.id:
            return
        if known is not None:
            raise ArtratorError(
                Code.DOCUMENT_INVALID,
                f"The registry shows another key for {handle} than before, so this may not be the same creator.",
                cure=f"Ask {handle}; if the key has really changed, remove the line from {self.folder / 'pins.json'}.",
            )
        self._write("pins.json", self._read("pins.json") | {"creators": creators | {name: key.id}})

    def put_aside(self) -> Path | None:
        """Rename a ``profile.json`` that cannot be read; where it is then, or None if nothing is wrong with it.

        It names only the registry and the name there, which its owner can say again; pins are never put aside.
        """
        path = self.folder / "profile.json"
        try:
            self._read(path.name)
        except ArtratorError:
            aside = path.with_name(f"profile.damaged-{time.time_ns()}.json")
            path.rename(aside)
            return aside
        return None

    def _pins(self, of: str) -> dict[str, str]:
        """What is pinned; a file that is damaged must not read as one in which nothing is pinned yet."""
        found = self._read("pins.json").get(of, {})
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise self._unreadable("pins.json")
        return found

    def _read(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable(name) from error
        if not isinstance(value, dict):
            raise self._unreadable(name)
        return value

    def _unreadable(self, name: str) -> ArtratorError:
        return ArtratorError(
            Code.REQUEST_INVALID,
            f"{self.folder / name} cannot be read.",
            cure="Restore the file from a backup, or delete it to start anew.",
        )

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        write_atomically(self.folder / name, json.dumps(value, indent=2, ensure_ascii=False).encode())
