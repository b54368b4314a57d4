"""Top-ups: how money comes in through a rail, whatever its provider and the network do."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from registry_world import MICRO, Person, Shop, World, gather
from toy_rail import DAY, ToyRail

from artrator.documents import Plan
from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as po
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator.rail import Notice, Payment, PaymentState, PayoutAnswer, PayoutOrder
from artrator_registry import Settings
from artrator_registry.cli import registry as command
from artrator_registry.payouts import store as payouts
from artrator_registry.rails import topup_store as store
from artrator_registry.rails.loading import load_rails
from artrator_registry.rails.models import Agreed
from artrator_registry.rails.sending import Sender
from artrator_registry.storage import Transaction

pytestmark = pytest.mark.anyio
FIVE = rm.TopUpRequest(rail="toy", amount=5 * MICRO)


class Bank(World):
    """A registry with a toy rail."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.toy = ToyRail()
        self.provider = self.toy.provider
        settings = {"topups_per_minute": 10_000, "requests_per_minute": 10_000, **settings}
        super().__init__(Settings(data=data, **settings), {**load_rails((), data / "no.toml"), "toy": self.toy})

    async def hear(self, identifier: str, reference: str, topup: str = "") -> int:
        body, headers = self.toy.notice(identifier, reference, topup)
        async with self.http() as http:
            answer = await http.post("/v1/rails/toy/webhook", content=body, headers=headers)
        return answer.status_code

    async def act(self) -> None:
        await self.registry.rails.reconciler.act()

    async def reconcile(self) -> None:
        await self.registry.rails.reconciler.reconcile()

    def sender(self) -> Sender:
        return self.registry.rails.reconciler._rounds["toy"]._sender

    async def bought(self, who: Person, amount: int = 5 * MICRO) -> str:
        """A top-up that was asked for, paid and heard of."""
        topup = str(uuid.uuid4())
        asked = await who.top_up(topup, rm.TopUpRequest(rail="toy", amount=amount))
        reference = self.provider.pay(topup, asked.charge)
        assert await self.hear(f"evt-{topup}", reference) == 204
        await self.act()
        return topup


@pytest.fixture
async def bank(data: Path) -> AsyncIterator[Bank]:
    async with Bank(data) as opened:
        yield opened


