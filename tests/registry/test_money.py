"""Vouchers, grants, statements, and what the ledger refuses by itself."""

from __future__ import annotations

import sqlite3

import pytest
from registry_world import MICRO, World, gather

from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator_registry.ledger import books, service, store
from artrator_registry.ledger.audit import audit
from artrator_registry.ledger.models import GRANTS, Why
from artrator_registry.storage import Transaction, connect

pytestmark = pytest.mark.anyio


async def test_a_voucher_brings_its_amount_once(world: World) -> None:
    mina, eve = await world.person("mina"), await world.person("eve")
    code = await world.voucher(5 * MICRO)
    typed = code.lower().replace("-", " ")
    assert (await mina.redeem(typed)).balance.available == 5 * MICRO
    for someone in (mina, eve):
        with pytest.raises(ArtratorError) as raised:
            await someone.redeem(code)
        assert raised.value.code is Code.VOUCHER_INVALID
    assert (await eve.balance()).available == 0


async def test_a_voucher_that_many_try_at_once_is_paid_once(world: World) -> None:
    people = [await world.person(f"p{i}") for i in range(8)]
    code = await world.voucher(5 * MICRO)
    answers = await gather(*(person.redeem(code) for person in people))
    assert sum(isinstance(answer, m.VoucherRedeemed) for answer in answers) == 1
    assert sum([(await person.balance()).available for person in people]) == 5 * MICRO


async def test_a_voucher_expires_and_an_unknown_one_is_refused(world: World) -> None:
    mina = await world.person("mina")
    code = await world.voucher(MICRO, expires_at=world.clock() + 60)
    world.clock.offset += 61
    for wrong in (code, "ABCDE-FGHJK-MNPQR", "--------"):
        with pytest.raises(ArtratorError) as raised:
            await mina.redeem(wrong)
        assert raised.value.code is Code.VOUCHER_INVALID


async def test_a_promotion_gives_each_account_one_voucher_and_is_paid_from_its_own_account(world: World) -> None:
    mina, eve = await world.person("mina"), await world.person("eve")
    first, second, third, other = [
        await world.voucher(MICRO, promotion=name) for name in ("Launch", "Launch", "Launch", "Spring")
    ]
    answers = await gather(mina.redeem(first), mina.redeem(second))
    assert sorted(isinstance(answer, m.VoucherRedeemed) for answer in answers) == [False, True]
    refused = next(answer for answer in answers if isinstance(answer, ArtratorError))
    assert refused.code is Code.VOUCHER_INVALID
    assert "Launch" in refused.message
    await eve.redeem(
        second if isinstance(answers[0], m.VoucherRedeemed) else first
    )  # it was not used up by the refusal
    await mina.redeem(other)
    assert (await mina.balance()).available == 2 * MICRO
    assert (await mina.statement()).lines[0].text == "Voucher redeemed: Spring"
    standing = {row["account"]: row["balance"] for row in await world.registry.database.read(books.standing)}
    assert (standing["system:promotions"], standing["system:vouchers"]) == (-3 * MICRO, 0)
    await _broken(
        world,
        "UPDATE vouchers SET promotion = NULL",
        f"UPDATE vouchers SET redeemed_by = '{(await mina.account()).id}', redeemed_at = 1 WHERE redeemed_by IS NULL",
    )
    assert third


async def test_voucher_tries_are_limited(world: World) -> None:
    mina = await world.person("mina")
    answers = await gather(*(mina.redeem(f"wrong-{i:05}") for i in range(40)))
    assert answers[-1].code is Code.RATE_LIMITED


