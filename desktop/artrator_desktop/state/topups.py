"""Top-ups: the ways for money to come in, and those that have not been paid yet.

The id of a top-up is on disk before it is asked for, and it is asked about until its end is known: closing the sheet,
the application or the lid of the computer changes nothing about what becomes of the payment.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.store.errands import Errands

if TYPE_CHECKING:
    from artrator.messages.rails import Rail, TopUp
    from artrator_desktop.state.network import Network

_KIND: Final = "topup"
#: Seconds between questions: people pay within a minute or not at all.
_WAITS: Final = (2, 2, 3, 3, 5, 5, 8, 13, 20, 30, 60)
#: While somebody looks at the sheet it is never asked more slowly than this.
_WATCHED: Final = 5
#: A payment may come late; after this long beyond its end it is not asked about any more, and the statement tells.
_LATE_SECONDS: Final = 3600.0


class TopUps(QObject):
    """``rails`` are the ways in; ``current`` is the top-up that the sheet shows; ``open`` all that wait."""

    changed = Signal()
    #: A payment arrived: the ``TopUp``.
    paid = Signal(object)
    #: A top-up could not be asked for: a ``Failure``.
    refused = Signal(object)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._errands = errands
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.rails: list[Rail] = []
        self.open: dict[str, TopUp] = {}
        self.current: TopUp | None = None
        self.asking = False
        self._loading: Call[Any] | None = None
        self._tries = 0
        self._watched = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._poll)
        session.online.connect(self.refresh)

    @property
    def ways_in(self) -> list[Rail]:
        """Rails that a top-up can be asked of; vouchers and grants have none of their own."""
        return [rail for rail in self.rails if rail.pays_in and rail.flow in {"redirect", "invoice"}]

    @property
    def vouchers(self) -> bool:
        """Whether vouchers are taken here; so it is assumed until the registry has said otherwise."""
        return not self.rails or any(rail.flow == "voucher" for rail in self.rails)

    def rail(self, name: str) -> Rail | None:
        """A rail by its name."""
        return next((rail for rail in self.rails if rail.name == name), None)

    def refresh(self) -> None:
        """Ask for the rails, and how the open top-ups stand."""
        if self._loading is not None:
            return
        if not self.rails:
            self.phase = Phase.LOADING
            self.changed.emit()

        async def work(network: Network) -> tuple[Sequence[Rail], list[TopUp]]:
            rails = await network.registry.rails()
            return rails, await self._standing(network)

        def done(result: tuple[Sequence[Rail], list[TopUp]]) -> None:
            self._loading = None
            rails, found = result
            self.rails = list(rails)
            self.failure = None
            self.phase = Phase.READY if self.rails else Phase.EMPTY
            self._take(found)

        def failed(failure: Failure) -> None:
            self._loading = None
            self.failure = failure
            self.phase = Phase.FAILED
            self.changed.emit()

        self._loading = self._session.call(work, done, failed)

    def start(self, rail: str, amount: int, pass_plan: str | None = None) -> None:
        """Ask for a top-up of micro-credits; ``current`` then says where to pay, or ``refused`` why not."""
        if self.asking:
            return
        self.asking = True
        self.changed.emit()

        async def work(network: Network) -> TopUp:
            from artrator.messages.rails import TopUpRequest

            request = TopUpRequest(rail=rail, amount=amount, pass_plan=pass_plan)
            return await self._errands.once(
                network.url,
                _KIND,
                request.model_dump(exclude_none=True),
                lambda number: network.registry.top_up(number, request),
                follow=True,
            )

        def done(topup: TopUp) -> None:
            self.asking = False
            self.current = topup
            self._tries = 0
            self._take([topup], whole=False)

        def failed(failure: Failure) -> None:
            self.asking = False
            self.changed.emit()
            self.refused.emit(failure)

        self._session.call(work, done, failed)

    def show(self, number: str) -> None:
        """Bring an open top-up back to the sheet."""
        self.current = self.open.get(number, self.current)
        self.changed.emit()

    def forget_current(self) -> None:
        """Leave the sheet; an open top-up goes on waiting."""
        self.current = None
        self.changed.emit()

    def abandon(self, number: str) -> None:
        """Stop asking about a top-up that nobody means to pay. Paid later all the same, it still arrives."""
        self.open.pop(number, None)
        if self.current is not None and self.current.id == number:
            self.current = None
        self._session.call(lambda _network: self._errands.end(number))
        self.changed.emit()

    def watch(self, on: bool) -> None:
        """Somebody looks at the sheet, or nobody does."""
        self._watched = on
        if on and self.open:
            self._tries = 0
            self._again()

    def look(self) -> None:
        """Ask now."""
        self._tries = 0
        self._poll()

    async def _standing(self, network: Network) -> list[TopUp]:
        from artrator.errors import ArtratorError

        found = []
        for number, _body in await self._errands.open(network.url, _KIND):
            try:
                topup = await network.registry.topup(number)
            except ArtratorError as error:
                if error.code.value in {"not_found", "topup_unknown"}:
                    await self._errands.end(number)  # it never arrived there, so nothing can be paid for it
                    continue
                raise
            late = topup.expires_at is not None and time.time() > topup.expires_at + _LATE_SECONDS
            if topup.state.value in {"paid", "charged_back", "failed"} or late:
                await self._errands.end(number)
            found.append(topup)
        return found

    def _poll(self) -> None:
        self._timer.stop()
        if not self.open:
            return
        self._session.call(self._standing, self._take, lambda _failure: self._again())

    def _take(self, found: Sequence[TopUp], *, whole: bool = True) -> None:
        for topup in found:
            known = self.open.get(topup.id)
            if topup.state.value == "open" or (topup.state.value == "expired" and known is not None):
                self.open[topup.id] = topup
            else:
                self.open.pop(topup.id, None)
            if self.current is not None and self.current.id == topup.id:
                self.current = topup
            if topup.state.value == "paid":
                self.paid.emit(topup)
        if whole:
            seen = {topup.id for topup in found}
            self.open = {number: topup for number, topup in self.open.items() if number in seen}
        self.changed.emit()
        self._again()

    def _again(self) -> None:
        if not self.open:
            self._timer.stop()
            return
        seconds = _WAITS[min(self._tries, len(_WAITS) - 1)]
        self._tries += 1
        self._timer.start(1000 * (min(seconds, _WATCHED) if self._watched else seconds))
