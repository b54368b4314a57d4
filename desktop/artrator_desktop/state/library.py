"""The library: licences to keep a model, and the packages that lie on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.store.errands import Errands

if TYPE_CHECKING:
    from artrator.messages.products import Purchase
    from artrator_desktop.state.network import Network

#: Orders of purchases that came to nothing: they are no licences.
_GONE = frozenset({"released", "refunded"})


class Library(QObject):
    """``items`` are this account's purchases, newest first."""

    changed = Signal()
    #: A licence was bought: the ``Purchase``.
    bought = Signal(object)
    refused = Signal(object)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._errands = errands
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.items: list[Purchase] = []
        #: Packages that are being bought.
        self.busy: set[str] = set()
        self._call: Call[Any] | None = None
        session.online.connect(self.refresh)

    def refresh(self) -> None:
        """Ask for this account's purchases."""
        if self._call is not None:
            self._call.cancel()
        if self.phase in {Phase.IDLE, Phase.FAILED}:
            self.phase = Phase.LOADING
            self.changed.emit()

        async def work(network: Network) -> Sequence[Purchase]:
            return await network.registry.purchases()

        self._call = self._session.call(work, self._read, self._failed)

    def of_package(self, package: str) -> Purchase | None:
        """The purchase of a package, if there is one that has not come to nothing."""
        return next((item for item in self.items if item.order.package == package), None)

    def buy(self, listing: str, package: str, price: int) -> None:
        """Buy a licence for at most ``price``; ``bought`` or ``refused`` follows, then the download begins."""
        if package in self.busy:
            return
        self.busy.add(package)
        self.changed.emit()

        async def work(network: Network) -> Purchase:
            from artrator.messages.products import PurchaseRequest

            request = PurchaseRequest(listing=listing, package=package, max_price=price)
            return await self._errands.once(
                network.url,
                "purchase",
                request.model_dump(exclude_none=True),
                lambda number: network.registry.buy_licence(number, request),
            )

        def done(found: Purchase) -> None:
            self.busy.discard(package)
            self.items = [found, *(item for item in self.items if item.order.order != found.order.order)]
            self.phase = Phase.READY
            self.changed.emit()
            self.bought.emit(found)

        def failed(failure: Failure) -> None:
            self.busy.discard(package)
            self.changed.emit()
            self.refused.emit(failure)

        self._session.call(work, done, failed)

    def _read(self, found: Sequence[Purchase]) -> None:
        self._call = None
        self.items = [item for item in found if item.order.state.value not in _GONE]
        self.failure = None
        self.phase = Phase.READY if self.items else Phase.EMPTY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.changed.emit()
