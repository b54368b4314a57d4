"""Buyers, nodes and an operator who work all at once against a registry process that may die at any moment.

They are light: keys and documents are real, the HTTP is real, pictures there are none. Each does what an honest client
does, which is to ask again until there is an answer, and notes what it was promised.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from market_program import FileRail
from promises import Promises
from registry_process import Server
from registry_world import MICRO, Made, Node, acknowledge, make_package
from registry_world import claim as claim_of

from artrator.clients.registry import RegistryClient
from artrator.documents import Plan
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import disputes as m_disputes
from artrator.messages import payouts as m_payouts
from artrator.messages import products as m_products
from artrator.messages import rails as m_rails
from artrator.messages import registry as m
from artrator.rail import Payment, PaymentState
from artrator_registry.admin import Refused, write
from artrator_registry.ledger.models import transfer_id
from artrator_registry.payouts import service as payouts

_T = TypeVar("_T")

#: Everything runs out within seconds, so that what is left alone ends while somebody looks.
OPTIONS = (
    *("--start-seconds", "1", "--finish-seconds", "2", "--capture-seconds", "3600", "--grace-seconds", "0.5"),
    *("--dispute-seconds", "1", "--heartbeat-seconds", "1", "--sweep-seconds", "0.2", "--purchase-seconds", "2"),
    *("--payout-delay-seconds", "0", "--payout-minimum", "0.000001", "--verify-payouts", "none"),
)

VOUCHER = 20 * MICRO
#: The least that the toy rail can pay, in micro-credits.
CENT = 100_000
ENDED = {m.OrderState.SETTLED, m.OrderState.RELEASED, m.OrderState.REFUNDED}
#: Nobody is there, or somebody is and cannot: the same question again, a little later.
LATER: Set[Code] = {Code.REGISTRY_UNREACHABLE, Code.STORAGE_BUSY, Code.NO_NODE, Code.RATE_LIMITED}

#: The registry was away too long, or another errand was quicker.
_MISSED = {
    Code.ALREADY_OWNED,
    Code.DISPUTE_CLOSED,
    Code.ORDER_CLOSED,
    Code.PASS_IN_FORCE,
    Code.QUOTE_EXPIRED,
    Code.QUOTE_STALE,
    Code.QUOTE_UNKNOWN,
}

#: How an order goes, and how often.
PATHS = {
    "paid": 8,
    "in two steps": 3,
    "both at once": 3,
    "silent": 2,
    "failed": 2,
    "refused": 2,
    "regretted": 2,
    "given up": 1,
    "lost": 1,
    "a licence": 2,
    "a pass": 1,
    "a top-up": 3,
}

PASS_PRICE, ALLOWANCE = 4 * MICRO + 1, 15 * MICRO


@dataclass
class Shop:
    """A creator with one package and one node."""

    client: RegistryClient
    handle: str
    made: Made
    made_by: PrivateKey
    node: Node

    @property
    def listing(self) -> str:
        return f"{self.handle}/{self.made.name}"

    def plan(self) -> dict[str, Any]:
        """Fifteen credits' worth of runs a month, for about four."""
        plan = Plan(
            creator=self.made_by.public.encode(),
            name="monthly",
            title={"en": "Monthly"},
            price=PASS_PRICE,
            allowance=ALLOWANCE,
            issued_at=int(time.time()),
        )
        return plan.sign(self.made_by)

    async def beat(self) -> None:
        packages = [m.PackageState(package=self.made.package, state=m.NodeState.WARM)]
        await self.client.heartbeat(self.node.id, m.Heartbeat(packages=packages))


@dataclass
class Buyer:
    """A buyer, and what it redeemed."""

    client: RegistryClient
    key: PrivateKey
    brought: int = 0
    passes: int = 0
    orders: dict[str, tuple[m.Order, int]] = field(default_factory=dict)  # as placed, and what all of it costs
    final: dict[str, m.Order] = field(default_factory=dict)


