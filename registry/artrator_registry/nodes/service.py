"""Where nodes are, which packages they have warm, and which of them a buyer should be sent to."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from cryptography import x509

from artrator.documents import NodeDescriptor
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import registry as m
from artrator_registry.accounts.models import Caller
from artrator_registry.authority import Authority
from artrator_registry.limits import Limits
from artrator_registry.listings import store as listings
from artrator_registry.nodes import store
from artrator_registry.recovery import service as recovery
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction
from artrator_registry.times import is_sane
from artrator_registry.verifications import store as verifications

#: More than this many candidates only make a quote longer; the best come first.
_MOST_CANDIDATES: Final = 8
_MOST_NODES: Final = 200
#: Refunds of licences are rare; a node that was told keeps what it heard, so the newest are enough.
_MOST_REVOKED: Final = 1_000
_DAY: Final = 86_400
#: A node that was silent for so long counts no more: its machine may be gone, and its key with it.
_SILENT_SECONDS: Final = 30 * _DAY
#: Of nodes that would begin at the same time, the one that has least to do for it.
_ORDER: Final = {"warm": 0, "loading": 1, "cold": 2}


class Nodes:
    """Everything about nodes."""

    def __init__(self, database: Database, settings: Settings, authority: Authority, limits: Limits) -> None:
        self._db = database
        self._settings = settings
        self._authority = authority
        self._limits = limits

    async def register(self, who: Caller, node: str, request: m.NodeRegistration) -> m.HeartbeatAnswer:
        """Say where a node is. The descriptor must be signed by the caller's own key."""
        descriptor = read_descriptor(request.descriptor, who)
        if descriptor.node != node:
            raise ArtratorError(Code.DESCRIPTOR_INVALID, "The descriptor is of another node than the address names.")
        most = self._settings.nodes_per_account
        await self._db.write(_register, who.account, descriptor, request.descriptor, most)
        return self._answer()

    async def heartbeat(self, who: Caller, node: str, beat: m.Heartbeat) -> m.HeartbeatAnswer:
        """A node is alive."""
        revoked = await self._db.write(_heartbeat, who.account, node, beat, self._limits)
        return self._answer(revoked, self._db.glance(recovery.lost_since))

    async def nodes(self, listing: str | None) -> m.Nodes:
        """Nodes that are online, for one listing or all."""
        return await self._db.read(_nodes, listing, self._settings.online_seconds)

    def _answer(self, revoked: Sequence[str] = (), lost_since: float | None = None) -> m.HeartbeatAnswer:
        return m.HeartbeatAnswer(
            next_in=self._settings.heartbeat_seconds,
            keyset_serial=self._authority.keyset().serial,
            revoked=revoked,
            lost_since=lost_since,
        )


def read_descriptor(document: Mapping[str, Any], who: Caller) -> NodeDescriptor:
    """A descriptor that the caller signed and that is sound; raises ArtratorError ``descriptor_invalid``."""
    try:
        descriptor = NodeDescriptor.verify(document, PublicKey.decode(who.public_key))
        receipt_key = PublicKey.decode(descriptor.receipt_key)
        certificate = x509.load_pem_x509_certificate(descriptor.tls_certificate.encode())
    except ArtratorError as error:
        raise ArtratorError(Code.DESCRIPTOR_INVALID, error.message) from error
    except Exception as error:  # key and certificate libraries raise many kinds
        raise ArtratorError(
            Code.DESCRIPTOR_INVALID, "The descriptor's certificate or receipt key cannot be read."
        ) from error
    del certificate
    problem = _problem(descriptor, receipt_key, who)
    if problem:
        raise ArtratorError(Code.DESCRIPTOR_INVALID, problem)
    return descriptor


def _problem(descriptor: NodeDescriptor, receipt_key: PublicKey, who: Caller) -> str | None:
    if descriptor.creator != who.public_key:
        return "The descriptor names another creator than the account that sends it."
    if descriptor.node != receipt_key.id:
        return "The node's id is not its receipt key's."
    if not 1 <= len(descriptor.urls) <= 8 or any(not _is_url(url) for url in descriptor.urls):
        return "The descriptor must name one to eight addresses that begin with https://."
    if not 1 <= len(descriptor.name) <= 80:
        return "The node's name must have 1 to 80 characters."
    if (
        descriptor.issued_at >= descriptor.expires_at
        or not is_sane(descriptor.issued_at)
        or not is_sane(descriptor.expires_at)
    ):
        return "The descriptor's times make no sense."
    return None


def _is_url(url: str) -> bool:
    if len(url) > 300 or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        known = parts.port is None or parts.port > 0
    except ValueError:  # half an IPv6 address, a port that is no number
        return False
    # Without TLS only on one machine, and by the whole name: 127.0.0.1.example.org is anybody's.
    return known and bool(parts.hostname) and (parts.scheme == "https" or _is_here(parts))


