"""A Hypothesis state machine drives the ledger over the real schema beside a model in plain Python.

What is promised, and looked at after every step: debits equal credits, posted and pending; nobody has less than
nothing; what the tables say is what a replay of the transfers says; a hold is resolved once and for no more than it
holds; doing a thing twice does it once.
"""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from effort import Effort
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from artrator.errors import ArtratorError, Code
from artrator_registry.accounts import schema as accounts_schema
from artrator_registry.ledger import schema as ledger_schema
from artrator_registry.ledger import service, store
from artrator_registry.ledger.audit import _entries, _replay
from artrator_registry.ledger.models import FEES, GRANTS, Why
from artrator_registry.storage import Transaction, connect, migrate

#: The long way takes longer than any other test.
pytestmark = pytest.mark.timeout(7_200)

PEOPLE = ["ann", "bob", "eve"]
AMOUNTS = st.integers(1, 60) | st.sampled_from([0, -1, 10**15, 10**15 + 1])


@dataclass
class Hold:
    debit: str
    credit: str
    amount: int


@pytest.fixture(scope="module", autouse=True)
def _template(tmp_path_factory: pytest.TempPathFactory) -> None:
    Machine.template = tmp_path_factory.mktemp("ledger") / "ledger.db"
    migrate(Machine.template, [accounts_schema.migrations, ledger_schema.migrations])


class Machine(RuleBasedStateMachine):
    template = Path(tempfile.gettempdir())
    holds = Bundle("holds")
    resolved = Bundle("resolved")

    @initialize()
    def open(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        source = connect(self.template, read_only=True)
        source.backup(self.db)
        source.close()
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA foreign_keys = ON")
        self.t = Transaction(self.db, 1000.0)
        self.available = dict.fromkeys([*PEOPLE, GRANTS, FEES], 0)
        self.pending = dict.fromkeys([*PEOPLE, FEES], 0)
        self.open_holds: dict[str, Hold] = {}
        self.serial = 0
        for person in PEOPLE:
            store.add_accounts(self.t, person)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()

    def attempt(self, call: object, *arguments: object, **more: object) -> ArtratorError | None:
        """As the writer does: a command that fails leaves no trace."""
        self.db.execute("SAVEPOINT command")
        try:
            call(self.t, *arguments, **more)  # type: ignore[operator]
        except ArtratorError as problem:
            self.db.execute("ROLLBACK TO command")
            return problem
        finally:
            self.db.execute("RELEASE command")
        return None

    def fresh(self) -> str:
        self.serial += 1
        return f"transfer-{self.serial}"

    @rule(person=st.sampled_from(PEOPLE), amount=AMOUNTS)
    def grant(self, person: str, amount: int) -> None:
        name = self.fresh()
        problem = self.attempt(service.move, name, GRANTS, person, amount, Why("grant"))
        if not 0 < amount <= 10**15:
            assert problem is not None
            assert problem.code is Code.REQUEST_INVALID
            return
        assert problem is None
        assert self.attempt(service.move, name, GRANTS, person, amount, Why("grant")) is None
        again = self.attempt(service.move, name, GRANTS, person, amount + 1, Why("grant"))
        assert again is not None
        assert again.code is Code.CONFLICT
        self.available[GRANTS] -= amount
        self.available[person] += amount

    @rule(target=holds, debit=st.sampled_from(PEOPLE), credit=st.sampled_from([*PEOPLE, FEES]), amount=AMOUNTS)
    def hold(self, debit: str, credit: str, amount: int) -> object:
        if debit == credit:
            return multiple()
        name = self.fresh()
        problem = self.attempt(service.hold, name, debit, credit, amount, Why("order"), 2000.0)
        if not 0 < amount <= 10**15:
            assert problem is not None
            assert problem.code is Code.REQUEST_INVALID
            return multiple()
        if amount > self.available[debit]:
            assert problem is not None
            assert problem.code is Code.CREDITS_INSUFFICIENT
            assert problem.details["shortfall"] == amount - self.available[debit]
            return multiple()
        assert problem is None
        self.available[debit] -= amount
        self.pending[credit] += amount
        self.open_holds[name] = Hold(debit, credit, amount)
        return name

    @rule(target=resolved, name=consumes(holds), part=st.integers(-5, 120))
    def capture(self, name: str, part: int) -> object:
        held = self.open_holds[name]
        amount = held.amount * part // 100
        problem = self.attempt(service.capture, self.fresh(), name, amount, Why("order"))
        if not 0 < amount <= held.amount:
            assert problem is not None
            self.release(name)
            return name
        assert problem is None
        del self.open_holds[name]
        self.pending[held.credit] -= held.amount
        self.available[held.credit] += amount
        self.available[held.debit] += held.amount - amount
        return name

    @rule(target=resolved, name=consumes(holds), expired=st.booleans())
    def give_back(self, name: str, expired: bool) -> str:
        self.release(name, expired=expired)
        return name

    def release(self, name: str, *, expired: bool = False) -> None:
        held = self.open_holds.pop(name)
        assert self.attempt(service.release, self.fresh(), name, Why("order"), expired=expired) is None
        self.pending[held.credit] -= held.amount
        self.available[held.debit] += held.amount

    @rule(name=resolved, amount=st.integers(1, 60))
    def resolve_again(self, name: str, amount: int) -> None:
        for call, arguments in ((service.capture, (amount,)), (service.release, ())):
            problem = self.attempt(call, self.fresh(), name, *arguments, Why("order"))
            assert problem is not None

    @rule(person=st.sampled_from(PEOPLE))
    def statement_in_pages(self, person: str) -> None:
        lines = []
        before = None
        while True:
            page = service.statement(self.t, person, before, 3)
            lines += page.lines
            before = page.next
            if before is None:
                break
        assert sum(line.amount for line in lines) == self.available[person]

    @invariant()
    def the_books_are_whole(self) -> None:
        if not hasattr(self, "db"):
            return
        assert [*_replay(self.t), *_entries(self.t)] == []
        for person in PEOPLE:
            found = service.balances(self.t, person)
            assert found.available == self.available[person] >= 0
            assert found.pending == self.pending[person]
            assert found.held == sum(hold.amount for hold in self.open_holds.values() if hold.debit == person)


Machine.TestCase.settings = settings(
    max_examples=40 * Effort().times,
    stateful_step_count=30,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestLedger = Machine.TestCase
