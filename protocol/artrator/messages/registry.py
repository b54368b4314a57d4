"""Messages of the registry's HTTP API. Money is integer micro-credits; times are seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from artrator._pydantic import Field
from artrator.ids import ID_PATTERN
from artrator.messages._base import Amount, Cap, Message, Request
from artrator.plain_text import PlainText

Identifier = Annotated[str, Field(pattern=ID_PATTERN)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Handle = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")]
Measures = Annotated[Mapping[str, Annotated[int, Field(ge=0, le=10**12)]], Field(max_length=16)]
Json = Mapping[str, Any]


# --- the registry itself --------------------------------------------------------------------------------------------


class RegistryInfo(Message):
    """``GET /v1/registry``: who answers."""

    name: str
    registry: str  # the root key's id
    root_key: str  # encoded; a client pins it on first use
    version: str
    time: float
    #: Said beside every balance: what a credit is worth here, by language ("Test credits without cash value").
    credit_note: Mapping[str, str]
    listings: int
    nodes_online: int
    fee_basis_points: int = 0  # the operator's share of every charge, in hundredths of a percent


# --- accounts -------------------------------------------------------------------------------------------------------


class ChallengeRequest(Request):
    """``POST /v1/challenges``."""

    public_key: str


class Challenge(Message):
    """Sign three lines of ASCII, ``artrator-sign-in``, the nonce and the registry's id, before ``expires_at``."""

    challenge: str
    nonce: str
    registry: str
    expires_at: float


class SignIn(Request):
    """``POST /v1/sessions``. The first sign-in of a key creates its account; ``handle`` matters only then."""

    challenge: str
    public_key: str
    signature: str  # base64url, DER
    handle: Handle | None = None
    display_name: Annotated[PlainText, Field(max_length=80)] | None = None


class Account(Message):
    """``GET /v1/account``."""

    id: Identifier
    handle: str
    display_name: str
    public_key: str
    created_at: float


class Session(Message):
    """A short-lived bearer token."""

    token: str
    expires_at: float
    account: Account


class Scope(StrEnum):
    """What an API key may do. Alphabetical."""

    ACCOUNT_READ = "account:read"
    LISTINGS_WRITE = "listings:write"
    NODES_WRITE = "nodes:write"
    ORDERS_WRITE = "orders:write"


class APIKeyRequest(Request):
    """``POST /v1/api-keys``. ``spending_limit`` is for the key's whole life; None means no limit."""

    label: Annotated[PlainText, Field(min_length=1, max_length=80)]
    scopes: Annotated[Sequence[Scope], Field(min_length=1)]
    spending_limit: Amount | None = None
    expires_at: float | None = None


class APIKey(Message):
    """An API key. ``secret`` is there only in the answer that creates it."""

    id: Identifier
    label: str
    scopes: Sequence[Scope]
    spending_limit: int | None
    spent: int
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    secret: str | None = None


class APIKeys(Message):
    """``GET /v1/api-keys``."""

    items: Sequence[APIKey]


# --- money ----------------------------------------------------------------------------------------------------------


class Balance(Message):
    """``GET /v1/account/balance``.

    ``available`` can be spent, ``held`` waits for deliveries. A creator's ``earnings`` are apart from that; what buyers
    still hold for them is ``pending``. A ``debt`` comes from a top-up that was charged back after it was spent.
    """

    available: int
    held: int
    pending: int
    earnings: int = 0
    debt: int = 0


StatementKind = Literal[
    "charge", "chargeback", "clawback", "earning", "fee", "grant", "hold", "pass", "payout", "purchase", "refund",
    "release", "royalty", "topup", "transfer", "voucher", "writeoff",
]  # fmt: skip


#: What can be spent, what was earned, what is owed.
StatementOf = Literal["wallet", "earnings", "debt"]


class StatementLine(Message):
    """One line. ``amount`` is signed from the account's point of view; ``balance`` is what was available after it."""

    id: str
    at: float
    kind: StatementKind
    amount: int
    balance: int
    text: str
    order: str | None = None
    listing: str | None = None
    receipt: str | None = None
    counterparty: str | None = None


class Statement(Message):
    """``GET /v1/account/statement?of=&before=&limit=``: newest first; ``next`` is the cursor of the following page."""

    lines: Sequence[StatementLine]
    next: str | None = None


class VoucherRedemption(Request):
    """``POST /v1/vouchers/redeem``."""

    code: Annotated[str, Field(min_length=8, max_length=80)]


