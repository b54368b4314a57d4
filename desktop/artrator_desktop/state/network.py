"""What lives in the engine's thread: the identity, the registry's client and the buyer.

Nothing here touches Qt. It is imported after the first paint, in the engine's thread, because httpx and pydantic take
longer to import than the window takes to appear.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from artrator.clients.buyer import Buyer
from artrator.clients.orders import OrderStore
from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages.registry import Account, RegistryInfo
from artrator.profile import Profile

if TYPE_CHECKING:
    from artrator.clients.licences import LicenceBuyer, Purchases
    from artrator.local import Library


class Network:
    """One registry, as one person. Create and use it in the engine's thread only."""

    def __init__(self, folder: Path, url: str, *, handle: str | None = None, display_name: str | None = None) -> None:
        self.profile = Profile(folder)
        self.url = url.rstrip("/")
        self.key = _identity(self.profile)
        pinned = self.profile.root_key(self.url)
        self.registry = RegistryClient(
            self.url,
            self.key,
            handle=handle or self.profile.handle,
            display_name=display_name or self.profile.display_name,
            registry_id=pinned.id if pinned else None,
        )
        self._root: PublicKey | None = None

    @property
    def root(self) -> PublicKey:
        """The registry's pinned root key; raises ``session_invalid`` before the first connection."""
        if self._root is None:
            raise ArtratorError(Code.SESSION_INVALID, "The registry has not been reached yet.")
        return self._root

    async def connect(self) -> tuple[RegistryInfo, Account]:
        """Reach the registry, pin or check its root key, sign in."""
        info = await self.registry.info()
        self._root = self.profile.pin_root(self.url, info.root_key)
        session = await self.registry.sign_in()
        return info, session.account

    def buyer(self, store: OrderStore) -> Buyer:
        """This person as a buyer whose orders are kept in ``store``."""
        return Buyer(
            self.registry,
            self.key,
            self.root,
            store=store,
            pin_creator=lambda handle, key: self.profile.pin_creator(self.url, handle, key),
        )

    def licence_buyer(self, library: Library, store: Purchases) -> LicenceBuyer:
        """This person as a buyer of licences: packages go to ``library``, purchases on their way to ``store``."""
        from artrator.clients.licences import LicenceBuyer  # with the engine behind it, which connecting does not need

        return LicenceBuyer(
            self.registry,
            self.key,
            self.root,
            library,
            store,
            pin_creator=lambda handle, key: self.profile.pin_creator(self.url, handle, key),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self.registry.aclose()


def _identity(profile: Profile) -> PrivateKey:
    try:
        return profile.identity
    except (OSError, ValueError, TypeError) as error:
        raise ArtratorError(
            Code.INPUT_INVALID,
            f"The identity key {profile.folder / 'identity.pem'} cannot be read.",
            cure="Restore it from a backup; your account and its credits belong to this key.",
        ) from error


async def join(folder: Path, url: str, display_name: str, handle: str, key_path: Path | None) -> Network:
    """Make (or copy) the identity key, sign in for the first time, then remember where and as whom.

    The profile is written last: a refused handle or a mistyped address leaves nobody half signed in.

    Raises:
        ArtratorError: ``input_invalid`` when the file is not a P-256 private key, ``conflict`` when another key exists
            or the handle is taken, ``registry_unreachable``.
    """
    profile = Profile(folder)
    key = _identity(profile) if key_path is None else _import_key(profile, key_path)
    handle = handle or _handle(display_name, key)
    network = Network(folder, url, handle=handle, display_name=display_name)
    try:
        await network.connect()
    except BaseException:
        await network.aclose()
        raise
    profile.put_aside()  # its owner has just said again what stood in it
    profile.configure(registry_url=network.url, handle=handle, display_name=display_name)
    return network


def _import_key(profile: Profile, path: Path) -> PrivateKey:
    try:
        key = PrivateKey.load(path)
    except (OSError, ValueError, TypeError) as error:
        raise ArtratorError(
            Code.INPUT_INVALID,
            f"{path.name} is not an Artrator identity key.",
            cure="Choose the identity.pem of your other computer, without a password.",
        ) from error
    if profile.has_identity and profile.identity.id != key.id:
        raise ArtratorError(
            Code.CONFLICT,
            "This computer already has an identity of its own.",
            cure=f"Move {profile.folder / 'identity.pem'} away first, or start with another data folder.",
        )
    key.save(profile.folder / "identity.pem")
    return key


def _handle(display_name: str, key: PrivateKey) -> str:
    """A handle from a name, made unique by some digits of the key: 'Kim Ha-neul' -> 'kim-ha-neul-3f9c'."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in display_name.lower())
    words = "-".join(part for part in plain.split("-") if part)[:24].strip("-")
    return f"{words or 'buyer'}-{key.id.removeprefix('sha256:')[:6]}"
