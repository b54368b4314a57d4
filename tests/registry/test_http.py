"""One error shape everywhere, whatever is sent."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry_world import Person, Shop, World
from starlette.requests import Request
from toy_rail import ToyRail

from artrator.errors import CATALOGUE, Code
from artrator.keys import PublicKey
from artrator.messages import registry as m
from artrator.money import MICRO
from artrator_registry import Settings
from artrator_registry.http.callers import address
from artrator_registry.http.examples import EXAMPLES
from artrator_registry.settings import TEST_CREDITS

pytestmark = pytest.mark.anyio


def check(answer: httpx.Response, code: Code | None = None) -> dict[str, Any]:
    """The one shape, with its code's status."""
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"code", "message", "cure", "details"}
    assert answer.status_code == CATALOGUE[Code(error["code"])].status
    assert error["message"].endswith((".", ")."))
    assert code is None or error["code"] == code, error
    return error


async def test_an_address_or_method_that_is_not_there(world: World) -> None:
    async with world.http() as http:
        check(await http.get("/v1/nothing"), Code.NOT_FOUND)
        check(await http.get("/v1/account/"), Code.NOT_FOUND)
        answer = await http.patch("/v1/account")
        check(answer, Code.METHOD_NOT_ALLOWED)
        assert answer.headers["allow"] == "GET"


async def test_a_body_that_cannot_be_read_is_explained(world: World) -> None:
    async with world.http() as http:
        for body, says in (
            (b"{", "line 1"),
            (b'{"public_key": NaN}', "NaN"),
            (b'{"public_key": 1e999}', "too large"),
            (b'{"public_key": "\\ud800"}', "Unicode"),
            (b'{"public_key": "\\u0000"}', "null character"),
            (b'{"public_key": "\xff"}', "Unicode"),
            (b"[" * 50_000, ""),  # "nested" or "line 1", by how deep this Python reads
            (b"[" * 25_000 + b"]" * 25_000, ""),
            (b'{"public_key": ' + b"9" * 5000 + b"}", "digits"),
            (b"", "no body"),
            (b"[]", ""),
            (b'"x"', ""),
            (b'{"public_key": 1}', "public_key"),
            (b'{"public_key": "x"}', "public_key"),
            (b'{"public_key": "' + base64.urlsafe_b64encode(b"x" * 5000) + b'"}', "public_key"),
            (b'{"public_key": "x", "extra": 1}', "extra"),
        ):
            answer = await http.post("/v1/challenges", content=body, headers={"Content-Type": "application/json"})
            assert says in check(answer, Code.REQUEST_INVALID)["message"]


async def test_a_wrong_field_is_named(world: World) -> None:
    mina = await world.person("mina")
    async with world.http() as http:
        http.headers["Authorization"] = f"Bearer {(await mina.sign_in()).token}"
        answer = await http.post("/v1/quotes", json={"listing": "a/b", "measures": {"step": -1}, "request": "ab" * 32})
        error = check(answer, Code.REQUEST_INVALID)
        assert error["details"]["field"] == "measures.step"
        assert "measures.step" in error["message"]
        check(await http.get("/v1/account/statement?limit=x"), Code.REQUEST_INVALID)
        check(await http.put("/v1/orders/not-a-uuid", json={}), Code.REQUEST_INVALID)


async def test_a_body_that_is_not_declared_json_is_refused(world: World) -> None:
    async with world.http() as http:
        answer = await http.post("/v1/challenges", content=b"public_key=x", headers={"Content-Type": "text/plain"})
        check(answer, Code.REQUEST_INVALID)


async def test_bodies_have_a_limit_whether_they_say_their_size_or_not(world: World) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 4096

    async with world.http() as http:
        large = await http.post("/v1/challenges", content=b" " * 65_537)
        assert check(large, Code.REQUEST_TOO_LARGE)["details"]["limit"] == 65_536
        check(await http.post("/v1/challenges", content=endless()), Code.REQUEST_TOO_LARGE)
        lying = {"Content-Length": "-5"}
        check(await http.post("/v1/challenges", content=endless(), headers=lying), Code.REQUEST_TOO_LARGE)
        # A publication may be larger, from somebody who is signed in.
        body = b'"' + b"x" * 100_000 + b'"'
        check(await http.put("/v1/listings/a/b", content=body), Code.SESSION_INVALID)
        http.headers["Authorization"] = f"Bearer {(await (await world.person('mina')).sign_in()).token}"
        http.headers["Content-Type"] = "application/json"
        check(await http.put("/v1/listings/a/b", content=body), Code.REQUEST_INVALID)
        check(await http.put("/v1/listings/a/b", content=b" " * 9_437_185), Code.REQUEST_TOO_LARGE)


