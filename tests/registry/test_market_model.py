"""A Hypothesis state machine plays a whole market beside a model in plain Python of who must have what.

Two creators (one sells models derived from the other's), two buyers, an operator, a payment provider and a clock do
whatever they can do: runs paid by credits, passes and for nothing, licences, royalties, disputes before and after the
settlement, refunds, top-ups, chargebacks and debts, payouts and transfers of earnings. The model knows how each of
these stands and computes from that, with arithmetic of its own, what every account must hold: after every step, to the
micro-credit. The audit runs after every step too.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from effort import Effort
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from inline_registry import InlineRegistry
from registry_world import MICRO, Node, acknowledge, make_package
from registry_world import claim as claim_of
from toy_rail import Provider, ToyRail

from artrator.documents import Plan, Royalty
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator_registry import Settings
from artrator_registry.accounts.models import Caller
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, SCHEMA
from artrator_registry.disputes import service as disputes
from artrator_registry.passes import usage
from artrator_registry.payouts import service as payouts
from artrator_registry.rails import debts
from artrator_registry.rails.service import grant
from artrator_registry.sellers import service as sellers
from artrator_registry.storage import migrate

#: The long way takes longer than any other test.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]

DAY = 86_400
FEE = 500
ROYALTY = 1_500
#: Prices that leave remainders wherever something is split.
BASE = {"atelier/root": (1_000_003, 99_991), "bottega/derived": (700_001, 33_333)}
LICENCE = {"atelier/root": 2_000_003, "bottega/derived": 3_000_017}
PASS_PRICE, ALLOWANCE, PERIOD_DAYS = 5_000_003, 9_000_011, 30
FREE_RUNS = 1
#: What the buyers' programs may spend in all.
LIMIT = 25 * MICRO
CREATORS = ["atelier", "bottega"]
BUYERS = ["mina", "juno"]
OPEN = {"held", "claimed"}


def price(listing: str, steps: int) -> int:
    base, step = BASE[listing]
    return base + step * steps


def parts(listing: str, amount: int) -> dict[str, int]:
    """Who gets what of an amount: largest remainder, by fractions."""
    shares = {"fee": FEE, "atelier": ROYALTY} if listing == "bottega/derived" else {"fee": FEE}
    creator = listing.partition("/")[0]
    order = [(creator, 10_000 - sum(shares.values())), *shares.items()]
    exact = [Fraction(amount * weight, 10_000) for _, weight in order]
    whole = [int(each) for each in exact]
    ranked = sorted(range(len(order)), key=lambda i: (whole[i] - exact[i], i))
    for i in ranked[: amount - sum(whole)]:
        whole[i] += 1
    found: defaultdict[str, int] = defaultdict(int)
    for (name, _), part in zip(order, whole, strict=True):
        found[name] += part
    return dict(found)


@dataclass
class Bought:
    """What the model knows of an order."""

    id: str
    buyer: str
    listing: str
    kind: str
    paid_by: str
    worth: int
    cap: int
    placed: m.Order
    period: str | None = None
    state: str = "held"
    used: int = 0  # worth of what the receipt says was delivered
    receipt: dict[str, Any] | None = None
    paid: int = 0  # what its settlement brought in
    aside: dict[str, int] = field(default_factory=dict)  # whose share of it is held by a dispute
    back: dict[str, int] = field(default_factory=dict)  # whose share went back
    covered: int = 0
    disputed_settled: bool = False

    @property
    def creator(self) -> str:
        return self.listing.partition("/")[0]


class Shop:
    """What does not change from one example to the next: keys, packages, and a database that holds them."""

    def __init__(self, folder: Path) -> None:
        opened = Settings(
            data=folder,
            payout_minimum=1,
            verify_payouts="none",
            fee_basis_points=FEE,
            heartbeats_per_minute=10**9,  # its clock goes on by days, and that of the limits does not
        )
        migrate(opened.database, MIGRATIONS, SCHEMA)
        Authority(opened.keys).prepare(1.8e9)
        self.rail = ToyRail(risk_seconds=120 * DAY)
        self.market = InlineRegistry(opened, {"toy": self.rail})
        self.settings = opened
        self.keys = {name: PrivateKey.generate() for name in (*CREATORS, *BUYERS)}
        self.people = {name: self.market.person(name, key) for name, key in self.keys.items()}
        self.robots = {name: self._robot(name) for name in BUYERS}
        self.packages: dict[str, str] = {}
        self.nodes: dict[str, Node] = {}
        for listing, (base, step) in BASE.items():
            self._furnish(listing, base, step)
        plan = Plan(
            creator=self.keys["bottega"].public.encode(),
            name="monthly",
            title={"en": "Everything"},
            price=PASS_PRICE,
            allowance=ALLOWANCE,
            period_days=PERIOD_DAYS,
            issued_at=int(self.market.now),
        )
        document = p.PlanPublication(plan=plan.sign(self.keys["bottega"]))
        self.market.run(self.market.registry.plans.publish(self.people["bottega"], "bottega", "monthly", document))
        self.full = self.market.database.copy()
        self.begin = self.market.now

    def _robot(self, name: str) -> Caller:
        wanted = m.APIKeyRequest(label="robot", scopes=[m.Scope.ORDERS_WRITE], spending_limit=LIMIT)
        key = self.market.run(self.market.registry.accounts.create_api_key(self.people[name], wanted))
        return replace(self.people[name], api_key=key.id, scopes=frozenset({m.Scope.ORDERS_WRITE.value}))

    def _furnish(self, listing: str, base: int, step: int) -> None:
        handle, _, name = listing.partition("/")
        registry, who, key = self.market.registry, self.people[handle], self.keys[handle]
        derived = listing == "bottega/derived"
        more = {"royalties": [Royalty(listing="atelier/root", basis_points=ROYALTY)], "free_runs": FREE_RUNS}
        made = make_package(
            key,
            name=name,
            base=base,
            step=step,
            weights=listing.encode(),
            issued_at=int(self.market.now),
            licence=LICENCE[listing],
            base_models=["atelier/root"] if derived else [],
            **(more if derived else {}),
        )
        self.market.run(registry.listings.publish(who, handle, name, made.publication))
        self.packages[listing] = made.package
        node = self.nodes[handle] = Node(key)
        later = int(self.market.now) + 20 * 365 * DAY
        descriptor = node.descriptor(issued_at=int(self.market.now), expires_at=later)
        self.market.run(registry.nodes.register(who, node.id, m.NodeRegistration(descriptor=descriptor)))
        profile = pm.SellerProfile(legal_name=handle, country="FR", address="1 rue", email="a@example.org")
        self.market.run(registry.sellers.submit(who, profile))
        self.market.write(sellers.decide, handle, None)


@pytest.fixture(scope="module", autouse=True)
def _shop() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        Market.shop = Shop(Path(folder) / "registry")
        yield
        Market.shop.market.close()


class Market(RuleBasedStateMachine):
    shop: Shop
    orders = Bundle("orders")
    topups = Bundle("topups")
    payouts_asked = Bundle("payouts_asked")

    @initialize()
    def open(self) -> None:
        shop = self.shop
        self.market, self.registry, self.people = shop.market, shop.market.registry, shop.people
        self.market.now = shop.begin
        self.market.database.reset(shop.full)
        self.provider = shop.rail.provider = Provider()
        self.known: dict[str, Bought] = {}
        self.credited: defaultdict[str, int] = defaultdict(int)  # vouchers and grants
        self.bought_in: dict[str, tuple[str, int, int]] = {}  # top-up -> who, amount, charge
        self.taken: dict[str, int] = {}
        self.asked: dict[str, tuple[str, int]] = {}
        self.moved: Counter[str] = Counter()
        self.written_off: Counter[str] = Counter()
        self.settled_in_turn: list[str] = []
        pay = usage.pay
        self._spy = mock.patch.object(usage, "pay", lambda t, order, *more: self._paid_by_pass(pay, t, order, *more))
        self._spy.start()
        for buyer in BUYERS:
            self.give(buyer, 30 * MICRO)

    def teardown(self) -> None:
        if hasattr(self, "_spy"):
            self._spy.stop()

    def _paid_by_pass(self, pay: Any, t: Any, order: Any, *more: Any) -> None:
        self.settled_in_turn.append(order["id"])  # the order in which deliveries are counted decides their roundings
        pay(t, order, *more)

    # --- helpers

    def do(self, work: Any, *codes: Code) -> Any:
        """The answer, or the error if it is one of these."""
        try:
            return self.market.run(work)
        except ArtratorError as problem:
            if problem.code not in codes:
                raise
            return problem

    def give(self, who: str, amount: int) -> None:
        self.market.write(grant, who, amount, "", str(uuid.uuid4()))
        self.credited[who] += amount

    def beat(self) -> None:
        for handle, node in self.shop.nodes.items():
            warm = [
                m.PackageState(package=package, state=m.NodeState.WARM)
                for listing, package in self.shop.packages.items()
                if listing.startswith(handle)
            ]
            self.do(self.registry.nodes.heartbeat(self.people[handle], node.id, m.Heartbeat(packages=warm)))

    def row(self, order: str) -> Any:
        return self.market.database.rows("SELECT * FROM orders WHERE id = ?", order)[0]

    def of(self, account: str) -> tuple[int, int, int]:
        """What an account has: available, held, pending."""
        row = self.market.database.rows("SELECT * FROM ledger_accounts WHERE id = ?", account)[0]
        available = row["credits_posted"] - row["debits_posted"] - row["debits_pending"]
        return available, row["debits_pending"], row["credits_pending"]

    def id(self, who: str) -> str:
        return self.people[who].account

    def earnings(self, who: str) -> str:
        return "system:fees" if who == "fee" else f"{self.id(who)}/earnings"

    # --- money comes in

    @rule(who=st.sampled_from(BUYERS), amount=st.integers(1, 9_999_999))
    def get_credits(self, who: str, amount: int) -> None:
        self.give(who, amount)

    @rule(target=topups, who=st.sampled_from(BUYERS), credits_=st.integers(10, 200))
    def top_up(self, who: str, credits_: int) -> object:
        name, amount = str(uuid.uuid4()), credits_ * 100_000
        request = rm.TopUpRequest(rail="toy", amount=amount)
        for _ in range(2):
            made = self.do(self.registry.rails.topups.top_up(self.people[who], name, request), Code.RATE_LIMITED)
        if isinstance(made, ArtratorError):
            return multiple()
        assert made.state is rm.TopUpState.OPEN
        self.bought_in[name] = (who, amount, made.charge)
        other = request.model_copy(update={"amount": amount + 100_000})
        assert (
            self.do(self.registry.rails.topups.top_up(self.people[who], name, other), Code.CONFLICT).code
            is Code.CONFLICT
        )
        return name

    @rule(name=topups, share=st.sampled_from([0, 0, 0, 1, 3, 4]), times=st.integers(1, 2))
    def provider_says(self, name: str, share: int, times: int) -> None:
        """Paid, and so many quarters of it taken back; heard once or more."""
        who, amount, charge = self.bought_in[name]
        debt, available = -self.of(f"{self.id(who)}/debt")[0], self.of(self.id(who))[0]
        before = self.taken.get(name)
        taken_back = charge * share // 4
        self.provider.pay(name, charge, taken_back=taken_back)
        for _ in range(times):
            self.do(self.registry.rails.topups.look("toy", f"ref-{name}", name))
        taken = amount * taken_back // charge
        self.taken[name] = taken
        change = (amount if before is None else 0) - (taken - (before or 0))
        after = -self.of(f"{self.id(who)}/debt")[0], self.of(self.id(who))[0]
        assert after[1] - after[0] == available - debt + change + self.forgiven_and_back(who)
        assert after[0] == 0 or change < 0 or after[1] == 0 or before is not None

    def forgiven_and_back(self, who: str) -> int:
        """What of a written-off debt came in after all is the operator's."""
        rows = self.market.database.rows(
            "SELECT sum(CASE WHEN debit = 'system:losses' THEN amount ELSE -amount END) FROM ledger_transfers"
            " WHERE kind = 'writeoff' AND ? IN (debit, credit)", f"{self.id(who)}/debt"
        )  # fmt: skip
        now = rows[0][0] or 0
        change = now - self.written_off[who]
        self.written_off[who] = now
        return int(change)

    @rule(who=st.sampled_from(BUYERS))
    def forgive(self, who: str) -> None:
        self.market.write(debts.forgive, who, "", str(uuid.uuid4()))
        assert self.of(f"{self.id(who)}/debt")[0] == 0
        self.forgiven_and_back(who)

    # --- buying

    @rule(
        target=orders,
        who=st.sampled_from([*BUYERS, *BUYERS, "bottega"]),
        listing=st.sampled_from(list(BASE)),
        steps=st.integers(1, 50),
        pay=st.sampled_from(["any", "any", "credits"]),
        by_key=st.booleans(),
    )
    def order(self, who: str, listing: str, steps: int, pay: str, by_key: bool = False) -> object:
        self.beat()
        caller = self.shop.robots[who] if by_key and who in BUYERS else self.people[who]
        asked = m.QuoteRequest(listing=listing, measures={"step": steps}, request="ab" * 32, pay=pay)
        quote = self.do(self.registry.orders.quote(caller, asked))
        worth = price(listing, steps)
        assert quote.worth == worth
        by = self.who_pays(who, listing, worth, pay)
        assert quote.paid_by == by
        assert quote.cap == (worth if by == "credits" else 0)
        assert sum(share.amount for share in quote.split) == (
            worth if by == "credits" else PASS_PRICE * worth // ALLOWANCE if by == "pass" else 0
        )
        node = self.shop.nodes[listing.partition("/")[0]].id
        name, request = str(uuid.uuid4()), m.OrderRequest(quote=quote.quote, node=node, max_price=quote.cap)
        owes, has = self.of(f"{self.id(who)}/debt")[0] < 0, self.of(self.id(who))[0]
        place = lambda: self.do(  # noqa: E731
            self.registry.orders.order(caller, name, request),
            *(Code.CREDITS_INSUFFICIENT, Code.DEBT_UNPAID, Code.SPENDING_LIMIT),
        )
        left = LIMIT - self.spent(caller.api_key) if caller.api_key is not None else 10**15
        placed = place()
        if isinstance(placed, ArtratorError):
            assert (placed.code is Code.DEBT_UNPAID) == owes
            assert (placed.code is Code.SPENDING_LIMIT) == (not owes and left < quote.cap)
            assert owes or has < worth or left < worth
            return multiple()
        assert left >= quote.cap
        assert not owes
        assert by != "credits" or has >= worth
        assert place() == placed
        row = self.row(name)
        self.known[name] = Bought(name, who, listing, "run", by, worth, quote.cap, placed, row["pass"])
        return name

    def spent(self, key: str) -> int:
        found: int = self.market.database.rows("SELECT spent FROM api_keys WHERE id = ?", key)[0]["spent"]
        return found

    def who_pays(self, who: str, listing: str, worth: int, pay: str) -> str:
        """The rule in money.md: nothing on one's own, then a free run, then a pass, then credits."""
        if listing.startswith(f"{who}/"):
            return "own"
        if listing != "bottega/derived" or pay != "any":
            return "credits"
        today = int(self.market.now) // DAY
        free = [
            bought
            for bought in self.known.values()
            if bought.buyer == who and bought.paid_by == "free" and bought.state not in ("released", "refunded")
            and int(bought.placed.created_at) // DAY == today
        ]  # fmt: skip
        if len(free) < FREE_RUNS:
            return "free"
        for period in self.market.database.rows(
            "SELECT q.id FROM pass_periods q JOIN passes s ON s.id = q.pass WHERE q.state = 'open' AND s.buyer = ?",
            self.id(who),
        ):
            if self.used(period["id"]) + self.waiting(period["id"]) + worth <= ALLOWANCE:
                return "pass"
        return "credits"

    def used(self, period: str) -> int:
        return sum(self.known[order].used for order in self.settled_in_turn if self.known[order].period == period)

    def waiting(self, period: str) -> int:
        return sum(
            bought.worth
            for bought in self.known.values()
            if bought.period == period and bought.id not in self.settled_in_turn
            and bought.state not in ("released", "refunded")
        )  # fmt: skip

    @rule(target=orders, who=st.sampled_from(BUYERS), listing=st.sampled_from(list(BASE)))
    def buy_licence(self, who: str, listing: str) -> object:
        self.beat()
        name = str(uuid.uuid4())
        request = p.PurchaseRequest(listing=listing, package=self.shop.packages[listing], max_price=10**9)
        codes = (Code.CREDITS_INSUFFICIENT, Code.DEBT_UNPAID, Code.ALREADY_OWNED)
        made = self.do(self.registry.purchases.buy(self.people[who], name, request), *codes)
        mine = [
            each for each in self.known.values() if (each.buyer, each.listing, each.kind) == (who, listing, "purchase")
        ]
        owned = any(each.state not in ("released", "refunded") for each in mine)
        if isinstance(made, ArtratorError):
            assert (made.code is Code.ALREADY_OWNED) == owned
            return multiple()
        assert not owned
        worth = LICENCE[listing]
        self.known[name] = Bought(name, who, listing, "purchase", "credits", worth, worth, made.order)
        return name

    @rule(who=st.sampled_from(BUYERS), renew=st.booleans())
    def buy_pass(self, who: str, renew: bool) -> None:
        name, request = str(uuid.uuid4()), p.PassRequest(plan="bottega/monthly", max_price=PASS_PRICE, renew=renew)
        has, owes = self.of(self.id(who))[0], self.of(f"{self.id(who)}/debt")[0] < 0
        codes = (Code.CREDITS_INSUFFICIENT, Code.DEBT_UNPAID, Code.PASS_IN_FORCE)
        made = self.do(self.registry.passes.buy(self.people[who], name, request), *codes)
        if isinstance(made, ArtratorError):
            assert made.code is Code.PASS_IN_FORCE or has < PASS_PRICE or owes
            return
        assert self.of(self.id(who))[0] == has - PASS_PRICE
        assert self.do(self.registry.passes.buy(self.people[who], name, request)).id == made.id

    @rule(who=st.sampled_from(BUYERS), steps=st.integers(1, 50), share=st.integers(0, 100), times=st.integers(1, 5))
    def use_a_pass(self, who: str, steps: int, share: int, times: int) -> None:
        if self.of(f"{self.id(who)}/debt")[0] == 0:
            self.give(who, PASS_PRICE)
            self.buy_pass(who=who, renew=bool(steps % 2))
            for _ in range(times):
                self.run(who=who, listing="bottega/derived", steps=steps, share=share)
                self.look_at_orders()

    @rule(who=st.sampled_from(BUYERS), renew=st.booleans())
    def change_pass(self, who: str, renew: bool) -> None:
        for each in self.do(self.registry.passes.passes(self.people[who])).items[:1]:
            self.do(self.registry.passes.change(self.people[who], each.id, p.PassChange(renew=renew)), Code.PASS_ENDED)

    # --- delivering

    @rule(
        name=orders,
        outcome=st.sampled_from(["delivered", "delivered", "delivered", "failed", "cancelled"]),
        share=st.integers(0, 100),
        verdict=st.sampled_from([None, "accepted", "accepted", "refused"]),
    )
    def deliver(self, name: str, outcome: str, share: int, verdict: str | None) -> None:
        bought = self.known[name]
        node = self.shop.nodes[bought.creator]
        steps = json.loads(self.row(name)["measures"]).get("step")
        measures = {} if steps is None or outcome != "delivered" else {"step": steps * share // 100}
        receipt = bought.receipt or node.receipt(bought.placed, outcome, measures=measures)
        answer = None if verdict is None else acknowledge(self.shop.keys[bought.buyer], name, receipt, verdict)
        claim = claim_of(bought.placed, receipt, answer)
        told = self.do(self.registry.orders.report(self.people[bought.creator], name, claim), Code.ORDER_CLOSED)
        if isinstance(told, ArtratorError):
            assert bought.state in ("released", "settled", "disputed", "refunded")
            return
        if bought.receipt is None:
            bought.receipt = receipt
            if outcome == "delivered":
                delivered = bought.worth if steps is None else price(bought.listing, steps * share // 100)
                bought.used = min(bought.worth, delivered)
            else:
                assert told.state is m.OrderState.RELEASED
        if bought.state in OPEN and verdict == "accepted" and told.state is not m.OrderState.RELEASED:
            assert told.state is m.OrderState.SETTLED

    @rule(
        target=orders,
        who=st.sampled_from(BUYERS),
        listing=st.sampled_from(list(BASE)),
        steps=st.integers(1, 50),
        share=st.integers(0, 100),
    )
    def run(self, who: str, listing: str, steps: int, share: int) -> object:
        """What mostly happens: ordered, delivered, accepted."""
        name = self.order(who=who, listing=listing, steps=steps, pay="any")
        if isinstance(name, str):
            self.look_at_orders()
            self.deliver(name=name, outcome="delivered", share=share, verdict="accepted")
        return name

    @rule(name=orders)
    def give_up(self, name: str) -> None:
        bought = self.known[name]
        self.do(self.registry.orders.cancel(self.people[bought.buyer], name, at_once=True), Code.ORDER_CLOSED)

    # --- disputes

    @rule(name=orders, reason=st.sampled_from(list(dm.DisputeReason)))
    def object(self, name: str, reason: dm.DisputeReason) -> None:
        bought = self.known[name]
        before, row = bought.state, self.row(name)
        there = {each: self.of(self.earnings(each))[0] for each in ("fee", *CREATORS)}
        opening = dm.DisputeOpening(reason=reason, text="It is not what I bought.")
        codes = (Code.DISPUTE_CLOSED, Code.CONFLICT)
        opened = self.do(self.registry.disputes.open(self.people[bought.buyer], name, opening), *codes)
        if isinstance(opened, ArtratorError):
            return
        if before == "settled" and self.row(name)["state"] == "disputed":
            assert row["dispute_until"] > self.market.now
            bought.disputed_settled = True
            # Each share is set aside as far as it is there.
            for who, share in parts(bought.listing, bought.paid).items():
                if part := min(share, there[who]):
                    bought.aside[who] = part

    @rule(name=orders, give_back=st.booleans())
    def answer(self, name: str, give_back: bool) -> None:
        bought = self.known[name]
        said = dm.DisputeAnswer(text="It is.", give_back=give_back)
        codes = (Code.DISPUTE_CLOSED, Code.CONFLICT, Code.DISPUTE_UNKNOWN)
        creator = self.people[bought.creator]
        if bought.creator != bought.buyer:
            self.do(self.registry.disputes.answer(creator, name, said), *codes)

    @rule(name=orders, winner=st.sampled_from(["buyer", "creator"]))
    def decide(self, name: str, winner: str) -> None:
        was = self.known[name].state
        done = self.do(self.market.database.write(disputes.resolve, name, winner), Code.ORDER_CLOSED)
        assert isinstance(done, ArtratorError) == (was != "disputed")

    # --- what was earned

    @rule(who=st.sampled_from(CREATORS), share=st.integers(1, 120))
    def move_earnings(self, who: str, share: int) -> None:
        has = self.do(self.registry.earnings.overview(self.people[who], None, None)).available
        amount, name = has * share // 100, str(uuid.uuid4())
        if not amount:
            return
        for _ in range(2):
            moved = self.do(self.registry.earnings.move(self.people[who], name, amount), Code.EARNINGS_INSUFFICIENT)
        assert isinstance(moved, ArtratorError) == (amount > has)
        if amount <= has:
            self.moved[who] += amount

    @rule(target=payouts_asked, who=st.sampled_from(CREATORS), share=st.integers(1, 120))
    def ask_for_payout(self, who: str, share: int) -> object:
        has = self.do(self.registry.earnings.overview(self.people[who], None, None)).available
        amount, name = has * share // 100, str(uuid.uuid4())
        if not amount:
            return multiple()
        request = pm.PayoutRequest(amount=amount, destination="DE00 0000")
        for _ in range(2):
            asked = self.do(self.registry.payouts.request(self.people[who], name, request), Code.EARNINGS_INSUFFICIENT)
        assert isinstance(asked, ArtratorError) == (amount > has)
        if amount > has:
            return multiple()
        self.asked[name] = (who, amount)
        return name

    @rule(name=payouts_asked, what=st.sampled_from(["sent", "paid", "failed", "cancel"]))
    def pay_out(self, name: str, what: str) -> None:
        if what == "cancel":
            who = self.people[self.asked[name][0]]
            self.do(self.registry.payouts.cancel(who, name), Code.PAYOUT_CLOSED)
        elif what == "failed":
            self.do(self.market.database.write(payouts.failed, name, "no such account"), Code.PAYOUT_CLOSED)
        else:
            call = payouts.sent if what == "sent" else payouts.paid
            self.do(self.market.database.write(call, name, "ref"), Code.PAYOUT_CLOSED)

    # --- time

    @rule(
        seconds=st.sampled_from([10.0, 400.0, 1_100.0, 90_000.0, 8.0 * DAY, 31.0 * DAY, -3_600.0]), told=st.booleans()
    )
    def time_passes(self, seconds: float, told: bool) -> None:
        self.market.now += seconds
        if told:
            self.beat()
        self.market.sweep()
        self.market.run(self.registry.rails.reconciler.reconcile())
        for who in (*BUYERS, *CREATORS):  # what comes in pays a debt first
            assert self.of(f"{self.id(who)}/debt")[0] == 0 or self.of(self.id(who))[0] == 0

    @rule()
    def a_month_passes(self) -> None:
        self.time_passes(seconds=31.0 * DAY, told=True)

    # --- what must be

    @invariant()
    def everybody_has_what_is_theirs(self) -> None:
        if not hasattr(self, "known"):
            return
        assert self.market.audit() == []
        self.look_at_orders()
        for account, wanted in self.expected().items():
            assert self.of(account) == wanted, account

    def look_at_orders(self) -> None:
        """How every order stands now; what ended stays, and nobody is charged above a cap."""
        for row in self.market.database.rows("SELECT * FROM orders"):
            bought = self.known[row["id"]]
            old, bought.state = bought.state, row["state"]
            if old in ("released", "refunded"):
                assert bought.state == old
            assert 0 <= row["charged"] <= bought.cap
            if bought.state == "released":
                assert row["charged"] == 0
            if bought.state in ("settled", "refunded") or bought.disputed_settled:
                assert bought.receipt is not None
            if old in OPEN | {"disputed"} and not bought.disputed_settled and bought.state == "settled":
                bought.paid = min(bought.cap, bought.used)  # a pass's share is counted in turn, see below
            if old == "disputed" and bought.disputed_settled and bought.state in ("settled", "refunded"):
                if bought.state == "refunded":
                    bought.back = dict(bought.aside)
                    bought.covered = bought.paid - sum(bought.aside.values())
                bought.aside = {}
                bought.disputed_settled = False
        earned: Counter[str] = Counter()
        for order in self.settled_in_turn:
            bought = self.known[order]
            assert bought.period is not None
            before = PASS_PRICE * earned[bought.period] // ALLOWANCE
            earned[bought.period] += bought.used
            bought.paid = PASS_PRICE * earned[bought.period] // ALLOWANCE - before

    def expected(self) -> dict[str, tuple[int, int, int]]:
        """What every account must have, from how everything stands: available, held, pending."""
        wallet, held, kept, aside, pending = (Counter[str]() for _ in range(5))
        fees = fees_aside = covered = 0
        periods: dict[str, tuple[int, int, int]] = {}
        for who, amount in self.credited.items():
            wallet[who] += amount
        for name, taken in self.taken.items():
            who, amount, _ = self.bought_in[name]
            wallet[who] += amount - taken
        for who, amount in self.written_off.items():
            wallet[who] += amount
        for who, amount in self.moved.items():
            wallet[who] += amount
            kept[who] -= amount
        for bought in self.known.values():
            charged = bought.cap and bought.paid
            wallet[bought.buyer] -= charged
            if bought.state in OPEN or (bought.state == "disputed" and not bought.disputed_settled):
                held[bought.buyer] += bought.cap
                pending[bought.creator] += bought.cap
            if bought.paid:
                for who, part in parts(bought.listing, bought.paid).items():
                    kept[who] += part
            for who, part in bought.aside.items():
                aside[who] += part
            if bought.back or bought.covered:
                wallet[bought.buyer] += bought.paid
                covered += bought.covered
                for who, part in bought.back.items():
                    kept[who] -= part
        for row in self.market.database.rows(
            "SELECT q.*, a.handle FROM pass_periods q JOIN passes s ON s.id = q.pass JOIN accounts a ON a.id = s.buyer"
        ):
            earned = sum(
                self.known[order].paid for order in self.settled_in_turn if self.known[order].period == row["id"]
            )
            rest = PASS_PRICE - earned
            wallet[row["handle"]] -= PASS_PRICE
            if row["state"] == "paid":
                for who, part in parts("bottega/derived", rest).items():
                    kept[who] += part
            elif row["state"] == "refunded":
                wallet[row["handle"]] += rest
            left = rest if row["state"] in ("open", "ending") else 0
            periods[f"pass/{row['id']}"] = (left, 0, 0)
        paid_out = asked_for = 0
        for row in self.market.database.rows("SELECT id, state FROM payouts"):
            who, amount = self.asked[row["id"]]
            if row["state"] == "paid":
                kept[who] -= amount
                paid_out += amount
            elif row["state"] in ("requested", "sent"):
                aside[who] += amount
                asked_for += amount
        fees, fees_aside = kept.pop("fee", 0), aside.pop("fee", 0)
        found = dict(periods)
        for who in (*BUYERS, *CREATORS):
            net = wallet[who] - held[who]
            there, owes = self.of(self.id(who))[0], -self.of(f"{self.id(who)}/debt")[0]
            assert owes >= 0
            assert there >= 0
            assert there - owes == net, who  # how much of it is a debt depends on when what came in
            refunds = sum(sum(b.aside.values()) for b in self.known.values() if b.buyer == who)
            found[self.id(who)] = (there, held[who], refunds)
            found[f"{self.id(who)}/earnings"] = (kept[who] - aside[who], aside[who], pending[who])
        found["system:fees"] = (fees - fees_aside, fees_aside, 0)
        found["system:disputes"] = (-covered, 0, 0)
        found["system:payouts"] = (paid_out, 0, asked_for)
        return found


EFFORT = Effort()
Market.TestCase.settings = settings(
    max_examples=120 * EFFORT.times,
    stateful_step_count=50,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # To find the shortest way to a mistake takes minutes: that is for who looks at it.
    phases=[Phase.generate, Phase.shrink] if EFFORT.long else [Phase.generate],
)
TestMarket = Market.TestCase
