"""Buyers, nodes and an operator who work all at once against a registry process that may die at any moment.

They are light: keys and documents are real, the HTTP is real, pictures there are none. Each does what an honest client
does, which is to ask again until there is an answer, and notes what it was promised.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from promises import Promises
from registry_process import Server
from registry_world import MICRO, Made, Node, acknowledge, make_package

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m

_T = TypeVar("_T")

#: Everything runs out within seconds, so that what is left alone ends while somebody looks.
OPTIONS = (
    *("--start-seconds", "1", "--finish-seconds", "2", "--capture-seconds", "3600", "--grace-seconds", "0.5"),
    *("--dispute-seconds", "1", "--heartbeat-seconds", "1", "--sweep-seconds", "0.2"),
)

VOUCHER = 20 * MICRO
ENDED = {m.OrderState.SETTLED, m.OrderState.RELEASED, m.OrderState.REFUNDED}
#: Nobody is there, or somebody is and cannot: the same question again, a little later.
LATER: Set[Code] = {Code.REGISTRY_UNREACHABLE, Code.STORAGE_BUSY, Code.NO_NODE, Code.RATE_LIMITED}

#: How an order goes, and how often.
PATHS = {
    "paid": 8,
    "in two steps": 3,
    "both at once": 3,
    "silent": 2,
    "failed": 2,
    "refused": 2,
    "given up": 1,
    "lost": 1,
}


@dataclass
class Shop:
    """A creator with one package and one node."""

    client: RegistryClient
    handle: str
    made: Made
    node: Node

    @property
    def listing(self) -> str:
        return f"{self.handle}/{self.made.name}"

    async def beat(self) -> None:
        packages = [m.PackageState(package=self.made.package, state=m.NodeState.WARM)]
        await self.client.heartbeat(self.node.id, m.Heartbeat(packages=packages))


@dataclass
class Buyer:
    """A buyer, and what it redeemed."""

    client: RegistryClient
    key: PrivateKey
    brought: int = 0
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
    ) -> None:
        self.server = server
        self.promises = promises
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self._decides = decides
        self._later = later
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
        return Shop(self.server.client(key, handle), handle, make_package(key), Node(key))

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
            await shop.client.register_node(shop.node.id, m.NodeRegistration(descriptor=shop.node.descriptor()))
            await shop.beat()
        for buyer in self._buyers:
            account = (await buyer.client.sign_in()).account
            self.promises.note("account", account.id)
            await self._redeem(buyer)

    async def run(self) -> None:
        """Work until ``stop``; returns when every errand has come to its end."""
        nodes = [asyncio.create_task(self._beat_for_ever(shop)) for shop in self._shops]
        operator = asyncio.create_task(self._operate())
        try:
            await asyncio.gather(*(self._shop_for_ever(buyer) for buyer in self._buyers))
            await self._disputed.put(None)
            await operator
            await asyncio.gather(*(self._see_the_end(buyer) for buyer in self._buyers))
        finally:
            for task in (*nodes, operator):
                task.cancel()
            await asyncio.gather(*nodes, operator, return_exceptions=True)

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
            charged = sum(order.charged for order in buyer.final.values())
            held = sum(order.cap for order in buyer.final.values() if order.state is m.OrderState.DISPUTED)
            balance = await self._insist(buyer.client.balance)
            if (balance.available, balance.held) != (buyer.brought - charged - held, held):
                found.append(f"brought {buyer.brought}, was charged {charged}, has {balance}")
            for order, (_, price) in buyer.orders.items():
                end = buyer.final[order]
                if end.charged not in (0, price) or (end.charged and end.state is not m.OrderState.SETTLED):
                    found.append(f"order {order}, which costs {price}, ended as {end.state} with {end.charged}")
        return found

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
                await asyncio.sleep(0.03)

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
            path = self.random.choices(list(PATHS), PATHS.values())[0]
            try:
                await self._errand(buyer, shop, path)
            except ArtratorError as problem:
                if problem.code is Code.CREDITS_INSUFFICIENT:
                    await self._redeem(buyer)
                elif problem.code not in (Code.ORDER_CLOSED, Code.QUOTE_EXPIRED):  # the registry was away too long
                    raise

    async def _errand(self, buyer: Buyer, shop: Shop, path: str) -> None:
        steps = self.random.randint(1, 30)
        asked = m.QuoteRequest(listing=shop.listing, measures={"step": steps}, request="ab" * 32)
        quote = await self._insist(partial(buyer.client.quote, asked))
        order = str(uuid.uuid4())  # made before it is sent, and kept: the same one is asked for again
        request = m.OrderRequest(quote=quote.quote, node=shop.node.id, max_price=quote.cap)
        place = partial(self._insist, partial(buyer.client.order, order, request))
        placed, again = await asyncio.gather(place(), place()) if path == "both at once" else (await place(), None)
        buyer.orders[order] = (placed, quote.cap)
        self._noted(placed)
        assert again is None or again == placed
        self.counts[path] += 1
        if path in ("given up", "lost"):
            if path == "given up":
                self._noted(await self._insist(partial(buyer.client.cancel_order, order)))
            return
        receipt = shop.node.receipt(placed, "failed" if path == "failed" else "delivered")
        verdict = acknowledge(buyer.key, order, receipt, "refused" if path == "refused" else "accepted")
        alone, both = m.Claim(receipt=receipt), m.Claim(receipt=receipt, acknowledgement=verdict)
        bring = partial(buyer.client.acknowledge, order, m.Acknowledge(receipt=receipt, acknowledgement=verdict))
        match path:
            case "paid":
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
