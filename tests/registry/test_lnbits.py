"""The Lightning rail in a real registry: against an LNbits that answers as it likes, and against a real one."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import counterparts
import httpx
import pytest
from counterparts import Purse
from hostile import endless, hostile
from registry_world import MICRO, World

from artrator.errors import ArtratorError, Code
from artrator.messages import rails as rm
from artrator.rail import NewTopUp, PaymentState, RailSettings
from artrator_lnbits import LNbitsRail, server
from artrator_registry import Settings

pytestmark = pytest.mark.anyio
HASH = "ab" * 32
TOPUP = str(uuid.uuid4())


def rail(**settings: Any) -> LNbitsRail:
    values = {"url": "http://127.0.0.1:9", "invoice_key": "secret-inkey", "rate": "0.05", **settings}
    return LNbitsRail(RailSettings(values, "lnbits"))


def answering(made: LNbitsRail, answer: httpx.Response) -> None:
    """Let the server answer this, whatever it is asked."""

    def again(_: httpx.Request) -> httpx.Response:
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    http = made._server._http
    made._server._http = httpx.AsyncClient(
        base_url=http.base_url, headers=http.headers, transport=httpx.MockTransport(again)
    )


def payment(**changes: Any) -> dict[str, Any]:
    details = {
        "payment_hash": HASH,
        "amount": 100_000,
        "extra": {"artrator_topup": TOPUP},
        "expiry": time.time() + 86_400,
    }
    return {"paid": True, "status": "success", "details": details | changes}


NEW = NewTopUp(TOPUP, 5 * MICRO, 100, "sat", "5 credits", "", "", "http://127.0.0.1:8750/v1/rails/lnbits/webhook")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (payment(), (PaymentState.PAID, 100, HASH)),
        (payment(amount=100_999), (PaymentState.PAID, 100, HASH)),
        ({**payment(), "paid": False, "status": "pending"}, (PaymentState.OPEN, 0, "")),
        ({**payment(), "paid": "true", "status": "pending"}, (PaymentState.OPEN, 0, "")),
        ({**payment(expiry=time.time() - 61), "paid": False}, (PaymentState.EXPIRED, 0, "")),
        ({**payment(expiry="2020-01-01T00:00:00"), "paid": False}, (PaymentState.EXPIRED, 0, "")),
        ({**payment(expiry="soon"), "paid": False}, (PaymentState.OPEN, 0, "")),
        ({**payment(expiry=10**400), "paid": False}, (PaymentState.OPEN, 0, "")),
        ({**payment(), "paid": False, "status": "failed"}, (PaymentState.FAILED, 0, "")),
        (payment(amount=-100_000), None),  # money that went out
        (payment(extra={}), None),  # an invoice of another program
        ({"paid": True, "preimage": "00"}, None),  # of another wallet
    ],
)
async def test_what_lnbits_says_is_read_with_care(answer: Any, expected: Any) -> None:
    made = rail()
    answering(made, httpx.Response(200, json=answer))
    found = await made.look(HASH)
    assert (found and (found.state, found.charge, found.payment)) == expected
    assert await made.look("../wallet") is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b"x" * 300_000),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json=payment(amount="100000")),
        httpx.Response(200, json=payment(payment_hash="cd" * 32)),
        httpx.Response(401, json={"detail": "Invalid key"}),
        httpx.Response(500, content=b"secret-inkey"),
        httpx.Response(302, headers={"Location": "http://elsewhere.example"}),
    ],
)
async def test_nonsense_of_the_server_is_a_problem_that_passes_and_tells_no_key(answer: httpx.Response) -> None:
    made = rail()
    answering(made, answer)
    for call in (made.look(HASH), made.make_topup(NEW)):
        with pytest.raises(ArtratorError) as raised:
            await call
        assert raised.value.code is Code.RAIL_UNAVAILABLE
        assert "secret-inkey" not in str(raised.value.to_json())


async def test_a_server_that_sends_a_byte_now_and_then_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SECONDS", 0.5)
    async with hostile(endless("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" ", pause=0.01)) as url:
        made = rail(url=url)
        with pytest.raises(ArtratorError, match="LNbits does not answer") as caught:
            await made.look(HASH)
        await made.aclose()
    assert caught.value.code is Code.RAIL_UNAVAILABLE


def test_a_webhook_needs_the_token_of_its_own_top_up() -> None:
    made = rail()
    good = {"topup": TOPUP, "token": made._token(TOPUP)}
    body = f'{{"payment_hash": "{HASH}", "amount": 1}}'.encode()
    assert made.webhook(body, {}, good, 0.0)[0].reference == HASH
    assert made.webhook(json.dumps(body.decode()).encode(), {}, good, 0.0)[0].reference == HASH
    other = str(uuid.uuid4())
    for query in ({}, {"topup": TOPUP}, {"topup": other, "token": good["token"]}, {"topup": TOPUP, "token": "é"}):
        with pytest.raises(ArtratorError):
            made.webhook(body, {}, query, 0.0)
    for wrong in (b"", b"{}", b"[]", b"\xff", b'{"payment_hash": 1}', b'{"payment_hash": "../x"}', b"[" * 100_000):
        with pytest.raises(ArtratorError) as raised:
            made.webhook(wrong, {}, good, 0.0)
        assert raised.value.code is Code.WEBHOOK_INVALID


# --- a real LNbits


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Purse]]:
    """An LNbits with its FakeWallet, in a process and an environment of its own."""
    try:
        counterparts.environment(counterparts.LNBITS)
    except counterparts.MissingError as reason:
        pytest.skip(str(reason))
    with counterparts.lnbits(tmp_path_factory.mktemp("lnbits")) as url:
        yield url, Purse(url)


@pytest.fixture
async def world(
    data: Path, real: tuple[str, Purse]
) -> AsyncIterator[tuple[World, Purse, dict[str, str], dict[str, str]]]:
    url, purse = real
    shop, payer = purse.wallet("shop"), purse.wallet("payer", 100_000)
    file = data / "rails.toml"
    file.write_text(f'[lnbits]\nurl = "{url}"\ninvoice_key = "{shop["inkey"]}"\nrate = "0.05"\npoll_seconds = 1\n')
    file.chmod(0o600)
    # Nothing listens at the public address: what is tried here is what happens when webhooks are lost.
    settings = Settings(data=data, rails=("lnbits",), public_url="http://127.0.0.1:9")
    async with World(settings) as opened:
        yield opened, purse, shop, payer


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_real_lnbits_is_paid_and_its_credits_come(world: Any) -> None:
    opened, purse, shop, payer = world
    mina = await opened.person("mina")
    topup = str(uuid.uuid4())
    asked = await mina.top_up(topup, rm.TopUpRequest(rail="lnbits", amount=5 * MICRO))
    assert (asked.charge, asked.currency, asked.page) == (100, "sat", None)
    assert asked.invoice is not None
    assert asked.invoice.startswith("lnbc1u")  # a hundred satoshi are a micro-bitcoin
    look = opened.registry.rails["lnbits"].look
    reference = await opened.registry.database.read(lambda t: t.row("SELECT reference FROM topups")["reference"])
    assert (await look(reference)).state is PaymentState.OPEN
    purse.pay(payer["adminkey"], asked.invoice)
    opened.clock.offset += 6  # polled although no webhook came
    for _ in range(50):
        await opened.registry.rails.reconciler.reconcile()
        if (await mina.topup(topup)).state is rm.TopUpState.PAID:
            break
        opened.clock.offset += 6
        await asyncio.sleep(0.2)
    assert (await mina.balance()).available == 5 * MICRO
    # Somebody else's invoice of the same wallet, and one of another wallet, are nobody's top-up.
    stranger = purse.invoice(shop["inkey"], 100)
    purse.pay(payer["adminkey"], stranger["bolt11"])
    assert await look(stranger["payment_hash"]) is None
    away = purse.invoice(payer["inkey"], 100, extra={"artrator_topup": topup})
    assert await look(away["payment_hash"]) is None
    assert await look("00" * 32) is None


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_webhook_of_a_real_lnbits_is_understood(world: Any) -> None:
    opened, purse, _, payer = world
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(
            next(line for line in head.lower().split("\r\n") if line.startswith("content-length")).split(":")[1]
        )
        await heard.put((head.split()[1], await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    object.__setattr__(opened.registry.rails.topups._settings, "public_url", f"http://127.0.0.1:{port}")
    mina = await opened.person("mina")
    topup = str(uuid.uuid4())
    asked = await mina.top_up(topup, rm.TopUpRequest(rail="lnbits", amount=5 * MICRO))
    purse.pay(payer["adminkey"], asked.invoice)
    target, body = await asyncio.wait_for(heard.get(), 60)
    server.close()
    async with opened.http() as http:
        assert (await http.post(target, content=body)).status_code == 204
        assert (await http.post(target.replace("token=", "token=0"), content=body)).status_code == 400
    await opened.registry.rails.reconciler.act()
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
