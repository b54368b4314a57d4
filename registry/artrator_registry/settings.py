"""What an operator can set. A number that is not plain has the reason for its default beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

#: What is said of credits that are only given.
TEST_CREDITS: Final[Mapping[str, str]] = {
    "en": "Test credits without cash value",
    "ko": "현금 가치가 없는 테스트 크레딧",
}


@dataclass(frozen=True)
class Settings:
    """The settings of one registry; times are in seconds.

    Attributes:
        data: The folder that holds everything: database, samples and keys.
        name: What people call this registry.
        credit_note: What a credit is worth here, by language; shown beside every balance. None says ``TEST_CREDITS``,
            or nothing if a rail sells credits.
        fee_basis_points: The operator's share of each charge, in hundredths of a percent.
        challenge_seconds: How long a nonce may be signed: a program does it at once, a phone that wakes up in seconds.
        session_seconds: How long a session lasts; a client signs in again by itself.
        quote_seconds: How long a price may be looked at before it is accepted: long enough to read it, and short enough
            for its nodes to be still there.
        start_seconds: A ticket's ``start_by``: long enough to upload pictures over a slow line.
        finish_seconds: A ticket's ``finish_by``.
        capture_seconds: A ticket's ``capture_by``: a node cut off from us for a day still gets its money.
        purchase_seconds: How long a bought package may be fetched before it counts as not delivered: ten gigabytes over
            a slow line take half a day. ``capture_seconds`` come on top.
        grace_seconds: How long after ``finish_by`` a receipt may travel before the buyer can have the money back; None
            is two minutes, or a quarter of ``finish_seconds`` if that is less.
        dispute_seconds: How long a buyer who never answered may still refuse what was delivered.
        answer_seconds: How long a creator may say nothing to a refused delivery before its money goes back.
        payout_delay_seconds: How long after the day on which it was earned money waits before it can be paid out: a
            week, so that a complaint finds it still there. It is never less than ``dispute_seconds``.
        payout_minimum: The least that is paid out at once, in micro-credits: a transfer has its cost.
        verify_payouts: Whose profile must be verified before anything is paid out: ``all``; ``cash``, who is paid by
            another rail than ``manual``, which the operator looks at anyway; or ``none``.
        online_seconds: A node is online for this long after a heartbeat: three heartbeats, so that one may get lost.
        heartbeat_seconds: How often nodes are asked to come.
        sweep_seconds: How often expiry is looked at.
        audit_seconds: How often the ledger is replayed, besides at every start.
        audit_inside: Up to this many transfers the ledger is replayed in the registry's own process, which takes less
            than a second; beyond that in one of its own.
        clock_jump_seconds: A clock that moved more than this between two looks has jumped; nothing expires on its word
            until it has been steady for ``clock_settle_seconds``. Corrections over a network are far less.
        clock_settle_seconds: How long a clock that jumped must stay there to be believed.
        ticket_key_days: How long a ticket key is good for; a fresh one is made a week before its end.
        requests_per_minute: Challenges that one address may ask for in a minute, and webhooks that it may send
            unsigned. A household behind one address signs in less often.
        vouchers_per_minute: Vouchers that one address may try in a minute: as fast as they can be typed.
        accounts_per_hour: Accounts that one address may make in an hour: a school that begins with it at once.
        quotes_per_minute: Prices that one account may ask for in a minute: twenty a second are a program's.
        orders_per_day: Orders that one account may place in a day. Each is kept for ever, also if it comes to nothing.
        free_orders_per_day: How many of them may be for nothing (free runs, own models, under a pass), and looks at
            packages: what nobody pays for is the operator's disk all the same.
        large_receipts_per_day: Receipts above 64 KiB, of orders below a hundredth of a credit, that the nodes of one
            account may bring in a day: each is kept for ever. Whoever has more brings the rest the next day.
        api_keys_per_day: API keys that one account may make in a day: orders name them, so each is kept for ever.
        heartbeats_per_minute: Heartbeats of one node in a minute: five times as many as one sends whose packages change
            all the time.
        publications_per_day: Publications by one account in a day: each may bring six megabytes of samples.
        nodes_per_account: Nodes of one account that were heard of in the last month, or are new.
        public_url: Where the world finds this registry: payers come back to it, and providers call it.
        rails: The names of the extensions that bring money in; see ``rails.toml``.
        reconcile_seconds: How often a rail is asked for all that changed, in case a webhook was lost.
        topups_per_minute: Top-ups that one account may ask for in a minute: each asks the provider.
        max_webhook: Largest body of a webhook.
        max_body: Largest body of most requests, in bytes.
        max_heartbeat: Largest heartbeat: a thousand packages.
        max_publication: Largest publication: twelve samples of 512 KiB in base64, and the documents.
        max_receipt: Largest receipt with its acknowledgement: a thousand frames of a film.
    """

    data: Path
    name: str = "Artrator"
    credit_note: Mapping[str, str] | None = None
    fee_basis_points: int = 500
    challenge_seconds: float = 60.0
    session_seconds: float = 3600.0
    quote_seconds: float = 300.0
    start_seconds: int = 300
    finish_seconds: int = 900
    capture_seconds: int = 86_400
    purchase_seconds: int = 86_400
    grace_seconds: float | None = None
    dispute_seconds: float = 86_400.0
    answer_seconds: float = 14 * 86_400.0
    payout_delay_seconds: float = 7 * 86_400.0
    payout_minimum: int = 10_000_000
    verify_payouts: Literal["all", "cash", "none"] = "cash"
    online_seconds: float = 45.0
    heartbeat_seconds: float = 15.0
    sweep_seconds: float = 5.0
    audit_seconds: float = 86_400.0
    audit_inside: int = 50_000
    clock_jump_seconds: float = 120.0
    clock_settle_seconds: float = 600.0
    ticket_key_days: int = 90
    requests_per_minute: int = 240
    vouchers_per_minute: int = 30
    accounts_per_hour: int = 300
    quotes_per_minute: int = 1_200
    orders_per_day: int = 20_000
    free_orders_per_day: int = 2_000
    large_receipts_per_day: int = 200
    api_keys_per_day: int = 200
    heartbeats_per_minute: int = 600
    publications_per_day: int = 200
    nodes_per_account: int = 100
    public_url: str = "http://127.0.0.1:8750"
    rails: Sequence[str] = ()
    reconcile_seconds: float = 3_600.0
    topups_per_minute: int = 20
    max_webhook: int = 256 * 1024
    max_body: int = 64 * 1024
    max_heartbeat: int = 512 * 1024
    max_publication: int = 9 * 1024 * 1024
    max_receipt: int = 512 * 1024

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other before anything is opened."""
        if not 0 <= self.fee_basis_points <= 10_000:
            raise ValueError("fee_basis_points must be between 0 and 10000")
        if not 0 < self.start_seconds <= self.finish_seconds < self.capture_seconds:
            raise ValueError("start_seconds, finish_seconds and capture_seconds must grow in this order")
        if self.purchase_seconds <= 0:
            raise ValueError("purchase_seconds must be above 0")
        if self.heartbeat_seconds <= 0 or self.sweep_seconds <= 0:
            raise ValueError("heartbeat_seconds and sweep_seconds must be above 0")
        if any(len(note) > 200 or not note.isprintable() for note in (self.credit_note or {}).values()):
            raise ValueError("credit_note must be at most 200 signs that print")
        if self.public_url and not re.fullmatch(r"https?://[^/\s?#]+[^\s?#]*", self.public_url):
            raise ValueError("public_url must be an address such as https://art.example")

    @property
    def grace(self) -> float:
        """How long after ``finish_by`` a receipt may travel."""
        return min(120.0, self.finish_seconds / 4) if self.grace_seconds is None else self.grace_seconds

    @property
    def payout_delay(self) -> float:
        """How long earned money waits, at least until nobody can dispute it any more."""
        return max(self.payout_delay_seconds, self.dispute_seconds)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "registry.db"

    @property
    def rails_file(self) -> Path:
        """The settings of the rails, with their secrets."""
        return self.data / "rails.toml"

    @property
    def samples(self) -> Path:
        """The folder of sample pictures, named by their digests."""
        return self.data / "samples"

    @property
    def keys(self) -> Path:
        """The folder of the root key and the ticket keys."""
        return self.data / "keys"

    @property
    def root_key(self) -> Path:
        """The key that is the registry's identity."""
        return self.keys / "root.pem"
