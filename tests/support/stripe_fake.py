"""A small but faithful Stripe over HTTP: what the rail uses, in the shapes of API version 2026-10-28.

It runs as a real server, so that the official SDK talks to it. What a payer, a bank or Stripe itself would do are
methods: ``pay``, ``fail``, ``expire``, ``refund``, ``dispute``, ``close_dispute``, ``renew``. Each makes the events
that Stripe would make and sends them as signed webhooks, in the way that ``delivery`` says.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import stripe
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

VERSION = "2026-10-28.endive"
KEY = "sk_test_artratorfake0000000000"
SECRET = "whsec_artratorfake0000000000"


class Refused(Exception):
    """An error of Stripe's."""

    def __init__(self, status: int, kind: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}


@dataclass
class Delivery:
    """How webhooks travel."""

    url: str = ""
    secrets: tuple[str, ...] = (SECRET,)
    lost: bool = False
    copies: int = 1
    hold: bool = False
    age: float = 0.0


def flat(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Stripe's form encoding: ``a[b][0][c]=d`` as nested dictionaries and lists."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        at = found
        for part, following in zip([first, *rest], [*rest, None], strict=True):
            if following is None:
                at[part] = value
            else:
                at = at.setdefault(part, {})
    return _lists(found)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


@dataclass
class Stripe:
    """One account at the fake."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[str, int, Any]] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    held: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    clock: float = 0.0  # what is added to the time
    down: bool = False
    balance: int = 10**9
    guard: threading.RLock = field(default_factory=threading.RLock)

    # --- what objects look like

    def now(self) -> int:
        return int(time.time() + self.clock)

    def make(self, prefix: str, kind: str, **values: Any) -> dict[str, Any]:
        identifier = values.pop("id", None) or f"{prefix}_{secrets.token_hex(12)}"
        made = {"id": identifier, "object": kind, "created": self.now(), "livemode": False, "metadata": {}, **values}
        self.objects[identifier] = made
        return made

    def get(self, identifier: str, kind: str) -> dict[str, Any]:
        found = self.objects.get(identifier)
        if found is None or found["object"] != kind:
            raise Refused(404, "invalid_request_error", f"No such {kind}: '{identifier}'", "resource_missing")
        return found

    def all(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        found = [each for each in self.objects.values() if each["object"] == kind]
        found = [each for each in found if all(each.get(name) == value for name, value in wanted.items())]
        return found[::-1]  # newest first

    # --- what Checkout does

    def create_session(self, body: dict[str, Any]) -> dict[str, Any]:
        mode = body.get("mode")
        if mode not in ("payment", "subscription") or "line_items" not in body or "success_url" not in body:
            raise Refused(400, "invalid_request_error", "Missing required param.", "parameter_missing")
        price = body["line_items"][0]["price_data"]
        amount = int(price["unit_amount"]) * int(body["line_items"][0].get("quantity", 1))
        if amount < 50 and price["currency"] != "krw":
            raise Refused(400, "invalid_request_error", "The amount is below the minimum.", "amount_too_small")
        if (mode == "subscription") != ("recurring" in price):
            raise Refused(400, "invalid_request_error", "Prices and mode do not fit.")
        identifier = f"cs_test_{secrets.token_hex(24)}"
        return self.make(
            "cs",
            "checkout.session",
            id=identifier,
            mode=mode,
            status="open",
            payment_status="unpaid",
            amount_subtotal=amount,
            amount_total=amount,
            currency=price["currency"],
            client_reference_id=body.get("client_reference_id"),
            metadata=body.get("metadata", {}),
            payment_intent=None,
            subscription=None,
            invoice=None,
            customer=None,
            success_url=body["success_url"],
            cancel_url=body.get("cancel_url"),
            expires_at=self.now() + 86_400,
            url=f"https://checkout.stripe.com/c/pay/{identifier}",
            _asked=body,
        )

    def pay(self, session: str, *, amount: int | None = None, currency: str | None = None) -> str:
        """The payer pays on the hosted page; answers the PaymentIntent. Another amount is Stripe gone mad."""
        with self.guard:
            found = self.get(session, "checkout.session")
            assert found["status"] == "open", "nobody can pay a session twice, nor one that has expired"
            asked = found["_asked"]
            if found["mode"] == "subscription":
                return self._subscribe(found, amount)
            metadata = asked.get("payment_intent_data", {}).get("metadata", {})
            intent = self._charge(amount or found["amount_total"], currency or found["currency"], metadata)
            found |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
        self.happened("payment_intent.succeeded", intent)
        self.happened("checkout.session.completed", found)
        return str(intent["id"])

    def pay_slowly(self, session: str) -> str:
        """A bank debit: the session completes, the money comes (or not) later, by ``arrive`` or ``fail``."""
        found = self.get(session, "checkout.session")
        metadata = found["_asked"].get("payment_intent_data", {}).get("metadata", {})
        intent = self._intent(found["amount_total"], found["currency"], metadata, "processing")
        found |= {"status": "complete", "payment_status": "unpaid", "payment_intent": intent["id"]}
        self.happened("checkout.session.completed", found)
        return str(intent["id"])

    def arrive(self, session: str) -> None:
        found = self.get(session, "checkout.session")
        self._succeed(self.get(found["payment_intent"], "payment_intent"))
        found["payment_status"] = "paid"
        self.happened("checkout.session.async_payment_succeeded", found)

    def fail(self, session: str) -> None:
        found = self.get(session, "checkout.session")
        intent = self.get(found["payment_intent"], "payment_intent")
        intent |= {"status": "requires_payment_method", "last_payment_error": {"code": "card_declined"}}
        self.happened("payment_intent.payment_failed", intent)
        self.happened("checkout.session.async_payment_failed", found)

    def expire(self, session: str) -> None:
        found = self.get(session, "checkout.session")
        found["status"] = "expired"
        self.happened("checkout.session.expired", found)

    def _intent(self, amount: int, currency: str, metadata: dict[str, str], status: str) -> dict[str, Any]:
        return self.make(
            "pi",
            "payment_intent",
            amount=amount,
            amount_received=0,
            currency=currency,
            status=status,
            metadata=metadata,
            latest_charge=None,
            last_payment_error=None,
            cancellation_reason=None,
        )

    def _charge(self, amount: int, currency: str, metadata: dict[str, str]) -> dict[str, Any]:
        return self._succeed(self._intent(amount, currency, metadata, "processing"))

    def _succeed(self, intent: dict[str, Any]) -> dict[str, Any]:
        charge = self.make(
            "ch",
            "charge",
            amount=intent["amount"],
            amount_captured=intent["amount"],
            amount_refunded=0,
            currency=intent["currency"],
            captured=True,
            paid=True,
            disputed=False,
            refunded=False,
            status="succeeded",
            payment_intent=intent["id"],
            metadata=intent["metadata"],
        )
        charge["balance_transaction"] = self._moved("charge", charge, intent["amount"])
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
        return intent

    def _moved(self, kind: str, source: dict[str, Any], amount: int) -> str:
        self.balance += amount
        made = self.make(
            "txn",
            "balance_transaction",
            type=kind,
            amount=amount,
            net=amount,
            fee=0,
            currency=source["currency"],
            source=source["id"],
            status="available",
            reporting_category=kind,
        )
        return str(made["id"])

    # --- subscriptions

    def _subscribe(self, session: dict[str, Any], amount: int | None) -> str:
        asked = session["_asked"]
        price = asked["line_items"][0]["price_data"]
        subscription = self.make(
            "sub",
            "subscription",
            status="active",
            currency=price["currency"],
            metadata=asked.get("subscription_data", {}).get("metadata", {}),
            cancel_at_period_end=False,
            latest_invoice=None,
            _amount=int(price["unit_amount"]),
        )
        session |= {"status": "complete", "payment_status": "paid", "subscription": subscription["id"]}
        intent = self._bill(subscription, amount)
        session["invoice"] = subscription["latest_invoice"]
        self.happened("invoice.paid", self.objects[subscription["latest_invoice"]])
        self.happened("checkout.session.completed", session)
        return intent

    def renew(self, subscription: str) -> str:
        """Another period begins and is paid; answers the PaymentIntent."""
        found = self.get(subscription, "subscription")
        assert found["status"] == "active"
        if found["cancel_at_period_end"]:
            found["status"] = "canceled"
            self.happened("customer.subscription.deleted", found)
            return ""
        intent = self._bill(found, None)
        self.happened("invoice.paid", self.objects[found["latest_invoice"]])
        return intent

    def _bill(self, subscription: dict[str, Any], amount: int | None) -> str:
        # The payment of an invoice carries nothing of ours; the invoice carries the subscription's metadata.
        intent = self._charge(amount or subscription["_amount"], subscription["currency"], {})
        invoice = self.make(
            "in",
            "invoice",
            status="paid",
            amount_due=intent["amount"],
            amount_paid=intent["amount"],
            currency=intent["currency"],
            parent={
                "type": "subscription_details",
                "quote_details": None,
                "subscription_details": {
                    "subscription": subscription["id"],
                    "metadata": dict(subscription["metadata"]),
                },
            },
        )
        self.make(
            "inpay",
            "invoice_payment",
            invoice=invoice["id"],
            amount_paid=intent["amount"],
            amount_requested=intent["amount"],
            currency=intent["currency"],
            is_default=True,
            status="paid",
            payment={"type": "payment_intent", "payment_intent": intent["id"]},
        )
        subscription["latest_invoice"] = invoice["id"]
        return str(intent["id"])

    # --- money that goes back

    def refund(self, intent: str, amount: int) -> None:
        charge = self.get(self.get(intent, "payment_intent")["latest_charge"], "charge")
        if charge["amount_refunded"] + amount > charge["amount"]:
            raise Refused(400, "invalid_request_error", "Refund amount is greater than unrefunded amount on charge.")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund = self.make(
            "re",
            "refund",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent,
            status="succeeded",
        )
        refund["balance_transaction"] = self._moved("refund", refund, -amount)
        self.happened("charge.refunded", charge)

    def dispute(self, intent: str, *, status: str = "needs_response") -> str:
        """The cardholder's bank disputes the payment; the money is withdrawn unless it only asks."""
        charge = self.get(self.get(intent, "payment_intent")["latest_charge"], "charge")
        charge["disputed"] = True
        dispute = self.make(
            "du",
            "dispute",
            amount=charge["amount"] - charge["amount_refunded"],
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent,
            reason="fraudulent",
            status=status,
            balance_transactions=[],
        )
        if not status.startswith("warning"):
            self._moved("adjustment", dispute, -dispute["amount"])
        self.happened("charge.dispute.created", dispute)
        return str(dispute["id"])

    def close_dispute(self, dispute: str, *, won: bool) -> None:
        found = self.get(dispute, "dispute")
        found["status"] = "won" if won else "lost"
        if won:
            self._moved("adjustment", found, found["amount"])
            self.happened("charge.dispute.funds_reinstated", found)
        self.happened("charge.dispute.closed", found)

    # --- Connect

    def connect(self) -> str:
        """A seller who has been verified; answers the account."""
        return str(self.make("acct", "account", charges_enabled=True, payouts_enabled=True)["id"])

    def create_transfer(self, body: dict[str, Any]) -> dict[str, Any]:
        destination = self.objects.get(body.get("destination", ""))
        if destination is None or destination["object"] != "account":
            raise Refused(400, "invalid_request_error", "No such destination.", "resource_missing")
        amount = int(body["amount"])
        if amount > self.balance:
            raise Refused(400, "invalid_request_error", "You have insufficient funds.", "balance_insufficient")
        transfer = self.make(
            "tr",
            "transfer",
            amount=amount,
            amount_reversed=0,
            currency=body["currency"],
            destination=body["destination"],
            metadata=body.get("metadata", {}),
            transfer_group=body.get("transfer_group"),
            reversed=False,
        )
        self._moved("transfer", transfer, -amount)
        return transfer

    # --- events and webhooks

    def happened(self, kind: str, thing: dict[str, Any]) -> None:
        """Make an event and send it."""
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": VERSION,
            "created": self.now(),
            "type": kind,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "data": {"object": json.loads(json.dumps(shown(thing)))},
        }
        self.events.insert(0, event)
        if self.delivery.hold:
            self.held.append(event)
        elif not self.delivery.lost:
            for _ in range(self.delivery.copies):
                self.send(event)

    def release(self, order: list[int] | None = None) -> None:
        """Send what was held, in this order."""
        held, self.held = self.held, []
        for number in range(len(held)) if order is None else order:
            self.send(held[number])

    def send(self, event: dict[str, Any]) -> int:
        """Send one event as Stripe does: a failure would be tried again later, which a test does by hand."""
        if not self.delivery.url:
            return 0
        body, headers = self.signed(event)
        with contextlib.suppress(httpx.HTTPError):
            return httpx.post(self.delivery.url, content=body, headers=headers, timeout=240).status_code
        return 0

    def signed(self, event: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a webhook, signed with every secret as while one is rotated."""
        body = json.dumps(event, separators=(",", ":"))
        at = int(self.now() - self.delivery.age)
        signatures = [
            stripe.WebhookSignature.generate_signature_header(body, secret, at).partition(",")[2]
            for secret in self.delivery.secrets
        ]
        header = ",".join([f"t={at}", *signatures])
        return body.encode(), {"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"}

    # --- the HTTP API

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """One request; raises Refused."""
        match method, path.removeprefix("/v1/").split("/"):
            case "POST", ["checkout", "sessions"]:
                return self.create_session(body)
            case "GET", ["checkout", "sessions", session]:
                return self.get(session, "checkout.session")
            case "POST", ["checkout", "sessions", session, "expire"]:
                self.expire(session)
                return self.get(session, "checkout.session")
            case "GET", ["payment_intents", intent]:
                return self.get(intent, "payment_intent")
            case "GET", ["charges", charge]:
                return self.get(charge, "charge")
            case "GET", ["invoices", invoice]:
                return self.get(invoice, "invoice")
            case "GET", ["subscriptions", subscription]:
                return self.get(subscription, "subscription")
            case "POST", ["subscriptions", subscription]:
                found = self.get(subscription, "subscription")
                if found["status"] == "canceled":
                    raise Refused(400, "invalid_request_error", "A canceled subscription can only update its metadata.")
                found["cancel_at_period_end"] = body["cancel_at_period_end"] == "true"
                return found
            case "POST", ["refunds"]:
                self.refund(body["payment_intent"], int(body["amount"]))
                return self.all("refund")[0]
            case "POST", ["accounts"]:
                return self.get(self.connect(), "account")
            case "GET", ["accounts", account]:
                return self.get(account, "account")
            case "POST", ["transfers"]:
                return self.create_transfer(body)
            case "GET", ["transfers", transfer]:
                return self.get(transfer, "transfer")
            case "GET", ["events"]:
                return page("/v1/events", self.events, body)
            case "GET", ["invoice_payments"]:
                wanted = body.get("payment", {}).get("payment_intent")
                found = [p for p in self.all("invoice_payment") if p["payment"]["payment_intent"] == wanted]
                return page("/v1/invoice_payments", found, body)
            case "GET", [("disputes" | "transfers" | "balance_transactions" | "payment_intents") as kind]:
                filters = {k: body[k] for k in ("payment_intent", "transfer_group") if k in body}
                since = int(body.get("created", {}).get("gte", 0))
                found = [each for each in self.all(kind.removesuffix("s"), **filters) if each["created"] >= since]
                return page(f"/v1/{kind}", found, body)
        raise Refused(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")

    def expand(self, value: Any, fields: list[str]) -> Any:
        """Put whole objects where their ids stand, and leave out what is ours alone."""
        found = json.loads(json.dumps(shown(value)))
        for name in fields:
            first, _, rest = name.partition(".")
            if first == "data":
                found["data"] = [self.expand(each, [rest]) for each in found["data"]]
            elif first == "payments" and found["object"] == "invoice":
                payments = [p for p in self.all("invoice_payment") if p["invoice"] == found["id"]]
                found["payments"] = page("/v1/invoice_payments", payments, {})
            elif isinstance(found.get(first), str) and found[first] in self.objects:
                found[first] = self.expand(self.objects[found[first]], [rest] if rest else [])
        return found

    def serve(self, method: str, path: str, key: str, idempotency: str, pairs: list[tuple[str, str]]) -> JSONResponse:
        """One request with its key, idempotent as Stripe is: for this key the first answer, whatever it was."""
        with self.guard:
            self.requests.append((method, path, idempotency))
            if self.down:
                return JSONResponse({"error": {"type": "api_error", "message": "Down."}}, 503)
            if key != f"Bearer {KEY}":
                message = f"Invalid API Key provided: {key[-4:]}"
                return JSONResponse({"error": {"type": "invalid_request_error", "message": message}}, 401)
            asked = json.dumps([path, sorted(pairs)])
            if method == "POST" and idempotency in self.answers:
                before, status, answer = self.answers[idempotency]
                if before != asked:
                    message = "Keys for idempotent requests can only be used with the same parameters."
                    return JSONResponse({"error": {"type": "idempotency_error", "message": message}}, 400)
                return JSONResponse(answer, status, headers={"Idempotent-Replayed": "true"})
            body = flat(pairs)
            expand = body.pop("expand", [])
            try:
                status, answer = 200, self.expand(self.answer(method, path, body), expand)
            except Refused as refused:
                status, answer = refused.status, refused.body
            if method == "POST" and idempotency:
                self.answers[idempotency] = (asked, status, answer)
            return JSONResponse(answer, status, headers={"Request-Id": f"req_{secrets.token_hex(8)}"})

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.api_route("/v1/{rest:path}", methods=["GET", "POST", "DELETE"])
        async def any_call(rest: str, request: Request) -> JSONResponse:
            encoded = (await request.body()).decode() if request.method == "POST" else request.url.query
            headers = request.headers
            return self.serve(
                request.method,
                f"/v1/{rest}",
                headers.get("authorization", ""),
                headers.get("idempotency-key", ""),
                parse_qsl(encoded, keep_blank_values=True),
            )

        return app


def shown(value: Any) -> Any:
    """An object without what only the fake knows."""
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items() if not name.startswith("_")}
    return [shown(each) for each in value] if isinstance(value, list) else value


def page(url: str, found: list[dict[str, Any]], query: dict[str, Any]) -> dict[str, Any]:
    """A page of a list, newest first, after ``starting_after``."""
    ids = [each["id"] for each in found]
    start = ids.index(query["starting_after"]) + 1 if query.get("starting_after") in ids else 0
    limit = min(100, int(query.get("limit", 10)))
    return {"object": "list", "url": url, "data": found[start : start + limit], "has_more": len(ids) > start + limit}


@contextlib.contextmanager
def running(fake: Stripe) -> Iterator[str]:
    """The fake as a server of its own thread; answers its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(fake.app(), log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