class Load:
    """The whole market.

    Args:
        server: The registry.
        promises: Where answers are noted.
        seed: Of every choice made here.
        decides: Whether there is an operator who decides disputes.
        later: Answers on which a client asks again.
        provider: The folder of ``market_program``'s provider; None where the server has no rail.
    """

    def __init__(
        self,
        server: Server,
        promises: Promises,
        seed: int,
        *,
        buyers: int = 6,
        shops: int = 2,
        decides: bool = True,
        later: Set[Code] = LATER,
        provider: Path | None = None,
    ) -> None:
        self.server = server
        self.promises = promises
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self._decides = decides
        self._later = later
        self._rail = None if provider is None else FileRail(provider)
        self._paths = {path: often for path, often in PATHS.items() if self._rail or path != "a top-up"}
        self._stop = False
        self._codes: list[str] = []
        self._disputed: asyncio.Queue[str | None] = asyncio.Queue()
        self._sizes = (buyers, shops)
        self._buyers: list[Buyer] = []
        self._shops: list[Shop] = []

    def _buyer(self, index: int) -> Buyer:
        key = PrivateKey.generate()
        return Buyer(self.server.client(key, f"buyer-{index}"), key)

    def _shop(self, index: int) -> Shop:
        key, handle = PrivateKey.generate(), f"atelier-{index}"
        return Shop(self.server.client(key, handle), handle, make_package(key, licence=3 * MICRO + 7), key, Node(key))

    def print_vouchers(self, count: int) -> None:
        """Where all money comes from."""
        arguments = ("--amount", str(VOUCHER // MICRO), "--count", str(count))
        self._codes = self.server.run("voucher", "create", *arguments).split()

    async def open(self) -> None:
        """Everybody signs in; packages are published. The registry is up."""
        buyers, shops = self._sizes
        self._buyers = [self._buyer(i) for i in range(buyers)]
        self._shops = [self._shop(i) for i in range(shops)]
        for shop in self._shops:
            account = (await shop.client.sign_in()).account
            self.promises.note("account", account.id)
            await shop.client.publish(shop.listing, shop.made.publication)
            self.promises.note("listing", shop.listing)
            await shop.client.set_seller(m_payouts.SellerProfile(legal_name="Atelier", country="FR"))
            await asyncio.to_thread(self.server.run, "sellers", "verify", shop.handle)
            await shop.client.publish_plan(shop.handle, "monthly", shop.plan())
            await shop.client.register_node(shop.node.id, m.NodeRegistration(descriptor=shop.node.descriptor()))
            await shop.beat()
        for buyer in self._buyers:
            account = (await buyer.client.sign_in()).account
            self.promises.note("account", account.id)
            await self._redeem(buyer)

    async def run(self) -> None:
        """Work until ``stop``; returns when every errand has come to its end."""
        nodes = [asyncio.create_task(self._beat_for_ever(shop)) for shop in self._shops]
        cashing = [asyncio.create_task(self._cash_in(shop)) for shop in self._shops]
        operator = asyncio.create_task(self._operate())
        try:
            await asyncio.gather(*(self._shop_for_ever(buyer) for buyer in self._buyers))
            await asyncio.gather(*cashing)
            await self._disputed.put(None)
            await operator
            await asyncio.gather(*(self._see_the_end(buyer) for buyer in self._buyers))
        finally:
            for task in (*nodes, *cashing, operator):
                task.cancel()
            await asyncio.gather(*nodes, *cashing, operator, return_exceptions=True)

    def stop(self) -> None:
        """Begin nothing new."""
        self._stop = True

    async def close(self) -> None:
        for client in [buyer.client for buyer in self._buyers] + [shop.client for shop in self._shops]:
            await client.aclose()

    async def differences(self) -> list[str]:
        """What buyers have against what they were told, once everything has ended."""
        found = []
        for buyer in self._buyers:
            charged = sum(order.charged - order.refunded for order in buyer.final.values())
            open_ = [order for order in buyer.final.values() if order.state is m.OrderState.DISPUTED]
            held = sum(order.cap for order in open_ if not order.charged)
            balance = await self._insist(buyer.client.balance)
            wanted = buyer.brought - charged - held - buyer.passes - await self._paid_back(buyer)
            if (balance.available - balance.debt, balance.held) != (wanted, held):
                found.append(f"brought {buyer.brought}, was charged {charged}, should have {wanted}, has {balance}")
            if balance.available and balance.debt:
                found.append(f"owes {balance.debt} and has {balance.available}")
            for order, (_, price) in buyer.orders.items():
                end = buyer.final[order]
                if end.charged not in (0, price) or (end.charged and end.state in (m.OrderState.RELEASED,)):
                    found.append(f"order {order}, which costs {price}, ended as {end.state} with {end.charged}")
        return [*found, *await self._sent()] if self._rail else found

    async def _sent(self) -> list[str]:
        """What left through the provider, against what the registry says it sent."""
        assert self._rail is not None
        for shop in self._shops:
            while True:
                page = await self._insist(partial(shop.client.payouts))
                open_ = [
                    each for each in page.items if each.rail == "toy" and each.state.value in ("requested", "sent")
                ]
                if not open_:
                    break
                await asyncio.sleep(0.1)
        # Only now: what was open could leave until then.
        left = {file.name.removeprefix("out-"): int(file.read_text()) for file in self._rail.files.folder.glob("out-*")}
        found = []
        for shop in self._shops:
            before = None
            while True:
                page = await self._insist(partial(shop.client.payouts, before=before))
                for each in page.items:
                    charge = left.pop(each.id, 0) if each.rail == "toy" else 0
                    wanted = each.amount // CENT if each.rail == "toy" and each.state.value == "paid" else 0
                    if charge != wanted:
                        found.append(f"payout {each} and {charge} left at the provider")
                before = page.next
                if before is None:
                    break
        return [*found, *(f"payout {each} left and nobody asked for it" for each in left)]

    async def _paid_back(self, buyer: Buyer) -> int:
        """What came back of runs that a pass had paid for, with a minus: a refund gives credits."""
        back = 0
        before = None
        while True:
            page = await self._insist(partial(buyer.client.statement, before=before, limit=200))
            for line in page.lines:
                if line.kind == "refund" and line.order in buyer.final and buyer.final[line.order].paid_by == "pass":
                    back += line.amount
            before = page.next
            if before is None:
                return -back

    # --- what each does

    async def _insist(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """As every client does: the same request again until there is an answer."""
        while True:
            try:
                return await call()
            except ArtratorError as problem:
                if problem.code not in self._later:
                    raise
                self.counts[f"asked again: {problem.code}"] += 1
                await asyncio.sleep(self.random.uniform(0.05, 0.15))

    async def _beat_for_ever(self, shop: Shop) -> None:
        while True:
            await self._insist(shop.beat)
            await asyncio.sleep(0.3)

    async def _operate(self) -> None:
        while (order := await self._disputed.get()) is not None:
            if self._decides:
                winner = self.random.choice(["buyer", "creator"])
                await asyncio.to_thread(self.server.run, "resolve", order, "--to", winner)
                self.counts["decided"] += 1

    async def _redeem(self, buyer: Buyer) -> None:
        code = self._codes.pop()
        try:
            redeemed = await self._insist(partial(buyer.client.redeem, code))
            assert redeemed.amount == VOUCHER
        except ArtratorError as problem:  # the answer was lost: the voucher was not
            if problem.code is not Code.VOUCHER_INVALID or "by you" not in problem.message:
                raise
        buyer.brought += VOUCHER
        digest = hashlib.sha256(f"artrator-voucher:{code.replace('-', '')}".encode()).hexdigest()
        self.promises.note("voucher", digest, "redeemed", VOUCHER)

    async def _shop_for_ever(self, buyer: Buyer) -> None:
        while not self._stop:
            shop = self.random.choice(self._shops)
            path = self.random.choices(list(self._paths), self._paths.values())[0]
            try:
                match path:
                    case "a pass":
                        await self._buy_pass(buyer, shop)
                    case "a top-up":
                        await self._top_up(buyer)
                    case _:
                        await self._errand(buyer, shop, path)
            except ArtratorError as problem:
                if problem.code in (Code.CREDITS_INSUFFICIENT, Code.DEBT_UNPAID):
                    await self._redeem(buyer)
                elif problem.code not in _MISSED:
                    raise

    async def _errand(self, buyer: Buyer, shop: Shop, path: str) -> None:
        order = str(uuid.uuid4())  # made before it is sent, and kept: the same one is asked for again
        if path == "a licence":
            wanted = m_products.PurchaseRequest(
                listing=shop.listing, package=shop.made.package, node=shop.node.id, max_price=100 * MICRO
            )
            bought = await self._insist(partial(buyer.client.buy_licence, order, wanted))
            placed, again = bought.order, None
        else:
            steps = self.random.randint(1, 30)
            asked = m.QuoteRequest(listing=shop.listing, measures={"step": steps}, request="ab" * 32)
            quote = await self._insist(partial(buyer.client.quote, asked))
            request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
            place = partial(self._insist, partial(buyer.client.order, order, request))
            placed, again = await asyncio.gather(place(), place()) if path == "both at once" else (await place(), None)
        buyer.orders[order] = (placed, placed.cap)
        self._noted(placed)
        # Whoever was killed in between may hear of it when it has run out already; the ticket never changes.
        assert again is None or (again.order, again.ticket) == (placed.order, placed.ticket)
        self.counts[path] += 1
        if path in ("given up", "lost"):
            if path == "given up":
                self._noted(await self._insist(partial(buyer.client.cancel_order, order)))
            return
        receipt = shop.node.receipt(placed, "failed" if path == "failed" else "delivered")
        verdict = acknowledge(buyer.key, order, receipt, "refused" if path == "refused" else "accepted")
        alone, both = claim_of(placed, receipt), claim_of(placed, receipt, verdict)
        bring = partial(buyer.client.acknowledge, order, m.Acknowledge(receipt=receipt, acknowledgement=verdict))
        match path:
            case "paid" | "a licence" | "regretted":
                self._noted(await self._insist(partial(shop.client.claim, order, both)))
            case "both at once":
                answers = await asyncio.gather(
                    self._insist(partial(shop.client.claim, order, both)), self._insist(bring)
                )
                for answer in answers:
                    self._noted(answer)
            case _:
                self._noted(await self._insist(partial(shop.client.claim, order, alone)))
                if path in ("in two steps", "refused"):
                    self._noted(await self._insist(bring))
                if path == "refused":
                    await self._disputed.put(order)

        if path == "regretted":
            opening = m_disputes.DisputeOpening(reason=m_disputes.DisputeReason.UNUSABLE, text="It is all grey.")
            disputed = await self._insist(partial(buyer.client.open_dispute, order, opening))
            self.promises.note("dispute", order, disputed.state.value)
            if self.random.random() < 0.5:
                gone = m_disputes.DisputeAnswer(text="It is.", give_back=True)
                disputed = await self._insist(partial(shop.client.answer_dispute, order, gone))
                self.promises.note("dispute", order, disputed.state.value)
            else:
                await self._disputed.put(order)
        if path == "a licence":
            while (await self._insist(partial(buyer.client.purchase, order))).licence is None:
                await asyncio.sleep(0.05)
            self.promises.note("licence", order)

    async def _buy_pass(self, buyer: Buyer, shop: Shop) -> None:
        name = str(uuid.uuid4())
        wanted = m_products.PassRequest(plan=f"{shop.handle}/monthly", max_price=PASS_PRICE)
        found = await self._insist(partial(buyer.client.buy_pass, name, wanted))
        buyer.passes += PASS_PRICE
        self.promises.note("pass", name, found.state.value)
        self.counts["a pass"] += 1

    async def _top_up(self, buyer: Buyer) -> None:
        """Paid at the provider; heard of by a webhook, by two at once, or by none."""
        assert self._rail is not None
        name, amount = str(uuid.uuid4()), self.random.randint(10, 90) * 100_000
        asked = await self._insist(partial(buyer.client.top_up, name, m_rails.TopUpRequest(rail="toy", amount=amount)))
        self.promises.note("topup", name, asked.state.value, 0)
        if asked.page is None:  # the registry was away for weeks before it opened: there is nothing to pay
            assert asked.state is m_rails.TopUpState.EXPIRED, asked
            self.counts["a top-up that never opened"] += 1
            return
        paid = Payment(PaymentState.PAID, topup=name, payment=f"pay-{name}", charge=asked.charge, currency="eur")
        await self._provider_says(paid)
        await self._until_topup(buyer, name, m_rails.TopUpState.PAID)
        buyer.brought += amount
        self.counts["a top-up"] += 1
        if self.random.random() < 0.3:
            await self._provider_says(replace(paid, taken_back=asked.charge), at_least=1)
            await self._until_topup(buyer, name, m_rails.TopUpState.CHARGED_BACK)
            buyer.brought -= amount
            self.counts["a chargeback"] += 1

    async def _provider_says(self, payment: Payment, at_least: int = 0) -> None:
        """The provider repeats a webhook until it is answered, or loses it before it is ever sent."""
        assert self._rail is not None
        reference = self._rail.files.say(payment)
        body, headers = self._rail.notice(str(uuid.uuid4()), reference, payment.topup)

        url = f"{self.server.url}/v1/rails/toy/webhook"

        async def send() -> None:
            async with httpx.AsyncClient() as http:
                while True:
                    try:
                        answer = await http.post(url, content=body, headers=headers)
                    except httpx.HTTPError:
                        await asyncio.sleep(0.05)
                        continue
                    assert answer.status_code == 204, answer.text
                    return

        await asyncio.gather(*(send() for _ in range(self.random.randint(at_least, 2))))

    async def _until_topup(self, buyer: Buyer, name: str, state: m_rails.TopUpState) -> None:
        while True:
            found = await self._insist(partial(buyer.client.topup, name))
            if found.state is state:
                self.promises.note("topup", name, found.state.value, found.amount)
                return
            await asyncio.sleep(0.05)

    async def _cash_in(self, shop: Shop) -> None:
        """Whatever has matured is spent or paid out."""
        today = datetime.now(UTC).date().isoformat()
        person = (await self._insist(shop.client.account)).id
        while not self._stop:
            await asyncio.sleep(0.2)
            has = (await self._insist(partial(shop.client.earnings, today, today))).available
            if not has:
                continue
            name, amount = str(uuid.uuid4()), self.random.randint(1, has)
            try:
                if self.random.random() < 0.5:
                    await self._insist(partial(shop.client.move_earnings, name, amount))
                    self.promises.note("transfer", transfer_id(f"earnings:{person}:{name}", "move"), "", amount)
                else:
                    by_hand = self._rail is None or has < CENT or self.random.random() < 0.5
                    if not by_hand:
                        amount = max(CENT, amount // CENT * CENT)
                    rail = "manual" if by_hand else "toy"
                    request = m_payouts.PayoutRequest(amount=amount, rail=rail, destination="DE00 0000")
                    asked = await self._insist(partial(shop.client.request_payout, name, request))
                    self.promises.note("payout", name, asked.state.value, amount)
                    if self.random.random() < 0.3:
                        asked = await self._insist(partial(shop.client.cancel_payout, name))
                        self.promises.note("payout", name, asked.state.value, amount)
                    elif self._decides and by_hand:
                        await self._insist(partial(asyncio.to_thread, self._pay_by_hand, name))
                        self.promises.note("payout", name, "paid", amount)
                self.counts["cashed in"] += 1
            except ArtratorError as problem:
                if problem.code not in (Code.EARNINGS_INSUFFICIENT, Code.PAYOUT_CLOSED):  # a dispute was quicker
                    raise

    def _pay_by_hand(self, payout: str) -> None:
        try:
            write(self.server.data, lambda t: payouts.paid(t, payout, "ref"))
        except Refused as refused:
            raise refused.problem from refused

    def _noted(self, order: m.Order) -> None:
        self.promises.note("order", order.order, order.state.value, order.charged)

    async def _see_the_end(self, buyer: Buyer) -> None:
        """What was begun ends by itself."""
        for order in buyer.orders:
            while True:
                found = await self._insist(partial(buyer.client.get_order, order))
                self._noted(found)
                if found.state in ENDED or (found.state is m.OrderState.DISPUTED and not self._decides):
                    buyer.final[order] = found
                    break
                await asyncio.sleep(0.1)
