"""The yearly statement: what a tax office asks a creator. Days, months and the year are cut in UTC, and it says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from artrator.messages import payouts as m
from artrator.money import split
from artrator_registry.accounts import store as accounts
from artrator_registry.cells import credits_, lines, moment, text
from artrator_registry.earnings import days, store
from artrator_registry.payouts import store as payouts
from artrator_registry.sellers import service as sellers
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction

_ZONE: Final = "UTC"
#: In Korea VAT is a tenth on top, so a price that contains it is eleven parts, of which one is VAT.
_BASE_AND_VAT: Final = (10, 1)
_SUMS: Final = ("gross", "fee", "royalties", "refunded", "net")


def make(t: Transaction, person: str, year: int, settings: Settings) -> m.EarningsStatement:
    """What a person earned and was paid in a year."""
    first, last = f"{year:04}-01-01", f"{year:04}-12-31"
    begin, end = days.start_of(first), days.start_of(last) + days.DAY_SECONDS
    months = store.months(t, person, first, last)
    paid = payouts.paid_between(t, person, begin, end)
    profile, verified = sellers.known_as(t, person)
    totals = {name: sum(row[name] for row in months) for name in _SUMS}
    # A refund changes the day on which the order was settled: until none can come, the year is not over.
    over = t.now >= days.matures_at(last, settings.payout_delay) and not any(row["held"] for row in months)
    vat_base = vat = None
    if profile is not None and profile.country == "KR" and profile.vat_registered:
        vat_base, vat = split(totals["gross"] - totals["refunded"], _BASE_AND_VAT)
    return m.EarningsStatement(
        year=year,
        zone=_ZONE,
        registry=settings.name,
        creator=accounts.by_id(t, person)["handle"],
        profile=profile,
        verified=verified,
        complete=over,
        made_at=t.now,
        entries=[
            m.StatementEntry(
                month=row["month"],
                listing=row["listing"],
                kind=row["kind"],
                runs=row["runs"],
                **{name: row[name] for name in _SUMS},
            )
            for row in months
        ],
        **totals,
        vat_base=vat_base,
        vat=vat,
        payouts=[
            m.PaidOut(
                id=row["id"],
                at=row["ended_at"],
                amount=row["amount"],
                rail=row["rail"],
                reference=row["reference"],
            )
            for row in paid
        ],
        paid=sum(row["amount"] for row in paid),
    )


def as_csv(statement: m.EarningsStatement) -> str:
    """For a spreadsheet: who and when, then a line for each month and listing, the sums, and the payouts."""
    return "".join(lines(_rows(statement)))


def _rows(statement: m.EarningsStatement) -> Iterator[tuple[object, ...]]:
    profile = statement.profile
    yield "registry", text(statement.registry)
    yield "creator", text(statement.creator)
    if profile is not None:
        yield "legal name", text(profile.legal_name)
        yield "representative", text(profile.representative)
        yield "country", profile.country
        yield "business number", text(profile.business_number)
        yield "VAT number", text(profile.vat_number)
        yield "verified by the operator", "yes" if statement.verified else "no"
    yield "year", statement.year
    yield "time zone", statement.zone
    yield "complete", "yes" if statement.complete else "no"
    yield "made", moment(statement.made_at)
    yield "unit", "credits"
    yield ()
    yield "month", "listing", "kind", "runs", *_SUMS
    for entry in statement.entries:
        amounts = (credits_(getattr(entry, name)) for name in _SUMS)
        yield entry.month, text(entry.listing), entry.kind, entry.runs, *amounts
    yield (
        "year",
        "",
        "",
        sum(entry.runs for entry in statement.entries),
        *(credits_(getattr(statement, name)) for name in _SUMS),
    )
    if statement.vat_base is not None and statement.vat is not None:
        yield ()
        yield "VAT base (gross less refunds, without VAT)", credits_(statement.vat_base)
        yield "VAT in it (10 %)", credits_(statement.vat)
    yield ()
    yield "paid", "payout", "rail", "reference", "amount"
    for payout in statement.payouts:
        yield moment(payout.at), payout.id, text(payout.rail), text(payout.reference), credits_(payout.amount)
    yield "year", "", "", "", credits_(statement.paid)
