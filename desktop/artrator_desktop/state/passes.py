"""Passes: what a creator sells by the month, and what this account has bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.store.errands import Errands

if TYPE_CHECKING:
    from artrator.messages.products import Pass, Plan
    from artrator_desktop.state.network import Network


class Passes(QObject):
    """``mine`` are this account's passes, those in force first; ``plans`` what is sold, by listing."""

    changed = Signal()
    #: A pass was bought: the ``Pass``.
    bought = Signal(object)
    #: It could not be bought or changed: a ``Failure``.
    refused = Signal(object)

    def __init__(self, session: Session, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._errands = errands
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.mine: list[Pass] = []
        self.plans: dict[str, list[Plan]] = {}
        #: Plans that are being bought and passes that are being changed.
        self.busy: set[str] = set()
        self._call: Call[Any] | None = None
        session.online.connect(self.refresh)

    def refresh(self) -> None:
        """Ask for this account's passes."""
        if self._call is not None:
            self._call.cancel()
        if self.phase in {Phase.IDLE, Phase.FAILED}:
            self.phase = Phase.LOADING
            self.changed.emit()

        async def work(network: Network) -> Sequence[Pass]:
            return await network.registry.passes()

        self._call = self._session.call(work, self._read, self._failed)

    def look(self, listing: str) -> None:
        """Ask what passes cover a listing; ``changed`` follows. Plans that its creator did not sign are left out."""

        async def work(network: Network) -> list[Plan]:
            plans = await network.registry.plans(listing=listing)
            pinned = network.profile.pinned_creator(network.url, listing.partition("/")[0])
            return [plan for plan in plans if not plan.withdrawn and is_signed(plan, pinned)]

        def done(plans: list[Plan]) -> None:
            self.plans[listing] = plans
            self.changed.emit()

        self._session.call(work, done)

    def of_plan(self, plan: str) -> Pass | None:
        """This account's pass of a plan, the one in force before those that ended."""
        return next((each for each in self.mine if each.plan == plan), None)

    def buy(self, plan: str, price: int, *, renew: bool) -> None:
        """Buy a pass for at most ``price``; ``bought`` or ``refused`` follows."""
        if plan in self.busy:
            return
        self.busy.add(plan)
        self.changed.emit()

        async def work(network: Network) -> Pass:
            from artrator.messages.products import PassRequest

            request = PassRequest(plan=plan, max_price=price, renew=renew)
            return await self._errands.once(
                network.url,
                "pass",
                request.model_dump(),
                lambda number: network.registry.buy_pass(number, request),
            )

        def done(found: Pass) -> None:
            self.busy.discard(plan)
            self._put(found)
            self.bought.emit(found)

        self._session.call(work, done, lambda failure: self._refused(plan, failure))

    def set_renew(self, number: str, renew: bool) -> None:
        """Have a pass renew itself, or let it end."""
        if number in self.busy:
            return
        self.busy.add(number)
        self.changed.emit()

        async def work(network: Network) -> Pass:
            return await network.registry.change_pass(number, renew)

        def done(found: Pass) -> None:
            self.busy.discard(number)
            self._put(found)

        self._session.call(work, done, lambda failure: self._refused(number, failure))

    def _put(self, found: Pass) -> None:
        others = [each for each in self.mine if each.id != found.id]
        self.mine = [found, *others] if len(others) == len(self.mine) else [
            found if each.id == found.id else each for each in self.mine
        ]  # fmt: skip
        self.phase = Phase.READY
        self.changed.emit()

    def _refused(self, what: str, failure: Failure) -> None:
        self.busy.discard(what)
        self.changed.emit()
        self.refused.emit(failure)

    def _read(self, found: Sequence[Pass]) -> None:
        self._call = None
        self.mine = list(found)
        self.failure = None
        self.phase = Phase.READY if self.mine else Phase.EMPTY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.changed.emit()


def left(bought: Pass) -> int:
    """What a pass still gives in this period, in micro-credits at list prices."""
    return max(bought.allowance - bought.used - bought.waiting, 0)


def is_signed(plan: Plan, pinned: str | None) -> bool:
    """Whether the terms that are shown are those that the listing's creator signed."""
    from artrator.documents import Plan as PlanDocument
    from artrator.errors import ArtratorError
    from artrator.keys import PublicKey

    try:
        key = PublicKey.decode(PlanDocument.peek(plan.document).creator)
        said = PlanDocument.verify(plan.document, key)
    except (ArtratorError, ValueError):
        return False
    shown = (plan.price, plan.allowance, plan.period_days, plan.plan.rpartition("/")[2])
    return shown == (said.price, said.allowance, said.period_days, said.name) and pinned in (None, key.id)