async def test_a_body_of_very_many_values_is_refused_unread(world: World) -> None:
    """Nine MB of empty lists are a publication by their size, and 300 MB and seconds of everybody's by their number."""
    async with world.http() as http:
        http.headers["Authorization"] = f"Bearer {(await (await world.person('mina')).sign_in()).token}"
        http.headers["Content-Type"] = "application/json"
        for piece in (b"[],", b"{},", b"0,"):
            body = b"[" + piece * (9_000_000 // len(piece)) + b"0]"
            refused = check(await http.put("/v1/listings/a/b", content=body), Code.REQUEST_INVALID)
            assert "more values" in refused["message"]
        manifest = json.dumps({"manifest": "," * 262_144}).encode()  # as many as an honest one could ever hold
        refused = check(await http.put("/v1/listings/a/b", content=manifest), Code.REQUEST_INVALID)
        assert "more values" not in refused["message"]


async def test_a_mistake_of_ours_tells_nothing_of_the_inside(world: World, caplog: pytest.LogCaptureFixture) -> None:
    @world.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret is 42")

    async with world.http() as http:
        answer = await http.get("/broken")
    assert check(answer, Code.INTERNAL)
    assert "42" not in answer.text
    assert "the secret is 42" in caplog.text


async def test_the_registry_says_who_it_is_and_that_it_is_well(world: World) -> None:
    await world.shop()
    async with world.http() as http:
        info = m.RegistryInfo.model_validate((await http.get("/v1/registry")).json())
        health = (await http.get("/v1/health")).json()
    assert (info.listings, info.nodes_online, info.registry) == (1, 1, world.registry.authority.id)
    assert info.credit_note == TEST_CREDITS
    assert health["status"] == "ok"


async def test_the_documentation_describes_every_route(world: World) -> None:
    async with world.http() as http:
        document = (await http.get("/openapi.json")).json()
        assert (await http.get("/docs")).status_code == 200
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            where = f"{method} {path}"
            assert route["summary"], where
            assert route["description"], where
            assert route["tags"], where
            for status, answer in route["responses"].items():
                if status >= "400":
                    assert "`" in answer["description"], (where, status)
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("ProblemBody"), where
            if method in ("put", "post"):
                assert route["requestBody"]["content"]["application/json"]["examples"], where
            assert set(route["tags"]) <= {tag["name"] for tag in document["tags"]}, where
    for message, example in EXAMPLES.items():
        message.model_validate(example)
    PublicKey.decode(EXAMPLES[m.ChallengeRequest]["public_key"])
    named = set(json.dumps(document).split('"'))
    assert {"session_invalid", "credits_insufficient", "order_closed", "no_node"} <= named


async def test_what_a_credit_is_worth_is_said_by_who_sells_it(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with World(Settings(data=data), rails={"toy": ToyRail()}) as world:
        assert (await world.registry.info()).credit_note == {}, "credits that were bought are no test credits"
        assert "--credit-note" in caplog.text
    told = {"en": "100 credits cost 1 euro"}
    async with World(Settings(data=data, credit_note=told), rails={"toy": ToyRail()}) as world:
        assert (await world.registry.info()).credit_note == told


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
async def test_who_has_many_addresses_of_one_network_is_counted_once(host: str, counted: str) -> None:
    assert await address(Request({"type": "http", "client": (host, 1234)})) == counted


# --- fuzz

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["ab" * 32, "sha256:" + "0" * 64, "atelier/painter", "0" * 8 + "-0000-0000-0000-" + "0" * 12]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_BODIES: list[tuple[str, str, type[m.Request]]] = [
    ("POST", "/v1/challenges", m.ChallengeRequest),
    ("POST", "/v1/sessions", m.SignIn),
    ("POST", "/v1/api-keys", m.APIKeyRequest),
    ("POST", "/v1/vouchers/redeem", m.VoucherRedemption),
    ("PUT", "/v1/listings/atelier/painter", m.Publication),
    ("PUT", "/v1/nodes/{node}", m.NodeRegistration),
    ("POST", "/v1/nodes/{node}/heartbeat", m.Heartbeat),
    ("POST", "/v1/quotes", m.QuoteRequest),
    ("PUT", "/v1/orders/{order}", m.OrderRequest),
    ("PUT", "/v1/orders/{order}/receipt", m.Claim),
    ("POST", "/v1/receipts", m.Claims),
    ("PUT", "/v1/orders/{order}/acknowledgement", m.Acknowledge),
]
_text = st.text(max_size=40)
_identifier = st.sampled_from(["0" * 8 + "-0000-0000-0000-" + "0" * 12, "x", "%00", "../..", "é"]) | _text


@st.composite
def _request(draw: st.DrawFn) -> tuple[str, str, bytes | None, dict[str, str]]:
    kind = draw(st.sampled_from(["body", "query", "path", "bytes"]))
    if kind in ("body", "bytes"):
        method, path, model = draw(st.sampled_from(_BODIES))
        if kind == "bytes":
            return method, path, draw(st.binary(max_size=60)), {}
        fields = dict.fromkeys(model.model_fields, _json)
        body = draw(st.fixed_dictionaries({}, optional=fields))
        return method, path, json.dumps(body).encode(errors="surrogatepass"), {}
    if kind == "query":
        path = draw(st.sampled_from(["/v1/listings", "/v1/nodes", "/v1/orders", "/v1/account/statement"]))
        names = st.sampled_from(["q", "task", "tag", "sort", "cursor", "limit", "before", "listing"])
        return "GET", path, None, draw(st.dictionaries(names, _text | _identifier, max_size=4))
    root = draw(st.sampled_from(["/v1/orders/", "/v1/samples/", "/v1/listings/a/", "/v1/api-keys/", "/v1/nodes/"]))
    return draw(st.sampled_from(["GET", "DELETE", "PUT"])), root + draw(_identifier), None, {}


class _Fuzzed:
    """One world for every example: making one costs more than a hundred requests."""

    def __init__(self, shop: Shop, buyer: Person, order: m.Order, http: httpx.AsyncClient, tokens: list[str]) -> None:
        self.shop, self.buyer, self.order, self.http, self.tokens = shop, buyer, order, http, tokens

    async def send(self, method: str, path: str, body: bytes | None, query: dict[str, str], who: int) -> httpx.Response:
        path = path.replace("{node}", self.shop.node.id).replace("{order}", self.order.order)
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        return await self.http.request(method, path, content=body, params=query, headers=headers)


async def test_no_input_makes_the_registry_stumble(data: Any) -> None:
    free = Settings(data=data, requests_per_minute=10**6, vouchers_per_minute=10**6)
    async with World(free) as world, world.http() as http:
        shop = await world.shop()
        buyer = await world.person("mina", credits_=10)
        tokens = [(await buyer.sign_in()).token, (await shop.creator.sign_in()).token]
        fuzzed = _Fuzzed(shop, buyer, await shop.order(buyer), http, tokens)
        requests: list[tuple[Any, ...]] = []

        @settings(max_examples=400, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(_request(), st.integers(0, 1))
        def draw(request: Any, who: int) -> None:
            requests.append((*request, who))

        draw()
        for request in requests:
            try:
                answer = await fuzzed.send(*request)
            except (httpx.InvalidURL, UnicodeEncodeError):
                continue  # no client can send this
            assert answer.status_code < 500 or answer.json()["error"]["code"] == "no_node", (request, answer.text)
            if answer.is_error:
                check(answer)


async def test_the_express_lane_answers_as_the_documented_route_does(world: World) -> None:
    """What is plainly right takes the short way; a query that changes nothing sends the same request the long way."""
    shop, mina = await world.shop(), await world.person("mina", 10 * MICRO)
    wanted = {"listing": shop.listing, "measures": {"step": 20}, "request": "ab" * 32}
    token = (await mina.sign_in()).token
    async with world.http() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        short, long = [(await http.post(f"/v1/quotes{query}", json=wanted)) for query in ("", "?x=1")]
        assert short.status_code == long.status_code == 200
        assert short.headers["content-type"] == long.headers["content-type"]
        changing = {"quote": None, "expires_at": None, "signed": None}
        assert short.json() | changing == long.json() | changing
        order = "0b8a5c1e-52a4-4f0e-9c53-6d0e3a6f2f11"
        body = {"quote": short.json()["quote"], "node": shop.node.id, "max_price": 3_000_000}
        placed = [(await http.put(f"/v1/orders/{order}{query}", json=body)).json() for query in ("", "?x=1")]
        assert placed[0] == placed[1]
        for path, sent in (
            (f"/v1/orders/{order}x", body),
            ("/v1/orders/x", body),
            (f"/v1/orders/{order}", body | {"y": 1}),
        ):
            check(await http.put(path, json=sent), Code.REQUEST_INVALID)
        del http.headers["Authorization"]
        check(await http.post("/v1/quotes", json=wanted), Code.SESSION_INVALID)
        check(await http.post("/v1/quotes", json=wanted, headers={"Authorization": "Basic x"}), Code.SESSION_INVALID)
        check(
            await http.post("/v1/quotes", json=wanted, headers={"Authorization": "Bearer ark_x"}), Code.API_KEY_INVALID
        )
