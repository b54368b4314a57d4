"""The Stripe rail in a real registry, with the official SDK speaking HTTP to our fake."""

from __future__ import annotations

import itertools
import json
import logging
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe_fake
from registry_world import MICRO, Person, World
from stripe_fake import KEY, SECRET, Stripe

from artrator.errors import ArtratorError, Code
from artrator.messages import rails as rm
from artrator.rail import PassTerms, PaymentState, PayoutOrder
from artrator_registry import Settings

pytestmark = [
    pytest.mark.anyio,
    # The SDK hands its bodies to httpx in a way that httpx calls old.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]
TEN = rm.TopUpRequest(rail="stripe", amount=10 * MICRO)


@pytest.fixture
def fake() -> Iterator[tuple[Stripe, str]]:
    made = Stripe()
    with stripe_fake.running(made) as url:
        yield made, url


class Shop(World):
    """A registry that takes cards: one credit is a euro."""

    def __init__(self, data: Path, fake: Stripe, url: str) -> None:
        file = data / "rails.toml"
        file.write_text(
            f'[stripe]\nsecret_key = "{KEY}"\nwebhook_secrets = ["whsec_older", "{SECRET}"]\n'
            f'currency = "EUR"\nrate = "0.01"\napi = "{url}"\npayouts = true\n'
        )
        file.chmod(0o600)
        super().__init__(Settings(data=data, rails=("stripe",), topups_per_minute=10_000, requests_per_minute=10_000))
        self.fake = fake
        fake.delivery.hold = True

    async def post(self, event: dict[str, Any]) -> int:
        body, headers = self.fake.signed(event)
        async with self.http() as http:
            return (await http.post("/v1/rails/stripe/webhook", content=body, headers=headers)).status_code

    async def deliver(self, order: list[int] | None = None, copies: int = 1) -> None:
        """The webhooks that wait, in this order."""
        held, self.fake.held = self.fake.held, []
        for number in range(len(held)) if order is None else order:
            for _ in range(copies):
                assert await self.post(held[number]) == 204
        await self.registry.rails.reconciler.act()

    async def reconcile(self, seconds: float) -> None:
        self.clock.offset += seconds
        self.fake.clock += seconds
        await self.registry.rails.reconciler.reconcile()

    async def asked(self, who: Person, request: rm.TopUpRequest = TEN) -> tuple[str, str]:
        """A top-up that waits: its id and its session."""
        topup = str(uuid.uuid4())
        found = await who.top_up(topup, request)
        assert found.page is not None
        return topup, found.page.rpartition("/")[2]


@pytest.fixture
async def shop(data: Path, fake: tuple[Stripe, str]) -> AsyncIterator[Shop]:
    async with Shop(data, *fake) as opened:
        yield opened


async def test_a_card_pays_for_credits(shop: Shop) -> None:
    mina = await shop.person("mina")
    rail = next(rail for rail in await mina.rails() if rail.name == "stripe")
    assert (rail.flow, rail.currency, rail.rate, rail.cash_value) == ("redirect", "eur", 10_000, True)
    topup, session = await shop.asked(mina)
    made = shop.fake.objects[session]
    assert (made["amount_total"], made["currency"], made["client_reference_id"]) == (1000, "eur", topup)
    assert made["success_url"].endswith("/pay/done")
    shop.fake.pay(session)
    await shop.deliver()
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 10 * MICRO


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_webhooks_in_any_order_and_twice_come_to_the_same(shop: Shop, order: tuple[int, ...]) -> None:
    mina = await shop.person("mina")
    topup, session = await shop.asked(mina)
    intent = shop.fake.pay(session)
    shop.fake.refund(intent, 400)
    assert [event["type"] for event in shop.fake.held] == [
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.refunded",
    ]
    await shop.deliver(list(order), copies=2)
    assert (await mina.balance()).available == 6 * MICRO
    assert (await mina.topup(topup)).taken_back == 4 * MICRO


async def test_a_lost_webhook_is_found_by_asking(shop: Shop) -> None:
    mina = await shop.person("mina")
    topup, session = await shop.asked(mina)
    intent = shop.fake.pay(session)
    shop.fake.held.clear()
    await shop.reconcile(61)
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
    # A month later the bank takes it back, and that webhook is lost as well: the balance transactions say so.
    shop.fake.dispute(intent)
    shop.fake.held.clear()
    await shop.reconcile(3_700)
    await shop.registry.rails.reconciler.act()
    assert (await mina.topup(topup)).state is rm.TopUpState.CHARGED_BACK


async def test_a_webhook_must_be_signed_fresh_and_for_us(shop: Shop) -> None:
    mina = await shop.person("mina")
    _, session = await shop.asked(mina)
    shop.fake.pay(session)
    event = shop.fake.held[0]
    for secrets, age, status in (
        (("whsec_somebody",), 0, 400),
        ((SECRET,), 301, 400),
        ((SECRET,), -301, 400),  # the SDK alone would take this
        ((SECRET,), 290, 204),
        (("whsec_older",), 0, 204),  # while a secret is rotated, both count
        (("whsec_somebody", SECRET), 0, 204),
    ):
        shop.fake.delivery.secrets, shop.fake.delivery.age = secrets, age
        assert await shop.post(event) == status, (secrets, age)
    body, headers = shop.fake.signed(event)
    async with shop.http() as http:
        for wrong in ({}, {"Stripe-Signature": "t=,v1="}, {"Stripe-Signature": "é" * 5}, {"Stripe-Signature": "v1=a"}):
            raw = {name: value.encode("latin-1") for name, value in wrong.items()}
            assert (await http.post("/v1/rails/stripe/webhook", content=body, headers=raw)).status_code == 400
        changed = body.replace(b"succeeded", b"SUCCEEDED")
        assert (await http.post("/v1/rails/stripe/webhook", content=changed, headers=headers)).status_code == 400
        assert (await http.post("/v1/rails/stripe/webhook", content=b"\xff\xfe", headers=headers)).status_code == 400


async def test_what_a_webhook_claims_is_not_what_is_credited(shop: Shop) -> None:
    mina = await shop.person("mina")
    topup, session = await shop.asked(mina)
    claimed = {**shop.fake.objects[session], "status": "complete", "payment_status": "paid", "amount_total": 10**9}
    shop.fake.happened("checkout.session.completed", claimed)
    await shop.deliver()
    assert (await mina.topup(topup)).state is rm.TopUpState.OPEN
    assert (await mina.balance()).available == 0


@pytest.mark.parametrize(("paid", "problem"), [({"amount": 999}, "amount"), ({"currency": "usd"}, "currency")])
async def test_another_amount_or_currency_is_evidence_and_no_credit(
    shop: Shop, paid: dict[str, Any], problem: str
) -> None:
    mina = await shop.person("mina")
    topup, session = await shop.asked(mina)
    shop.fake.pay(session, **paid)
    await shop.deliver()
    assert (await mina.topup(topup)).reason == f"{problem}_mismatch"
    assert (await mina.balance()).available == 0


async def test_a_bank_debit_is_credited_when_the_money_comes_and_not_before(shop: Shop) -> None:
    mina = await shop.person("mina")
    slow, slow_session = await shop.asked(mina)
    never, never_session = await shop.asked(mina)
    for session in (slow_session, never_session):
        shop.fake.pay_slowly(session)
    await shop.deliver()
    assert (await mina.balance()).available == 0
    shop.fake.arrive(slow_session)
    shop.fake.fail(never_session)
    await shop.deliver()
    assert (await mina.topup(slow)).state is rm.TopUpState.PAID
    found = await mina.topup(never)
    assert (found.state, found.reason) == (rm.TopUpState.FAILED, "card_declined")
    expired, session = await shop.asked(mina)
    shop.fake.expire(session)
    await shop.deliver()
    assert (await mina.topup(expired)).state is rm.TopUpState.EXPIRED


async def test_a_dispute_takes_the_money_and_a_won_one_brings_it_back(shop: Shop) -> None:
    mina = await shop.person("mina")
    topup, session = await shop.asked(mina)
    intent = shop.fake.pay(session)
    await shop.deliver()
    asking = shop.fake.dispute(intent, status="warning_needs_response")
    await shop.deliver()
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID  # a bank that only asks has taken nothing
    shop.fake.objects[asking]["status"] = "warning_closed"
    dispute = shop.fake.dispute(intent)
    await shop.deliver()
    assert (await mina.topup(topup)).state is rm.TopUpState.CHARGED_BACK
    assert (await mina.balance()).available == 0
    shop.fake.close_dispute(dispute, won=True)
    await shop.deliver(copies=3)
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 10 * MICRO
    lost = shop.fake.dispute(intent)
    shop.fake.close_dispute(lost, won=False)
    await shop.deliver([1, 0])
    assert (await mina.balance()).available == 0


async def test_a_repeated_request_opens_one_session(shop: Shop) -> None:
    mina = await shop.person("mina")
    rail = shop.registry.rails["stripe"]
    topup, session = await shop.asked(mina)
    keys = [key for method, _, key in shop.fake.requests if method == "POST"]
    assert keys == [f"artrator-topup-{topup}"]  # every POST carries one
    # As after a crash between Stripe's answer and our own row.
    new = _like(shop, topup)
    assert (await rail.make_topup(new)).reference == session
    assert len(shop.fake.all("checkout.session")) == 1


async def test_stripe_that_is_down_or_refuses_us_is_said_without_the_key(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mina = await shop.person("mina")
    shop.fake.down = True
    with pytest.raises(ArtratorError) as raised:
        await mina.top_up(str(uuid.uuid4()), TEN)
    assert raised.value.code is Code.RAIL_UNAVAILABLE
    shop.fake.down = False
    _, session = await shop.asked(mina)
    shop.fake.pay(session)
    await shop.deliver()
    assert KEY not in caplog.text
    assert SECRET not in caplog.text
    assert KEY not in raised.value.message


async def test_a_key_that_is_revoked_between_two_pages_is_in_no_log(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    mina = await shop.person("mina")
    _, session = await shop.asked(mina)
    intent = shop.fake.pay(session)
    for _ in range(101):
        shop.fake.refund(intent, 1)
    answer = shop.fake.answer

    def revoked(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if "starting_after" in body:
            raise stripe_fake.Refused(401, "invalid_request_error", f"Invalid API Key provided: {KEY[-4:]}")
        return answer(method, path, body)

    monkeypatch.setattr(shop.fake, "answer", revoked)
    with pytest.raises(ArtratorError) as raised:
        await shop.registry.rails["stripe"].reconcile(0)
    assert raised.value.message == "Stripe does not know our key."
    await shop.reconcile(3_700)
    assert "comparing with stripe: rail_unavailable Stripe does not know our key." in caplog.text
    assert f"provided: {KEY[-4:]}" not in caplog.text


async def test_somebody_elses_payments_through_the_same_account_are_left_alone(shop: Shop) -> None:
    mina = await shop.person("mina")
    session = shop.fake.create_session(
        {
            "mode": "payment",
            "success_url": "https://shop.example",
            "client_reference_id": "order-17",
            "line_items": [{"quantity": "1", "price_data": {"currency": "eur", "unit_amount": "1000"}}],
        }
    )
    intent = shop.fake.pay(session["id"])
    shop.fake.refund(intent, 100)
    await shop.deliver()
    await shop.reconcile(3_700)
    assert (await mina.balance()).available == 0
    waiting = await shop.registry.database.read(
        lambda t: t.row("SELECT count(*) FROM rail_events WHERE done_at IS NULL")[0]
    )
    assert waiting == 0


async def test_a_transfer_to_a_seller_is_made_once(shop: Shop) -> None:
    rail = shop.registry.rails["stripe"]
    seller = shop.fake.connect()
    order = PayoutOrder(str(uuid.uuid4()), 30 * MICRO, 3000, "eur", seller, "Artrator")
    first, again = await rail.payout(order), await rail.payout(order)
    assert first.state == "paid"
    assert again == first == await rail.payout_state(order, "") == await rail.payout_state(order, first.reference)
    assert len(shop.fake.all("transfer")) == 1
    shop.fake.answers.clear()  # Stripe forgets its keys after a day; the transfer itself is still found
    assert await rail.payout_state(order, "") == first
    assert len(shop.fake.all("transfer")) == 1
    for destination in ("acct_nobody", "KB 123456"):
        wrong = PayoutOrder(str(uuid.uuid4()), MICRO, 100, "eur", destination)
        assert (await rail.payout(wrong)).state == "failed"
    shop.fake.balance = 10
    with pytest.raises(ArtratorError) as raised:
        await rail.payout(PayoutOrder(str(uuid.uuid4()), MICRO, 100, "eur", seller))
    assert raised.value.code is Code.RAIL_UNAVAILABLE  # the operator tops the balance up, and it is tried again
    shop.fake.objects[first.reference]["reversed"] = True
    assert (await rail.payout_state(order, first.reference)).state == "failed"


async def test_a_subscription_is_seen_from_its_session_its_invoice_and_its_payment(shop: Shop) -> None:
    rail = shop.registry.rails["stripe"]
    topup = str(uuid.uuid4())
    opened = await rail.make_topup(_like(shop, topup, PassTerms("Everything", 30)))
    intent = shop.fake.pay(opened.reference)
    subscription = shop.fake.all("subscription")[0]["id"]
    seen = [await rail.look(which) for which in (opened.reference, intent, shop.fake.all("invoice")[0]["id"])]
    for each in seen:
        assert each is not None
        assert (each.state, each.topup, each.payment, each.subscription, each.charge) == (
            PaymentState.PAID,
            topup,
            intent,
            subscription,
            1000,
        )
    second = await rail.look(shop.fake.renew(subscription))
    assert second is not None
    assert (second.topup, second.payment == intent) == (topup, False)
    for renew in (False, False, True, False):
        await rail.set_renewal(subscription, renew)
        assert shop.fake.objects[subscription]["cancel_at_period_end"] is not renew
    await rail.set_renewal("sub_nobody", False)
    assert shop.fake.renew(subscription) == ""


def _like(shop: Shop, topup: str, renews: PassTerms | None = None) -> Any:
    from artrator.rail import NewTopUp

    site = shop.settings.public_url
    return NewTopUp(
        topup,
        10 * MICRO,
        1000,
        "eur",
        "10 credits at Artrator",
        f"{site}/pay/done",
        f"{site}/pay/cancelled",
        f"{site}/v1/rails/stripe/webhook",
        renews,
    )


# --- the settings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "secret_key is missing"),
        (f'[stripe]\nsecret_key = "{KEY}"', "webhook_secrets is missing"),
        (f'[stripe]\nsecret_key = ""\nwebhook_secrets = "{SECRET}"', "rails.toml:2: stripe.secret_key must be a text"),
        (f'[stripe]\nsecret_key = "{KEY}"\nwebhook_secrets = [1]', "webhook_secrets must be"),
        (f'[stripe]\nsecret_key = "{KEY}"\nwebhook_secrets = "{SECRET}"', "currency is missing"),
        (
            f'[stripe]\nsecret_key = "{KEY}"\nwebhook_secrets = "{SECRET}"\ncurrency = "eur"\nrate = 0.01',
            "rails.toml:5: stripe.rate must be an amount of credits",
        ),
        (
            f'[stripe]\nsecret_key = "{KEY}"\nwebhook_secrets = "{SECRET}"\ncurrency = "eur"\nrate = "0.01"\nfee = 1',
            "stripe.fee is not known to this rail",
        ),
        ("[stripe", "not valid TOML"),
        ("stripe = 1", "must be a table"),
    ],
)
def test_settings_that_are_wrong_are_said_with_their_line_and_without_a_secret(
    tmp_path: Path, text: str, says: str
) -> None:
    from artrator_registry.rails.loading import load_rails

    file = tmp_path / "rails.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ArtratorError) as raised:
        load_rails(("stripe",), file)
    assert raised.value.code is Code.RAIL_MISCONFIGURED
    assert says in raised.value.message
    assert KEY not in json.dumps(raised.value.to_json())


def test_secrets_that_others_can_read_are_refused_and_the_environment_may_hold_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from artrator_registry.rails.loading import load_rails

    file = tmp_path / "rails.toml"
    file.write_text('[stripe]\ncurrency = "eur"\nrate = "0.01"\n')
    file.chmod(0o640)
    with pytest.raises(ArtratorError, match="Others can read"):
        load_rails(("stripe",), file)
    file.chmod(0o600)
    monkeypatch.setenv("ARTRATOR_RAIL_STRIPE_SECRET_KEY", KEY)
    monkeypatch.setenv("ARTRATOR_RAIL_STRIPE_WEBHOOK_SECRETS", SECRET)
    assert load_rails(("stripe",), file)["stripe"].terms.currency == "eur"


def test_an_extension_that_is_not_installed_or_breaks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from artrator.plugins import extensions
    from artrator_registry.rails.loading import load_rails

    with pytest.raises(ArtratorError) as raised:
        load_rails(("paypal",), tmp_path / "rails.toml")
    assert raised.value.code is Code.EXTENSION_MISSING
    assert "stripe" in raised.value.details["installed"]
    points = [EntryPoint("broken", "no_such_module_anywhere", "artrator.extensions")]
    monkeypatch.setattr(extensions, "entry_points", lambda group: points)
    assert set(load_rails((), tmp_path / "rails.toml")) == {"voucher", "grant"}  # nobody named it: not even imported
    with pytest.raises(ArtratorError) as raised:
        load_rails(("broken",), tmp_path / "rails.toml")
    assert raised.value.code is Code.PLUGIN_BROKEN
