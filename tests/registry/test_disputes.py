"""Deliveries that are not what was bought: who may say so, what is set aside, and who has it in the end."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from typing import Any

import pytest
from registry_world import MICRO, Person, Shop, World, acknowledge, gather, make_package

from artrator.canonical import canonical_json, request_digest
from artrator.clients.registry import RegistryClient
from artrator.documents import OutputDigest, Plan, Royalty
from artrator.errors import ArtratorError, Code
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as p
from artrator.messages import registry as m
from artrator_registry.disputes import service as disputes
from artrator_registry.earnings import days
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.audit import audit
from artrator_registry.ledger.models import DISPUTES, FEES
from artrator_registry.storage import Transaction, connect

pytestmark = pytest.mark.anyio

WRONG = dm.DisputeOpening(reason=dm.DisputeReason.NOT_AS_DESCRIBED, text="I asked for a fox.")
DAY = 86_400


async def refuse(code: Code, work: Any) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work
    assert raised.value.code is code, raised.value
    return raised.value


async def delivered(world: World) -> tuple[Shop, Person, m.Order]:
    """A delivery that its buyer accepted: 3 credits, of which the fee is 0.15."""
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    return shop, mina, await shop.deliver(mina, await shop.order(mina))


async def decide(world: World, order: m.Order, winner: str, note: str = "") -> None:
    await world.registry.database.write(disputes.resolve, order.order, winner, note)


async def system(world: World, account: str) -> int:
    return (await world.registry.database.read(ledger.balances, account)).available


async def today(world: World, shop: Shop) -> pm.EarningDay:
    day = days.day_of(world.clock())
    return (await shop.creator.earnings(day, day)).days[0]


# --- opening


async def test_a_settled_order_can_be_disputed_while_its_window_is_open(world: World) -> None:
    shop, mina, order = await delivered(world)
    assert order.dispute_until is not None
    assert order.dispute_until == pytest.approx(world.clock() + DAY, abs=5)
    opened = await mina.open_dispute(order.order, WRONG)
    assert (opened.state, opened.amount, opened.buyer, opened.creator) == ("open", 3 * MICRO, "mina", "atelier")
    assert await mina.open_dispute(order.order, WRONG) == opened
    assert await shop.creator.dispute(order.order) == opened
    now = await mina.get_order(order.order)
    assert (now.state, now.charged, now.dispute_until) == (m.OrderState.DISPUTED, 3 * MICRO, None)
    assert (await shop.creator.balance()).earnings == 0  # set aside
    assert (await mina.balance()).available == 7 * MICRO
    assert (await mina.disputes()).items == (await shop.creator.disputes()).items == [opened]


async def test_what_is_over_or_not_there_cannot_be_disputed(world: World) -> None:
    shop, mina, order = await delivered(world)
    held = await shop.order(mina)
    await refuse(Code.DISPUTE_CLOSED, mina.open_dispute(held.order, WRONG))
    await shop.claim(held, "failed")
    await refuse(Code.DISPUTE_CLOSED, mina.open_dispute(held.order, WRONG))
    own = await shop.deliver(shop.creator, await shop.order(shop.creator))
    assert own.dispute_until is None
    await refuse(Code.DISPUTE_CLOSED, shop.creator.open_dispute(own.order, WRONG))
    await refuse(Code.ORDER_UNKNOWN, mina.open_dispute(str(uuid.uuid4()), WRONG))
    await refuse(Code.DISPUTE_UNKNOWN, mina.dispute(order.order))
    world.clock.offset += DAY + 1
    await mina.sign_in()
    await refuse(Code.DISPUTE_CLOSED, mina.open_dispute(order.order, WRONG))


async def test_nobody_else_opens_sees_or_answers_a_dispute(world: World) -> None:
    shop, mina, order = await delivered(world)
    eve = await world.person("eve")
    await refuse(Code.FORBIDDEN, shop.creator.open_dispute(order.order, WRONG))
    await refuse(Code.ORDER_UNKNOWN, eve.open_dispute(order.order, WRONG))
    await mina.open_dispute(order.order, WRONG)
    await refuse(Code.ORDER_UNKNOWN, eve.dispute(order.order))
    await refuse(Code.ORDER_UNKNOWN, eve.answer_dispute(order.order, dm.DisputeAnswer(text="x", give_back=True)))
    await refuse(Code.FORBIDDEN, mina.answer_dispute(order.order, dm.DisputeAnswer(text="x", give_back=True)))
    assert (await eve.disputes()).items == []


async def test_api_keys_need_their_scopes_and_none_gives_way(world: World) -> None:
    shop, mina, order = await delivered(world)
    made = await mina.create_api_key(m.APIKeyRequest(label="reader", scopes=[m.Scope.ACCOUNT_READ]))
    reader = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    await refuse(Code.SCOPE_MISSING, reader.open_dispute(order.order, WRONG))
    await mina.open_dispute(order.order, WRONG)
    assert (await reader.dispute(order.order)).state is dm.DisputeState.OPEN
    made = await shop.creator.create_api_key(m.APIKeyRequest(label="all", scopes=list(m.Scope)))
    robot = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    await refuse(Code.SCOPE_MISSING, robot.answer_dispute(order.order, dm.DisputeAnswer(text="", give_back=True)))


async def test_a_dispute_that_many_open_at_once_is_one(world: World) -> None:
    _, mina, order = await delivered(world)
    other = WRONG.model_copy(update={"text": "Or a wolf."})
    answers = await gather(*(mina.open_dispute(order.order, each) for each in (WRONG, other) * 4))
    told = {each.text for each in answers if isinstance(each, dm.Dispute)}
    assert len(told) == 1
    assert {each.code for each in answers if isinstance(each, ArtratorError)} == {Code.CONFLICT}


async def test_a_claimed_delivery_is_refused_by_a_dispute_and_stays_held(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.claim(await shop.order(mina))
    assert order.dispute_until is not None
    opened = await mina.open_dispute(order.order, WRONG)
    assert opened.amount == 3 * MICRO
    assert (await mina.balance()).held == 3 * MICRO
    world.clock.offset += 10 * DAY
    assert await world.sweep() == 0
    await decide(world, order, "buyer")
    await mina.sign_in()
    assert await mina.balance() == m.Balance(available=10 * MICRO, held=0, pending=0)


async def test_a_refusal_is_a_dispute_to_which_its_buyer_may_add_once(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.order(mina)
    receipt = shop.node.receipt(order)
    answer = acknowledge(mina.key, order.order, receipt, "refused", reason="The digest of image.png is wrong.")
    await mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=answer))
    found = await mina.dispute(order.order)
    assert (found.reason, found.text) == (dm.DisputeReason.DAMAGED, "The digest of image.png is wrong.")
    assert found.acknowledgement is not None
    assert (await mina.open_dispute(order.order, WRONG)).text == WRONG.text
    await refuse(Code.CONFLICT, mina.open_dispute(order.order, WRONG.model_copy(update={"text": "Again."})))


# --- evidence


async def _with_request(world: World, salt: bytes, request: dict[str, Any]) -> tuple[Shop, Person, m.Order]:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    digest = request_digest(salt, request)
    quote = await mina.quote(m.QuoteRequest(listing=shop.listing, measures={"step": 20}, request=digest))
    placed = await mina.order(
        str(uuid.uuid4()), m.OrderRequest(quote=quote.quote, node=quote.nodes[0].node, max_price=quote.cap)
    )
    return shop, mina, await shop.deliver(mina, placed)


async def test_a_refused_delivery_goes_back_when_its_creator_stays_silent(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=20)
    ignored, answered, accepted = [await shop.order(mina) for _ in range(3)]
    for order in (ignored, answered):
        receipt = shop.node.receipt(order)
        answer = acknowledge(mina.key, order.order, receipt, "refused", reason="image.png does not decode.")
        await mina.acknowledge(order.order, m.Acknowledge(receipt=receipt, acknowledgement=answer))
    await shop.deliver(mina, accepted)
    await mina.open_dispute(accepted.order, WRONG)
    await shop.creator.answer_dispute(answered.order, dm.DisputeAnswer(text="It is what was asked for."))
    world.clock.offset += 14 * DAY - 60
    assert await world.sweep() == 0
    world.clock.offset += 120
    assert await world.sweep() == 1
    await gather(mina.sign_in(), shop.creator.sign_in())
    found = await mina.dispute(ignored.order)
    assert (found.state, found.decided_for) == ("decided", "buyer")
    assert "did not answer" in found.note
    # What somebody has answered, and what was accepted at first, is decided by somebody.
    assert (await mina.dispute(answered.order)).state == "answered"
    assert (await mina.dispute(accepted.order)).state == "open"
    assert (await mina.balance()).available == 20 * MICRO - 2 * 3 * MICRO
    await refuse(Code.DISPUTE_CLOSED, shop.creator.answer_dispute(ignored.order, dm.DisputeAnswer(text="Late.")))


async def test_evidence_that_the_ticket_names_proves_the_request(world: World) -> None:
    salt, request = secrets.token_bytes(32), {"inputs": {"prompt": "여우 a fox"}}
    shop, mina, order = await _with_request(world, salt, request)
    evidence = dm.Evidence(salt=salt.hex(), request=canonical_json(request).decode())
    opened = await mina.open_dispute(order.order, WRONG.model_copy(update={"evidence": evidence}))
    assert opened.evidence_fits is True
    assert (await shop.creator.dispute(order.order)).evidence == evidence


async def test_evidence_that_does_not_fit_is_shown_as_that(world: World) -> None:
    salt, request = secrets.token_bytes(32), {"inputs": {"prompt": "a fox"}}
    _, mina, order = await _with_request(world, salt, request)
    forged = dm.Evidence(salt=salt.hex(), request=json.dumps({"inputs": {"prompt": "a cat"}}))
    opened = await mina.open_dispute(order.order, WRONG.model_copy(update={"evidence": forged}))
    assert opened.evidence_fits is False


async def test_a_request_as_long_as_one_may_be_can_be_revealed(world: World) -> None:
    _, mina, order = await delivered(world)
    long = dm.Evidence(salt="0" * 64, request='"' * 65_536)
    opened = await mina.open_dispute(order.order, WRONG.model_copy(update={"evidence": long}))
    assert opened.evidence == long


# --- deciding


async def test_decided_for_the_buyer_everybody_gives_back_what_they_got(world: World) -> None:
    shop, mina, order = await delivered(world)
    await mina.open_dispute(order.order, WRONG)
    assert (await today(world, shop)).net == 2_850_000
    await decide(world, order, "buyer", "The picture shows a cat.")
    found = await shop.creator.dispute(order.order)
    assert (found.state, found.decided_for, found.note) == ("decided", "buyer", "The picture shows a cat.")
    now = await mina.get_order(order.order)
    assert (now.state, now.charged, now.refunded) == (m.OrderState.REFUNDED, 3 * MICRO, 3 * MICRO)
    assert (await mina.balance()).available == 10 * MICRO
    assert (await shop.creator.balance()).earnings == await system(world, FEES) == await system(world, DISPUTES) == 0
    day = await today(world, shop)
    assert (day.gross, day.fee, day.refunded, day.net) == (3 * MICRO, 0, 3 * MICRO, 0)
    lines = (await mina.statement()).lines
    assert {(line.kind, line.amount) for line in lines[:2]} == {("refund", 2_850_000), ("refund", 150_000)}
    assert {line.order for line in lines[:2]} == {order.order}
    assert lines[0].receipt is not None
    kinds = [line.kind for line in (await shop.creator.statement(of="earnings")).lines]
    assert kinds == ["refund", "release", "hold", "fee", "earning"]


async def test_decided_for_the_creator_everything_is_as_before_and_stays_so(world: World) -> None:
    shop, mina, order = await delivered(world)
    before = await today(world, shop)
    await mina.open_dispute(order.order, WRONG)
    await decide(world, order, "creator")
    assert (await mina.get_order(order.order)).state is m.OrderState.SETTLED
    assert (await shop.creator.balance()).earnings == 2_850_000
    assert await today(world, shop) == before
    assert (await mina.get_order(order.order)).dispute_until is None
    await refuse(Code.DISPUTE_CLOSED, mina.open_dispute(order.order, WRONG.model_copy(update={"text": "Again."})))
    await refuse(Code.DISPUTE_CLOSED, shop.creator.answer_dispute(order.order, dm.DisputeAnswer(text="Thanks.")))


async def test_a_dispute_is_decided_once_whoever_is_quicker(world: World) -> None:
    shop, mina, order = await delivered(world)
    await mina.open_dispute(order.order, WRONG)
    answers = await gather(
        decide(world, order, "creator"),
        decide(world, order, "buyer"),
        shop.creator.answer_dispute(order.order, dm.DisputeAnswer(text="Sorry.", give_back=True)),
    )
    assert sum(not isinstance(each, ArtratorError) for each in answers) == 1
    problems = {each.code for each in answers if isinstance(each, ArtratorError)}
    assert problems <= {Code.ORDER_CLOSED, Code.DISPUTE_CLOSED}


async def test_the_creator_answers_once_and_may_still_give_way(world: World) -> None:
    shop, mina, order = await delivered(world)
    await mina.open_dispute(order.order, WRONG)
    answered = await shop.creator.answer_dispute(order.order, dm.DisputeAnswer(text="It is a fox."))
    assert (answered.state, answered.answer) == (dm.DisputeState.ANSWERED, "It is a fox.")
    assert await shop.creator.answer_dispute(order.order, dm.DisputeAnswer(text="It is a fox.")) == answered
    await refuse(Code.CONFLICT, shop.creator.answer_dispute(order.order, dm.DisputeAnswer(text="Or a wolf.")))
    for _ in range(2):
        given = await shop.creator.answer_dispute(order.order, dm.DisputeAnswer(text="It is a fox.", give_back=True))
        assert (given.state, given.decided_for) == (dm.DisputeState.DECIDED, "buyer")
    assert (await mina.balance()).available == 10 * MICRO


async def test_an_api_key_gets_back_what_was_refunded(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    made = await mina.create_api_key(m.APIKeyRequest(label="batch", scopes=list(m.Scope), spending_limit=3 * MICRO))
    batch = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    order = await shop.deliver(mina, await shop.order(batch))
    await batch.open_dispute(order.order, WRONG)
    await refuse(Code.SPENDING_LIMIT, shop.order(batch))
    assert await world.audit() == []
    await decide(world, order, "buyer")
    assert (await mina.api_keys())[0].spent == 0


# --- money that is on its way out


async def test_disputed_money_can_neither_be_paid_out_nor_spent(world: World) -> None:
    shop, mina, order = await delivered(world)
    await mina.open_dispute(order.order, WRONG)
    world.clock.offset += 30 * DAY
    await shop.creator.sign_in()
    for work in (
        shop.creator.move_earnings(str(uuid.uuid4()), 1),
        shop.creator.request_payout(str(uuid.uuid4()), pm.PayoutRequest(amount=10 * MICRO, destination="KB 1")),
    ):
        await refuse(Code.EARNINGS_INSUFFICIENT, work)
    await decide(world, order, "buyer")
    await mina.sign_in()
    assert (await mina.balance()).available == 10 * MICRO
    assert await system(world, DISPUTES) == 0


async def test_what_has_left_before_a_dispute_is_the_operators_and_never_the_buyers_loss(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No setting allows this; a clock that was set back by hand, or an old backup, may.
    shop, mina, order = await delivered(world)
    monkeypatch.setattr(type(world.settings), "payout_delay", -3 * DAY)
    await shop.creator.move_earnings(str(uuid.uuid4()), 2 * MICRO)
    monkeypatch.undo()
    await mina.open_dispute(order.order, WRONG)
    await decide(world, order, "buyer")
    assert (await mina.balance()).available == 10 * MICRO
    assert (await shop.creator.balance()).earnings == 0
    assert await system(world, DISPUTES) == -2 * MICRO
    assert await world.audit() == []


async def test_a_dispute_and_a_payout_at_once_leave_nothing_uncovered(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    for _ in range(8):
        await shop.deliver(mina, await shop.order(mina))
    world.clock.offset += 9 * DAY
    await shop.online()
    await mina.sign_in()
    order = await shop.deliver(mina, await shop.order(mina))
    await gather(
        mina.open_dispute(order.order, WRONG),
        *(
            shop.creator.request_payout(str(uuid.uuid4()), pm.PayoutRequest(amount=11_400_000, destination="KB 1"))
            for _ in range(3)
        ),
    )
    await decide(world, order, "buyer")
    assert await system(world, DISPUTES) == 0
    assert (await shop.creator.balance()).earnings == 0


# --- parts


async def test_a_batch_of_which_half_was_delivered_costs_half(world: World) -> None:
    shop = await world.shop(base=0, step=MICRO)
    mina = await world.person("mina", credits_=10)
    placed = await shop.order(mina, steps=4)
    outputs = [
        OutputDigest(name=f"image-{number}", media_type="image/png", sha256=f"{number:064x}", size=10)
        for number in (1, 2)
    ]
    receipt = shop.node.receipt(placed, outputs=outputs, measures={"step": 2})
    answer = acknowledge(mina.key, placed.order, receipt)
    settled = await shop.creator.claim(placed.order, m.Claim(receipt=receipt, acknowledgement=answer))
    assert (settled.charged, settled.cap) == (2 * MICRO, 4 * MICRO)
    assert (await mina.balance()).available == 8 * MICRO


# --- how it went


async def test_everybody_sees_how_a_listings_orders_went(world: World) -> None:
    shop = await world.shop()
    await shop.creator.publish("atelier/other", make_package(shop.creator.key, "other").publication)
    mina = await world.person("mina", credits_=100)
    settled = [await shop.deliver(mina, await shop.order(mina)) for _ in range(4)]
    await shop.claim(await shop.order(mina), "failed")
    await shop.claim(await shop.order(mina), "cancelled")
    await shop.deliver(shop.creator, await shop.order(shop.creator))
    await mina.open_dispute(settled[0].order, WRONG)
    await mina.open_dispute(settled[1].order, WRONG.model_copy(update={"reason": dm.DisputeReason.UNUSABLE}))
    await decide(world, settled[1], "buyer")
    nobody = RegistryClient("http://registry", transport=world.transport)
    assert await nobody.trust(shop.listing) == dm.DisputeRates(
        settled=2, failed=1, disputed=1, refunded=1, by_reason={"not_as_described": 1, "unusable": 1}
    )
    assert (await nobody.trust("atelier/other")).settled == 0
    await refuse(Code.LISTING_UNKNOWN, nobody.trust("atelier/nothing"))
    world.clock.offset += 91 * DAY
    assert (await nobody.trust(shop.listing)).settled == 0


async def test_disputes_come_in_pages(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    placed = [await shop.deliver(mina, await shop.order(mina)) for _ in range(5)]
    for order in placed:
        await mina.open_dispute(order.order, WRONG)
    seen: list[str] = []
    async with world.http() as http:
        token, before = (await shop.creator.sign_in()).token, {}
        while before is not None:
            answer = await http.get(
                "/v1/disputes", params={"limit": 2, **before}, headers={"Authorization": f"Bearer {token}"}
            )
            page = dm.Disputes.model_validate(answer.json())
            seen += [each.order for each in page.items]
            before = {"before": page.next} if page.next else None
    assert seen == [order.order for order in reversed(placed)]


# --- the audit


async def test_the_audit_names_disputes_that_do_not_fit_the_ledger(world: World) -> None:
    shop, mina, order = await delivered(world)
    await mina.open_dispute(order.order, WRONG)
    other = await shop.deliver(mina, await shop.order(mina))
    await mina.open_dispute(other.order, WRONG)
    await decide(world, other, "buyer")
    db = connect(world.settings.database)
    db.execute("PRAGMA foreign_keys = OFF")
    for table in ("ledger_transfers", "disputes", "orders"):
        for row in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall():
            db.execute(f"DROP TRIGGER {row['name']}")
    assert await world.audit() == []
    try:
        for tamper in (
            "DELETE FROM disputes WHERE state = 'open'",
            "UPDATE disputes SET amount = amount + 1 WHERE state = 'decided'",
            "UPDATE disputes SET covered = 1 WHERE state = 'decided'",
            "UPDATE disputes SET state = 'decided', decided_for = 'creator', decided_by = 'operator', decided_at = 1"
            " WHERE state = 'open'",
            "UPDATE orders SET state = 'settled', ended_at = 1 WHERE state = 'disputed'",
            "UPDATE ledger_transfers SET id = 'x' WHERE kind = 'refund' AND phase = 'post' AND debit = 'system:fees'",
        ):
            db.execute("BEGIN")
            db.execute(tamper)
            assert list(audit(Transaction(db, 0.0))), tamper
            db.execute("ROLLBACK")
    finally:
        db.close()


# --- whatever paid for it


async def test_royalties_go_back_with_the_rest_and_the_days_of_both_say_so(world: World) -> None:
    base = await world.shop("base", name="root")
    royalties = [Royalty(listing="base/root", basis_points=1_000)]
    shop = await world.shop(base_models=["base/root"], royalties=royalties, base=7, step=0)
    mina = await world.person("mina", credits_=10)
    first = await shop.deliver(mina, await shop.order(mina))
    second = await shop.deliver(mina, await shop.order(mina))
    theirs = (await base.creator.balance()).earnings
    await mina.open_dispute(first.order, WRONG)
    await mina.open_dispute(second.order, WRONG)
    assert (await base.creator.balance()).earnings == 0
    await decide(world, first, "buyer")
    await decide(world, second, "creator")
    assert (await mina.balance()).available == 10 * MICRO - 7
    assert (await base.creator.balance()).earnings == theirs // 2 == 1
    day = await today(world, base)
    assert (day.kind, day.listing, day.gross, day.refunded, day.net) == ("royalty", "base/root", 2, 1, 1)
    day = await today(world, shop)
    assert (day.gross, day.royalties, day.refunded) == (14, 1, 7)
    assert day.net == (await shop.creator.balance()).earnings
    assert await system(world, DISPUTES) == 0


async def test_a_run_that_a_pass_paid_for_gives_back_what_the_pass_had_paid(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=20)
    plan = Plan(
        creator=shop.creator.key.public.encode(),
        name="all",
        title={"en": "All"},
        price=9 * MICRO,
        allowance=30 * MICRO,
        issued_at=int(time.time()),
    )
    await shop.creator.publish_plan("atelier", "all", plan.sign(shop.creator.key))
    await mina.buy_pass(str(uuid.uuid4()), p.PassRequest(plan="atelier/all", max_price=9 * MICRO))
    order = await shop.deliver(mina, await shop.order(mina))
    assert (order.paid_by, order.charged) == ("pass", 0)
    opened = await mina.open_dispute(order.order, WRONG)
    assert opened.amount == 900_000  # 9 credits, times 3 of 30
    await decide(world, order, "buyer")
    assert (await mina.balance()).available == 11 * MICRO + 900_000
    assert (await shop.creator.balance()).earnings == 0
    assert (await today(world, shop)).kind == "pass"


async def test_a_free_run_can_be_disputed_for_the_record(world: World) -> None:
    shop = await world.shop(free_runs=1)
    mina = await world.person("mina")
    order = await shop.deliver(mina, await shop.order(mina))
    assert order.paid_by == "free"
    opened = await mina.open_dispute(order.order, WRONG)
    assert opened.amount == 0
    await decide(world, order, "buyer")
    assert (await mina.trust(shop.listing)).refunded == 1
    await shop.deliver(mina, await shop.order(await funded(world, mina)))
    assert (await mina.trust(shop.listing)).settled == 0  # counted at most once a minute
    world.clock.offset += 61
    assert (await mina.trust(shop.listing)).settled == 1


async def funded(world: World, person: Person) -> Person:
    """The same person, with credits."""
    await world.grant((await person.account()).handle, 10 * MICRO)
    return person
