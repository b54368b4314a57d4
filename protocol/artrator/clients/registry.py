"""The registry's HTTP API as an asynchronous client."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from artrator.clients._connection import RegistryConnection, sign_in_bytes
from artrator.documents import KeySet
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator.messages import verifications as vm

__all__ = ["RegistryClient", "sign_in_bytes"]

#: A listing's address, as offers are signed for it.
_LISTING: Final = re.compile(r"[a-z0-9-]{1,32}/[a-z0-9-]{1,64}")


class RegistryClient(RegistryConnection):
    """What one registry can be asked, and how; see ``RegistryConnection`` for who asks."""

    # --- the registry itself

    async def info(self) -> m.RegistryInfo:
        """Who answers."""
        return await self._get("/v1/registry", m.RegistryInfo, signed=False)

    async def keyset(self, root: PublicKey) -> KeySet:
        """The ticket keys, verified with the pinned root key."""
        return KeySet.verify(await self._send("GET", "/v1/keys", signed=False), root)

    # --- accounts

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
        if not _LISTING.fullmatch(listing):
            raise ArtratorError(
                Code.LISTING_UNKNOWN,
                f"{listing!r} is no listing.",
                cure="Write the creator's handle and the model's name, such as atelier/emoji: `artrator search`.",
            )
        return await self._get(f"/v1/listings/{listing}", m.Listing, {"version": version}, signed=False)

    async def sample(self, path: str) -> bytes:
        """A sample picture by the path that a card names."""
        return await self._bytes(path)

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
        return await self._export(f"/v1/earnings/statements/{year}.csv")

    async def statement_csv(self, of: m.StatementOf = "wallet") -> str:
        """A whole statement as CSV, oldest first."""
        return await self._export("/v1/account/statement.csv", {"of": of})

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
