"""Money that comes in: asked for once, noticed when it is paid, whatever happens to the application between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from registry_world import MICRO

from artrator.errors import ArtratorError, Code
from artrator_desktop.state import AppState, Failure, Phase
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.wallet.topup import TopUpSheet

Launch = Callable[..., AppState]
Pay = Callable[[str, int], None]


def ready(qtbot: Any, app: AppState) -> None:
    qtbot.waitUntil(lambda: app.topups.phase is Phase.READY, timeout=60_000)


def asked(qtbot: Any, app: AppState, amount: int) -> str:
    app.topups.start("toy", amount)
    qtbot.waitUntil(lambda: app.topups.current is not None, timeout=60_000)
    assert app.topups.current is not None
    return app.topups.current.id


def test_a_payment_is_noticed_and_brings_its_credits(qtbot: Any, launch: Launch, pay: Pay) -> None:
    app = launch()
    ready(qtbot, app)
    assert [rail.name for rail in app.topups.ways_in] == ["toy"]
    number = asked(qtbot, app, 5 * MICRO)
    assert app.topups.current.page == f"https://toy.example/{number}"
    pay(number, app.topups.current.charge)
    with qtbot.waitSignal(app.topups.paid, timeout=60_000) as heard:
        app.topups.watch(on=True)
    assert heard.args[0].amount == 5 * MICRO
    assert app.topups.current.state.value == "paid"
    assert app.topups.open == {}
    qtbot.waitUntil(lambda: app.wallet.available == 5 * MICRO, timeout=60_000)
    assert any(line.kind == "topup" for line in app.wallet.lines)


def test_a_top_up_survives_the_application(qtbot: Any, launch: Launch, pay: Pay) -> None:
    app = launch()
    ready(qtbot, app)
    number = asked(qtbot, app, 20 * MICRO)
    charge = app.topups.current.charge
    app.close()
    pay(number, charge)

    again = launch()
    qtbot.waitUntil(lambda: again.wallet.available == 20 * MICRO, timeout=60_000)
    assert again.topups.open == {}


def test_a_press_whose_answer_was_lost_is_repeated_under_the_same_id(
    qtbot: Any, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = launch()
    ready(qtbot, app)
    registry = app.session._network.registry
    send, ids = registry.top_up, []

    async def lossy(number: str, request: Any) -> Any:
        ids.append(number)
        answer = await send(number, request)
        if len(ids) == 1:
            raise ArtratorError(Code.REGISTRY_UNREACHABLE, "The answer was lost.")
        return answer

    monkeypatch.setattr(registry, "top_up", lossy)
    with qtbot.waitSignal(app.topups.refused, timeout=60_000):
        app.topups.start("toy", 5 * MICRO)
    assert app.topups.current is None
    asked(qtbot, app, 5 * MICRO)
    assert len(ids) == 2
    assert ids[0] == ids[1]
    qtbot.waitUntil(lambda: len(app.topups.open) == 1, timeout=60_000)


def test_what_the_registry_refuses_is_said_and_forgotten(qtbot: Any, launch: Launch) -> None:
    app = launch()
    ready(qtbot, app)
    with qtbot.waitSignal(app.topups.refused, timeout=60_000) as heard:
        app.topups.start("toy", 1)  # below the rail's minimum
    assert isinstance(heard.args[0], Failure)
    rows = app.database.read_now(lambda c: c.execute("select count(*) from errand").fetchone()[0])
    assert rows == 0


def test_the_sheet_leads_from_the_amount_to_the_money(
    qtbot: Any, launch: Launch, pay: Pay, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(QUrl(url).toString()) or True)
    app = launch()
    ready(qtbot, app)
    sheet = TopUpSheet(app)
    qtbot.addWidget(sheet)
    sheet.start()
    assert [choice.value for choice in sheet.rails.choices()] == ["toy"]
    sheet.presets.chips()[-1].click()  # another amount
    sheet.own.setText("0.5")
    assert not sheet.go.isEnabled()
    assert "Between 1 credit" in sheet.own_field.note.text()
    sheet.own.setText("7")
    assert sheet.charge.text() == "0.70 EUR"
    sheet.go.click()
    qtbot.waitUntil(lambda: bool(opened), timeout=60_000)
    topup = app.topups.current
    assert opened == [f"https://toy.example/{topup.id}"]
    assert sheet.title.text() == "Pay 0.70 EUR"
    assert sheet.go.text() == "Open the page again"
    pay(topup.id, topup.charge)
    qtbot.waitUntil(lambda: sheet.title.text() == "7 credits arrived", timeout=60_000)
    sheet.close()
    assert app.topups.current is None


def test_an_address_that_is_no_web_page_is_never_opened(
    qtbot: Any, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    app = launch()
    sheet = TopUpSheet(app)
    qtbot.addWidget(sheet)
    for page in ("file:///etc/passwd", "javascript:alert(1)", "artrator://x", "https:", ""):
        sheet._open_page(page)
    assert opened == []


def test_a_waiting_top_up_is_shown_on_the_wallet_and_can_be_given_up(qtbot: Any, launch: Launch) -> None:
    app = launch()
    ready(qtbot, app)
    window = Shell(app)
    qtbot.addWidget(window)
    window.open("wallet")
    page = window.page("wallet")
    number = asked(qtbot, app, 5 * MICRO)
    app.topups.forget_current()
    assert not page.waiting.isHidden()
    app.topups.abandon(number)
    assert page.waiting.isHidden()
    qtbot.waitUntil(
        lambda: app.database.read_now(lambda c: c.execute("select count(*) from errand").fetchone()[0]) == 0,
        timeout=60_000,
    )
    window.pixmaps.close()
