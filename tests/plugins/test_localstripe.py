"""Our Stripe beside somebody else's: where localstripe knows a call, the official SDK gets the same shapes from both.

localstripe is GPL: it runs as a process in an environment of its own, and nothing of it is imported. It knows neither
Checkout nor Connect, and no idempotency; see what it can be asked for below.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import counterparts
import pytest
import stripe
import stripe_fake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
#: What the rail reads, by object.
_READ = {
    "payment_intent": {"id", "object", "amount", "currency", "status", "metadata", "created", "livemode"},
    "refund": {"id", "object", "amount", "currency", "charge", "status", "created", "metadata"},
    "event": {"id", "object", "type", "created", "data", "livemode", "api_version"},
    "list": {"object", "url", "data", "has_more"},
}


@contextlib.contextmanager
def _ours() -> Iterator[tuple[stripe.StripeClient, stripe_fake.Stripe]]:
    fake = stripe_fake.Stripe()
    with stripe_fake.running(fake) as url:
        yield _client(url, stripe_fake.KEY), fake


def _client(url: str, key: str) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stripe.StripeClient]:
    try:
        counterparts.environment(counterparts.LOCALSTRIPE)
    except counterparts.MissingError as reason:
        pytest.skip(str(reason))
    with counterparts.localstripe(tmp_path_factory.mktemp("localstripe")) as url:
        yield _client(url, "sk_test_12345")


def _shape(value: Any, kind: str) -> dict[str, type]:
    assert value["object"] == kind
    found = {name: type(value[name]) for name in _READ[kind] if name in value}
    assert set(found) == _READ[kind], set(found) ^ _READ[kind]
    return found


def _paid(client: stripe.StripeClient) -> Any:
    """A payment by card at localstripe, which has no Checkout."""
    method = client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}}
    )
    made = client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "eur",
            "payment_method": method.id,
            "confirm": True,
            "metadata": {"artrator_topup": "t"},
        }
    )
    return client.v1.payment_intents.retrieve(made.id)


def test_both_answer_the_same_shapes(theirs: stripe.StripeClient, tmp_path: Path) -> None:
    with _ours() as (client, fake):
        session = client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "success_url": "https://a.example",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {"currency": "eur", "unit_amount": 1000, "product_data": {"name": "credits"}},
                    }
                ],
                "payment_intent_data": {"metadata": {"artrator_topup": "t"}},
            }
        )
        ours, other = client.v1.payment_intents.retrieve(fake.pay(session.id)), _paid(theirs)
        assert _shape(ours, "payment_intent") == _shape(other, "payment_intent")
        assert (ours.status, ours.amount, ours.currency) == (other.status, other.amount, other.currency)
        assert ours.metadata["artrator_topup"] == other.metadata["artrator_topup"] == "t"

        refunds = [each.v1.refunds.create({"payment_intent": which.id, "amount": 400}) for each, which in
                   ((client, ours), (theirs, other))]  # fmt: skip
        assert _shape(refunds[0], "refund") == _shape(refunds[1], "refund")
        assert (refunds[0].amount, refunds[0].status) == (refunds[1].amount, refunds[1].status)

        lists = [each.v1.events.list({"limit": 2}) for each in (client, theirs)]
        assert _shape(lists[0], "list") == _shape(lists[1], "list")
        assert _shape(lists[0].data[0], "event") == _shape(lists[1].data[0], "event")


def test_both_say_in_the_same_way_that_there_is_nothing(theirs: stripe.StripeClient) -> None:
    with _ours() as (client, _):
        said = []
        for each in (client, theirs):
            with pytest.raises(stripe.InvalidRequestError) as raised:
                each.v1.payment_intents.retrieve("pi_nothing")
            said.append((raised.value.http_status, type(raised.value)))
        assert said[0] == said[1]
        with pytest.raises(stripe.AuthenticationError):
            _client(client._requestor._options.base_addresses["api"], "sk_test_wrong").v1.events.list()
