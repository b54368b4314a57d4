"""Plans: what passes are sold under. A creator signs them; the newest counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from artrator.documents import Plan, document_digest
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import products as p
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.listings import store as listings
from artrator_registry.orders import shares
from artrator_registry.plans import store
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction
from artrator_registry.times import is_sane

#: A page of plans is not paged: who has more than this to sell confuses everybody.
_MOST_SHOWN: Final = 200
_MOST_PLANS: Final = 50


class Plans:
    """Everything about plans."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings

    async def publish(self, who: Caller, handle: str, name: str, request: p.PlanPublication) -> p.Plan:
        """Offer a pass, change its terms for those who buy it from now on, or withdraw it."""
        if handle != who.handle:
            raise ArtratorError(Code.FORBIDDEN, f"You publish as {who.handle}, not as {handle}.")
        terms = _read(request.plan, who.public_key, name)
        plan = f"{handle}/{name}"
        await self._db.write(_publish, plan, who.account, terms, request.plan)
        return await self._db.read(lambda t: as_message(t, store.current(t, plan), self._settings))

    async def plans(self, listing: str | None, creator: str | None) -> p.Plans:
        """Plans that are sold, cheapest first: those that cover a listing, those of a creator, or all."""
        return await self._db.read(self._plans, listing, creator)

    def _plans(self, t: Transaction, listing: str | None, creator: str | None) -> p.Plans:
        account, name = None, None
        if listing is not None:
            found = listings.by_name(t, listing)
            if found is None:
                raise ArtratorError(Code.LISTING_UNKNOWN, f"There is no listing {listing}.")
            account, name = found["creator"], found["name"]
        if creator is not None:
            known = accounts.named(t, creator)["id"]
            if account not in (None, known):
                return p.Plans(items=[])
            account = known
        rows = [row for row in store.sold(t, account, _MOST_SHOWN) if name is None or covers(row["listings"], name)]
        return p.Plans(items=[as_message(t, row, self._settings) for row in rows])


def covers(names: str, listing: str) -> bool:
    """Whether terms with these listings (JSON; empty means all of the creator's) cover the one of this name."""
    chosen = json.loads(names)
    return not chosen or listing in chosen


def as_message(t: Transaction, row: Any, settings: Settings) -> p.Plan:
    """A plan as everybody sees it."""
    parts = shares.divide(t, row["price"], row["creator"], settings.fee_basis_points)
    return p.Plan(
        plan=row["plan"],
        creator=row["handle"],
        creator_name=row["display_name"],
        title=json.loads(row["title"]),
        listings=full_names(row["listings"], row["handle"]),
        price=row["price"],
        allowance=row["allowance"],
        period_days=row["period_days"],
        split=shares.as_messages(t, parts, settings.name),
        document=json.loads(row["document"]),
        withdrawn=bool(row["withdrawn"]),
    )


def full_names(names: str, handle: str) -> Sequence[str]:
    """The listings of terms (JSON) as ``handle/name``."""
    return [f"{handle}/{name}" for name in json.loads(names)]


def _read(document: Mapping[str, Any], key: str, name: str) -> Plan:
    try:
        terms = Plan.verify(document, PublicKey.decode(key))
    except ArtratorError as error:
        raise ArtratorError(Code.PLAN_INVALID, error.message) from error
    problem = None
    if terms.creator != key:
        problem = "The plan names another creator than the account that sends it."
    elif terms.name != name:
        problem = f"The plan's name is {terms.name}, the address says {name}."
    elif len(set(terms.listings)) != len(terms.listings):
        problem = "The plan names a listing twice."
    elif not is_sane(terms.issued_at):
        problem = "The plan's time makes no sense."
    if problem:
        raise ArtratorError(Code.PLAN_INVALID, problem)
    return terms


def _publish(t: Transaction, plan: str, creator: str, terms: Plan, document: Mapping[str, Any]) -> None:
    digest = document_digest(document)
    old = store.current(t, plan)
    if old is not None and old["digest"] == digest:
        return
    if old is not None and terms.issued_at < old["issued_at"]:
        # Old terms that are sent again would bring an old price back.
        raise ArtratorError(Code.PLAN_INVALID, "A newer version of this plan is published already.")
    if t.row("SELECT 1 FROM plan_terms WHERE digest = ?", (digest,)) is not None:
        raise ArtratorError(Code.PLAN_INVALID, "These terms were published and replaced before; sign them anew.")
    if old is None and store.count(t, creator) >= _MOST_PLANS:
        raise ArtratorError(Code.PLAN_INVALID, f"A creator has at most {_MOST_PLANS} plans.", cure="Change one.")
    handle = plan.partition("/")[0]
    for name in terms.listings:
        found = listings.by_name(t, f"{handle}/{name}")
        if found is None or found["creator"] != creator:
            raise ArtratorError(Code.PLAN_INVALID, f"You have no listing {name}, so nobody can use a pass for it.")
    store.put(t, plan, creator, terms, document, digest)
    if old is not None:
        store.forget(t, old["digest"])
