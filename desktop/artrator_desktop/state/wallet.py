"""The wallet: balance, statement, vouchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Call
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.session import Session

if TYPE_CHECKING:
    from artrator.messages.registry import Balance, Statement, StatementLine, VoucherRedeemed
    from artrator_desktop.state.network import Network


class Wallet(QObject):
    """What the registry says about this account's money. Amounts are integer micro-credits."""

    changed = Signal()
    redeemed = Signal(int)
    redeem_failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
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

    @property
    def on_hold(self) -> int:
        """What waits for deliveries."""
        return self.balance.held if self.balance is not None else 0

    def refresh_soon(self) -> None:
        """Look again in a moment: money has moved."""
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

        async def work(network: Network) -> tuple[Balance, Statement]:
            return await network.registry.balance(), await network.registry.statement()

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

    def _read(self, result: tuple[Balance, Statement]) -> None:
        self._call = None
        self.balance, statement = result
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