class VoucherRedeemed(Message):
    """What a voucher brought."""

    amount: int
    balance: Balance


# --- listings -------------------------------------------------------------------------------------------------------


class SampleUpload(Request):
    """A sample picture, PNG, JPEG or WebP of at most 512 KiB, base64. Its name must be a sample of the manifest."""

    file: str
    data: str


class Publication(Request):
    """``PUT /v1/listings/{handle}/{name}``: offer a package version. Repeating it is harmless.

    ``manifest`` is ``artrator.toml`` as it was signed; ``signature`` is ``model.sig`` parsed; ``offer`` is the signed
    offer. The registry checks that the creator's key signed both and that the signature covers this manifest and
    these samples.
    """

    manifest: Annotated[str, Field(max_length=262_144)]
    signature: Json
    offer: Json
    samples: Annotated[Sequence[SampleUpload], Field(max_length=12)] = ()


class NodeState(StrEnum):
    """How soon a node can run a package."""

    WARM = "warm"
    COLD = "cold"
    LOADING = "loading"
    OFFLINE = "offline"


class ListingCard(Message):
    """A listing as a search result. ``prices`` are in micro-credits for one run of the manifest's defaults."""

    listing: str  # handle/name
    title: Mapping[str, str]
    summary: Mapping[str, str]
    task: str
    creator: str  # handle
    creator_name: str
    version: str
    package: Digest
    license: str
    commercial: bool
    tags: Sequence[str]
    samples: Sequence[str]  # paths on the registry: /v1/samples/<sha256>.<ext>
    price: int
    state: NodeState
    nodes: int
    runs: int
    published_at: float


class ListingPage(Message):
    """``GET /v1/listings?q=&task=&tag=&sort=&cursor=&limit=``; sort: ``relevant popular new price``."""

    items: Sequence[ListingCard]
    total: int
    tasks: Mapping[str, int]
    next: str | None = None


class ListingVersion(Message):
    """One version in a listing's history."""

    version: str
    package: Digest
    published_at: float


class Listing(Message):
    """``GET /v1/listings/{handle}/{name}?version=``: all that a buyer needs to decide and to draw the form."""

    card: ListingCard
    manifest: str  # artrator.toml, parsed by the client
    offer: Json  # signed by the creator
    creator_key: str
    signature: Json  # model.sig
    versions: Sequence[ListingVersion]
    #: Who gets what of the price of a licence to keep it; empty where none is sold.
    licence_split: Sequence[Share] = ()


# --- nodes ----------------------------------------------------------------------------------------------------------


class NodeRegistration(Request):
    """``PUT /v1/nodes/{node}``: the signed descriptor."""

    descriptor: Json


class PackageState(Request):
    """What a node says of one package in a heartbeat. Seconds are measured, not promised."""

    package: Digest
    state: NodeState
    expected_wait: Annotated[float, Field(ge=0)] = 0.0
    load_seconds: Annotated[float, Field(ge=0)] = 0.0
    run_seconds: Annotated[float, Field(ge=0)] = 0.0
    #: What its workers compute on, such as ``cuda:0``.
    devices: Annotated[Sequence[Annotated[str, Field(max_length=80)]], Field(max_length=64)] = ()


class Heartbeat(Request):
    """``POST /v1/nodes/{node}/heartbeat``."""

    packages: Annotated[Sequence[PackageState], Field(max_length=1000)] = ()
    queued: Annotated[int, Field(ge=0, le=10**9)] = 0
    accepting: bool = True
    #: When it will be accepting again, by the registry's clock, if its owner's rules say so.
    accepting_from: Annotated[float | None, Field(ge=0, le=10**11)] = None
    version: str = ""


class HeartbeatAnswer(Message):
    """What the registry wants of the node: when to come again, and the key set's serial (fetch it when it grew).

    ``revoked`` names the newest purchases of the creator's packages that were refunded: their licences open nothing.
    A registry that was restored from a backup remembers nothing of what came after ``lost_since``: it wants the
    receipts of that time once more.
    """

    next_in: float
    keyset_serial: int
    revoked: Sequence[str] = ()
    lost_since: float | None = None


class NodeCandidate(Message):
    """A node that can run an order."""

    node: str
    name: str
    urls: Sequence[str]
    state: NodeState
    expected_wait: float
    run_seconds: float
    descriptor: Json


class Nodes(Message):
    """``GET /v1/nodes?listing=``."""

    items: Sequence[NodeCandidate]


