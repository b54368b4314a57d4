"""Payouts: asked for, sent, paid, failed, cancelled; by hand and on a schedule; exported for a bank."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner
from registry_world import MICRO, Shop, World, gather

from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as pm
from artrator_registry import Settings, cells
from artrator_registry.cli import registry
from artrator_registry.earnings import days
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.audit import audit
from artrator_registry.ledger.models import LOSSES, PAYOUTS, Why, debt
from artrator_registry.payouts import service as payouts
from artrator_registry.sellers import service as sellers
from artrator_registry.storage import Transaction, connect

pytestmark = pytest.mark.anyio

DAY = 86_400
TEN = pm.PayoutRequest(amount=10 * MICRO, destination="KB 123456-01-234567")


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


def new_id() -> str:
    return str(uuid.uuid4())


async def earned(world: World, runs: int = 10) -> Shop:
    """A creator whose earnings (2.85 credits a run) have matured."""
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    for _ in range(runs):
        await shop.deliver(mina, await shop.order(mina))
    await later(world, shop, 9 * DAY)
    return shop


async def later(world: World, shop: Shop, seconds: float) -> None:
    world.clock.offset += seconds
    world.registry.sweeper.trust_the_clock()
    await shop.creator.sign_in()


async def say(world: World, call: Any, payout: str, *words: str) -> Any:
    return await world.registry.database.write(call, payout, *words)


async def paid_out(world: World) -> int:
    return (await world.registry.database.read(ledger.balances, PAYOUTS)).available


# --- by hand


async def test_a_payout_is_set_aside_sent_and_paid(world: World) -> None:
    shop = await earned(world)
    payout = new_id()
    asked = await shop.creator.request_payout(payout, TEN)
    assert (asked.state, asked.amount, asked.destination) == ("requested", 10 * MICRO, TEN.destination)
    assert await shop.creator.request_payout(payout, TEN) == asked
    now = await shop.creator.earnings("2026-01-01", "2026-01-01")
    assert (now.available, now.requested, now.paid) == (18_500_000, 10 * MICRO, 0)
    for _ in range(2):
        await say(world, payouts.sent, payout, "tr_1")
    await refuse(Code.PAYOUT_CLOSED, shop.creator.cancel_payout(payout))
    for _ in range(2):
        await say(world, payouts.paid, payout)
    done = (await shop.creator.payouts()).items[0]
    assert (done.state, done.reference) == ("paid", "tr_1")
    now = await shop.creator.earnings("2026-01-01", "2026-01-01")
    assert (now.available, now.requested, now.paid) == (18_500_000, 0, 10 * MICRO)
    assert await paid_out(world) == 10 * MICRO
    lines = (await shop.creator.statement(of="earnings")).lines[:3]
    assert [(line.kind, line.amount) for line in lines] == [
        ("payout", -10 * MICRO),
        ("release", 10 * MICRO),
        ("hold", -10 * MICRO),
    ]
    assert lines[0].text.startswith("Paid out: manual")


async def test_a_payout_that_failed_or_was_cancelled_is_there_again(world: World) -> None:
    shop = await earned(world)
    first, second = new_id(), new_id()
    await shop.creator.request_payout(first, TEN)
    await shop.creator.request_payout(second, TEN)
    for _ in range(2):
        assert (await shop.creator.cancel_payout(first)).state is pm.PayoutState.CANCELLED
        assert (await say(world, payouts.failed, second, "no such account"))["state"] == "failed"
    for late in (payouts.paid, payouts.sent):
        await refuse(Code.PAYOUT_CLOSED, say(world, late, first))
        await refuse(Code.PAYOUT_CLOSED, say(world, late, second))
    await refuse(Code.PAYOUT_CLOSED, say(world, payouts.failed, first, "late"))
    assert (await shop.creator.balance()).earnings == 28_500_000
    assert {each.reason for each in (await shop.creator.payouts()).items} == {"", "no such account"}


async def test_a_payout_that_the_bank_sends_back_is_there_again(world: World) -> None:
    shop = await earned(world)
    payout = new_id()
    await shop.creator.request_payout(payout, TEN)
    await say(world, payouts.paid, payout, "bank 7")
    for _ in range(2):
        await say(world, payouts.failed, payout, "account closed")
    assert (await shop.creator.balance()).earnings == 28_500_000
    assert await paid_out(world) == 0
    assert (await shop.creator.statement(of="earnings")).lines[0].text.startswith("A payout came back")


async def test_what_cannot_be_paid_out_has_a_code_each(world: World) -> None:
    shop = await earned(world)
    eve = await world.person("eve")
    payout = new_id()
    await shop.creator.request_payout(payout, TEN)
    ask = shop.creator.request_payout
    await refuse(Code.CONFLICT, ask(payout, TEN.model_copy(update={"amount": 11 * MICRO})))
    await refuse(Code.CONFLICT, eve.request_payout(payout, TEN))
    await refuse(Code.PAYOUT_UNKNOWN, eve.cancel_payout(payout))
    await refuse(Code.PAYOUT_UNKNOWN, shop.creator.cancel_payout(new_id()))
    await refuse(Code.PAYOUT_UNKNOWN, say(world, payouts.paid, new_id()))
    await refuse(Code.EARNINGS_INSUFFICIENT, ask(new_id(), TEN.model_copy(update={"amount": 20 * MICRO})))
    await refuse(Code.EARNINGS_INSUFFICIENT, ask(new_id(), TEN.model_copy(update={"amount": 10**15})))
    await refuse(Code.REQUEST_INVALID, ask(new_id(), TEN.model_copy(update={"amount": 10**30})))
    await refuse(Code.EARNINGS_INSUFFICIENT, eve.request_payout(new_id(), TEN))
    for change, field in (
        ({"amount": 10 * MICRO - 1}, "amount"),
        ({"rail": "stripe"}, "rail"),
        ({"destination": "  "}, "destination"),
        ({"destination": "KB 1\r\nKB 2"}, "destination"),
    ):
        problem = await refuse(Code.REQUEST_INVALID, ask(new_id(), TEN.model_copy(update=change)))
        assert problem.details["field"] == field
    assert len((await shop.creator.payouts()).items) == 1
    assert (await eve.payouts()).items == []


async def test_who_owes_something_pays_that_first(world: World) -> None:
    shop = await earned(world)
    person = (await shop.creator.account()).id

    def owe(t: Transaction) -> None:
        ledger.move(t, new_id(), debt(person), LOSSES, 5 * MICRO, Why("writeoff"))

    await world.registry.database.write(owe)
    await refuse(Code.DEBT_UNPAID, shop.creator.request_payout(new_id(), TEN))
    transfer = new_id()
    for _ in range(2):
        balance = await shop.creator.move_earnings(transfer, 6 * MICRO)
        assert (balance.available, balance.debt, balance.earnings) == (MICRO, 0, 22_500_000)
    assert (await shop.creator.request_payout(new_id(), TEN)).state is pm.PayoutState.REQUESTED


async def test_two_payouts_at_once_never_take_more_than_there_is(world: World) -> None:
    shop = await earned(world)  # 28.5 credits
    same = new_id()
    answers = await gather(
        *(shop.creator.request_payout(new_id(), TEN) for _ in range(6)),
        *(shop.creator.request_payout(same, TEN) for _ in range(3)),
    )
    assert {each.code for each in answers if isinstance(each, ArtratorError)} == {Code.EARNINGS_INSUFFICIENT}
    assert len((await shop.creator.payouts()).items) == 2
    assert (await shop.creator.balance()).earnings == 8_500_000


async def test_cancelled_or_paid_whichever_is_first_and_never_both(world: World) -> None:
    shop = await earned(world)
    for _ in range(2):
        payout = new_id()
        await shop.creator.request_payout(payout, TEN)
        answers = await gather(shop.creator.cancel_payout(payout), say(world, payouts.paid, payout))
        assert sum(isinstance(each, ArtratorError) for each in answers) == 1
    assert await paid_out(world) + (await shop.creator.balance()).earnings == 28_500_000


async def test_payouts_come_in_pages(world: World) -> None:
    shop = await earned(world)
    asked = [new_id() for _ in range(5)]
    for payout in asked:
        await shop.creator.request_payout(payout, TEN)
        await shop.creator.cancel_payout(payout)
    async with world.http() as http:
        token = (await shop.creator.sign_in()).token
        headers = {"Authorization": f"Bearer {token}"}
        first = pm.Payouts.model_validate((await http.get("/v1/payouts?limit=3", headers=headers)).json())
    rest = await shop.creator.payouts(before=first.next)
    assert [each.id for each in (*first.items, *rest.items)] == asked[::-1]
    assert (first.minimum, first.schedule) == (10 * MICRO, pm.PayoutSchedule())


async def test_who_must_be_verified_is_the_operators_to_say(data: Path) -> None:
    async with World(Settings(data=data, verify_payouts="all")) as world:
        shop = await earned(world)
        await refuse(Code.SELLER_UNVERIFIED, shop.creator.request_payout(new_id(), TEN))
        weekly = pm.PayoutSchedule(every="week", destination="KB 1")
        await refuse(Code.SELLER_UNVERIFIED, shop.creator.set_payout_schedule(weekly))
        profile = pm.SellerProfile(legal_name="Atelier", country="FR")
        await shop.creator.set_seller(profile)
        await refuse(Code.SELLER_UNVERIFIED, shop.creator.request_payout(new_id(), TEN))
        await world.registry.database.write(sellers.decide, "atelier", None)
        assert (await shop.creator.request_payout(new_id(), TEN)).state is pm.PayoutState.REQUESTED


async def test_a_rail_with_cash_pays_out_only_to_the_verified(world: World) -> None:
    shop = await earned(world)
    person = (await shop.creator.account()).id
    asked = TEN.model_copy(update={"rail": "bank"})

    async def ask() -> pm.Payout:
        write = world.registry.database.write
        return await write(payouts.request, person, new_id(), asked, {"bank": 1}, world.settings)

    await refuse(Code.SELLER_UNVERIFIED, ask())
    await shop.creator.set_seller(pm.SellerProfile(legal_name="Atelier", country="FR"))
    await world.registry.database.write(sellers.decide, "atelier", None)
    payout = await ask()
    waiting = await world.registry.database.read(payouts.waiting, "bank", 10)
    assert [row["id"] for row in waiting] == [payout.id]
    await say(world, payouts.sent, payout.id)
    assert await world.registry.database.read(payouts.waiting, "bank", 10) == []
    assert len(await world.registry.database.read(lambda t: payouts.waiting(t, "bank", 10, sent=True))) == 1


# --- on a schedule


async def test_a_weekly_schedule_asks_once_each_monday(world: World) -> None:
    shop = await earned(world)
    weekly = pm.PayoutSchedule(every="week", minimum=15 * MICRO, destination="KB 1")
    assert await shop.creator.set_payout_schedule(weekly) == weekly
    await world.sweep()
    assert (await shop.creator.payouts()).items == []  # not before the next Monday
    monday = days.start_of(days.week_of(world.clock())) + 7 * DAY
    await later(world, shop, monday - world.clock() + 60)
    for _ in range(3):
        await world.sweep()
    (first,) = (await shop.creator.payouts()).items
    assert (first.amount, first.state, first.destination) == (28_500_000, "requested", "KB 1")
    await shop.creator.cancel_payout(first.id)
    await world.sweep()
    assert len((await shop.creator.payouts()).items) == 1  # this Monday's is done
    await later(world, shop, 7 * DAY)
    await world.sweep()
    second, _ = (await shop.creator.payouts()).items
    assert second.id != first.id
    await later(world, shop, 7 * DAY)
    await world.sweep()
    assert len((await shop.creator.payouts()).items) == 2  # nothing there to pay


@pytest.mark.parametrize("every", ["week", "month"])
async def test_a_schedule_that_ran_by_a_clock_that_was_ahead_does_not_wait_until_it_is_that_late(
    world: World, every: Literal["week", "month"]
) -> None:
    shop = await earned(world)
    await shop.creator.set_payout_schedule(pm.PayoutSchedule(every=every, destination="KB 1"))
    await later(world, shop, 400 * DAY)
    await world.sweep()
    (ahead,) = (await shop.creator.payouts()).items
    await shop.creator.cancel_payout(ahead.id)
    await later(world, shop, -360 * DAY)
    for _ in range(3):
        await world.sweep()
    now, _ = (await shop.creator.payouts()).items
    assert (now.amount, now.state) == (28_500_000, "requested")
    await later(world, shop, 40 * DAY)
    await world.sweep()
    assert len((await shop.creator.payouts()).items) == 2  # nothing there to pay


async def test_a_monthly_schedule_waits_for_its_minimum_and_by_hand_ends_it(world: World) -> None:
    shop = await earned(world)
    await shop.creator.set_payout_schedule(pm.PayoutSchedule(every="month", minimum=29 * MICRO, destination="KB 1"))
    await later(world, shop, 32 * DAY)
    await world.sweep()
    assert (await shop.creator.payouts()).items == []
    await shop.creator.set_payout_schedule(pm.PayoutSchedule(every="month", minimum=5 * MICRO, destination="KB 1"))
    await shop.creator.set_payout_schedule(pm.PayoutSchedule())
    await later(world, shop, 40 * DAY)
    await world.sweep()
    assert (await shop.creator.payouts()).items == []


async def test_an_id_that_was_taken_beforehand_stops_no_schedule(world: World) -> None:
    shop = await earned(world)
    eve = await world.person("eve")
    person = (await shop.creator.account()).id
    await shop.creator.set_payout_schedule(pm.PayoutSchedule(every="week", destination="KB 1"))
    monday = days.week_of(world.clock() + 7 * DAY)
    from artrator_registry.ledger.models import transfer_id

    stolen = transfer_id(f"schedule:{person}:week:{monday}", "0")
    await world.grant("eve", 100 * MICRO)
    shop2 = await world.shop("eve2")
    for _ in range(10):
        await shop2.deliver(eve, await shop2.order(eve))
    await later(world, shop2, 7 * DAY)
    await later(world, shop, 2 * DAY)
    await shop2.creator.sign_in()
    await shop2.creator.request_payout(stolen, TEN)
    await world.sweep()
    assert len((await shop.creator.payouts()).items) == 1


async def test_a_schedule_that_is_refused_does_not_come_again_until_the_next_period(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    shop = await earned(world)
    await shop.creator.set_payout_schedule(pm.PayoutSchedule(every="week", destination="KB 1"))
    db = connect(world.settings.database)
    db.execute("UPDATE payout_schedules SET rail = 'a rail that is gone'")
    db.close()
    await later(world, shop, 7 * DAY)
    for _ in range(3):
        await world.sweep()
    assert caplog.text.count("a rail that is gone") == 1


# --- by the operator


def run(data: Path, *arguments: str, fails: bool = False) -> str:
    result = CliRunner().invoke(registry, [*arguments, "--data", str(data)])
    assert (result.exit_code != 0) == fails, result.output
    return result.output


async def test_the_operator_exports_pays_and_marks(world: World, tmp_path: Path) -> None:
    shop = await earned(world)
    data = world.settings.data
    first, second = new_id(), new_id()
    await shop.creator.request_payout(first, TEN.model_copy(update={"destination": "=cmd|' /C calc'!A0"}))
    await shop.creator.request_payout(second, TEN)
    await shop.creator.set_seller(pm.SellerProfile(legal_name="@SUM(A1)", country="KR", business_number="124-81-00998"))
    file = tmp_path / "payouts.csv"
    assert "2 payouts" in run(data, "payouts", "export", str(file))
    assert file.stat().st_mode & 0o077 == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [row["id"] for row in rows] == [first, second]
    assert rows[0]["destination"] == "'=cmd|' /C calc'!A0"
    assert (rows[0]["legal name"], rows[0]["business number"], rows[0]["verified"]) == ("'@SUM(A1)", "1248100998", "no")
    assert rows[0]["amount"] == "10.000000"
    assert "Choose a new name" in run(data, "payouts", "export", str(file), fails=True)
    assert "0 payouts" in run(data, "payouts", "export", str(tmp_path / "none.csv"))
    assert "2 payouts" in run(data, "payouts", "export", str(tmp_path / "again.csv"), "--again")
    await refuse(Code.PAYOUT_CLOSED, shop.creator.cancel_payout(first))
    run(data, "payouts", "mark-paid", first, "--reference", "bank 1")
    run(data, "payouts", "mark-failed", second, "--reason", "wrong number")
    run(data, "payouts", "mark-paid", second, "--reference", "bank 2", fails=True)
    listed = run(data, "payouts", "list")
    assert "bank 1" in listed
    assert "wrong number" in listed
    assert second not in run(data, "payouts", "list", "--state", "paid")


async def test_an_export_that_cannot_be_written_marks_nothing(world: World, tmp_path: Path) -> None:
    shop = await earned(world)
    payout = new_id()
    await shop.creator.request_payout(payout, TEN)
    run(world.settings.data, "payouts", "export", str(tmp_path / "no" / "folder.csv"), fails=True)
    assert (await shop.creator.payouts()).items[0].state is pm.PayoutState.REQUESTED


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r", "|", "%", "＝"])
def test_no_cell_of_words_begins_a_formula(start: str) -> None:
    assert cells.text(f"{start}1+1").startswith("'")


def test_cells_are_exact_and_plain() -> None:
    assert [cells.credits_(amount) for amount in (0, 1, -1, 1_234_567_890)] == [
        "0.000000",
        "0.000001",
        "-0.000001",
        "1234.567890",
    ]
    assert cells.text('여우, "fox"') == '여우, "fox"'
    assert cells.text(None) == ""
    assert cells.moment(datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC).timestamp()) == "2026-12-31T23:59:59Z"


# --- the audit


async def test_the_audit_names_payouts_that_do_not_fit_the_ledger(world: World) -> None:
    shop = await earned(world)
    await shop.creator.request_payout(new_id(), TEN)
    payout = new_id()
    await shop.creator.request_payout(payout, TEN)
    await say(world, payouts.paid, payout)
    db = connect(world.settings.database)
    db.execute("PRAGMA foreign_keys = OFF")
    for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'payouts'").fetchall():
        db.execute(f"DROP TRIGGER {row['name']}")
    try:
        for tamper in (
            "DELETE FROM payouts WHERE state = 'requested'",
            "UPDATE payouts SET amount = amount + 1",
            "UPDATE payouts SET state = 'paid', ended_at = 1",
            "UPDATE payouts SET state = 'cancelled', ended_at = 1 WHERE state = 'requested'",
            "UPDATE payouts SET account = (SELECT id FROM accounts WHERE handle = 'mina')",
        ):
            db.execute("BEGIN")
            db.execute(tamper)
            assert list(audit(Transaction(db, 0.0))), tamper
            db.execute("ROLLBACK")
    finally:
        db.close()
