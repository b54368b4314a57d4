"""The contract of payment rails: how money comes in, and sometimes goes out. Standard library only.

A rail talks to its provider and to nobody else. It has no database and credits nobody: it says what the provider says
*now* of a payment, and the registry, which knows what it asked for, draws the difference in one transaction. So a
message of the provider may come twice, late, out of order or never, and the outcome is the same.

A plugin offers its rails in the group ``artrator.extensions``::

    @artrator.hookimpl
    def register_rails(register):
        register("example", ExampleRail)     # ExampleRail(settings) -> Rail

The registry makes a rail only if its operator names it: ``artrator registry serve --rail example``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, Protocol, TypeAlias

from artrator.errors import ArtratorError, Code
from artrator.money import parse_credits
from artrator.settings import REQUIRED, Settings


@dataclass(frozen=True)
class RailTerms:
    """What people are told of a rail.

    Attributes:
        title: By language.
        flow: ``redirect`` opens a page in the browser; ``invoice`` shows a text and its QR code; ``voucher`` and
            ``grant`` are built in and have no top-ups.
        currency: ISO 4217 in lower case, or ``sat``; empty where credits have no cash value.
        rate: Micro-credits for one minor unit (cent, won, satoshi) of the currency.
        minimum, maximum, suggested: Of a top-up, in micro-credits.
        cash_value: Whether its credits were bought with money.
        risk_seconds: How long after a payment it may still be taken back.
        poll_seconds: How often to ask about a top-up that is open.
    """

    title: Mapping[str, str]
    flow: Literal["grant", "invoice", "redirect", "voucher"]
    currency: str = ""
    rate: int = 0
    minimum: int = 0
    maximum: int = 0
    suggested: Sequence[int] = ()
    pays_in: bool = True
    pays_out: bool = False
    renews_passes: bool = False
    cash_value: bool = True
    risk_seconds: float = 0.0
    poll_seconds: float = 60.0

    def charge(self, amount: int) -> int:
        """What ``amount`` micro-credits cost, in minor units, rounded up: credits are never sold below their price."""
        return -(-amount // self.rate)


@dataclass(frozen=True)
class PassTerms:
    """A pass that the provider is to renew: the same charge for every period, until it is ended."""

    title: str
    period_days: int


@dataclass(frozen=True)
class NewTopUp:
    """A top-up to be made at the provider.

    Attributes:
        id: Ours, a UUID. The provider must remember it, and a repeat with the same id must not cost twice.
        amount: Micro-credits.
        charge: Minor units of ``currency``.
        description: What the payer reads.
        done_url, cancel_url: Pages of the registry for the browser to end on.
        webhook_url: Where the provider may say that something happened.
        renews: Set if this is the first payment of a pass that renews itself.
    """

    id: str
    amount: int
    charge: int
    currency: str
    description: str
    done_url: str
    cancel_url: str
    webhook_url: str
    renews: PassTerms | None = None


@dataclass(frozen=True)
class OpenedTopUp:
    """A top-up that waits to be paid.

    Attributes:
        reference: What ``look`` is asked with.
        page: For a browser.
        invoice: For a wallet.
        expires_at: Seconds since 1970, or None.
    """

    reference: str
    page: str | None = None
    invoice: str | None = None
    expires_at: float | None = None


class PaymentState(StrEnum):
    """What the provider says of a payment. Money that was taken back leaves it ``paid``; see ``taken_back``."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class Payment:
    """What the provider says now, asked by us; never what a webhook claimed.

    Attributes:
        state: As it stands.
        topup: The id of ours that the provider remembers; empty if it knows none.
        payment: The provider's name of this money, used for nothing else, ever; empty until there is some.
        charge: Minor units of ``currency`` that were paid.
        taken_back: Of these, what was refunded, or is disputed and not decided for us.
        subscription: The provider's name of the subscription that paid, if one did.
        reason: Why it failed, for the payer.
    """

    state: PaymentState
    topup: str = ""
    payment: str = ""
    charge: int = 0
    currency: str = ""
    taken_back: int = 0
    subscription: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Notice:
    """One message of a webhook: look at ``reference``.

    ``id`` is the provider's id of the message, so that one that comes twice is kept once. ``topup`` is a hint only.
    """

    id: str
    reference: str
    kind: str = ""
    topup: str = ""


@dataclass(frozen=True)
class PayoutOrder:
    """Money to be sent; a repeat with the same ``id`` must not send twice."""

    id: str
    amount: int
    charge: int
    currency: str
    destination: str
    description: str = ""


@dataclass(frozen=True)
class PayoutAnswer:
    """How a payout stands. ``reference`` is the provider's name of it."""

    state: Literal["failed", "paid", "sent"]
    reference: str = ""
    reason: str = ""


