"""Requests that nobody foresaw, at every address of the registry: no 500, one error shape, and no money moved by a no.

Requests are made from the registry's own OpenAPI document (schemathesis): such as fit it, and such as do not. Names in
them are often swapped for names that exist here, so that they reach what lies behind the first check. Signed documents
are made by their rightful signers with one field changed to anything.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
import uuid
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from effort import Effort
from hostile_values import HOSTILE, NO_JSON
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_world import MICRO, Node, Person, World, acknowledge, make_package
from schemathesis import GenerationMode
from toy_rail import ToyRail

from artrator import dsse
from artrator.canonical import unb64
from artrator.documents import Plan
from artrator.errors import CATALOGUE, Code
from artrator.keys import PrivateKey
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator.messages import verifications as vm
from artrator.rail import Payment, PaymentState
from artrator_registry import Settings, create_app
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, SCHEMA
from artrator_registry.rails.loading import load_rails
from artrator_registry.sellers import service as sellers
from artrator_registry.storage import migrate

DOCUMENT = create_app(Settings(data=Path(tempfile.gettempdir()))).openapi()
_FOUND = schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
OPERATIONS = {operation.ok().label: operation.ok() for operation in _FOUND}

EFFORT = Effort()
fuzzing = EFFORT.requests(40)


def example(label: str) -> Any:
    """The body that the documentation shows, or None."""
    method, path = label.split()
    body = DOCUMENT["paths"][path][method.lower()].get("requestBody", {}).get("content", {}).get("application/json", {})
    return body.get("examples", {}).get("example", {}).get("value")


class Target:
    """A registry with some of everything in it, and people who ask."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.Runner()
        opened = Settings(
            data=folder,
            requests_per_minute=10**7,
            vouchers_per_minute=10**7,
            topups_per_minute=10**7,
            quotes_per_minute=10**7,
            orders_per_day=10**7,
            free_orders_per_day=10**7,
            publications_per_day=10**7,
            accounts_per_hour=10**7,
            sweep_seconds=10**6,  # what a request does is looked at, and nothing else
            audit_seconds=10**6,
            payout_minimum=1,
        )
        migrate(opened.database, MIGRATIONS, SCHEMA)
        Authority(opened.keys).prepare(time.time())
        self.toy = ToyRail()
        self.world = World(opened, {**load_rails((), folder / "no.toml"), "toy": self.toy})
        self.run(self.world.__aenter__())
        self.run(self._furnish())

    def run(self, work: Any) -> Any:
        return self.loop.run(work)

    async def _furnish(self) -> None:
        world = self.world
        self.shop = await world.shop(licence=3 * MICRO, free_runs=1)
        await self.shop.creator.set_seller(pm.SellerProfile(legal_name="Atelier", country="FR"))
        await world.registry.database.write(sellers.decide, self.shop.handle, None)
        await self.shop.creator.publish_plan(self.shop.handle, "monthly", self.plan())
        self.other = Node(self.shop.creator.key)
        self.buyer = await world.person("mina", credits_=1000)
        self.stranger = await world.person("eve", credits_=1000)
        for _ in range(2):  # earned long ago, so that it can be had
            await self.shop.deliver(self.buyer, await self.shop.order(self.buyer))
        world.clock.offset += 20 * 86_400
        await self.shop.online()
        quote = await self.shop.quote(self.buyer)
        held, claimed, settled, refused = [await self.shop.order(self.buyer) for _ in range(4)]
        await self.shop.claim(claimed)
        await self.shop.deliver(self.buyer, settled)
        receipt = self.shop.node.receipt(refused)
        no = acknowledge(self.buyer.key, refused.order, receipt, "refused")
        await self.buyer.acknowledge(refused.order, m.Acknowledge(receipt=receipt, acknowledgement=no))
        key = await self.buyer.create_api_key(m.APIKeyRequest(label="robot", scopes=[m.Scope.ACCOUNT_READ]))
        assert key.secret is not None
        bought, purchase, open_, paid, payout, looked = (str(uuid.uuid4()) for _ in range(6))
        await self.stranger.buy_pass(bought, p.PassRequest(plan=f"{self.shop.handle}/monthly", max_price=10**9))
        wanted = p.PurchaseRequest(listing=self.shop.listing, package=self.shop.made.package, max_price=10**9)
        await self.stranger.buy_licence(purchase, wanted)
        look = vm.VerificationRequest(listing=self.shop.listing, package=self.shop.made.package)
        await self.shop.creator.verification(looked, look)
        for topup in (open_, paid):
            asked = await self.buyer.top_up(topup, rm.TopUpRequest(rail="toy", amount=5 * MICRO))
        await world.registry.rails.topups.look("toy", self.toy.provider.pay(paid, asked.charge), paid)
        await self.shop.creator.request_payout(payout, pm.PayoutRequest(amount=100, destination="DE00 0000"))
        tokens = [(await person.sign_in()).token for person in (self.buyer, self.shop.creator, self.stranger)]
        self.callers = [*tokens, *tokens, *tokens, key.secret, "ars_nobody", ""]
        self.names: Mapping[str, list[Any]] = {
            "order": [held.order, claimed.order, settled.order, refused.order],
            "quote": [quote.quote],
            "node": [self.shop.node.id],
            "listing": [self.shop.listing],
            "handle": [self.shop.handle, "mina"],
            "name": [self.shop.made.name],
            "package": [self.shop.made.package],
            "creator": [self.shop.handle],
            "code": [await world.voucher(MICRO)],
            "plan": [f"{self.shop.handle}/monthly"],
            "pass_id": [bought],
            "purchase": [purchase],
            "verification": [looked],
            "topup": [open_, paid],
            "payout": [payout],
            "rail": ["toy", "manual", "voucher"],
            "amount": [1, 10**6],
            "year": [2026, 2027],
            "salt": ["ab" * 32],
            "measures": [{"step": 20}],
            "max_price": [10**9],
        }
        self.http = world.http()
        self.reached: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def plan(self) -> dict[str, Any]:
        key = self.shop.creator.key
        values = {"name": "monthly", "title": {"en": "Monthly"}, "price": 4 * MICRO, "allowance": 15 * MICRO}
        return Plan(creator=key.public.encode(), issued_at=int(self.world.clock()), **values).sign(key)

    async def money(self) -> int:
        """How many transfers there are: they are never changed, so this is all of it."""
        count = "SELECT count(*) FROM ledger_transfers"
        found: int = await self.world.registry.database.read(lambda t: t.row(count)[0])
        return found

    async def ask(self, method: str, url: str, body: bytes | None, **more: Any) -> httpx.Response:
        """Send it, and hold the answer against what is promised of every answer."""
        before = await self.money()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        answer = await self.http.request(method, url, content=body, headers=headers | more.pop("headers", {}), **more)
        assert answer.status_code != 500, (method, url, body, answer.text)
        if answer.status_code >= 400:
            told = answer.json()
            assert set(told) == {"error"}, (method, url, answer.text)
            assert set(told["error"]) == {"code", "message", "cure", "details"}, (method, url, answer.text)
            entry = CATALOGUE[Code(told["error"]["code"])]
            assert entry.status == answer.status_code
            assert told["error"]["message"]
            assert await self.money() == before, (method, url, body, answer.text)
        return answer

    def close(self) -> None:
        self.run(self.http.aclose())
        try:
            self.run(self.world.__aexit__())  # which audits
        finally:
            self.loop.close()


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    folder = Path(tempfile.mkdtemp())
    made = Target(folder / "registry")
    yield made
    made.close()
    shutil.rmtree(folder)


