"""The library: licences to keep a model, the packages on their way, and those that lie on this computer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.latest import Latest
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session

if TYPE_CHECKING:
    from artrator.clients.licences import LicenceBuyer, PendingPurchase, Purchases
    from artrator.local import Library as Packages
    from artrator.local import OwnedPackage
    from artrator.messages.products import Purchase
    from artrator.messages.registry import Listing
    from artrator_desktop.state.network import Network

#: Orders of purchases that are licences, or may become one.
_STANDING: Final = frozenset({"held", "claimed", "settled", "disputed"})
#: Bytes arrive faster than anybody reads them.
_NEWS_MS: Final = 150


@dataclass(frozen=True)
class Fetching:
    """A package on its way, in bytes; stopped by its owner, or by ``failure``, it goes on from where it stands."""

    done: int = 0
    total: int = 0
    paused: bool = False
    failure: Failure | None = None


@dataclass(frozen=True)
class Entry:
    """One model of the library, by the digest of its package.

    Attributes:
        price: What was paid, or is held, in micro-credits; None if that is not known here.
        pending: The purchase, while it has not reached its end: money is held, and can still come back.
        purchase: As the registry knows it.
        owned: The package on this computer.
    """

    package: str
    listing: str
    version: str
    title: Mapping[str, str]
    price: int | None
    pending: PendingPurchase | None = None
    purchase: Purchase | None = None
    owned: OwnedPackage | None = None
    fetching: Fetching | None = None


@dataclass(frozen=True)
class _Here:
    """What this computer knows by itself."""

    kept: Sequence[OwnedPackage]
    pending: Sequence[PendingPurchase]
    begun: frozenset[str]


class Library(QObject):
    """``kept`` are the packages on this computer, by digest; ``entries`` all that was bought.

    Args:
        folder: The profile's. Packages lie where the command line finds them too; purchases on their way are the
            desktop's own.
    """

    changed = Signal()
    #: The price is held and the first bytes are here: the package's digest.
    bought = Signal(str)
    #: It could not be bought, fetched or removed: a ``Failure``.
    refused = Signal(object)
    #: A package has arrived whole: its ``OwnedPackage``.
    arrived = Signal(object)

    def __init__(self, session: Session, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._folder = folder
        self._news = Latest(self, interval_ms=_NEWS_MS)
        self._news.arrived.connect(self._progressed)
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.items: list[Purchase] = []
        self.kept: dict[str, OwnedPackage] = {}
        self.pending: dict[str, PendingPurchase] = {}
        self.fetching: dict[str, Fetching] = {}
        #: Packages that are being bought, before the first byte is here.
        self.busy: set[str] = set()
        self._call: Call[Any] | None = None
        self._calls: dict[str, Call[Any]] = {}
        session.online.connect(self.refresh)

    def entries(self) -> list[Entry]:
        """Everything in the library, what is on its way first."""
        found: dict[str, Entry] = {}
        for package, pending in self.pending.items():
            found[package] = Entry(
                package, pending.listing, pending.version, pending.title, pending.max_price, pending=pending
            )
        for item in self.items:
            known = found.get(item.order.package)
            found.setdefault(
                item.order.package,
                Entry(
                    item.order.package,
                    item.order.listing,
                    item.version,
                    item.title,
                    item.order.charged or item.order.cap,
                    pending=known.pending if known is not None else None,
                    purchase=item,
                ),
            )
        for package, owned in self.kept.items():
            found.setdefault(package, Entry(package, owned.listing, owned.version, owned.title, None))
        return [
            Entry(
                entry.package, entry.listing, entry.version, entry.title, entry.price, entry.pending,
                self.of_package(entry.package), self.kept.get(entry.package), self.fetching.get(entry.package),
            )
            for entry in found.values()
        ]  # fmt: skip

    def of_package(self, package: str) -> Purchase | None:
        """The purchase of a package, as the registry knows it."""
        return next((item for item in self.items if item.order.package == package), None)

    def has(self, package: str) -> bool:
        """Whether a package was bought, or is being bought."""
        return package in self.kept or package in self.pending or self.of_package(package) is not None

    def refresh(self) -> None:
        """Look what is here, ask for this account's purchases, and go on with those that hold money."""
        if self._call is not None:
            self._call.cancel()
        if self.phase in {Phase.IDLE, Phase.FAILED}:
            self.phase = Phase.LOADING
            self.changed.emit()

        async def work(network: Network) -> tuple[_Here, Sequence[Purchase]]:
            purchases = await network.registry.purchases()
            return await asyncio.to_thread(self._look, network.url, purchases), purchases

        self._call = self._session.call(work, self._read, self._failed)

    def look_here(self) -> None:
        """Look what is on this computer, without asking anybody: also while there is no connection."""
        self._session.call(lambda network: asyncio.to_thread(self._look, network.url, ()), self._take_stock)

    def buy(self, listing: Listing, price: int) -> None:
        """Buy a licence for at most ``price``, and fetch the package; ``bought`` or ``refused`` follows."""
        package = listing.card.package
        if package not in self._calls:
            self.busy.add(package)
            self._fetch(package, lambda buyer, tell: buyer.buy(listing, max_price=price, on_progress=tell))

    def fetch(self, package: str) -> None:
        """Fetch a package that was bought, or go on with it."""
        pending, purchase = self.pending.get(package), self.of_package(package)
        if pending is not None:
            self._fetch(package, lambda buyer, tell: buyer.resume(pending, tell))
        elif purchase is not None:
            self._fetch(package, lambda buyer, tell: buyer.download(purchase, tell))

    def pause(self, package: str) -> None:
        """Stop fetching; what is here stays, also over a restart."""
        call = self._calls.pop(package, None)
        if call is not None:
            call.cancel()
        self._stop(package, None)

    def give_up(self, package: str) -> None:
        """Get the money of a purchase back that has not arrived."""
        pending = self.pending.get(package)
        if pending is None:
            return
        self.pause(package)

        async def work(network: Network) -> None:
            buyer, store = self._buyer(network)
            order = await buyer.give_up(pending)
            if order.state.value in {"released", "refunded"}:
                await asyncio.to_thread(store.forget, pending.purchase)

        def done(_nothing: None) -> None:
            self.fetching.pop(package, None)
            self.refresh()

        self._session.call(work, done, self.refused.emit)

    def remove(self, package: str) -> None:
        """Delete a package's files. The licence stays, and fetches them again."""

        async def work(_network: Network) -> None:
            await asyncio.to_thread(self._packages().remove, package)

        def done(_nothing: None) -> None:
            self.kept.pop(package, None)
            self.changed.emit()

        self._session.call(work, done, self.refused.emit)

    # --- fetching

    def _fetch(self, package: str, go: Callable[[LicenceBuyer, Callable[..., None]], Awaitable[OwnedPackage]]) -> None:
        if package in self._calls:
            return
        known = self.fetching.get(package, Fetching())
        self.fetching[package] = Fetching(known.done, known.total)
        self.changed.emit()

        async def work(network: Network) -> OwnedPackage:
            buyer, _store = self._buyer(network)
            return await go(buyer, lambda news: self._news.put(package, (news.done, news.total)))

        def done(owned: OwnedPackage) -> None:
            self._calls.pop(package, None)
            self._news.flush()
            self.busy.discard(package)
            self.fetching.pop(package, None)
            self.kept[owned.digest] = owned
            self.changed.emit()
            self.arrived.emit(owned)
            self.refresh()

        self._calls[package] = self._session.call(work, done, lambda failure: self._broke(package, failure))

    def _broke(self, package: str, failure: Failure) -> None:
        """It did not arrive. If money is still held for it, or it is paid, it can go on; else it is over."""
        self._calls.pop(package, None)
        self._news.flush()
        before = package in self.busy
        self.busy.discard(package)

        def known(here: _Here) -> None:
            self._take_stock(here)
            if package in self.pending or self.of_package(package) is not None:
                self._stop(package, failure)
                if before:
                    self.bought.emit(package)
            else:
                self.fetching.pop(package, None)
                self.changed.emit()
                self.refused.emit(failure)

        self._session.call(lambda network: asyncio.to_thread(self._look, network.url, ()), known)

    def _stop(self, package: str, failure: Failure | None) -> None:
        known = self.fetching.get(package, Fetching())
        self.fetching[package] = Fetching(known.done, known.total, paused=True, failure=failure)
        self.changed.emit()

    def _progressed(self, news: dict[str, tuple[int, int]]) -> None:
        for package, (done, total) in news.items():
            if package in self._calls:
                self.fetching[package] = Fetching(done, total)
                if package in self.busy:
                    self.busy.discard(package)
                    self.bought.emit(package)
        self.changed.emit()

    # --- what is here; these run in the engine

    def _packages(self) -> Packages:
        from artrator.local import Library as Packages

        return Packages(self._folder / "packages")

    def _buyer(self, network: Network) -> tuple[LicenceBuyer, Purchases]:
        from artrator.clients.licences import Purchases

        store = Purchases(self._folder / "desktop-purchases")
        return network.licence_buyer(self._packages(), store), store

    def _look(self, registry: str, purchases: Sequence[Purchase]) -> _Here:
        from artrator.clients.licences import Purchases

        packages = self._packages()
        pending = [
            each for each in Purchases(self._folder / "desktop-purchases").pending() if each.registry == registry
        ]
        begun = {item.order.package for item in purchases if packages.incoming(item.order.package).is_dir()}
        return _Here(packages.packages(), pending, frozenset(begun))

    # --- what was read

    def _read(self, result: tuple[_Here, Sequence[Purchase]]) -> None:
        self._call = None
        here, purchases = result
        self.items = [item for item in purchases if item.order.state.value in _STANDING]
        self.failure = None
        self.phase = Phase.READY
        elsewhere = {owned.digest for owned in here.kept} | {each.package for each in here.pending}
        for package in here.begun - self.fetching.keys() - elsewhere:
            self.fetching[package] = Fetching(paused=True)
        self._take_stock(here)
        for package, pending in self.pending.items():
            # Held money does not wait for ever; only a person's own pause does.
            if pending.package not in self.fetching and package not in self._calls:
                self.fetch(package)

    def _take_stock(self, here: _Here) -> None:
        self.kept = {owned.digest: owned for owned in here.kept}
        self.pending = {each.package: each for each in here.pending}
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.changed.emit()
        self.look_here()
