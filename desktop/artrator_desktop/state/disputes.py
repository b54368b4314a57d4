"""Disputes: saying that a delivery is wrong, and answering that as a creator."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.store import Database, proofs
from artrator_desktop.state.store.proofs import Proof

if TYPE_CHECKING:
    from artrator.messages.disputes import Dispute
    from artrator.messages.registry import Order
    from artrator_desktop.state.network import Network


@dataclass(frozen=True)
class Standing:
    """How an order stands: whether something can be said about it, and what has been said.

    ``proof`` is what the buyer could reveal, if this computer still has it.
    """

    order: Order
    dispute: Dispute | None
    proof: Proof | None

    @property
    def can_open(self) -> bool:
        """Whether its window is open and nothing has been said yet."""
        until = self.order.dispute_until
        return self.dispute is None and until is not None and time.time() < until


class Disputes(QObject):
    """``items`` are this account's disputes, as buyer and as creator; ``standings`` the orders that were looked at."""

    changed = Signal()
    #: How an order stands is known (again): its id.
    known = Signal(str)
    #: A dispute was opened or answered: the ``Dispute``.
    said = Signal(object)
    refused = Signal(object)

    def __init__(self, session: Session, database: Database, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._database = database
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.items: list[Dispute] = []
        self.standings: dict[str, Standing] = {}
        self.busy = False
        self._next: str | None = None
        self._call: Call[Any] | None = None
        session.online.connect(self.refresh)

    @property
    def more(self) -> bool:
        """Whether ``load_more`` would bring older ones."""
        return self._next is not None

    def as_creator(self, handle: str) -> list[Dispute]:
        """Those that are about this account's models."""
        return [item for item in self.items if item.creator == handle]

    def refresh(self) -> None:
        """Ask for the newest disputes."""
        if self._call is not None:
            self._call.cancel()

        async def work(network: Network) -> Any:
            return await network.registry.disputes()

        def done(page: Any) -> None:
            self._call = None
            self.items = list(page.items)
            self._next = page.next
            self.failure = None
            self.phase = Phase.READY if self.items else Phase.EMPTY
            self.changed.emit()

        def failed(failure: Failure) -> None:
            self._call = None
            self.failure = failure
            self.phase = Phase.FAILED
            self.changed.emit()

        self._call = self._session.call(work, done, failed)

    def load_more(self) -> None:
        """Bring older ones."""
        if self._next is None or self._call is not None:
            return
        cursor = self._next

        async def work(network: Network) -> Any:
            return await network.registry.disputes(before=cursor)

        def done(page: Any) -> None:
            self._call = None
            self.items = [*self.items, *page.items]
            self._next = page.next
            self.changed.emit()

        def failed(_failure: Failure) -> None:
            self._call = None

        self._call = self._session.call(work, done, failed)

    def look(self, order: str) -> None:
        """Ask how an order stands; ``known`` follows, unless the registry does not know it."""
        self._session.call(
            lambda network: self._standing(network, order), self._learned, lambda _failure: self.known.emit(order)
        )

    def open(self, order: str, reason: str, text: str, *, reveal: bool) -> None:
        """Say what is wrong. With ``reveal`` the request goes along, and its salt, which proves it."""
        standing = self.standings.get(order)
        proof = standing.proof if standing is not None and reveal else None

        async def work(network: Network) -> Standing:
            from artrator.messages.disputes import DisputeOpening, DisputeReason, Evidence

            evidence = Evidence(salt=proof.salt, request=proof.request) if proof is not None else None
            opening = DisputeOpening(reason=DisputeReason(reason), text=text, evidence=evidence)
            await network.registry.open_dispute(order, opening)
            return await self._standing(network, order)

        self._say(work)

    def answer(self, order: str, text: str, *, give_back: bool) -> None:
        """Answer as the creator; ``give_back`` ends it in the buyer's favour."""

        async def work(network: Network) -> Standing:
            from artrator.messages.disputes import DisputeAnswer

            await network.registry.answer_dispute(order, DisputeAnswer(text=text, give_back=give_back))
            return await self._standing(network, order)

        self._say(work)

    def _say(self, work: Any) -> None:
        if self.busy:
            return
        self.busy = True
        self.changed.emit()

        def done(standing: Standing) -> None:
            self.busy = False
            self._learned(standing)
            self.said.emit(standing.dispute)
            self.refresh()

        def failed(failure: Failure) -> None:
            self.busy = False
            self.changed.emit()
            self.refused.emit(failure)

        self._session.call(work, done, failed)

    def _learned(self, standing: Standing) -> None:
        self.standings[standing.order.order] = standing
        self.known.emit(standing.order.order)

    async def _standing(self, network: Network, order: str) -> Standing:
        from artrator.errors import ArtratorError, Code

        found = await network.registry.get_order(order)
        try:
            dispute = await network.registry.dispute(order)
        except ArtratorError as error:
            if error.code is Code.REGISTRY_UNREACHABLE:
                raise
            dispute = None
        proof = await asyncio.wrap_future(self._database.read(lambda connection: proofs.find(connection, order)))
        return Standing(found, dispute, proof)
