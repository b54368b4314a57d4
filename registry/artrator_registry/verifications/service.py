"""Verification tickets: the creator's other nodes and named verifiers fetch a package as it is, and each is noted."""

from __future__ import annotations

import json
from typing import Any, Final

from artrator.canonical import canonical_json, sha256
from artrator.documents import Ticket
from artrator.documents.ticket import issue
from artrator.errors import ArtratorError, Code
from artrator.messages import verifications as v
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.authority import Authority
from artrator_registry.limits import Limits
from artrator_registry.listings import store as listings
from artrator_registry.nodes.service import candidates
from artrator_registry.orders import store as orders
from artrator_registry.purchases import store as purchases
from artrator_registry.purchases.models import request
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction
from artrator_registry.verifications import store

#: Long enough for gigabytes on a good line; whoever needs more asks again and goes on where it stands.
LASTS_SECONDS: Final = 3600


class Verifications:
    """Everything about looks at packages."""

    def __init__(self, database: Database, settings: Settings, authority: Authority, limits: Limits) -> None:
        self._db = database
        self._settings = settings
        self._authority = authority
        self._limits = limits

    async def ask(self, who: Caller, name: str, wanted: v.VerificationRequest) -> v.Verification:
        """A ticket, and a row that says so."""
        return await self._db.write(self._ask, who, name, wanted)

    async def seen(self, who: Caller) -> v.Verifications:
        """Looks at the caller's packages, and the caller's own."""
        return v.Verifications(
            items=await self._db.read(lambda t: [_as_message(t, row, who) for row in store.seen(t, who.account)])
        )

    def _ask(self, t: Transaction, who: Caller, name: str, wanted: v.VerificationRequest) -> v.Verification:
        body = sha256(canonical_json({"verification": wanted.model_dump()}))
        known = store.verification(t, name)
        if known is not None:
            if (known["verifier"], known["body"]) != (who.account, body):
                raise ArtratorError(Code.CONFLICT, "Another request used this id.")
            return _as_message(t, known, who)
        if orders.order(t, name) is not None:  # nodes hear of withdrawn looks and refunded licences in one list of ids
            raise ArtratorError(Code.CONFLICT, "An order has this id.")
        version = purchases.version(t, wanted.listing, wanted.package)
        if version is None:
            raise ArtratorError(Code.LISTING_UNKNOWN, f"There is no listing {wanted.listing} of this package.")
        if version["creator"] != who.account and not store.is_verifier(t, who.account):
            raise ArtratorError(
                Code.FORBIDDEN,
                "Only a model's creator and those whom the operator named may look at its package.",
                cure="Buy a licence, or ask the registry's operator: artrator registry verifiers add HANDLE.",
            )
        node = self._node(t, version, wanted.node)
        now = int(t.now)
        ticket = Ticket(
            iss=self._authority.id,
            aud=node,
            sub=who.account,
            cnf=who.public_key,
            jti=name,
            iat=now,
            listing=version["listing"],
            package=version["package"],
            offer=listings.offer(t, version["version_id"])["digest"],
            request=request(version["package"]),
            measures={},
            cap=0,
            kind="verify",
            paid_by="own",
            start_by=now + LASTS_SECONDS,
            finish_by=now + LASTS_SECONDS,
            capture_by=now + LASTS_SECONDS,
        )
        token = issue(ticket, self._authority.signer(t.now))
        parties = (who.account, version["creator"], version["listing"], version["package"], node)
        self._limits.free.take(who.account)
        store.add(t, (name, body, *parties, token, t.now, ticket.finish_by))
        return _as_message(t, store.verification(t, name), who)

    def _node(self, t: Transaction, version: Any, wanted: str | None) -> str:
        online = self._settings.online_seconds
        nodes = candidates(t, version["listing"], version["package"], version["creator"], online)
        if wanted is None:
            return nodes[0].node
        if wanted not in [node.node for node in nodes]:
            raise ArtratorError(Code.NODE_UNKNOWN, f"This node does not have {version['listing']} now.")
        return wanted


def name_verifier(t: Transaction, handle: str, *, named: bool) -> None:
    """Name an account, or take the name back; what a removed verifier holds is told to nodes with their heartbeats."""
    account = accounts.named(t, handle)["id"]
    if named:
        store.add_verifier(t, account)
    elif not store.remove_verifier(t, account):
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"{handle} is no verifier.",
            cure="`artrator registry verifiers list` lists those who are.",
        )


def _as_message(t: Transaction, row: Any, who: Caller) -> v.Verification:
    mine = row["verifier"] == who.account and row["until"] > t.now
    return v.Verification(
        verification=row["id"],
        listing=row["listing"],
        package=row["package"],
        node=row["node"],
        verifier=row["handle"],
        at=row["at"],
        until=row["until"],
        ticket=row["ticket"] if mine else None,
        descriptor=json.loads(row["descriptor"]) if mine else None,
    )
