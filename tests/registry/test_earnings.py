"""What creators earn: by day, until it has matured, spent, and told to the tax office."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from registry_world import MICRO, Person, Shop, World, gather

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as pm
from artrator.messages import registry as m
from artrator_registry.earnings import days
from artrator_registry.sellers import service as sellers
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction, connect

pytestmark = pytest.mark.anyio

DAY = 86_400
WEEK = 7 * DAY


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


def new_id() -> str:
    return str(uuid.uuid4())


def today(world: World) -> str:
    return days.day_of(world.clock())


async def sell(world: World, runs: int = 1) -> tuple[Shop, Person]:
    """A shop that has delivered so many runs of 3 credits each."""
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    for _ in range(runs):
        await shop.deliver(mina, await shop.order(mina))
    return shop, mina


async def mature(world: World, shop: Shop) -> None:
    """Let everything that was earned until now mature."""
    world.clock.offset += WEEK + DAY
    world.registry.sweeper.trust_the_clock()
    await shop.creator.sign_in()


async def test_a_day_adds_up_what_each_listing_brought(world: World) -> None:
    shop, mina = await sell(world, runs=2)
    open_order = await shop.order(mina)
    earned = await shop.creator.earnings(today(world), today(world))
    assert earned.days == [
        pm.EarningDay(
            day=today(world),
            listing=shop.listing,
            kind="run",
            runs=2,
            gross=6 * MICRO,
            fee=300_000,
            royalties=0,
            refunded=0,
            net=5_700_000,
        )
    ]
    assert (earned.pending, earned.maturing, earned.available) == (open_order.cap, 5_700_000, 0)
    assert earned.next_matures_at == days.matures_at(today(world), WEEK)


async def test_earnings_mature_a_week_after_their_day_has_ended(world: World) -> None:
    shop, _ = await sell(world)
    day = today(world)
    world.clock.offset += days.matures_at(day, WEEK) - world.clock() - 5
    await shop.creator.sign_in()
    assert (await shop.creator.earnings(day, day)).available == 0
    world.clock.offset += 6
    earned = await shop.creator.earnings(day, day)
    assert (earned.maturing, earned.available, earned.next_matures_at) == (0, 2_850_000, None)


async def test_the_delay_is_never_shorter_than_the_time_to_dispute(data: Any) -> None:
    assert Settings(data=data, payout_delay_seconds=0.0, dispute_seconds=5.0).payout_delay == 5.0
    assert Settings(data=data, payout_delay_seconds=9.0, dispute_seconds=5.0).payout_delay == 9.0


async def test_a_run_just_before_midnight_belongs_to_the_day_that_ends() -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    assert days.day_of(midnight - 1e-6) == "2026-11-30"
    assert days.day_of(midnight) == "2026-12-01"
    assert days.week_of(midnight) == "2026-11-30"
    assert days.month_of(midnight - 0.001) == "2026-11-01"


async def test_only_what_has_matured_moves_to_the_wallet_and_only_once(world: World) -> None:
    shop, _ = await sell(world)
    transfer = new_id()
    await refuse(Code.EARNINGS_INSUFFICIENT, shop.creator.move_earnings(transfer, MICRO))
    await mature(world, shop)
    for _ in range(2):
        balance = await shop.creator.move_earnings(transfer, 2 * MICRO)
        assert (balance.available, balance.earnings) == (2 * MICRO, 850_000)
    await refuse(Code.CONFLICT, shop.creator.move_earnings(transfer, MICRO))
    await refuse(Code.EARNINGS_INSUFFICIENT, shop.creator.move_earnings(new_id(), 850_001))
    async with world.http() as http:
        token = (await shop.creator.sign_in()).token
        for body in (
            {"amount": 0},
            {"amount": -5},
            {"amount": 10**16},
            {"amount": 1.5},
            {"amount": "1", "to": "x"},
            {},
        ):
            answer = await http.put(
                f"/v1/earnings/transfers/{new_id()}", json=body, headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 422, body
    assert (await shop.creator.balance()).earnings == 850_000


async def test_the_same_transfer_id_of_two_people_is_two_transfers(world: World) -> None:
    shop, _ = await sell(world)
    eve = await world.person("eve")
    await mature(world, shop)
    transfer = new_id()
    await shop.creator.move_earnings(transfer, MICRO)
    await eve.sign_in()
    await refuse(Code.EARNINGS_INSUFFICIENT, eve.move_earnings(transfer, MICRO))


async def test_a_payout_and_transfers_at_once_never_take_more_than_there_is(world: World) -> None:
    shop, _ = await sell(world, runs=10)  # 28.5 credits
    await mature(world, shop)
    answers = await gather(
        *(shop.creator.move_earnings(new_id(), 10 * MICRO) for _ in range(4)),
        *(
            shop.creator.request_payout(new_id(), pm.PayoutRequest(amount=10 * MICRO, destination="KB 1"))
            for _ in range(4)
        ),
    )
    done = [answer for answer in answers if not isinstance(answer, ArtratorError)]
    assert len(done) == 2
    assert {each.code for each in answers if isinstance(each, ArtratorError)} == {Code.EARNINGS_INSUFFICIENT}
    assert (await shop.creator.balance()).earnings == 8_500_000


async def test_an_api_key_may_read_earnings_and_nothing_else(world: World) -> None:
    shop, _ = await sell(world)
    made = await shop.creator.create_api_key(m.APIKeyRequest(label="books", scopes=list(m.Scope)))
    books = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    assert (await books.earnings(today(world), today(world))).maturing == 2_850_000
    assert (await books.earnings_statement(int(today(world)[:4]))).net == 2_850_000
    for work in (
        books.move_earnings(new_id(), 1),
        books.payouts(),
        books.request_payout(new_id(), pm.PayoutRequest(amount=10 * MICRO, destination="eve")),
        books.cancel_payout(new_id()),
        books.set_payout_schedule(pm.PayoutSchedule(every="week", destination="eve")),
    ):
        await refuse(Code.SCOPE_MISSING, work)
    made = await shop.creator.create_api_key(m.APIKeyRequest(label="shop", scopes=[m.Scope.ORDERS_WRITE]))
    orders = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    await refuse(Code.SCOPE_MISSING, orders.earnings(today(world), today(world)))
    await refuse(Code.SCOPE_MISSING, orders.earnings_statement(2026))
    await refuse(Code.SCOPE_MISSING, orders.statement_csv())


async def test_days_that_cannot_be_are_refused(world: World) -> None:
    mina = await world.person("mina")
    for since, until in (
        ("2026-02-30", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("2020-01-01", "2026-01-01"),
        ("yesterday", "2026-01-01"),
        ("0001-01-01", "9999-12-31"),
    ):
        await refuse(Code.REQUEST_INVALID, mina.earnings(since, until))
    assert (await mina.earnings("0001-01-01", "0001-01-02")).days == []


# --- the yearly statement


async def test_a_yearly_statement_adds_up_and_says_what_vat_is_in_it(world: World) -> None:
    shop, _ = await sell(world, runs=11)
    year = int(today(world)[:4])
    await shop.creator.set_seller(
        pm.SellerProfile(legal_name="=HYPERLINK(1)", country="KR", business_number="124-81-00998", vat_registered=True)
    )
    statement = await shop.creator.earnings_statement(year)
    assert (statement.gross, statement.fee, statement.net) == (33 * MICRO, 1_650_000, 31_350_000)
    assert (statement.vat_base, statement.vat) == (30 * MICRO, 3 * MICRO)
    assert (statement.verified, statement.complete, statement.zone) == (False, False, "UTC")
    assert [(entry.month, entry.listing, entry.runs) for entry in statement.entries] == [
        (today(world)[:7], shop.listing, 11)
    ]
    await world.registry.database.write(sellers.decide, "atelier", None)
    assert (await shop.creator.earnings_statement(year)).verified
    async with world.http() as http:
        token = (await shop.creator.sign_in()).token
        path = f"/v1/earnings/statements/{year}.csv"
        answer = await http.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert ["legal name", "'=HYPERLINK(1)"] in rows
    assert [
        today(world)[:7],
        shop.listing,
        "run",
        "11",
        "33.000000",
        "1.650000",
        "0.000000",
        "0.000000",
        "31.350000",
    ] in rows
    assert ["VAT in it (10 %)", "3.000000"] in rows


async def test_a_statement_is_complete_when_nothing_of_its_year_can_change_any_more(world: World) -> None:
    shop, _ = await sell(world)
    year = int(today(world)[:4])
    end = days.matures_at(f"{year}-12-31", WEEK)
    world.clock.offset += end - world.clock() - 2
    await shop.creator.sign_in()
    assert not (await shop.creator.earnings_statement(year)).complete
    world.clock.offset += 3
    assert (await shop.creator.earnings_statement(year)).complete
    assert (await shop.creator.earnings_statement(year - 1)).entries == []
    await refuse(Code.REQUEST_INVALID, shop.creator.earnings_statement(20_260))


async def test_who_sells_abroad_or_without_vat_has_none_on_the_statement(world: World) -> None:
    shop, _ = await sell(world)
    year = int(today(world)[:4])
    assert (await shop.creator.earnings_statement(year)).vat is None
    await shop.creator.set_seller(pm.SellerProfile(legal_name="Atelier", country="FR", vat_registered=True))
    assert (await shop.creator.earnings_statement(year)).vat is None


# --- the audit


async def test_the_audit_names_days_that_do_not_add_up(world: World) -> None:
    await sell(world)
    from artrator_registry.ledger.audit import audit

    db = connect(world.settings.database)
    try:
        for tamper in (
            "UPDATE earning_days SET gross = gross + 1",
            "UPDATE earning_days SET fee = fee - 1",
            "UPDATE earning_days SET held = 1",
            "UPDATE earning_days SET day = '2020-01-01'",
            "INSERT INTO earning_days (creator, day, listing, kind, gross) SELECT id, '2026-01-01', 'x', 'run', 5"
            " FROM accounts WHERE handle = 'mina'",
        ):
            db.execute("BEGIN")
            db.execute(tamper)
            assert list(audit(Transaction(db, 0.0))), tamper
            db.execute("ROLLBACK")
    finally:
        db.close()
