"""The registry's HTTP API as an asynchronous client."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import pydantic

from artrator.canonical import b64
from artrator.clients._http import Answer, MisbehavedError, fetch, read
from artrator.documents import KeySet
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator.messages import verifications as vm

_M = TypeVar("_M", bound=pydantic.BaseModel)
#: A session token this close to its end is renewed before it is used.
_RENEW_SECONDS = 30.0
#: A statement of a million lines, and the time to read it out.
_MAX_EXPORT = 256 * 2**20
_EXPORT_SECONDS = 600.0


def sign_in_bytes(nonce: str, registry: str) -> bytes:
    """What a key signs to sign in: bound to one challenge of one registry."""
    return f"artrator-sign-in\n{nonce}\n{registry}".encode()


class RegistryClient:
    """One registry, as one account (or as nobody, when ``key`` and ``api_key`` are None).

    Signs in by itself, on first need and when the token runs out. Every failure is an ArtratorError:
    ``registry_unreachable`` when nothing answers, ``internal`` when the answer makes no sense, else what the
    registry said.

    Args:
        url: Of the registry.
        key: The account's key.
        api_key: Used instead of signing in.
        handle, display_name: What a first sign-in asks for.
        timeout: Seconds of silence that end a request; the whole of one may take four times as long.
        transport: For tests.
        registry_id: The pinned root key's id, if it is known: then no challenge of another registry is signed, so
            that this one cannot sign in elsewhere with our answer.
    """

    def __init__(
        self,
        url: str,
        key: PrivateKey | None = None,
        *,
        api_key: str | None = None,
        handle: str | None = None,
        display_name: str | None = None,
        timeout: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
        registry_id: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self._api_key = api_key
        self._handle = handle
        self._display_name = display_name
        self._session: m.Session | None = None
        self._registry_id = registry_id
        self._seconds = 4 * timeout
        try:
            self._http = httpx.AsyncClient(base_url=self.url, timeout=timeout, transport=transport)
        except httpx.InvalidURL as error:
            raise ArtratorError(
                Code.REQUEST_INVALID, f"{url!a} is no address.", cure="Write it as https://registry.example."
            ) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # --- the registry itself

    async def info(self) -> m.RegistryInfo:
        """Who answers."""
        return await self._get("/v1/registry", m.RegistryInfo, signed=False)

    async def keyset(self, root: PublicKey) -> KeySet:
        """The ticket keys, verified with the pinned root key."""
        return KeySet.verify(await self._send("GET", "/v1/keys", signed=False), root)

    # --- accounts

    async def sign_in(self) -> m.Session:
        """Sign in now and keep the token."""
        if self.key is None:
            raise ArtratorError(Code.SESSION_INVALID, "Nobody is signed in.")
        public_key = self.key.public.encode()
        challenge = await self._post(
            "/v1/challenges", m.ChallengeRequest(public_key=public_key), m.Challenge, signed=False
        )
        if self._registry_id is not None and challenge.registry != self._registry_id:
            raise ArtratorError(
                Code.CHALLENGE_INVALID,
                f"What answers at {self.url} asks for a sign-in at another registry.",
                cure="Do not go on: ask the registry's operator whether its root key has changed.",
            )
        self._session = await self._post(
            "/v1/sessions",
            m.SignIn(
                challenge=challenge.challenge,
                public_key=public_key,
                signature=b64(self.key.sign(sign_in_bytes(challenge.nonce, challenge.registry))),
                handle=self._handle,
                display_name=self._display_name,
            ),
            m.Session,
            signed=False,
        )
        return self._session

    async def account(self) -> m.Account:
        """The account that is signed in."""
        return await self._get("/v1/account", m.Account)

    async def balance(self) -> m.Balance:
        """What can be spent, what is held, what is pending."""
        return await self._get("/v1/account/balance", m.Balance)

    async def statement(
        self, *, of: m.StatementOf = "wallet", before: str | None = None, limit: int = 50
    ) -> m.Statement:
        """The newest lines, or those before a cursor."""
        query = {"of": of, "before": before, "limit": limit}
        return await self._get("/v1/account/statement", m.Statement, query)

    async def redeem(self, code: str) -> m.VoucherRedeemed:
        """Redeem a voucher."""
        return await self._post("/v1/vouchers/redeem", m.VoucherRedemption(code=code), m.VoucherRedeemed)

    async def create_api_key(self, request: m.APIKeyRequest) -> m.APIKey:
        """A new API key; its secret is in this answer only."""
        return await self._post("/v1/api-keys", request, m.APIKey)

    async def api_keys(self) -> Sequence[m.APIKey]:
        """Every API key of the account."""
        return (await self._get("/v1/api-keys", m.APIKeys)).items

    async def revoke_api_key(self, key: str) -> None:
        """End an API key."""
        await self._send("DELETE", f"/v1/api-keys/{key}")

    # --- listings

    async def search(
        self,
        query: str = "",
        *,
        task: str | None = None,
        tag: str | None = None,
        sort: str = "relevant",
        cursor: str | None = None,
        limit: int = 48,
    ) -> m.ListingPage:
        """Listings that match."""
        wanted = {"q": query, "task": task, "tag": tag, "sort": sort, "cursor": cursor, "limit": limit}
        return await self._get("/v1/listings", m.ListingPage, wanted, signed=False)

    async def listing(self, listing: str, version: str | None = None) -> m.Listing:
        """One listing, ``handle/name``."""
        return await self._get(f"/v1/listings/{listing}", m.Listing, {"version": version}, signed=False)

    async def sample(self, path: str) -> bytes:
        """A sample picture by the path that a card names."""
        return (await self._request("GET", path, signed=False)).content

    async def publish(self, listing: str, publication: m.Publication) -> m.Listing:
        """Offer a package version."""
        return await self._put(f"/v1/listings/{listing}", publication, m.Listing)

    # --- nodes

    async def register_node(self, node: str, registration: m.NodeRegistration) -> m.HeartbeatAnswer:
        """Say where a node is."""
        return await self._put(f"/v1/nodes/{node}", registration, m.HeartbeatAnswer)

    async def heartbeat(self, node: str, heartbeat: m.Heartbeat) -> m.HeartbeatAnswer:
        """Say that a node is alive and what it can run."""
        return await self._post(f"/v1/nodes/{node}/heartbeat", heartbeat, m.HeartbeatAnswer)

    async def nodes(self, listing: str | None = None) -> Sequence[m.NodeCandidate]:
        """Nodes that are online, for one listing or all."""
        return (await self._get("/v1/nodes", m.Nodes, {"listing": listing}, signed=False)).items

    # --- orders

    async def quote(self, request: m.QuoteRequest) -> m.Quote:
        """A price with a hard cap."""
        return await self._post("/v1/quotes", request, m.Quote)

    async def order(self, order: str, request: m.OrderRequest) -> m.Order:
        """Accept a quote. Repeating it with the same id is harmless."""
        return await self._put(f"/v1/orders/{order}", request, m.Order)

    async def get_order(self, order: str) -> m.Order:
        """How an order stands."""
        return await self._get(f"/v1/orders/{order}", m.Order)

    async def orders(self, *, before: str | None = None, limit: int = 50) -> m.Orders:
        """The account's orders, newest first."""
        return await self._get("/v1/orders", m.Orders, {"before": before, "limit": limit})

    async def cancel_order(self, order: str) -> m.Order:
        """Give up an order that no node has claimed: the hold is released."""
        return self._read(await self._send("DELETE", f"/v1/orders/{order}"), m.Order)

    async def claim(self, order: str, claim: m.Claim) -> m.Order:
        """A node's receipt for an order."""
        return await self._put(f"/v1/orders/{order}/receipt", claim, m.Order)

    async def claims(self, claims: Sequence[m.OrderClaim]) -> Sequence[m.Claimed]:
        """A node's receipts for several orders; what became of each, in the same order."""
        return (await self._post("/v1/receipts", m.Claims(claims=claims), m.ClaimsAnswer)).items

    async def acknowledge(self, order: str, acknowledge: m.Acknowledge) -> m.Order:
        """A buyer's acknowledgement of a receipt."""
        return await self._put(f"/v1/orders/{order}/acknowledgement", acknowledge, m.Order)

    # --- disputes

    async def open_dispute(self, order: str, opening: dm.DisputeOpening) -> dm.Dispute:
        """Say what is wrong with a delivery, as its buyer."""
        return await self._put(f"/v1/orders/{order}/dispute", opening, dm.Dispute)

    async def dispute(self, order: str) -> dm.Dispute:
        """How a dispute stands, for both sides."""
        return await self._get(f"/v1/orders/{order}/dispute", dm.Dispute)

    async def answer_dispute(self, order: str, answer: dm.DisputeAnswer) -> dm.Dispute:
        """The creator's answer; ``give_back`` ends it in the buyer's favour."""
        return await self._put(f"/v1/orders/{order}/dispute/answer", answer, dm.Dispute)

    async def disputes(self, *, before: str | None = None) -> dm.Disputes:
        """The account's disputes as buyer and as creator, newest first."""
        return await self._get("/v1/disputes", dm.Disputes, {"before": before})

    async def trust(self, listing: str) -> dm.DisputeRates:
        """What happened to the orders of a listing in the last 90 days."""
        return await self._get(f"/v1/listings/{listing}/trust", dm.DisputeRates, signed=False)

    # --- earnings and payouts

    async def earnings(self, since: str, until: str) -> pm.Earnings:
        """What was earned on the days from ``since`` to ``until`` (``YYYY-MM-DD``, inclusive, at most 400)."""
        return await self._get("/v1/earnings", pm.Earnings, {"from": since, "until": until})

    async def move_earnings(self, transfer: str, amount: int) -> m.Balance:
        """Spend what was earned: from available earnings to the wallet. The client makes the id."""
        return await self._put(f"/v1/earnings/transfers/{transfer}", pm.EarningsTransfer(amount=amount), m.Balance)

    async def earnings_statement(self, year: int) -> pm.EarningsStatement:
        """What was earned and paid out in a year, as a tax office asks."""
        return await self._get(f"/v1/earnings/statements/{year}", pm.EarningsStatement)

    async def earnings_statement_csv(self, year: int) -> str:
        """The same for a spreadsheet."""
        return await self._text(f"/v1/earnings/statements/{year}.csv")

    async def statement_csv(self, of: m.StatementOf = "wallet") -> str:
        """A whole statement as CSV, oldest first."""
        return await self._text("/v1/account/statement.csv", {"of": of})

    async def seller(self) -> pm.Seller:
        """Who the account sells as."""
        return await self._get("/v1/account/seller", pm.Seller)

    async def set_seller(self, profile: pm.SellerProfile) -> pm.Seller:
        """Say who sells; the operator verifies it."""
        return await self._put("/v1/account/seller", profile, pm.Seller)

    async def payouts(self, *, before: str | None = None) -> pm.Payouts:
        """The account's payouts, newest first, with the schedule and the least that can be asked for."""
        return await self._get("/v1/payouts", pm.Payouts, {"before": before})

    async def request_payout(self, payout: str, request: pm.PayoutRequest) -> pm.Payout:
        """Ask for earnings to be paid out. The client makes the id."""
        return await self._put(f"/v1/payouts/{payout}", request, pm.Payout)

    async def cancel_payout(self, payout: str) -> pm.Payout:
        """Take back a payout that was not sent yet."""
        return self._read(await self._send("DELETE", f"/v1/payouts/{payout}"), pm.Payout)

    async def set_payout_schedule(self, schedule: pm.PayoutSchedule) -> pm.PayoutSchedule:
        """When payouts are asked for without being told."""
        return await self._put("/v1/account/payout-schedule", schedule, pm.PayoutSchedule)

    # --- rails

    async def rails(self) -> Sequence[rm.Rail]:
        """How money can come in here, or go out."""
        return (await self._get("/v1/rails", rm.Rails, signed=False)).items

    async def top_up(self, topup: str, request: rm.TopUpRequest) -> rm.TopUp:
        """Ask for a top-up. Repeating it with the same id is harmless; nothing is paid yet."""
        return await self._put(f"/v1/topups/{topup}", request, rm.TopUp)

    async def topup(self, topup: str) -> rm.TopUp:
        """How a top-up stands."""
        return await self._get(f"/v1/topups/{topup}", rm.TopUp)

    async def topups(self, *, before: str | None = None, limit: int = 50) -> rm.TopUps:
        """The account's top-ups, newest first."""
        return await self._get("/v1/topups", rm.TopUps, {"before": before, "limit": limit})

    # --- passes

    async def plans(self, listing: str | None = None, creator: str | None = None) -> Sequence[p.Plan]:
        """Passes that are sold, cheapest first: those that cover a listing, those of a creator's handle, or all."""
        return (await self._get("/v1/plans", p.Plans, {"listing": listing, "creator": creator}, signed=False)).items

    async def publish_plan(self, handle: str, name: str, document: Mapping[str, Any]) -> p.Plan:
        """Offer a pass, or withdraw it: a signed ``documents.Plan``."""
        return await self._put(f"/v1/plans/{handle}/{name}", p.PlanPublication(plan=document), p.Plan)

    async def buy_pass(self, pass_id: str, request: p.PassRequest) -> p.Pass:
        """Buy a pass. Repeating it with the same id is harmless."""
        return await self._put(f"/v1/passes/{pass_id}", request, p.Pass)

    async def passes(self) -> Sequence[p.Pass]:
        """The account's passes, those in force first."""
        return (await self._get("/v1/passes", p.Passes)).items

    async def one_pass(self, pass_id: str) -> p.Pass:
        """How a pass stands."""
        return await self._get(f"/v1/passes/{pass_id}", p.Pass)

    async def change_pass(self, pass_id: str, renew: bool) -> p.Pass:
        """Whether a pass renews itself when its period ends."""
        body = p.PassChange(renew=renew)
        return self._read(await self._send("PATCH", f"/v1/passes/{pass_id}", body=body), p.Pass)

    # --- licences

    async def buy_licence(self, purchase: str, request: p.PurchaseRequest) -> p.Purchase:
        """Buy a licence to keep a package. Repeating it with the same id is harmless."""
        return await self._put(f"/v1/purchases/{purchase}", request, p.Purchase)

    async def purchase(self, purchase: str) -> p.Purchase:
        """How a purchase stands; its licence is there once it is paid."""
        return await self._get(f"/v1/purchases/{purchase}", p.Purchase)

    async def purchases(self) -> Sequence[p.Purchase]:
        """The account's purchases, newest first."""
        return (await self._get("/v1/purchases", p.Purchases)).items

    # --- verifications

    async def verification(self, verification: str, request: vm.VerificationRequest) -> vm.Verification:
        """A ticket to look at a package; for its creator and for verifiers. The client makes the id."""
        return await self._put(f"/v1/verifications/{verification}", request, vm.Verification)

    async def verifications(self) -> Sequence[vm.Verification]:
        """Who looked at the account's packages, and what it looked at itself."""
        return (await self._get("/v1/verifications", vm.Verifications)).items

    # --- how it travels

    async def _get(
        self,
        path: str,
        answer: type[_M],
        query: Mapping[str, str | int | None] | None = None,
        *,
        signed: bool = True,
    ) -> _M:
        wanted = {name: value for name, value in (query or {}).items() if value is not None}
        return self._read(await self._send("GET", path, query=wanted, signed=signed), answer)

    async def _text(self, path: str, query: Mapping[str, str | int] | None = None) -> str:
        return (await self._request("GET", path, query=query, export=True)).content.decode()

    async def _post(self, path: str, body: pydantic.BaseModel, answer: type[_M], *, signed: bool = True) -> _M:
        return self._read(await self._send("POST", path, body=body, signed=signed), answer)

    async def _put(self, path: str, body: pydantic.BaseModel, answer: type[_M]) -> _M:
        return self._read(await self._send("PUT", path, body=body), answer)

    @staticmethod
    def _read(value: object, answer: type[_M]) -> _M:
        return read(value, answer, "The registry")

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: pydantic.BaseModel | None = None,
        signed: bool = True,
    ) -> Any:
        answer = await self._request(method, path, query=query, body=body, signed=signed)
        return answer.json() if answer.content else None

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: pydantic.BaseModel | None = None,
        signed: bool = True,
        export: bool = False,
    ) -> Answer:
        answer = await self._once(method, path, query, body, signed=signed, export=export)
        if answer.status == 401 and signed and self.key is not None and self._api_key is None:
            # The token may have been ended early (the registry restarted with new keys): sign in once more.
            self._session = None
            answer = await self._once(method, path, query, body, signed=signed, export=export)
        if answer.is_error:
            raise answer.problem()
        return answer

    async def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: pydantic.BaseModel | None,
        *,
        signed: bool,
        export: bool,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {await self._token()}"} if signed else {}
        limit: dict[str, Any] = {"limit": _MAX_EXPORT} if export else {}
        content = None
        if body is not None:
            content = body.model_dump_json(exclude_none=True).encode()
            headers["Content-Type"] = "application/json"
        try:
            return await fetch(
                self._http,
                method,
                path,
                server="The registry",
                seconds=_EXPORT_SECONDS if export else self._seconds,
                **limit,
                params=query,
                content=content,
                headers=headers,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ArtratorError(
                Code.REGISTRY_UNREACHABLE, f"The registry at {self.url} does not answer.", url=self.url
            ) from error
        except MisbehavedError as error:
            raise ArtratorError(Code.INTERNAL, f"The registry at {self.url} {error}.") from error

    async def _token(self) -> str:
        if self._api_key is not None:
            return self._api_key
        if self._session is None or self._session.expires_at - _RENEW_SECONDS < time.time():
            await self.sign_in()
        assert self._session is not None  # noqa: S101  # sign_in sets it or raises
        return self._session.token
