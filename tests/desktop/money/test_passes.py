"""Passes, free runs and what the button says of them, with the registry deciding what pays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from registry_world import MICRO, Shop, make_package
from world_server import WorldServer

from artrator.documents import Plan as PlanDocument
from artrator.keys import PrivateKey
from artrator_desktop.state import AppState, Phase
from artrator_desktop.state.passes import is_signed, left
from artrator_desktop.state.payment import payment
from artrator_desktop.ui.passes import BuyPassSheet
from artrator_desktop.ui.pay import pay_note, pay_words
from artrator_desktop.ui.shell import Shell

Launch = Callable[..., AppState]
Give = Callable[[AppState, int], None]


def offer_plan(server: WorldServer, shop: Shop, **changes: Any) -> None:
    values: dict[str, Any] = {"price": 5 * MICRO, "allowance": 60 * MICRO} | changes
    document = PlanDocument(
        creator=shop.creator.key.public.encode(), name="monthly", title={"en": "Painter, monthly"},
        listings=(shop.made.name,), issued_at=int(time.time()), **values,
    ).sign(shop.creator.key)  # fmt: skip
    server.do(shop.creator.publish_plan(shop.handle, "monthly", document))


def quoted(qtbot: Any, app: AppState, listing: str) -> None:
    if app.create.listing != listing:
        app.create.open(listing)
    else:
        app.create.quoting.again()
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY and app.create.quoting.phase is Phase.READY, timeout=60_000)


def test_a_pass_is_bought_pays_for_runs_and_is_stopped(
    qtbot: Any, launch: Launch, give: Give, server: WorldServer, shop: Shop
) -> None:
    offer_plan(server, shop)
    app = launch()
    give(app, 20)
    app.passes.look(shop.listing)
    qtbot.waitUntil(lambda: bool(app.passes.plans.get(shop.listing)), timeout=60_000)
    plan = app.passes.plans[shop.listing][0]
    assert sum(share.amount for share in plan.split) == plan.price
    sheet = BuyPassSheet(app, plan)
    qtbot.addWidget(sheet)
    sheet.renew.click()
    with qtbot.waitSignal(app.passes.bought, timeout=60_000):
        sheet.go.click()
    mine = app.passes.of_plan(plan.plan)
    assert mine is not None
    assert mine.renew
    assert left(mine) == 60 * MICRO
    qtbot.waitUntil(lambda: app.wallet.available == 15 * MICRO, timeout=60_000)
    quoted(qtbot, app, shop.listing)
    paying = app.create.payment
    assert paying is not None
    # A run of 20 steps is worth three credits.
    assert (paying.paid_by, paying.cap, paying.runs_left) == ("pass", 0, 20)
    assert pay_words(paying) == "in your pass (about 20 left)"
    assert pay_words(paying, 4) == "in your pass (about 80 left)"
    app.passes.set_renew(mine.id, renew=False)
    qtbot.waitUntil(lambda: not app.passes.of_plan(plan.plan).renew, timeout=60_000)


def test_a_pass_is_sold_by_subscription_through_a_rail(
    qtbot: Any, launch: Launch, server: WorldServer, shop: Shop, pay: Callable[..., None]
) -> None:
    offer_plan(server, shop)
    app = launch()
    app.passes.look(shop.listing)
    qtbot.waitUntil(lambda: bool(app.topups.ways_in) and bool(app.passes.plans.get(shop.listing)), timeout=60_000)
    sheet = BuyPassSheet(app, app.passes.plans[shop.listing][0])
    qtbot.addWidget(sheet)
    sheet.show()
    assert not sheet.go.isEnabled(), "there is nothing in the wallet"
    next(choice for choice in sheet.ways.choices() if choice.value == "toy").click()
    assert sheet.go.text() == "Continue to payment"
    with qtbot.waitSignal(sheet.top_up, timeout=60_000):
        sheet.go.click()
    topup = app.topups.current
    assert topup is not None
    pay(topup.id, topup.charge, subscription="sub-1")
    app.topups.watch(on=True)
    qtbot.waitUntil(lambda: len(app.passes.mine) == 1, timeout=60_000)
    assert app.passes.mine[0].paid_through == "toy"
    assert app.passes.mine[0].state.value == "active"


def test_what_a_pass_does_not_cover_any_more_is_told_before_the_press(
    qtbot: Any, launch: Launch, give: Give, server: WorldServer, shop: Shop
) -> None:
    offer_plan(server, shop, allowance=7 * MICRO)
    app = launch()
    give(app, 20)
    app.passes.buy(f"{shop.handle}/monthly", 5 * MICRO, renew=False)
    qtbot.waitUntil(lambda: bool(app.passes.mine), timeout=60_000)
    quoted(qtbot, app, shop.listing)
    assert app.create.quoting.quote is not None
    four = payment(app.create.quoting.quote, 4)
    assert (four.covered, four.cap, four.limit) == (2, 6 * MICRO, 3 * MICRO)
    assert pay_words(four) == "2 covered, then up to 6 credits"


def test_free_runs_are_counted_on_the_button(qtbot: Any, launch: Launch, give: Give, server: WorldServer) -> None:
    shop = server.do(server.world.shop(free_runs=3))
    app = launch()
    give(app, 20)
    quoted(qtbot, app, shop.listing)
    paying = app.create.payment
    assert paying is not None
    assert (paying.paid_by, paying.cap, paying.left) == ("free", 0, 3)
    assert pay_words(paying) == "free (3 left today)"
    assert pay_note(paying) == "Then 3 credits a run"
    window = Shell(app)
    qtbot.addWidget(window)
    window.open("create", {"listing_id": shop.listing})
    page = window.page("create")
    qtbot.waitUntil(lambda: "free (3 left today)" in page.footer.button.text(), timeout=60_000)
    assert page.footer.split.text() == "Then 3 credits a run", "nobody gets anything of a free run"
    window.pixmaps.close()


def test_a_pass_that_cannot_be_paid_says_so_and_is_not_bought(
    qtbot: Any, launch: Launch, server: WorldServer, shop: Shop
) -> None:
    offer_plan(server, shop)
    app = launch()
    with qtbot.waitSignal(app.passes.refused, timeout=60_000) as heard:
        app.passes.buy(f"{shop.handle}/monthly", 5 * MICRO, renew=False)
    assert heard.args[0].code == "credits_insufficient"
    assert app.passes.mine == []
    assert app.passes.busy == set()


def test_a_plan_that_says_something_else_than_its_signature_is_not_shown(
    qtbot: Any, launch: Launch, server: WorldServer, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_plan(server, shop)
    plan = server.do(asyncio.wait_for(shop.creator.plans(listing=shop.listing), 240))[0]
    key = shop.creator.key.public.id
    assert is_signed(plan, key)
    assert not is_signed(plan.model_copy(update={"price": 1}), key)
    assert not is_signed(plan.model_copy(update={"allowance": 10**12}), key)
    assert not is_signed(plan, PrivateKey.generate().public.id)
    assert not is_signed(plan.model_copy(update={"document": {}}), None)


def test_the_models_page_shows_price_passes_split_and_how_it_went_for_others(
    qtbot: Any, launch: Launch, give: Give, server: WorldServer, shop: Shop
) -> None:
    offer_plan(server, shop)
    licensed = make_package(shop.creator.key, "keeper", weights=b"other")
    assert licensed.package != shop.made.package
    app = launch()
    give(app, 20)
    window = Shell(app)
    qtbot.addWidget(window)
    window.open("model", {"listing_id": shop.listing})
    page = window.page("model")
    qtbot.waitUntil(lambda: app.catalogue.terms is not None and app.catalogue.terms.quote is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not page.terms.plans.isHidden(), timeout=60_000)
    assert page.terms.button.text() == "Create · up to 3 credits"
    assert "% creator" in page.terms.split.text()
    assert "% registry" in page.terms.split.text()
    assert page.terms.keep.isHidden(), "it is not sold to keep"
    window.pixmaps.close()