class RailSettings(Settings):
    """A rail's table of ``rails.toml``. Refusals name the line and never repeat a secret."""

    def __init__(self, values: Mapping[str, Any], name: str, text: str = "") -> None:
        super().__init__(values, (name,), text)

    def error(self, key: str | None, problem: str) -> ArtratorError:
        """``rail_misconfigured`` at a key of this table, or at the table itself."""
        found = super().error(key, problem)
        message = found.message.replace("artrator.toml", "rails.toml", 1).replace("to this backend", "to this rail")
        return ArtratorError(Code.RAIL_MISCONFIGURED, message)

    def secret(self, key: str, default: Any = REQUIRED) -> Any:
        """A text that no message ever repeats."""
        value = self.raw(key, default)
        if key in self._values and (not isinstance(value, str) or not value.strip()):
            raise self.error(key, "must be a text that is not empty.")
        return value

    def credits(self, key: str, default: Any = REQUIRED) -> int:
        """An amount of credits such as 5 or "0.01", as micro-credits above zero."""
        return self._credits(key, self.raw(key, default))

    def credit_list(self, key: str, default: Sequence[str]) -> Sequence[int]:
        """A list of amounts of credits, as micro-credits."""
        values = self.raw(key, list(default))
        if not isinstance(values, list):
            raise self.error(key, 'must be a list of amounts of credits, such as ["5", "20"].')
        return tuple(self._credits(key, value) for value in values)

    def _credits(self, key: str, value: object) -> int:
        try:
            if isinstance(value, bool) or not isinstance(value, int | str):  # a float would not be exact
                raise ValueError(key)
            amount = parse_credits(str(value))
        except ValueError as error:
            raise self.error(key, 'must be an amount of credits, such as 5 or "0.01".') from error
        if amount <= 0:
            raise self.error(key, "must be above 0.")
        return amount

    def secrets(self, key: str) -> Sequence[str]:
        """One text or a list of them, that no message ever repeats."""
        value = self.raw(key)
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not found or not all(isinstance(each, str) and each for each in found):
            raise self.error(key, "must be a text or a list of texts.")
        return tuple(found)


class Rail(Protocol):
    """A way for money to come in. What a rail cannot do, it inherits from here.

    Raises: every method that talks to the provider raises ArtratorError ``rail_unavailable`` when the provider does not
    answer or refuses us, without a secret in its sentence.
    """

    terms: RailTerms

    async def make_topup(self, new: NewTopUp) -> OpenedTopUp:
        """Ask the provider for a payment. A repeat with the same id must answer with the same, or be harmless."""
        ...

    async def look(self, reference: str) -> Payment | None:
        """What the provider says now of a payment; None if it knows nothing of it, or if it is none of ours."""
        ...

    def webhook(self, body: bytes, headers: Mapping[str, str], query: Mapping[str, str], now: float) -> list[Notice]:
        """Check and read a webhook, without asking anybody.

        Args:
            body: As it came.
            headers: Names in lower case.
            query: Of the address.
            now: The registry's clock.

        Raises:
            ArtratorError: ``webhook_invalid``.
        """
        raise ArtratorError(Code.WEBHOOK_INVALID, "This rail takes no webhooks.")

    async def reconcile(self, since: float) -> Sequence[Notice]:
        """Every payment that changed since then, whether or not a webhook said so."""
        return ()

    async def set_renewal(self, subscription: str, renew: bool) -> None:
        """Whether a subscription goes on after what was paid for; harmless to repeat, and if it has ended."""
        raise ArtratorError(Code.RAIL_UNAVAILABLE, "This rail has no subscriptions.")

    async def payout(self, order: PayoutOrder) -> PayoutAnswer:
        """Send money."""
        raise ArtratorError(Code.RAIL_UNAVAILABLE, "This rail does not pay out.")

    async def payout_state(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        """How a payout stands that was sent before."""
        raise ArtratorError(Code.RAIL_UNAVAILABLE, "This rail does not pay out.")

    async def aclose(self) -> None:
        """Close connections."""
        return


MakeRail: TypeAlias = Callable[[RailSettings], Rail]


@dataclass
class RailBook:
    """What plugins register: how to make each rail, by name."""

    makers: dict[str, MakeRail] = field(default_factory=dict)

    def register(self, name: str, make: MakeRail) -> None:
        """Offer a rail; the first plugin to use a name keeps it."""
        if name in self.makers:
            raise ArtratorError(Code.PLUGIN_BROKEN, f"Two plugins offer a rail called {name}.")
        self.makers[name] = make


#: The name of a rail stands in ledger accounts and addresses.
NAME: Final = r"[a-z][a-z0-9-]{0,30}"