def _is_here(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost") and "@" not in parts.netloc


def _register(t: Transaction, owner: str, descriptor: NodeDescriptor, document: Mapping[str, Any], most: int) -> None:
    if descriptor.expires_at <= t.now:
        raise ArtratorError(Code.DESCRIPTOR_INVALID, "The descriptor has expired.")
    known = store.node(t, descriptor.node)
    if known is not None and known["owner"] != owner:
        raise ArtratorError(Code.FORBIDDEN, "This node belongs to another account.")
    if known is not None and descriptor.issued_at < known["issued_at"]:
        # An old descriptor could send buyers to an address that somebody else has by now.
        raise ArtratorError(Code.DESCRIPTOR_INVALID, "A newer descriptor of this node is registered already.")
    if known is None and store.count_since(t, owner, t.now - _SILENT_SECONDS) >= most:
        raise ArtratorError(
            Code.RATE_LIMITED,
            f"This account has {most} nodes that are new or were heard of in the last {_SILENT_SECONDS // _DAY} days.",
            cure="Run one of them again, or ask the registry's operator for more (--nodes-per-account).",
        )
    store.put(t, owner, descriptor, document)


def _heartbeat(t: Transaction, owner: str, node: str, beat: m.Heartbeat, limits: Limits) -> Sequence[str]:
    """Notes that a node is alive; answers which licences of its owner's packages were taken back."""
    known = store.node(t, node)
    if known is None:
        raise ArtratorError(Code.NODE_UNKNOWN, "This node has not registered.")
    if known["owner"] != owner:
        raise ArtratorError(Code.FORBIDDEN, "This node belongs to another account.")
    limits.heartbeats.take(node)
    store.seen(t, node, beat)
    return [*verifications.withdrawn(t, owner), *store.taken_back(t, owner, _MOST_REVOKED)][:_MOST_REVOKED]


def _nodes(t: Transaction, listing: str | None, online_seconds: float) -> m.Nodes:
    since = t.now - online_seconds
    if listing is None:
        rows = store.online(t, since, _MOST_NODES)
        return m.Nodes(items=[_candidate(row) for row in rows if row["expires_at"] > t.now])
    version = listings.current(t, listing)
    if version is None:
        raise ArtratorError(Code.LISTING_UNKNOWN, f"There is no listing {listing}.")
    rows = store.serving(t, version["package"], version["creator"])
    return m.Nodes(items=[_candidate(row) for row in _usable(t, rows, since)])


def candidates(
    t: Transaction, listing: str, package: str, creator: str, online_seconds: float
) -> Sequence[m.NodeCandidate]:
    """The nodes that can run a package now, best first; raises ArtratorError ``no_node``, which says why."""
    # Only the creator's own nodes: another account that names the same package could take the creator's buyers.
    rows = store.serving(t, package, creator)
    usable = _usable(t, rows, t.now - online_seconds)
    if usable:
        return [_candidate(row) for row in usable[:_MOST_CANDIDATES]]
    raise ArtratorError(Code.NO_NODE, f"Nobody can run {listing} now: {_why_nobody(t, rows, online_seconds)}")


def _usable(t: Transaction, rows: Sequence[Any], since: float) -> list[Any]:
    usable = [
        row
        for row in rows
        if row["seen_at"] is not None
        and row["seen_at"] > since
        and row["accepting"]
        and row["expires_at"] > t.now
        and row["state"] in _ORDER
    ]
    # The wait counts the load as well as those who wait already: an idle node that loads for two seconds is better than
    # a warm one with a queue of minutes.
    return sorted(usable, key=lambda row: (row["expected_wait"], _ORDER[row["state"]], row["queued"], row["id"]))


def _why_nobody(t: Transaction, rows: Sequence[Any], online_seconds: float) -> str:
    if not rows:
        return "no node has registered with this version."
    seen = [row for row in rows if row["seen_at"] is not None and row["seen_at"] > t.now - online_seconds]
    if not seen:
        last = max((row["seen_at"] or 0.0 for row in rows), default=0.0)
        return f"every node has been offline since {_moment(last)}." if last else "its node has not started yet."
    if any(not row["accepting"] for row in seen):
        back = min((row["accepting_from"] for row in seen if (row["accepting_from"] or 0) > t.now), default=None)
        when = "" if back is None else f"; one will again at {_moment(back)}"
        return f"its nodes take no new jobs at the moment{when}."
    return "the node's descriptor has expired or it cannot serve this package."


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


@lru_cache(_MOST_NODES)
def _parsed(descriptor: str) -> tuple[Mapping[str, Any], Sequence[str]]:
    # Checked when it was registered: remembered, because every quote shows it.
    document = json.loads(descriptor)
    return document, NodeDescriptor.peek(document).urls


def _candidate(row: Any) -> m.NodeCandidate:
    document, urls = _parsed(row["descriptor"])
    return m.NodeCandidate(
        node=row["id"],
        name=row["name"],
        urls=urls,
        state=m.NodeState(row["state"]),
        expected_wait=row["expected_wait"],
        run_seconds=row["run_seconds"],
        descriptor=document,
    )
