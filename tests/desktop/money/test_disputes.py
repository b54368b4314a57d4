"""Disputes from both sides, each in an application of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry_world import MICRO, Shop
from world_server import WorldServer

from artrator_desktop.state import AppState
from artrator_desktop.ui.disputes.sheets import AnswerSheet, DisputeSheet
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.wallet.order import OrderSheet

Launch = Callable[..., AppState]
Give = Callable[[AppState, int], None]
Deliver = Callable[[AppState], str]


def look(qtbot: Any, app: AppState, order: str) -> Any:
    with qtbot.waitSignal(app.disputes.known, timeout=60_000):
        app.disputes.look(order)
    return app.disputes.standings[order]


def test_a_buyer_objects_and_the_creator_gives_the_money_back(
    qtbot: Any, launch: Launch, give: Give, deliver: Deliver, shop: Shop
) -> None:
    buyer = launch()
    give(buyer, 20)
    order = deliver(buyer)
    standing = look(qtbot, buyer, order)
    assert standing.can_open
    assert standing.proof is None, "it was not ordered on this computer"
    sheet = DisputeSheet(buyer, order, "Painter")
    qtbot.addWidget(sheet)
    assert not sheet.reveal.isEnabled()
    sheet.reasons.choices()[1].click()
    sheet.words.setPlainText("Only noise.")
    with qtbot.waitSignal(buyer.disputes.said, timeout=60_000):
        sheet.send.click()
    assert sheet.title.text() == "Dispute about Painter"
    assert not look(qtbot, buyer, order).can_open

    creator = launch(shop.handle, shop.creator.key)
    qtbot.waitUntil(lambda: len(creator.disputes.as_creator(shop.handle)) == 1, timeout=60_000)
    found = creator.disputes.as_creator(shop.handle)[0]
    assert (found.reason.value, found.text, found.amount) == ("unusable", "Only noise.", 3 * MICRO)
    window = Shell(creator)
    qtbot.addWidget(window)
    window.open("earnings")
    qtbot.waitUntil(lambda: not window.page("earnings").disputes.isHidden(), timeout=60_000)
    answer = AnswerSheet(creator, found)
    qtbot.addWidget(answer)
    answer.send.click()
    assert answer.problem.text() == "Say something, or give the money back."
    answer.give_back.click()
    assert answer.send.text() == "Give back"
    with qtbot.waitSignal(creator.disputes.said, timeout=60_000) as heard:
        answer.send.click()
    assert heard.args[0].decided_for == "buyer"
    buyer.wallet.refresh()
    qtbot.waitUntil(lambda: buyer.wallet.available == 20 * MICRO, timeout=60_000)
    window.pixmaps.close()


def test_the_order_of_a_line_says_how_it_stands(
    qtbot: Any, launch: Launch, give: Give, deliver: Deliver, shop: Shop
) -> None:
    app = launch()
    give(app, 20)
    order = deliver(app)
    sheet = OrderSheet(app, order)
    qtbot.addWidget(sheet)
    qtbot.waitUntil(lambda: not sheet.facts.isHidden(), timeout=60_000)
    rows = dict(sheet._rows(app.disputes.standings[order].order))
    assert rows["State"] == "delivered and paid"
    assert rows["Charged"] == "3 credits"
    assert rows["Order"] == order
    assert not sheet.wrong.isHidden()
    assert sheet.area.height() >= len(rows) * sheet.facts.fontMetrics().height(), "the sheet shows all of its rows"
    missing = OrderSheet(app, "00000000-0000-4000-8000-000000000000")
    qtbot.addWidget(missing)
    qtbot.waitUntil(lambda: not missing.missing.isHidden(), timeout=60_000)


def test_after_the_window_nothing_can_be_said(
    qtbot: Any, launch: Launch, give: Give, deliver: Deliver, server: WorldServer
) -> None:
    app = launch()
    give(app, 20)
    order = deliver(app)
    server.world.clock.offset = 2 * 3600.0
    app.disputes.look(order)
    with qtbot.waitSignal(app.disputes.refused, timeout=60_000):
        app.disputes.open(order, "other", "Too late.", reveal=False)
    assert not app.disputes.busy