# --- orders ---------------------------------------------------------------------------------------------------------


#: What an order is paid with: credits; a pass; the creator's daily free runs; or nothing, on one's own model.
PaidBy = Literal["credits", "free", "own", "pass"]


class Share(Message):
    """Who gets what of a price, in micro-credits: the split that both sides see before anything is bought.

    ``to`` is a handle, or the registry's name for ``fee``; ``listing`` is the base model that a royalty is for.
    """

    kind: Literal["creator", "fee", "royalty"]
    to: str
    basis_points: int
    amount: int
    listing: str | None = None


class QuoteRequest(Request):
    """``POST /v1/quotes``: only numbers that cost something, and a salted digest; never the prompt.

    ``pay`` ``any`` takes what costs least: a free run, then a pass, then credits.
    """

    listing: str
    version: str | None = None
    measures: Measures
    pay: Literal["any", "credits"] = "any"
    request: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PriceLine(Message):
    """One line of a price: ``base`` or a cost unit."""

    unit: str
    measure: int
    amount: int


class Quote(Message):
    """A price with a hard cap, good until ``expires_at``. ``nodes`` is best first and never empty (``no_node``).

    ``worth`` is the list price, which a pass counts; ``left`` is what its allowance, or the free runs of today, has
    left after this order. ``signed`` says the same over a ticket key's signature, see ``documents.QuotedPrice``.
    """

    quote: Identifier
    listing: str
    package: Digest
    offer: Digest
    price: int
    cap: int
    breakdown: Sequence[PriceLine]
    paid_by: PaidBy = "credits"
    worth: int = 0
    pass_id: Identifier | None = None
    left: int | None = None
    split: Sequence[Share] = ()
    nodes: Sequence[NodeCandidate]
    expires_at: float
    signed: Json


class OrderRequest(Request):
    """``PUT /v1/orders/{id}``: the client makes the id and stores it before it sends. Same id and body: same answer."""

    quote: Identifier
    node: str
    max_price: Cap


class OrderState(StrEnum):
    """``held -> claimed -> settled | released | disputed -> refunded | settled``, and ``settled -> disputed``."""

    HELD = "held"
    CLAIMED = "claimed"
    SETTLED = "settled"
    RELEASED = "released"
    DISPUTED = "disputed"
    REFUNDED = "refunded"


class Order(Message):
    """An order. ``ticket`` is there for the buyer only."""

    order: Identifier
    state: OrderState
    listing: str
    package: Digest
    node: str
    cap: int
    charged: int
    kind: Literal["purchase", "run"] = "run"
    paid_by: PaidBy = "credits"
    worth: int = 0
    refunded: int = 0
    created_at: float
    capture_by: float
    #: Until when the buyer may open a dispute; None where there is nothing to dispute.
    dispute_until: float | None = None
    ticket: str | None = None
    receipt: Json | None = None
    acknowledgement: Json | None = None
    #: Why it was released, as a code of the catalogue or ``cancelled``, ``expired``, ``refused``; while it is open:
    #: ``cancel_requested``, ``disputed``.
    reason: str | None = None


class Orders(Message):
    """``GET /v1/orders?before=&limit=``."""

    items: Sequence[Order]
    next: str | None = None


class Claim(Request):
    """``PUT /v1/orders/{id}/receipt`` from the node: the signed receipt, and the acknowledgement if it has one.

    A purchase that was delivered comes with the ``key`` (32 bytes, base64url) to which its receipt is bound: the buyer
    gets it when the hold is captured, and not before.
    """

    receipt: Json
    acknowledgement: Json | None = None
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")] | None = None


class OrderClaim(Claim):
    """A claim among others, for this order."""

    order: Identifier


class Claims(Request):
    """``POST /v1/receipts`` from the node: what it would otherwise bring one by one."""

    claims: Annotated[Sequence[OrderClaim], Field(min_length=1, max_length=16)]


class Claimed(Message):
    """What became of one claim: the order's state, or the ``code`` of what was wrong with it, and a sentence."""

    order: Identifier
    state: OrderState | None = None
    code: str | None = None
    message: str | None = None


class ClaimsAnswer(Message):
    """Each claim by itself, in the order of the request: one that is refused is nothing to the others."""

    items: Sequence[Claimed]


class Acknowledge(Request):
    """``PUT /v1/orders/{id}/acknowledgement`` from the buyer: both documents, so that a lost node loses nothing."""

    receipt: Json
    acknowledgement: Json