async def test_a_top_up_is_credited_once_it_is_paid(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    asked = await mina.top_up(topup, FIVE)
    assert (asked.state, asked.charge, asked.currency) == (rm.TopUpState.OPEN, 50, "eur")
    assert asked.page == f"https://toy.example/{topup}"
    reference = bank.provider.pay(topup, 50)
    assert (await mina.balance()).available == 0  # paying alone says nothing to us
    assert await bank.hear("evt-1", reference) == 204
    await bank.act()
    found = await mina.topup(topup)
    assert (found.state, found.page) == (rm.TopUpState.PAID, None)
    assert found.paid_at is not None
    assert (await mina.balance()).available == 5 * MICRO
    line = (await mina.statement()).lines[0]
    assert (line.kind, line.amount, line.text, line.counterparty) == (
        "topup",
        5 * MICRO,
        "Topped up: Toy",
        "system:rail/toy",
    )
    assert [each.id for each in (await mina.topups()).items] == [topup]


async def test_the_rails_are_told_with_what_their_credits_are_worth(bank: Bank) -> None:
    mina = await bank.person("mina")
    rails = {rail.name: rail for rail in await mina.rails()}
    assert set(rails) == {"grant", "toy", "voucher"}
    assert rails["toy"].cash_value
    for given in (rails["voucher"], rails["grant"]):
        assert not given.cash_value
        assert "no cash value" in given.title["en"]
        assert "현금 가치 없음" in given.title["ko"]
    for name in ("grant", "voucher", "nothing"):
        with pytest.raises(ArtratorError) as raised:
            await mina.top_up(str(uuid.uuid4()), rm.TopUpRequest(rail=name, amount=5 * MICRO))
        assert raised.value.code is Code.RAIL_UNKNOWN


async def test_the_same_id_and_body_give_the_same_answer_and_another_body_a_conflict(bank: Bank) -> None:
    mina, eve = await bank.person("mina"), await bank.person("eve")
    topup = str(uuid.uuid4())
    answers = await gather(*(mina.top_up(topup, FIVE) for _ in range(5)))
    assert len({answer.model_dump_json() for answer in answers}) == 1
    assert bank.provider.asked.count(f"make {topup}") == 1
    for someone, request in ((eve, FIVE), (mina, rm.TopUpRequest(rail="toy", amount=6 * MICRO))):
        with pytest.raises(ArtratorError) as raised:
            await someone.top_up(topup, request)
        assert raised.value.code is Code.CONFLICT
    with pytest.raises(ArtratorError) as raised:
        await eve.topup(topup)
    assert raised.value.code is Code.TOPUP_UNKNOWN
    assert (await eve.topups()).items == []


async def test_a_provider_that_is_down_costs_a_repetition_and_nothing_else(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    bank.provider.down = True
    with pytest.raises(ArtratorError) as raised:
        await mina.top_up(topup, FIVE)
    assert raised.value.code is Code.RAIL_UNAVAILABLE
    assert (await mina.topup(topup)).page is None
    bank.provider.down = False
    assert (await mina.top_up(topup, FIVE)).page is not None


async def test_a_webhook_that_comes_before_its_provider_answers_again_is_acted_upon_later(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    reference = bank.provider.pay(topup, 50)
    bank.provider.down = True
    assert await bank.hear("evt-1", reference) == 204  # answered at once, whatever the provider does
    await bank.act()
    bank.provider.down = False
    assert (await mina.balance()).available == 0
    bank.clock.offset += 5
    await bank.act()
    assert (await mina.balance()).available == 5 * MICRO


async def test_a_webhook_that_comes_often_or_not_at_all_credits_once(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    for again in (f"evt-{topup}", "evt-other", "evt-third"):
        await gather(*(bank.hear(again, f"ref-{topup}") for _ in range(4)))
    await bank.act()
    await bank.reconcile()
    assert (await mina.balance()).available == 5 * MICRO
    lost = str(uuid.uuid4())
    await mina.top_up(lost, FIVE)
    bank.provider.pay(lost, 50)
    bank.clock.offset += 31
    await bank.reconcile()
    assert (await mina.topup(lost)).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 10 * MICRO


async def test_whoever_asks_for_an_old_top_up_need_not_wait_as_long_as_one_that_nobody_asks_for(bank: Bank) -> None:
    mina = await bank.person("mina")
    paid, other = str(uuid.uuid4()), str(uuid.uuid4())
    for topup in (paid, other):
        await mina.top_up(topup, FIVE)
    bank.clock.offset += 9 * DAY
    await bank.reconcile()  # nothing came in nine days: from now on they are looked at once an hour
    for topup in (paid, other):
        bank.provider.pay(topup, 50)
    assert (await mina.topup(paid)).state is rm.TopUpState.OPEN
    looks = [f"look ref-{topup}" for topup in (paid, other)]
    before = [bank.provider.asked.count(look) for look in looks]
    for _ in range(3):  # asking often makes nobody be asked more often
        bank.clock.offset += 11
        await bank.reconcile()
        await mina.topup(paid)
    assert [bank.provider.asked.count(look) for look in looks] == [before[0] + 1, before[1]]
    assert (await mina.topup(paid)).state is rm.TopUpState.PAID
    bank.clock.offset += 3_600
    await bank.reconcile()
    assert (await mina.topup(other)).state is rm.TopUpState.PAID


async def test_one_question_that_was_not_answered_makes_no_payment_wait_for_an_hour(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    for _ in range(8):  # it was asked about often, and always answered
        bank.clock.offset += 45
        await bank.reconcile()
    bank.provider.pay(topup, 50)
    bank.provider.down = True
    bank.clock.offset += 45
    await bank.reconcile()
    bank.provider.down = False
    bank.clock.offset += 70
    await bank.reconcile()
    assert (await mina.balance()).available == 5 * MICRO


async def test_what_was_put_off_before_the_clock_was_set_back_does_not_wait_until_it_is_that_late_again(
    bank: Bank,
) -> None:
    mina = await bank.person("mina")
    asked, told = str(uuid.uuid4()), str(uuid.uuid4())
    bank.clock.offset += 9 * DAY  # wrongly, as it turns out
    await mina.sign_in()
    for topup in (asked, told):
        await mina.top_up(topup, FIVE)
        bank.provider.pay(topup, 50)
    bank.provider.down = True
    assert await bank.hear("evt-1", f"ref-{told}") == 204
    await bank.reconcile()
    bank.provider.down = False
    bank.clock.offset -= 9 * DAY
    await mina.sign_in()
    await bank.reconcile()
    assert [each.state for each in (await mina.topups()).items] == [rm.TopUpState.PAID] * 2
    waits = await bank.registry.database.read(lambda t: t.rows("SELECT * FROM rail_events WHERE done_at IS NULL"))
    assert waits == []


async def test_a_top_up_that_its_provider_has_forgotten_ends_and_stands_in_nobodys_way(bank: Bank) -> None:
    mina = await bank.person("mina")
    forgotten = [str(uuid.uuid4()) for _ in range(20)]
    for topup in forgotten:
        await mina.top_up(topup, FIVE)
    bank.provider.payments.clear()
    bank.clock.offset += 7 * DAY
    await mina.sign_in()
    await bank.reconcile()  # its answer may be a mistake yet
    assert {each.state for each in (await mina.topups()).items} == {rm.TopUpState.OPEN}
    with pytest.raises(ArtratorError) as raised:
        await mina.top_up(str(uuid.uuid4()), FIVE)
    assert raised.value.code is Code.RATE_LIMITED
    bank.clock.offset += DAY + 3_700
    await mina.sign_in()
    await bank.reconcile()
    found = (await mina.topups()).items
    assert {(each.state, each.reason) for each in found} == {(rm.TopUpState.EXPIRED, "unknown_to_provider")}
    await bank.bought(mina)
    late = bank.provider.pay(forgotten[0], 50)  # it knew after all
    assert await bank.hear("evt-late", late) == 204
    await bank.act()
    assert (await mina.topup(forgotten[0])).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 10 * MICRO


async def test_top_ups_by_a_rail_that_is_out_of_use_keep_nobody_from_another(bank: Bank) -> None:
    mina = await bank.person("mina")
    account = (await mina.account()).id

    def leave(t: Transaction) -> None:
        for number in range(30):
            store.add(t, Agreed(f"old-{number}", "", account, "gone", MICRO, 10, "eur", None))

    await bank.registry.database.write(leave)
    assert (await mina.top_up(str(uuid.uuid4()), FIVE)).state is rm.TopUpState.OPEN


async def test_a_webhook_that_nobody_signed_is_refused_and_never_believed(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    body, headers = bank.toy.notice("evt-1", f"ref-{topup}")
    async with bank.http() as http:
        for wrong in ({}, {"Toy-Signature": "0" * 64}, {"Toy-Signature": ""}):
            answer = await http.post("/v1/rails/toy/webhook", content=body, headers=wrong)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "webhook_invalid")
        assert (await http.post("/v1/rails/toy/webhook", content=body, headers=headers)).status_code == 204
        assert (await http.post("/v1/rails/nothing/webhook", content=body)).json()["error"]["code"] == "rail_unknown"
        assert (await http.post("/v1/rails/voucher/webhook", content=b"{}")).status_code == 400
        large = await http.post("/v1/rails/toy/webhook", content=b"x" * (256 * 1024 + 1))
        assert large.json()["error"]["code"] == "request_too_large"
    await bank.act()  # a signed notice says only where to look, and there nothing was paid
    assert (await mina.topup(topup)).state is rm.TopUpState.OPEN
    assert (await mina.balance()).available == 0


async def test_only_unsigned_webhooks_are_slowed_down(data: Path) -> None:
    async with Bank(data, requests_per_minute=20) as bank, bank.http() as http:
        codes = {(await http.post("/v1/rails/toy/webhook", content=b"{}")).status_code for _ in range(40)}
        assert codes == {400, 429}
        assert await bank.hear("evt-1", "ref-nothing") == 204


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"charge": 49}, "amount_mismatch"),
        ({"charge": 51}, "amount_mismatch"),
        ({"charge": 50, "currency": "usd"}, "currency_mismatch"),
        ({"charge": 50, "payment": ""}, "unnamed_payment"),
    ],
)
async def test_money_that_does_not_fit_is_kept_as_evidence_and_credited_to_nobody(
    bank: Bank, changes: dict[str, Any], problem: str
) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    reference = bank.provider.pay(topup, **changes)
    for number in range(3):
        await bank.hear(f"evt-{number}", reference)
        await bank.act()
    found = await mina.topup(topup)
    assert (found.state, found.reason) == (rm.TopUpState.FAILED, problem)
    assert (await mina.balance()).available == 0
    shown = CliRunner().invoke(command, ["topups", "--data", str(bank.settings.data)])
    assert shown.exit_code == 0, shown.output
    assert shown.output.count(problem) == 2  # the reason, and one piece of evidence for three notices
    assert topup in shown.output


async def test_one_payment_never_credits_two_top_ups(bank: Bank) -> None:
    mina = await bank.person("mina")
    first = await bank.bought(mina)
    second = str(uuid.uuid4())
    await mina.top_up(second, FIVE)
    reference = bank.provider.pay(second, 50, payment=f"pay-{first}")
    await bank.hear("evt-2", reference)
    await bank.act()
    assert (await mina.topup(second)).reason == "payment_of_another"
    # And a second payment of a top-up that was paid is evidence, not credit.
    bank.provider.pay(first, 50, payment="pay-again")
    await bank.hear("evt-3", f"ref-{first}")
    await bank.act()
    assert (await mina.topup(first)).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 5 * MICRO
    assert "paid_twice" in CliRunner().invoke(command, ["topups", "--data", str(bank.settings.data)]).output


@pytest.mark.parametrize("ended", ["expired", "failed"])
async def test_a_late_payment_of_a_top_up_that_ended_is_still_credited(bank: Bank, ended: str) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    bank.provider.change(topup, state=PaymentState(ended), reason="card declined")
    await bank.hear("evt-1", f"ref-{topup}")
    await bank.act()
    assert (await mina.topup(topup)).state == ended
    bank.provider.pay(topup, 50)
    for _ in range(3):  # nobody says so; the registry finds out
        bank.clock.offset += DAY
        await bank.reconcile()
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 5 * MICRO


async def test_a_top_up_has_limits(bank: Bank) -> None:
    mina = await bank.person("mina")
    for amount in (1, MICRO - 1, 1_000 * MICRO + 1, 10**15):
        with pytest.raises(ArtratorError) as raised:
            await mina.top_up(str(uuid.uuid4()), rm.TopUpRequest(rail="toy", amount=amount))
        assert raised.value.code is Code.REQUEST_INVALID
    # A cent is not divided: credits are never sold below their price.
    odd = await mina.top_up(str(uuid.uuid4()), rm.TopUpRequest(rail="toy", amount=MICRO + 1))
    assert odd.charge == 11
    for _ in range(19):
        await mina.top_up(str(uuid.uuid4()), FIVE)
    with pytest.raises(ArtratorError) as raised:
        await mina.top_up(str(uuid.uuid4()), FIVE)
    assert raised.value.code is Code.RATE_LIMITED


async def test_an_api_key_tops_up_only_with_its_scope(bank: Bank) -> None:
    mina = await bank.person("mina")
    made = await mina.create_api_key(m.APIKeyRequest(label="eye", scopes=[m.Scope.ACCOUNT_READ]))
    async with bank.http() as http:
        http.headers["Authorization"] = f"Bearer {made.secret}"
        put = await http.put(f"/v1/topups/{uuid.uuid4()}", json={"rail": "toy", "amount": 5 * MICRO})
        assert put.json()["error"]["code"] == "scope_missing"
        assert (await http.get("/v1/topups")).status_code == 200


async def test_how_to_pay_is_shown_only_while_it_can_be_paid_and_pages_need_no_script(bank: Bank) -> None:
    async with bank.http() as http:
        for page, says in (
            ("/pay/done", ("Thank you", "감사합니다")),
            ("/pay/cancelled", ("Nothing was paid", "결제되지")),
        ):
            answer = await http.get(page)
            assert answer.status_code == 200
            assert all(words in answer.text for words in says)
            assert "<script" not in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]


