"""Quotes: the price of one request, with a hard cap and the nodes that can run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from artrator.documents import Offer, QuotedPrice
from artrator.errors import ArtratorError, Code
from artrator.ids import new_id
from artrator.messages import registry as m
from artrator.money import MAX_AMOUNT, format_credits
from artrator_registry.accounts.models import Caller
from artrator_registry.authority import Authority
from artrator_registry.listings import parsed
from artrator_registry.listings import store as listings
from artrator_registry.listings.service import find
from artrator_registry.nodes.service import candidates
from artrator_registry.orders import shares, store
from artrator_registry.orders.payment import Payment, choose
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction


def make(
    t: Transaction, who: Caller, request: m.QuoteRequest, settings: Settings, authority: Authority
) -> Callable[[], m.Quote]:
    """A new quote, which is signed once its row is on the way to the disk.

    Raises:
        ArtratorError: ``allowance_used listing_unknown no_node request_invalid``.
    """
    version = find(t, request.listing, request.version)
    offered = listings.offer(t, version["version_id"])
    offer = parsed.offer(offered["document"])
    check_measures(request.measures, parsed.cost_units(version["manifest"]))
    lines = offer.breakdown(request.measures)
    worth = sum(lines.values())
    if worth > MAX_AMOUNT:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"This would cost {format_credits(worth)} credits, more than an order can.",
            field="measures",
        )
    payment = choose(t, who.account, version, offered, request.measures, request.pay, settings.fee_basis_points)
    picked = payment.picked
    if picked is not None and picked.offered["digest"] != offered["digest"]:
        # The pass counts by an offer that was cheaper when its period began: the whole quote speaks of that one.
        offered, offer, worth = picked.offered, picked.offer, picked.worth
        lines = offer.breakdown(request.measures)
    cap = worth if payment.by == "credits" else 0
    price = QuotedPrice(
        registry=authority.id,
        quote=new_id(),
        buyer=who.account,
        listing=version["listing"],
        package=version["package"],
        offer=offered["digest"],
        request=request.request,
        measures=request.measures,
        worth=worth,
        cap=cap,
        paid_by=payment.by,
        expires_at=t.now + settings.quote_seconds,
    )
    split = _split(t, payment, worth, version["creator"], offer, settings.name)
    nodes = candidates(t, version["listing"], version["package"], version["creator"], settings.online_seconds)
    store.add_quote(
        t,
        price,
        version=version["version_id"],
        creator=version["creator"],
        fee=payment.fee,
        period=picked.period["id"] if picked is not None else None,
    )
    now = t.now

    def finish() -> m.Quote:
        return m.Quote(
            quote=price.quote,
            listing=price.listing,
            package=price.package,
            offer=price.offer,
            price=cap,
            cap=cap,
            breakdown=[
                m.PriceLine(unit=unit, measure=1 if unit == "base" else request.measures.get(unit, 0), amount=amount)
                for unit, amount in lines.items()
            ],
            paid_by=payment.by,
            worth=worth,
            pass_id=picked.period["pass"] if picked is not None else None,
            left=payment.left,
            split=split,
            nodes=nodes,
            expires_at=price.expires_at,
            signed=price.sign(authority.signer(now)),
        )

    return finish


def _split(
    t: Transaction, payment: Payment, worth: int, creator: str, offer: Offer, registry: str
) -> Sequence[m.Share]:
    """Who gets what: of the price, or of what a pass pays for this; of a run that brings nothing, nobody."""
    if payment.picked is not None:
        amount = payment.picked.period["price"] * worth // payment.picked.period["allowance"]
    elif payment.by == "credits":
        amount = worth
    else:
        return ()
    return shares.as_messages(t, shares.divide(t, amount, creator, payment.fee, offer), registry)


def check_measures(measures: Mapping[str, int], units: frozenset[str]) -> None:
    """Every cost unit must be measured: one that is left out would be free here and refused by the node."""
    if missing := sorted(units - measures.keys()):
        raise ArtratorError(
            Code.REQUEST_INVALID, f"The cost unit {missing[0]!r} is not measured.", field=f"measures.{missing[0]}"
        )
    if unknown := sorted(measures.keys() - units):
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"The package has no cost unit {unknown[0][:64]!r}.",
            field="measures",
            units=sorted(units),
        )


def usable(t: Transaction, who: Caller, quote: str, max_price: int) -> Any:
    """A quote that the caller may order now; raises ArtratorError ``quote_unknown quote_expired price_above_cap``."""
    found = store.quote(t, quote)
    if found is None or found["buyer"] != who.account:
        raise ArtratorError(Code.QUOTE_UNKNOWN, "There is no such quote for you.")
    if found["expires_at"] <= t.now:
        raise ArtratorError(Code.QUOTE_EXPIRED, "The quote has expired.")
    if found["cap"] > max_price:
        raise ArtratorError(
            Code.PRICE_ABOVE_CAP,
            f"The quote is for up to {format_credits(found['cap'])} credits, more than the most you would pay.",
            cap=found["cap"],
        )
    return found
