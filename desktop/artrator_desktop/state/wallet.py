"""The wallet: balance, statement, what was spent this month, vouchers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session
from artrator_desktop.state.store import Database, images

if TYPE_CHECKING:
    from artrator.messages.registry import Balance, Statement, StatementLine, StatementOf, VoucherRedeemed
    from artrator_desktop.state.network import Network

#: Statements are read this far back for the month's sum: 4,000 lines, which is more than any hand makes in a month.
_MONTH_PAGES: Final = 20
_PAGE: Final = 200
#: What is spent for good, and what comes back of it.
_RUNS: Final = frozenset({"charge", "refund"})
_GOODS: Final = frozenset({"pass", "purchase"})


@dataclass(frozen=True)
class Spent:
    """What this month cost so far, in micro-credits.

    Attributes:
        since: The month's first second, by this computer's clock.
        runs: For runs, less what came back; ``pictures`` is what they made.
        goods: For passes and models to keep.
        whole: False if the month has more lines than were read: then it was at least this much.
    """

    since: float
    runs: int
    pictures: int
    goods: int
    whole: bool = True

    @property
    def total(self) -> int:
        """All of it."""
        return self.runs + self.goods


class Wallet(QObject):
    """What the registry says about this account's money. Amounts are integer micro-credits."""

    changed = Signal()
    redeemed = Signal(int)
    redeem_failed = Signal(object)
    #: A statement was written to this path.
    exported = Signal(str)
    export_failed = Signal(object)

    def __init__(self, session: Session, database: Database, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._database = database
        self.spent: Spent | None = None
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.balance: Balance | None = None
        self.lines: list[StatementLine] = []
        self.redeeming = False
        self._next: str | None = None
        self._call: Call[Any] | None = None
        self._more: Call[Any] | None = None
        # Several jobs may end in the same moment; one look at the statement is enough for all of them.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(300)
        self._soon.timeout.connect(self.refresh)
        session.online.connect(self.refresh)

    @property
    def more(self) -> bool:
        """Whether ``load_more`` would bring older lines."""
        return self._next is not None

    @property
    def available(self) -> int:
        """What can be spent."""
        return self.balance.available if self.balance is not None else 0

    def refresh_soon(self) -> None:
        """Look again in a moment: money has moved."""
        if not self._soon.isActive():  # or hundreds of jobs that end one after the other would put it off to the last
            self._soon.start()

    def refresh(self) -> None:
        """Ask for the balance and the newest lines."""
        if self._call is not None:
            self._call.cancel()
        if self._more is not None:
            self._more.cancel()
            self._more = None
        if self.balance is None:
            self.phase = Phase.LOADING
            self.changed.emit()

        async def work(network: Network) -> tuple[Balance, Statement, Spent]:
            balance, statement = await network.registry.balance(), await network.registry.statement()
            return balance, statement, await self._month(network, statement)

        self._call = self._session.call(work, self._read, self._failed)

    def load_more(self) -> None:
        """Bring older lines."""
        if self._next is None or self._more is not None:
            return
        cursor = self._next

        async def work(network: Network) -> Statement:
            return await network.registry.statement(before=cursor)

        def done(statement: Statement) -> None:
            self._more = None
            self.lines = [*self.lines, *statement.lines]
            self._next = statement.next
            self.changed.emit()

        def failed(_failure: Failure) -> None:
            self._more = None

        self._more = self._session.call(work, done, failed)

    def redeem(self, code: str) -> None:
        """Redeem a voucher; ``redeemed`` or ``redeem_failed`` follows."""
        if self.redeeming:
            return
        if len(code.strip()) < 8:  # the registry would refuse its very form
            self.redeem_failed.emit(
                Failure("voucher_invalid", "A voucher code has at least 8 characters.", "Check the code.")
            )
            return
        self.redeeming = True
        self.changed.emit()

        async def work(network: Network) -> VoucherRedeemed:
            return await network.registry.redeem(code.strip())

        def done(result: VoucherRedeemed) -> None:
            self.redeeming = False
            self.balance = result.balance
            self.changed.emit()
            self.redeemed.emit(result.amount)
            self.refresh()

        def failed(failure: Failure) -> None:
            self.redeeming = False
            self.changed.emit()
            self.redeem_failed.emit(failure)

        self._session.call(work, done, failed)

    def export(self, path: Path, of: StatementOf = "wallet") -> None:
        """Write the whole statement as CSV to a file; ``exported`` or ``export_failed`` follows."""

        async def work(network: Network) -> str:
            from artrator_desktop.state.files import save

            text = await network.registry.statement_csv(of)
            # Spreadsheet programs take a file without the mark for the system's old encoding.
            await asyncio.to_thread(save, path, text.removeprefix("\ufeff").encode("utf-8-sig"))
            return str(path)

        self._session.call(work, self.exported.emit, self.export_failed.emit)

    async def _month(self, network: Network, newest: Statement) -> Spent:
        now = datetime.now().astimezone()
        since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
        lines, cursor, pages = list(newest.lines), newest.next, 1
        while cursor is not None and lines and lines[-1].at >= since and pages < _MONTH_PAGES:
            page = await network.registry.statement(before=cursor, limit=_PAGE)
            lines, cursor, pages = [*lines, *page.lines], page.next, pages + 1
        whole = cursor is None or not lines or lines[-1].at < since
        mine = [line for line in lines if line.at >= since]
        orders = [line.order for line in mine if line.kind == "charge" and line.order]
        made = await asyncio.wrap_future(self._database.read(lambda connection: images.made_by(connection, orders)))
        return Spent(
            since,
            runs=max(-sum(line.amount for line in mine if line.kind in _RUNS), 0),
            # What was made on another computer is one picture a run, as far as this one can tell.
            pictures=sum(made.get(order, 1) for order in orders),
            goods=max(-sum(line.amount for line in mine if line.kind in _GOODS), 0),
            whole=whole,
        )

    def _read(self, result: tuple[Balance, Statement, Spent]) -> None:
        self._call = None
        self.balance, statement, self.spent = result
        self.lines = list(statement.lines)
        self._next = statement.next
        self.failure = None
        self.phase = Phase.READY if self.lines else Phase.EMPTY
        self.changed.emit()

    def _failed(self, failure: Failure) -> None:
        self._call = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.changed.emit()