# --- money that is taken back


async def test_a_chargeback_takes_what_is_there_and_the_rest_is_owed(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    await shop.deliver(mina, await shop.order(mina))  # three of five are spent
    bank.provider.change(topup, taken_back=50)
    await bank.hear("evt-dispute", f"ref-{topup}")
    await bank.act()
    found = await mina.topup(topup)
    assert (found.state, found.taken_back) == (rm.TopUpState.CHARGED_BACK, 5 * MICRO)
    after = await mina.balance()
    assert (after.available, after.debt) == (0, 3 * MICRO)
    assert [(line.kind, line.amount) for line in (await mina.statement(of="debt")).lines] == [
        ("chargeback", -3 * MICRO)
    ]
    assert (await shop.creator.balance()).earnings == 2_850_000  # whoever delivered keeps what was earned
    # Nothing can be ordered until it is paid, whatever it costs.
    with pytest.raises(ArtratorError) as raised:
        await shop.order(mina)
    assert raised.value.code is Code.DEBT_UNPAID
    assert raised.value.details["debt"] == 3 * MICRO
    # Whatever comes in pays it first.
    await mina.redeem(await bank.voucher(2 * MICRO))
    assert await mina.balance() == after.model_copy(update={"debt": MICRO})
    await bank.bought(mina)
    assert await mina.balance() == after.model_copy(update={"debt": 0, "available": 4 * MICRO})
    await shop.order(mina)


async def test_a_dispute_that_is_won_gives_everything_back(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    await shop.deliver(mina, await shop.order(mina))
    for number, taken in enumerate((50, 0, 50, 0)):
        bank.provider.change(topup, taken_back=taken)
        await bank.hear(f"evt-{number}", f"ref-{topup}")
        await bank.act()
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
    assert (await mina.balance()).available == 2 * MICRO
    assert (await mina.balance()).debt == 0


async def test_what_the_operator_forgave_comes_back_to_the_operator(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    await shop.deliver(mina, await shop.order(mina))
    bank.provider.change(topup, taken_back=50)
    await bank.hear("evt-1", f"ref-{topup}")
    await bank.act()
    data = ["--data", str(bank.settings.data)]
    assert "3 credits of mina were written off" in CliRunner().invoke(command, ["forgive", "mina", *data]).output
    assert "owes nothing" in CliRunner().invoke(command, ["forgive", "mina", *data]).output
    assert (await mina.balance()).debt == 0
    bank.provider.change(topup, taken_back=0)
    await bank.hear("evt-2", f"ref-{topup}")
    await bank.act()
    assert (await mina.balance()).available == 2 * MICRO
    losses = await bank.registry.database.read(
        lambda t: t.row("SELECT credits_posted - debits_posted FROM ledger_accounts WHERE id = 'system:losses'")[0]
    )
    assert losses == 0
    assert CliRunner().invoke(command, ["forgive", "nobody", *data]).exit_code == 1


async def test_open_orders_may_finish_and_what_comes_back_of_them_pays_the_debt(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    held = await shop.order(mina)  # three of five
    bank.provider.change(topup, taken_back=50)
    await bank.hear("evt-1", f"ref-{topup}")
    await bank.act()
    now = await mina.balance()
    assert (now.available, now.held, now.debt) == (0, 3 * MICRO, 3 * MICRO)
    await shop.claim(held, "failed", error="worker_died")
    await bank.reconcile()
    now = await mina.balance()
    assert (now.available, now.held, now.debt) == (0, 0, 0)


async def test_a_partial_refund_takes_back_its_part(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    for number, (taken, left) in enumerate(((10, 4), (25, 2.5), (25, 2.5), (50, 0))):
        bank.provider.change(topup, taken_back=taken)
        await bank.hear(f"evt-{number}", f"ref-{topup}")
        await bank.act()
        assert (await mina.balance()).available == left * MICRO
    assert (await mina.topup(topup)).state is rm.TopUpState.CHARGED_BACK


async def test_a_chargeback_that_no_webhook_told_of_is_found(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    bank.provider.change(topup, taken_back=50)
    bank.provider.changed = [f"ref-{topup}"]
    bank.clock.offset += 30 * DAY
    await bank.reconcile()
    assert (await mina.topup(topup)).state is rm.TopUpState.CHARGED_BACK
    asked = [what for what in bank.provider.asked if what.startswith("reconcile")]
    await bank.reconcile()
    assert [what for what in bank.provider.asked if what.startswith("reconcile")] == asked  # not again within the hour


async def test_a_subscription_pays_again_and_every_payment_counts_once(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    for month in range(3):
        reference = bank.provider.pay(topup, 50, payment=f"invoice-{month}", subscription="sub-1")
        for again in range(2):
            await bank.hear(f"evt-{month}-{again}", reference)
            await bank.act()
    assert (await mina.balance()).available == 15 * MICRO
    items = (await mina.topups()).items
    assert [item.state for item in items] == [rm.TopUpState.PAID] * 3
    assert len({item.id for item in items}) == 3


async def test_a_provider_that_names_another_top_up_each_time_is_not_asked_for_ever(bank: Bank) -> None:
    async def look(reference: str) -> Any:
        bank.provider.asked.append("look")
        return Payment(PaymentState.PAID, str(uuid.uuid4()), "pay-1", 50, "eur")

    bank.toy.look = look  # type: ignore[method-assign]
    assert await bank.hear("evt-1", "ref-1") == 204
    await asyncio.wait_for(bank.act(), 240)
    assert bank.provider.asked.count("look") == 3


async def test_two_who_act_at_once_ask_a_provider_once_about_each_notice(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)
    reference = bank.provider.pay(topup, 50)
    assert await bank.hear("evt-1", reference, topup) == 204  # which wakes the registry's own reconciler
    await asyncio.wait_for(asyncio.gather(*(bank.act() for _ in range(4))), 240)
    assert bank.provider.asked.count(f"look {reference}") == 1


async def test_what_is_left_of_a_rail_that_is_out_of_use_stands_in_nobodys_way(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    await mina.top_up(topup, FIVE)

    def leave(t: Any) -> None:
        for number in range(200):
            store.hear(t, "gone", Notice(f"evt-{number}", "ref"))

    await bank.registry.database.write(leave)
    await bank.hear("evt-1", bank.provider.pay(topup, 50))
    await asyncio.wait_for(bank.act(), 240)
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID


async def test_an_old_answer_never_overtakes_a_newer_one(bank: Bank) -> None:
    mina = await bank.person("mina")
    topup = await bank.bought(mina)
    answers = [bank.provider.payments[f"ref-{topup}"]]
    bank.provider.change(topup, taken_back=50)
    answers.append(bank.provider.payments[f"ref-{topup}"])
    real, slow = bank.toy.look, iter(answers)

    async def look(reference: str) -> Any:
        # The first to ask gets the older picture and gets it late.
        answer = next(slow)
        await asyncio.sleep(0.05 if answer is answers[0] else 0)
        return answer

    bank.toy.look = look  # type: ignore[method-assign]
    looks = bank.registry.rails.topups
    await gather(*(looks.look("toy", f"ref-{topup}", topup) for _ in range(2)))
    bank.toy.look = real  # type: ignore[method-assign]
    assert (await mina.topup(topup)).state is rm.TopUpState.CHARGED_BACK


# --- passes, payouts, and a registry that was restored


async def _plan(shop: Shop, price: int = 5 * MICRO, *, withdrawn: bool = False) -> str:
    terms = Plan(
        creator=shop.creator.key.public.encode(),
        name="all",
        title={"en": "Everything"},
        price=price,
        allowance=20 * MICRO,
        period_days=30,
        issued_at=int(time.time()) + withdrawn,
        withdrawn=withdrawn,
    )
    await shop.creator.publish_plan(shop.handle, "all", terms.sign(shop.creator.key))
    return f"{shop.handle}/all"


async def test_a_pass_that_a_rail_renews_begins_with_each_payment(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    plan = await _plan(shop)
    wanted = rm.TopUpRequest(rail="toy", amount=5 * MICRO, pass_plan=plan)
    topup = str(uuid.uuid4())
    await mina.top_up(topup, wanted)
    for month in range(2):
        reference = bank.provider.pay(topup, 50, payment=f"invoice-{month}", subscription="sub-1")
        for again in range(2):
            await bank.hear(f"evt-{month}-{again}", reference)
            await bank.act()
        bought = (await mina.passes())[0]
        assert (bought.plan, bought.state, bought.paid_through, bought.renew) == (plan, "active", "toy", True)
        # The price of a month in which nothing was delivered comes back when the next one begins.
        assert (await mina.balance()).available == month * 5 * MICRO
        bank.clock.offset += 30 * DAY
        await bank.sweep()
    for renew in (False, True):
        changed = await mina.change_pass(bought.id, renew)
        assert (changed.renew, bank.provider.renewals) == (renew, {"sub-1": renew})
    bank.provider.down = True
    with pytest.raises(ArtratorError) as raised:
        await mina.change_pass(bought.id, False)
    assert raised.value.code is Code.RAIL_UNAVAILABLE
    assert (await mina.one_pass(bought.id)).renew  # nothing is promised that the provider was not told


async def test_a_pass_that_could_not_begin_is_not_sold_and_one_that_cannot_leaves_its_credits(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    plan = await _plan(shop)
    for amount, wrong, code in (
        (4 * MICRO, plan, Code.PRICE_ABOVE_CAP),
        (6 * MICRO, plan, Code.REQUEST_INVALID),
        (5 * MICRO, "atelier/nothing", Code.PLAN_UNKNOWN),
    ):
        with pytest.raises(ArtratorError) as raised:
            await mina.top_up(str(uuid.uuid4()), rm.TopUpRequest(rail="toy", amount=amount, pass_plan=wrong))
        assert raised.value.code is code
    topups = [str(uuid.uuid4()) for _ in range(2)]
    for topup in topups:
        await mina.top_up(topup, rm.TopUpRequest(rail="toy", amount=5 * MICRO, pass_plan=plan))
    for topup in topups:  # both are paid, and only one can begin
        await bank.hear(f"evt-{topup}", bank.provider.pay(topup, 50, subscription=f"sub-{topup}"))
        await bank.act()
    assert (await mina.balance()).available == 5 * MICRO
    assert (await mina.topup(topups[1])).reason == "pass_in_force"
    assert bank.provider.renewals == {f"sub-{topups[1]}": False}, "nobody pays twice a month for one pass"


async def test_a_subscription_that_can_begin_no_pass_any_more_is_ended(bank: Bank) -> None:
    """Its buyer would be charged each month, for credits that nobody asked for."""
    shop = await bank.shop()
    mina = await bank.person("mina")
    plan = await _plan(shop)
    topup = str(uuid.uuid4())
    await mina.top_up(topup, rm.TopUpRequest(rail="toy", amount=5 * MICRO, pass_plan=plan))
    await bank.hear("evt-0", bank.provider.pay(topup, 50, payment="invoice-0", subscription="sub-1"))
    await bank.act()
    early = bank.provider.pay(topup, 50, payment="invoice-early", subscription="sub-1")
    await bank.hear("evt-early", early)  # the provider was away for days, or its clock is wrong: the pass goes on
    await bank.act()
    assert (await mina.balance()).available == 5 * MICRO
    assert bank.provider.renewals == {}
    await _plan(shop, withdrawn=True)
    bank.clock.offset += 30 * DAY
    for person in (mina, shop.creator):
        await person.sign_in()
    reference = bank.provider.pay(topup, 50, payment="invoice-1", subscription="sub-1")
    honest = bank.toy.set_renewal

    async def away(subscription: str, renew: bool) -> None:
        raise ArtratorError(Code.RAIL_UNAVAILABLE, "The toy provider does not answer.")

    bank.toy.set_renewal = away  # type: ignore[method-assign]
    await bank.hear("evt-1", reference)
    await bank.act()
    # The price of the month in which nothing was delivered comes back too.
    await bank.sweep()
    paid = (await mina.balance()).available
    bank.toy.set_renewal = honest  # type: ignore[method-assign]
    bank.provider.changed = [reference]  # as it is compared within the next hours
    bank.clock.offset += 3_700
    await bank.reconcile()
    assert bank.provider.renewals == {"sub-1": False}
    assert (await mina.balance()).available == paid


async def test_a_pass_that_was_not_paid_for_in_time_can_still_be_told_not_to_renew(bank: Bank) -> None:
    shop = await bank.shop()
    mina = await bank.person("mina")
    plan = await _plan(shop)
    topup = str(uuid.uuid4())
    await mina.top_up(topup, rm.TopUpRequest(rail="toy", amount=5 * MICRO, pass_plan=plan))
    await bank.hear("evt-0", bank.provider.pay(topup, 50, payment="invoice-0", subscription="sub-1"))
    await bank.act()
    bank.clock.offset += 34 * DAY
    await mina.sign_in()
    await bank.sweep()
    (found,) = await mina.passes()
    assert found.state == "unpaid"
    with pytest.raises(ArtratorError) as raised:
        await mina.change_pass(found.id, False)
    assert raised.value.code is Code.PASS_ENDED
    assert bank.provider.renewals == {"sub-1": False}, "its provider does not try again"


async def earned(bank: Bank, price: int) -> Shop:
    """A verified seller who has earned a run's price, less the fee, and may have it paid out."""
    shop = await bank.shop(base=price)
    mina = await bank.person("mina", credits_=100)
    await shop.deliver(mina, await shop.order(mina))
    bank.clock.offset += 9 * DAY
    await bank.registry.database.write(
        lambda t: t.run(
            "INSERT INTO sellers (account, state, profile, changed_at) VALUES (?, 'verified', '{}', 0)",
            (t.row("SELECT id FROM accounts WHERE handle = 'atelier'")["id"],),
        )
    )
    return shop


async def test_payouts_that_a_provider_does_not_take_hold_up_no_other(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if there are as many of them as are sent in one go."""
    shop = await earned(bank, 80 * MICRO)
    numbers = [str(uuid.uuid4()) for _ in range(4)]
    for payout in numbers:
        await shop.creator.request_payout(
            payout, po.PayoutRequest(amount=10 * MICRO, rail="toy", destination="acct" if payout == numbers[3] else "x")
        )
    honest = bank.toy.payout

    async def picky(order: PayoutOrder) -> PayoutAnswer:
        if order.destination == "x":
            raise ValueError("there is no account x")
        return await honest(order)

    monkeypatch.setattr("artrator_registry.rails.sending._BATCH", 2)
    monkeypatch.setattr(bank.toy, "payout", picky)
    for _ in range(4):
        await bank.reconcile()
    assert bank.provider.sent == {numbers[3]: 100}
    assert len(bank.sender()._again) == 3
    monkeypatch.setattr(bank.toy, "payout", honest)
    bank.sender()._again.clear()  # the wait after a failure is over
    for _ in range(3):
        await bank.reconcile()
    assert set(bank.provider.sent) == set(numbers)


async def test_payouts_that_a_provider_is_long_about_hold_up_no_other(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were sent and have not arrived are asked about now and then, and not instead of all the others."""
    shop = await earned(bank, 80 * MICRO)
    numbers = [str(uuid.uuid4()) for _ in range(4)]
    for payout in numbers:
        await shop.creator.request_payout(
            payout, po.PayoutRequest(amount=10 * MICRO, rail="toy", destination="fast" if payout == numbers[3] else "x")
        )
    asked: list[str] = []

    async def state(order: PayoutOrder, reference: str) -> PayoutAnswer:
        asked.append(order.id)
        return PayoutAnswer("paid" if order.destination == "fast" else "sent", reference)

    monkeypatch.setattr("artrator_registry.rails.sending._BATCH", 2)
    monkeypatch.setattr(bank.toy, "payout_state", state)
    for _ in range(8):
        await bank.reconcile()
    states = {each.id: each.state for each in (await shop.creator.payouts()).items}
    assert states == dict.fromkeys(numbers[:3], "sent") | {numbers[3]: "paid"}
    # The registry's own round may ask at the same moment.
    assert max(asked.count(payout) for payout in numbers) <= 2, "each was asked about once"


async def test_earnings_are_paid_out_through_a_rail_once(bank: Bank) -> None:
    shop = await earned(bank, 40 * MICRO)
    payout = str(uuid.uuid4())
    odd = po.PayoutRequest(amount=20 * MICRO + 1, rail="toy", destination="acct")
    with pytest.raises(ArtratorError) as raised:  # a cent is not divided, and nobody's remainder is kept
        await shop.creator.request_payout(payout, odd)
    assert raised.value.details["unit"] == 100_000
    asked = await shop.creator.request_payout(
        payout, po.PayoutRequest(amount=20 * MICRO, rail="toy", destination="acct")
    )
    assert asked.state == "requested"
    bank.provider.down = True
    await bank.reconcile()
    assert (await shop.creator.payouts()).items[0].state == "sent"  # it may have left, so it cannot be cancelled
    bank.provider.down = False
    bank.sender()._again.clear()  # the wait after a failure is over
    for _ in range(3):
        await bank.reconcile()
    done = (await shop.creator.payouts()).items[0]
    assert (done.state, done.reference) == ("paid", f"out-{payout}")
    assert bank.provider.sent == {payout: 200}


async def test_what_of_a_payout_may_still_be_taken_back_is_shown_before_it_is_paid(bank: Bank) -> None:
    shop = await bank.shop(base=8 * MICRO)
    mina, eve = await bank.person("mina", credits_=20), await bank.person("eve")
    await shop.deliver(mina, await shop.order(mina))  # ten of them were given, and nobody takes those back
    topup = await bank.bought(eve, 15 * MICRO)
    await shop.deliver(eve, await shop.order(eve))
    account = (await shop.creator.account()).id

    async def at_risk() -> int:
        return await bank.registry.database.read(payouts.at_risk, account)

    assert await at_risk() == 10 * MICRO  # what eve spent here, fee and all: she would get it back
    bank.clock.offset += 9 * DAY
    asked = po.PayoutRequest(amount=19 * MICRO, destination="KB 1")
    await shop.creator.request_payout(str(uuid.uuid4()), asked)
    listed = CliRunner().invoke(command, ["payouts", "list", "--data", str(bank.settings.data)]).output
    assert "19 credits  KB 1  (10 of it may still be taken back from you)" in listed
    bank.provider.change(topup, taken_back=70)
    await bank.hear("evt-part", f"ref-{topup}")
    await bank.act()
    assert await at_risk() == 8 * MICRO  # no more than is left of the money
    bank.clock.offset += 120 * DAY
    assert await at_risk() == 0


async def test_money_of_a_top_up_that_a_restored_registry_forgot_is_kept_until_it_is_asked_for_again(
    bank: Bank,
) -> None:
    mina = await bank.person("mina")
    topup = str(uuid.uuid4())
    reference = bank.provider.pay(topup, 50)
    await bank.hear("evt-1", reference)
    await bank.act()
    shown = CliRunner().invoke(command, ["topups", "--data", str(bank.settings.data)]).output
    assert topup in shown
    assert "backup" in shown
    await mina.top_up(topup, FIVE)  # her client still has the id
    bank.clock.offset += 31
    await bank.reconcile()
    assert (await mina.topup(topup)).state is rm.TopUpState.PAID
    assert topup not in CliRunner().invoke(command, ["topups", "--data", str(bank.settings.data)]).output
