"""The rails of a registry: vouchers and grants, which it always has, and what its operator added.

A rail is only a source account of the ledger: whoever brings the money in, it moves the same way.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator.rail import Rail
from artrator_registry.accounts import service as accounts
from artrator_registry.accounts.models import Caller
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger import store as ledger_store
from artrator_registry.ledger.models import GRANTS, PROMOTIONS, VOUCHERS, Why, transfer_id
from artrator_registry.ledger.models import rail as rail_account
from artrator_registry.rails import debts, store
from artrator_registry.rails.reconciler import Reconciler
from artrator_registry.rails.topups import TopUps, hear
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction

#: Crockford's base 32: no letter that is mistaken for a digit when read from paper.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans("OILU", "011V")
#: 26 letters of 5 bits: 128 bits and a little more.
_LETTERS: Final = 26


class Rails:
    """Every rail of one registry."""

    def __init__(self, database: Database, settings: Settings, rails: Mapping[str, Rail]) -> None:
        self._db = database
        self._rails = rails
        self.topups = TopUps(database, settings, rails)
        self.reconciler = Reconciler(database, settings, rails, self.topups)

    async def prepare(self) -> None:
        """Give each rail that takes money its account of the ledger."""

        def add(t: Transaction) -> None:
            for name, rail in self._rails.items():
                if rail.terms.pays_in and rail.terms.rate:
                    ledger_store.add_system_account(t, rail_account(name), overdraft=True)

        await self._db.write(add)

    def __getitem__(self, name: str) -> Rail:
        """A rail by name; raises ArtratorError ``rail_unknown``."""
        return self.topups.rail(name)

    def rails(self) -> rm.Rails:
        """What people are told of the rails."""
        return rm.Rails(items=[_as_message(name, rail) for name, rail in sorted(self._rails.items())])

    async def webhook(self, name: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Keep what a provider says and answer at once; what follows from it is found out after the answer.

        Raises:
            ArtratorError: ``rail_unknown``, ``webhook_invalid``.
        """
        notices = self.topups.rail(name).webhook(body, headers, query, self._db.clock())
        if await hear(self._db, name, notices):
            self.reconciler.wake(name)

    async def aclose(self) -> None:
        """Close what the rails keep open."""
        await asyncio.gather(*(rail.aclose() for rail in self._rails.values()), return_exceptions=True)

    async def redeem(self, who: Caller, request: m.VoucherRedemption) -> m.VoucherRedeemed:
        """Redeem a voucher."""
        return await self._db.write(redeem, who.account, request.code)


def new_code() -> str:
    """A fresh voucher code, in groups that can be typed."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
    return "-".join(letters[i : i + 5] for i in range(0, _LETTERS, 5))


def create_vouchers(
    t: Transaction, amount: int, count: int, expires_at: float | None, promotion: str | None = None
) -> tuple[str, list[str]]:
    """New vouchers of ``amount`` each: the batch's id and the codes, which are never shown again.

    Those of a promotion are the operator's gift: they are paid from an account of their own, and whoever has redeemed
    one gets no other of the same promotion.
    """
    ledger.check_amount(amount)
    batch = str(uuid.uuid4())
    codes = [new_code() for _ in range(count)]
    for code in codes:
        store.add_voucher(t, _digest(code), batch, amount, expires_at, promotion)
    return batch, codes


def redeem(t: Transaction, account: str, code: str) -> m.VoucherRedeemed:
    """Move a voucher's amount to an account, once; raises ArtratorError ``voucher_invalid``."""
    digest = _digest(code)
    found = store.voucher(t, digest)
    if found is None:
        raise ArtratorError(Code.VOUCHER_INVALID, "There is no voucher with this code.")
    if found["redeemed_by"] is not None:
        by = "you" if found["redeemed_by"] == account else "another account"
        raise ArtratorError(Code.VOUCHER_INVALID, f"This voucher was redeemed by {by} before.")
    if found["expires_at"] is not None and found["expires_at"] <= t.now:
        raise ArtratorError(Code.VOUCHER_INVALID, "This voucher has expired.")
    promotion = found["promotion"]
    if promotion is not None and store.had(t, promotion, account):
        raise ArtratorError(Code.VOUCHER_INVALID, f"You have redeemed a voucher of {promotion} before.")
    store.redeem(t, digest, account)
    cause = f"voucher:{digest.hex()}"
    source = VOUCHERS if promotion is None else PROMOTIONS
    why = Why("voucher", note=promotion or "")
    ledger.move(t, transfer_id(cause, "redeem"), source, account, found["amount"], why)
    debts.repay(t, account, cause)
    return m.VoucherRedeemed(amount=found["amount"], balance=ledger.balance(t, account))


def grant(t: Transaction, handle: str, amount: int, note: str, request: str) -> m.Balance:
    """Give credits to an account. ``request`` names this grant, so that repeating it gives nothing twice."""
    account = accounts.named(t, handle)
    why = Why("grant", note=note)
    ledger.move(t, transfer_id(f"grant:{request}", "grant"), GRANTS, account["id"], amount, why)
    debts.repay(t, account["id"], f"grant:{request}")
    return ledger.balance(t, account["id"])


def _as_message(name: str, rail: Rail) -> rm.Rail:
    terms = rail.terms
    return rm.Rail(
        name=name,
        title=terms.title,
        flow=terms.flow,
        currency=terms.currency,
        rate=terms.rate,
        minimum=terms.minimum,
        maximum=terms.maximum,
        suggested=terms.suggested,
        pays_in=terms.pays_in,
        pays_out=terms.pays_out,
        renews_passes=terms.renews_passes,
        cash_value=terms.cash_value,
    )


def _digest(code: str) -> bytes:
    # A plain digest is enough for 128 random bits.
    letters = "".join(letter for letter in code.upper().translate(_LOOKALIKES) if letter in _ALPHABET)
    return hashlib.sha256(f"artrator-voucher:{letters}".encode()).digest()
