"""Messages about what can be bought besides a single run: passes, and licences to keep a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from artrator.messages._base import Cap, Message, Request
from artrator.messages.registry import Digest, Identifier, Json, Order, Share

# --- passes ---------------------------------------------------------------------------------------------------------


class PlanPublication(Request):
    """``PUT /v1/plans/{handle}/{name}``: offer a pass. Repeating it is harmless; bought ones keep their terms."""

    plan: Json  # signed by the creator, see ``documents.Plan``


class Plan(Message):
    """A pass that can be bought: so many credits' worth of runs in each period.

    Attributes:
        plan: ``handle/name``.
        listings: What it covers; empty for everything of its creator.
        price: Micro-credits for one period.
        allowance: How much runs may be worth in one period, at their list prices.
        document: The signed plan.
    """

    plan: str
    creator: str
    creator_name: str
    title: Mapping[str, str]
    listings: Sequence[str]
    price: int
    allowance: int
    period_days: int
    split: Sequence[Share]
    document: Json
    withdrawn: bool = False


class Plans(Message):
    """``GET /v1/plans?listing=&creator=``: cheapest first."""

    items: Sequence[Plan]


class PassRequest(Request):
    """``PUT /v1/passes/{id}``: buy one. The client makes the id; ``max_price`` guards against a plan that changed."""

    plan: str
    max_price: Cap
    renew: bool = False


class PassChange(Request):
    """``PATCH /v1/passes/{id}``: whether it renews itself when its period ends."""

    renew: bool


class PassState(StrEnum):
    """``active -> ended | refunded | unpaid``. Unpaid: it should have renewed and the credits were not there."""

    ACTIVE = "active"
    ENDED = "ended"
    REFUNDED = "refunded"
    UNPAID = "unpaid"


class Pass(Message):
    """``GET /v1/passes/{id}``: a bought pass in its present period.

    ``used`` and ``waiting`` (open orders) are worth at list prices; what is left is ``allowance - used - waiting``.
    When a period in which nothing was delivered ends, its whole price goes back.
    """

    id: Identifier
    plan: str
    title: Mapping[str, str]
    creator: str
    listings: Sequence[str]
    state: PassState
    price: int
    allowance: int
    used: int
    waiting: int
    runs: int
    begun_at: float
    period_from: float
    period_until: float
    renew: bool
    paid_through: str = "credits"  # or the name of the rail that renews it


class Passes(Message):
    """``GET /v1/passes``: the caller's, those in force first."""

    items: Sequence[Pass]


# --- licences -------------------------------------------------------------------------------------------------------


class PurchaseRequest(Request):
    """``PUT /v1/purchases/{id}``: a licence to keep and run a package; an order of the kind ``purchase``.

    The package is fetched sealed. The hold is captured when the buyer acknowledges that all of it arrived, and the node
    has deposited the key; whoever never acknowledges pays nothing, and never gets the key.
    """

    listing: str
    package: Digest
    node: str | None = None  # None lets the registry pick one that has it
    max_price: Cap


class Purchase(Message):
    """``GET /v1/purchases/{id}``. ``licence`` and ``key`` are there once it is paid; see ``documents.Licence``.

    ``descriptor`` is of the node to fetch from: while the purchase is open the order's own, and once it is paid the
    best that has the package.
    """

    order: Order
    title: Mapping[str, str]
    version: str
    split: Sequence[Share]
    urls: Sequence[str]  # of nodes that have the package, best first
    descriptor: Json | None = None
    licence: Json | None = None
    key: str | None = None  # opens what was fetched sealed: 32 bytes, base64url


class Purchases(Message):
    """``GET /v1/purchases``: newest first."""

    items: Sequence[Purchase]