def swapped(draw: st.DrawFn, value: Any, names: Mapping[str, list[Any]]) -> Any:
    """The same, with some of what has a known name swapped for something that exists."""
    if isinstance(value, dict):
        return {
            name: draw(st.sampled_from(names[name]))
            if name in names and draw(st.integers(0, 4))
            # Ids of new things are theirs to make; all else may turn hostile.
            else (draw(HOSTILE) if draw(st.integers(0, 12)) == 12 else swapped(draw, inner, names))
            for name, inner in value.items()
        }
    return [swapped(draw, each, names) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_request_makes_the_registry_stumble(target: Target, label: str) -> None:
    operation = OPERATIONS[label]

    @fuzzing
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        real = dict(case.path_parameters or {})
        for name in real:
            if name in target.names and data.draw(st.integers(0, 4)):
                real[name] = data.draw(st.sampled_from(target.names[name]))
        case.path_parameters = real
        sent = case.as_transport_kwargs(base_url="http://registry")
        body = None
        if example(label) is not None and data.draw(st.booleans()):
            body = json.dumps(data.draw(st.composite(swapped)(example(label), target.names))).encode()
        elif "json" in sent:
            body = json.dumps(data.draw(st.composite(swapped)(sent["json"], target.names))).encode()
        elif sent.get("data") is not None:
            body = sent["data"] if isinstance(sent["data"], bytes) else str(sent["data"]).encode("utf-8", "replace")
        caller = data.draw(st.sampled_from(target.callers))
        headers = {"Authorization": f"Bearer {caller}"} if caller else {}
        send = target.ask(sent["method"], sent["url"], body, params=sent.get("params"), headers=headers)
        target.reached[label][target.run(send).status_code] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what schemathesis cannot negate
        attack()


def test_the_requests_get_past_the_door(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    if not target.reached:
        pytest.skip("goes with the tests above")
    with capsys.disabled():
        total = sum(sum(found.values()) for found in target.reached.values())
        inside = [label for label, found in target.reached.items() if any(status < 300 for status in found)]
        print(f"\n{total} requests at {len(target.reached)} addresses; {len(inside)} of these said yes at least once")
    assert len(inside) > len(target.reached) / 2


def bent(draw: st.DrawFn, document: dict[str, Any], key: PrivateKey) -> dict[str, Any]:
    """The same document with one field changed to anything, signed again by its rightful signer; or a bent envelope."""
    payload = json.loads(unb64(document["payload"]))
    name = draw(st.sampled_from([*payload, "more"]))
    payload[name] = draw(HOSTILE)
    signed = dsse.sign(key, document["payloadType"], json.dumps(payload).encode()).to_json()
    if draw(st.integers(0, 3)) == 0:
        signed[draw(st.sampled_from(list(signed)))] = draw(HOSTILE)
    return dict(signed)


@settings(fuzzing, max_examples=60 * EFFORT.times)
@given(data=st.data())
def test_no_signed_document_makes_the_registry_stumble(target: Target, data: st.DataObject) -> None:
    target.run(target.shop.online())  # some heartbeat may have said that it has nothing
    order = target.run(target.shop.order(target.stranger, 1)) if data.draw(st.integers(0, 9)) == 0 else None
    name = order.order if order is not None else data.draw(st.sampled_from(target.names["order"]))
    buyer: Person = target.buyer if order is None else target.stranger
    placed = order or target.run(target.buyer.get_order(name))
    receipt = target.shop.node.receipt(placed)
    answer = acknowledge(buyer.key, name, receipt)
    bend = st.composite(bent)
    what = data.draw(st.sampled_from(["receipt", "acknowledgement", "both", "descriptor", "offer", "plan"]))
    if what in ("receipt", "both"):
        receipt = data.draw(bend(receipt, target.shop.node.key))
    if what in ("acknowledgement", "both"):
        answer = data.draw(bend(answer, buyer.key))
    creator = target.shop.creator
    if what == "descriptor":
        document = data.draw(bend(target.other.descriptor(), creator.key))
        send = ("PUT", f"/v1/nodes/{target.other.id}", {"descriptor": document}, creator)
    elif what == "plan":
        document = data.draw(bend(target.plan(), creator.key))
        send = ("PUT", f"/v1/plans/{target.shop.handle}/monthly", {"plan": document}, creator)
    elif what == "offer":
        made = make_package(creator.key, name=f"other-{uuid.uuid4().hex[:6]}")
        body = made.publication.model_dump() | {"offer": data.draw(bend(dict(made.publication.offer), creator.key))}
        send = ("PUT", f"/v1/listings/{target.shop.handle}/{made.name}", body, creator)
    else:
        by_node = data.draw(st.booleans())
        where = "receipt" if by_node else "acknowledgement"
        body = {"receipt": receipt, "acknowledgement": answer}
        send = ("PUT", f"/v1/orders/{name}/{where}", body, creator if by_node else buyer)
    method, url, body, who = send
    headers = {"Authorization": f"Bearer {target.run(who._token())}"}
    target.run(target.ask(method, url, json.dumps(body).encode(), headers=headers))


@settings(fuzzing, max_examples=25 * EFFORT.times)
@given(data=st.data())
def test_one_bad_receipt_among_others_is_its_own_affair(target: Target, data: st.DataObject) -> None:
    target.run(target.shop.online())
    placed = [target.run(target.shop.order(target.buyer, 1)) for _ in range(2)]
    good, bad = ({"order": each.order, "receipt": target.shop.node.receipt(each, "failed")} for each in placed)
    bad["receipt"] = data.draw(st.composite(bent)(bad["receipt"], target.shop.node.key))
    if data.draw(st.integers(0, 3)) == 0:
        bad["acknowledgement"] = data.draw(st.composite(bent)(good["receipt"], target.buyer.key))
    if data.draw(st.integers(0, 3)) == 0:
        bad["order"] = data.draw(st.sampled_from([*target.names["order"], *target.names["purchase"], good["order"]]))
    claims = data.draw(st.permutations([good, bad, *data.draw(st.lists(st.sampled_from([good, bad]), max_size=3))]))
    headers = {"Authorization": f"Bearer {target.run(target.shop.creator._token())}"}
    body = json.dumps({"claims": claims}).encode()
    answer = target.run(target.ask("POST", "/v1/receipts", body, headers=headers))
    if answer.status_code == 200:
        items = answer.json()["items"]
        assert [item["order"] for item in items] == [claim["order"] for claim in claims]
        assert all(item["code"] != Code.INTERNAL for item in items), (claims, items)
        assert next(items[at]["state"] for at, claim in enumerate(claims) if claim is good) == "released"
    else:  # no receipt could have this form at all
        assert answer.json()["error"]["code"] == Code.REQUEST_INVALID
        target.run(target.shop.creator.claim(placed[0].order, m.Claim(receipt=good["receipt"])))


@settings(fuzzing, max_examples=40 * EFFORT.times)
@given(data=st.data())
def test_no_webhook_makes_the_registry_stumble(target: Target, data: st.DataObject) -> None:
    """Signed or not, about payments that are there or not, and whatever the provider then says of them."""
    topup = data.draw(st.sampled_from(target.names["topup"]))
    reference = data.draw(st.sampled_from([f"ref-{topup}", "", "ref-x"]) | st.text(max_size=30))
    body, headers = target.toy.notice(data.draw(st.text(max_size=20)), reference, topup)
    if data.draw(st.integers(0, 3)) == 0:
        headers = {"Toy-Signature": data.draw(st.text("0123456789abcdef", max_size=64))}
    row = "SELECT charge, amount, taken_back FROM topups WHERE id = ?"
    charge, amount, _ = target.run(target.world.registry.database.read(lambda t: tuple(t.row(row, (topup,)))))
    said = {
        "charge": data.draw(st.sampled_from([charge, charge, 0, -1, charge + 1, 10**18])),
        "currency": data.draw(st.sampled_from(["eur", "eur", "usd", ""])),
        "taken_back": data.draw(st.sampled_from([0, 0, 1, charge, charge + 5])),
        "payment": data.draw(st.sampled_from([f"pay-{topup}", f"pay-{topup}", "", "pay-x"])),
        "state": data.draw(st.sampled_from([PaymentState.PAID, PaymentState.PAID, *PaymentState])),
    }
    target.toy.provider.payments[f"ref-{topup}"] = Payment(topup=topup, **said)
    target.run(target.ask("POST", "/v1/rails/toy/webhook", body, headers=headers))
    had = target.run(target.buyer.balance())
    target.run(target.world.registry.rails.reconciler.act())
    has = target.run(target.buyer.balance())
    gained = (has.available - has.debt) - (had.available - had.debt)
    assert -amount <= gained <= amount
    if said["charge"] != charge or said["currency"] != "eur" or said["state"] is not PaymentState.PAID:
        assert gained == 0


@settings(fuzzing, max_examples=40 * EFFORT.times)
@given(
    body=st.binary(max_size=60) | st.sampled_from(NO_JSON),
    label=st.sampled_from([label for label in sorted(OPERATIONS) if label.split()[0] in ("PUT", "POST", "PATCH")]),
    caller=st.integers(0, 11),
)
def test_no_bytes_make_the_registry_stumble(target: Target, body: bytes, label: str, caller: int) -> None:
    method, path = label.split()
    for name in (part[1:-1] for part in path.split("/") if part.startswith("{")):
        path = path.replace(f"{{{name}}}", str(target.names.get(name, [str(uuid.uuid4())])[0]))
    headers = {"Authorization": f"Bearer {target.callers[caller]}"}
    target.run(target.ask(method, path, body, headers=headers))
