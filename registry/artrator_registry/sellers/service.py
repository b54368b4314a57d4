"""Who sells, as tax law asks: a profile that its owner submits and the operator verifies or rejects."""

from __future__ import annotations

from typing import Any

from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as m
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.sellers import store
from artrator_registry.sellers.numbers import business_number, plain
from artrator_registry.storage import Database, Transaction


def is_verified(t: Transaction, person: str) -> bool:
    """Whether the operator has verified this person as a seller, and nothing was changed since."""
    row = store.seller(t, person)
    return row is not None and row["state"] == "verified"


def seller(t: Transaction, person: str) -> m.Seller:
    """Who a person sells as."""
    row = store.seller(t, person)
    if row is None:
        return m.Seller(state=m.SellerState.NONE, profile=None)
    return m.Seller(
        state=m.SellerState(row["state"]),
        profile=m.SellerProfile.model_validate_json(row["profile"]),
        reason=row["reason"],
        changed_at=row["changed_at"],
    )


def known_as(t: Transaction, person: str) -> tuple[m.SellerProfile | None, bool]:
    """The profile that stands on statements, and whether the operator has verified it: if one was, then that one."""
    row = store.seller(t, person)
    if row is None:
        return None, False
    return m.SellerProfile.model_validate_json(row["verified"] or row["profile"]), row["verified"] is not None


def submit(t: Transaction, person: str, profile: m.SellerProfile) -> m.Seller:
    """Keep a profile for the operator to look at. The same one again changes nothing; raises ``request_invalid``."""
    checked = _checked(profile)
    known = store.seller(t, person)
    if known is None or known["profile"] != checked.model_dump_json():
        store.submit(t, person, checked.model_dump_json())
    return seller(t, person)


def decide(t: Transaction, handle: str, reject: str | None) -> m.Seller:
    """The operator verifies the profile of this handle, or rejects it for a reason."""
    account = accounts.named(t, handle)["id"]
    if store.seller(t, account) is None:
        raise ArtratorError(
            Code.ACCOUNT_UNKNOWN,
            f"{handle} has not said who sells.",
            cure="`artrator registry sellers list` lists those who have.",
        )
    if reject is None:
        store.verify(t, account)
    else:
        store.reject(t, account, reject)
    return seller(t, account)


def listed(t: Transaction, state: str | None) -> list[Any]:
    """Sellers in this state, or all, those who wait longest first."""
    return store.sellers(t, state)


def _checked(profile: m.SellerProfile) -> m.SellerProfile:
    texts = {name: value.strip() for name, value in profile.model_dump().items() if isinstance(value, str)}
    if not texts["legal_name"]:
        raise ArtratorError(Code.REQUEST_INVALID, "The legal name is missing.", field="legal_name")
    for name, value in texts.items():
        # An address has lines. Nothing else that moves a cursor: operators read this in a terminal.
        if not (value.replace("\r\n", "").replace("\n", "") if name == "address" else value).isprintable():
            raise ArtratorError(Code.REQUEST_INVALID, f"The field {name} has signs that do not print.", field=name)
    if profile.country == "KR" and not texts["business_number"]:
        raise ArtratorError(
            Code.REQUEST_INVALID, "In Korea a seller has a business registration number.", field="business_number"
        )
    texts["business_number"] = business_number(profile.country, texts["business_number"])
    texts["vat_number"] = plain(texts["vat_number"], "vat_number")
    return profile.model_copy(update=texts)


class Sellers:
    """What an account may do as a seller."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def get(self, who: Caller) -> m.Seller:
        """Who the caller sells as."""
        return await self._db.read(seller, who.account)

    async def submit(self, who: Caller, profile: m.SellerProfile) -> m.Seller:
        """Keep the caller's profile for the operator to look at."""
        return await self._db.write(submit, who.account, profile)