async def test_a_statement_says_why_and_its_balances_run(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    settled = await shop.deliver(mina, await shop.order(mina))
    failed = await shop.claim(await shop.order(mina), "failed", error="worker_died")
    lines = (await mina.statement()).lines
    assert [(line.kind, line.amount) for line in lines] == [
        ("release", 3 * MICRO),
        ("hold", -3 * MICRO),
        ("charge", -3 * MICRO),
        ("release", 3 * MICRO),
        ("hold", -3 * MICRO),
        ("grant", 10 * MICRO),
    ]
    for older, newer in zip(lines[1:], lines, strict=False):
        assert newer.balance == older.balance + newer.amount
    assert lines[0].balance == (await mina.balance()).available == 7 * MICRO
    assert "worker_died" in lines[0].text
    assert {line.order for line in lines[:2]} == {failed.order}
    charge = lines[2]
    assert (charge.order, charge.listing, charge.counterparty) == (settled.order, shop.listing, "atelier")
    assert charge.receipt is not None
    earned = (await shop.creator.statement(of="earnings")).lines
    assert [(line.kind, line.amount) for line in earned] == [("fee", -150_000), ("earning", 3 * MICRO)]


async def test_a_statement_comes_in_pages_that_neither_repeat_nor_skip(world: World) -> None:
    mina = await world.person("mina")
    for amount in range(1, 8):
        await world.grant("mina", amount)
    seen: list[int] = []
    before = None
    while True:
        page = await mina.statement(before=before, limit=3)
        seen += [line.amount for line in page.lines]
        before = page.next
        if before is None:
            break
        await world.grant("mina", 100)  # what comes meanwhile does not disturb older pages
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_cursor_that_was_not_given_out_is_refused(world: World) -> None:
    mina = await world.person("mina")
    for cursor in ("nonsense", "W10", "WzEsIngiXQ", "WzFlOTk5LDFd", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMCwxXQ"):
        with pytest.raises(ArtratorError) as raised:
            await mina.statement(before=cursor)
        assert raised.value.code is Code.REQUEST_INVALID


async def test_a_grant_to_nobody_is_refused(world: World) -> None:
    with pytest.raises(ArtratorError) as raised:
        await world.grant("nobody", MICRO)
    assert raised.value.code is Code.ACCOUNT_UNKNOWN


async def test_a_grant_of_nothing_or_too_much_is_refused(world: World) -> None:
    await world.person("mina")
    for amount in (0, -5, 10**15 + 1):
        with pytest.raises(ArtratorError) as raised:
            await world.grant("mina", amount)
        assert raised.value.code is Code.REQUEST_INVALID


# --- what stands in the database itself


async def _broken(world: World, *statements: str) -> None:
    """Each statement is refused by SQLite itself, whatever the code above it would do."""
    db = connect(world.settings.database)
    try:
        for statement in statements:
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(statement)
    finally:
        db.close()


async def test_the_database_refuses_to_change_or_delete_what_was_posted(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    await shop.deliver(mina, await shop.order(mina))
    await _broken(
        world,
        "UPDATE ledger_transfers SET amount = 1",
        "DELETE FROM ledger_transfers",
        "UPDATE ledger_entries SET balance = 1",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_accounts",
        "REPLACE INTO ledger_transfers SELECT * FROM ledger_transfers",
        "REPLACE INTO ledger_entries SELECT * FROM ledger_entries",
        "REPLACE INTO ledger_accounts SELECT * FROM ledger_accounts",
        "REPLACE INTO orders SELECT * FROM orders",
        "DELETE FROM orders",
        "UPDATE orders SET cap = 1",
        "UPDATE orders SET state = 'held'",
        "UPDATE versions SET package = 'x'",
    )


async def test_the_database_refuses_overdrafts_double_resolutions_and_captures_above_the_hold(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    held, buyer, creator = await shop.order(mina), (await mina.account()).id, (await shop.creator.account()).id
    why = Why("order")

    def attempt(t: Transaction, *transfer: object, **more: object) -> None:
        store.add_transfer(t, *transfer, why, **more)  # type: ignore[arg-type]

    hold = (
        await world.registry.database.read(lambda t: t.row("SELECT * FROM ledger_transfers WHERE phase = 'pending'"))
    )["id"]
    for transfer, more in (
        (("a", "pending", buyer, creator, 8 * MICRO), {}),
        (("a", "single", buyer, creator, 8 * MICRO), {}),
        (("a", "single", buyer, buyer, 1), {}),
        (("a", "single", buyer, creator, 0), {}),
        (("a", "single", buyer, creator, -1), {}),
        (("a", "single", GRANTS, "nobody", 1), {}),
        (("a", "post", buyer, creator, held.cap + 1), {"pending": hold}),
        (("a", "post", creator, buyer, 1), {"pending": hold}),
        (("a", "void", buyer, creator, 1), {"pending": hold}),
        (("a", "post", buyer, creator, 1), {"pending": "no such hold"}),
        (("a", "post", buyer, creator, 1), {}),
        (("a", "single", buyer, creator, 1), {"pending": hold}),
    ):
        with pytest.raises(sqlite3.IntegrityError):
            await world.registry.database.write(attempt, *transfer, **more)
    await shop.deliver(mina, held)
    with pytest.raises(sqlite3.IntegrityError):
        await world.registry.database.write(attempt, "a", "void", buyer, creator, held.cap, pending=hold)


async def test_the_audit_names_every_kind_of_tampering(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    await shop.deliver(mina, await shop.order(mina))
    await shop.order(mina)
    db = connect(world.settings.database)
    db.execute("PRAGMA foreign_keys = OFF")
    for table in ("ledger_transfers", "ledger_entries", "orders"):
        for row in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall():
            db.execute(f"DROP TRIGGER {row['name']}")
    clean = await world.audit()
    assert clean == []
    try:
        for tamper in (
            "UPDATE ledger_accounts SET credits_posted = credits_posted + 1 WHERE system = 0",
            "UPDATE ledger_transfers SET amount = amount + 1 WHERE phase = 'post'",
            "DELETE FROM ledger_transfers WHERE phase = 'post'",
            "UPDATE ledger_transfers SET order_id = 'x', id = 'y' WHERE kind = 'fee'",
            "UPDATE ledger_entries SET balance = balance + 1 WHERE kind = 'charge'",
            "INSERT INTO ledger_transfers (id, phase, debit, credit, amount, kind, at)"
            " VALUES ('x', 'single', 'system:rounding', 'system:fees', 1, 'fee', 0)",
            "DELETE FROM ledger_entries WHERE kind = 'charge'",
            "UPDATE orders SET cap = cap + 1",
            "UPDATE orders SET charged = charged - 1 WHERE state = 'settled'",
            "UPDATE orders SET state = 'released', ended_at = 1 WHERE state = 'held'",
        ):
            db.execute("BEGIN")
            db.execute(tamper)
            assert audit(Transaction(db, 0.0)), tamper
            db.execute("ROLLBACK")
        db.execute("BEGIN")
        db.execute("DELETE FROM offers")
        assert len([each for each in audit(Transaction(db, 0.0)) if "its offer sha256:" in each]) == 2
        db.execute("ROLLBACK")
    finally:
        db.close()


async def test_a_check_that_meets_an_unreadable_row_says_so_and_the_others_still_run(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    await shop.deliver(mina, await shop.order(mina))
    db = connect(world.settings.database)
    try:
        for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {row['name']}")
        db.execute("BEGIN")
        db.execute("UPDATE offers SET document = 'torn'")
        db.execute("UPDATE ledger_accounts SET credits_posted = credits_posted + 1 WHERE owner IS NOT NULL")
        found = audit(Transaction(db, 0.0))
        assert any("could not compare the rest" in each for each in found)
        assert any("its transfers make" in each for each in found)
        assert any(each.startswith("earnings of") for each in found)
        db.execute("ROLLBACK")
    finally:
        db.close()


@pytest.mark.parametrize(
    ("kind", "debit", "credit"),
    [
        ("grant", "mina", "eve"),
        ("grant", "system:grants", "eve/earnings"),
        ("transfer", "mina", "eve"),
        ("transfer", "system:grants", "eve"),
    ],
)
async def test_a_gift_or_a_move_between_other_accounts_is_a_difference(
    world: World, kind: str, debit: str, credit: str
) -> None:
    await world.person("mina", credits_=10)
    await world.person("eve")

    class UndoneError(Exception):
        pass

    def look(t: Transaction) -> None:
        ids = {row["handle"]: row["id"] for row in t.rows("SELECT id, handle FROM accounts")}
        ends = (name.replace(handle, ids[handle]) for name, handle in ((debit, "mina"), (credit, "eve")))
        service.move(t, "forged", *ends, MICRO, Why(kind))
        raise UndoneError(*audit(t))

    with pytest.raises(UndoneError) as found:
        await world.registry.database.write(look)
    assert f"transfer forged ({kind}) is between other accounts" in found.value.args
