"""What a creator sees of earnings, and what can be done with them, over the real books."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from registry_world import MICRO, Shop
from world_server import WorldServer

from artrator_desktop.state import AppState, Phase
from artrator_desktop.state.earnings import business_number_is_valid
from artrator_desktop.ui.earnings.seller import SellerSheet
from artrator_desktop.ui.earnings.sheets import MoveSheet, PayoutSheet, ScheduleSheet
from artrator_desktop.ui.pages.earnings import EarningsPage
from artrator_desktop.ui.shell import Shell

Launch = Callable[..., AppState]
Give = Callable[[AppState, int], None]
Deliver = Callable[[AppState], str]


@pytest.fixture
def creator(qtbot: Any, launch: Launch, give: Give, deliver: Deliver, server: WorldServer, shop: Shop) -> AppState:
    """A creator's desktop, after twenty deliveries of three credits that have matured."""
    buyer = launch("mina")
    give(buyer, 100)
    for _ in range(20):
        deliver(buyer)
    buyer.close()
    server.world.clock.offset = 2 * 86_400.0
    server.do(server.world.sweep())
    app = launch(shop.handle, shop.creator.key)
    app.earnings.refresh()
    qtbot.waitUntil(lambda: app.earnings.phase is Phase.READY, timeout=60_000)
    return app


def did(qtbot: Any, app: AppState, what: str, press: Callable[[], object]) -> None:
    with qtbot.waitSignal(app.earnings.done, timeout=60_000) as heard:
        press()
    assert heard.args == [what]
    summary = app.earnings.summary
    qtbot.waitUntil(lambda: app.earnings.summary is not summary, timeout=60_000)


def test_earnings_by_day_and_model_add_up_to_what_is_available(qtbot: Any, creator: AppState, shop: Shop) -> None:
    summary = creator.earnings.summary
    assert summary is not None
    assert summary.available == 57 * MICRO  # 20 x 3, less the operator's five per cent
    creator.earnings.set_span(30)
    (row,) = creator.earnings.by_listing()
    assert (row.listing, row.runs, row.gross, row.fee, row.net) == (shop.listing, 20, 60 * MICRO, 3 * MICRO, 57 * MICRO)
    days = creator.earnings.days()
    assert len(days) == 30
    assert sum(sum(parts.values()) for _day, parts in days) == 57 * MICRO
    qtbot.waitUntil(lambda: creator.earnings.selling is True, timeout=60_000)


def test_a_payout_is_asked_for_and_taken_back_and_the_rest_is_spent(qtbot: Any, creator: AppState) -> None:
    sheet = PayoutSheet(creator)
    qtbot.addWidget(sheet)
    sheet.amount.setText("58")
    assert not sheet.go.isEnabled(), "more than there is"
    sheet.amount.setText("9")
    assert not sheet.go.isEnabled(), "less than the least"
    sheet.amount.setText("50")
    assert not sheet.go.isEnabled(), "nobody knows where to"
    manual = next(choice for choice in sheet.rails.choices() if choice.value == "manual")
    manual.click()
    sheet.destination.setText("Bank 123-456")
    assert sheet.go.isEnabled()
    did(qtbot, creator, "payout", sheet.go.click)
    assert creator.earnings.summary.requested == 50 * MICRO
    (payout,) = creator.earnings.payouts
    assert (payout.amount, payout.state.value, payout.destination) == (50 * MICRO, "requested", "Bank 123-456")
    did(qtbot, creator, "cancelled", lambda: creator.earnings.cancel_payout(payout.id))
    assert creator.earnings.summary.available == 57 * MICRO

    move = MoveSheet(creator)
    qtbot.addWidget(move)
    move.amount.setText("7")
    did(qtbot, creator, "moved", move.go.click)
    assert creator.earnings.summary.available == 50 * MICRO
    qtbot.waitUntil(lambda: creator.wallet.available == 7 * MICRO, timeout=60_000)


def test_the_page_has_everything_and_can_be_walked_through_by_keyboard(
    qtbot: Any, creator: AppState, shop: Shop, tmp_path: Path
) -> None:
    from PySide6.QtCore import Qt

    window = Shell(creator)
    qtbot.addWidget(window)
    window.show()
    window.open("earnings")
    page = window.page("earnings")
    assert isinstance(page, EarningsPage)
    qtbot.waitUntil(lambda: page.available.number.text() == "57", timeout=60_000)
    assert not window.nav.button("earnings").isHidden()
    bars = page.chart.bars
    bars.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(4):
        qtbot.keyClick(bars, Qt.Key.Key_Left)
    assert bars.accessibleDescription() == page.chart.pointed.text()
    qtbot.keyClick(bars, Qt.Key.Key_Home)
    assert bars.column() is bars._columns[0]
    for days in ("7", "90", "365"):
        page.chart.span.button(days).click()
        assert len(bars._columns) == int(days)
    target = tmp_path / "year.csv"
    year = creator.earnings.days()[-1][0][:4]
    with qtbot.waitSignal(creator.earnings.done, timeout=60_000):
        creator.earnings.export_year(int(year), target)
    rows = list(csv.reader(target.read_text(encoding="utf-8-sig").splitlines()))
    assert any(shop.listing in row for row in rows)
    window.pixmaps.close()


def test_a_schedule_and_a_sellers_profile_are_kept(qtbot: Any, creator: AppState) -> None:
    sheet = ScheduleSheet(creator)
    qtbot.addWidget(sheet)
    sheet.every.button("month").click()
    next(choice for choice in sheet.rails.choices() if choice.value == "manual").click()
    sheet.destination.setText("Bank 1")
    did(qtbot, creator, "schedule", sheet.go.click)
    assert creator.earnings.schedule.every == "month"

    form = SellerSheet(creator)
    qtbot.addWidget(form)
    form.name.setText("김하은")
    form.country.setCurrentIndex(form.country.findData("KR"))
    form.number.setText("220-81-62518")
    assert not form.go.isEnabled()
    assert "last digit" in form.number_field.note.text()
    form.number.setText("220-81-62517")
    assert form.number_field.note.isHidden()
    form.email.setText("nonsense")
    assert not form.go.isEnabled()
    form.email.setText("haeun@example.org")
    did(qtbot, creator, "seller", form.go.click)
    assert creator.earnings.seller.state.value == "submitted"
    assert creator.earnings.seller.profile.business_number == "2208162517"


@pytest.mark.parametrize(
    ("number", "good"),
    [("220-81-62517", True), ("2208162517", True), ("220-81-62518", False), ("123", False), ("", False),
     ("220-81-6251x", False), ("22081625170", False), ("124-81-00998", True)],
)  # fmt: skip
def test_the_last_digit_of_a_business_number_is_checked(number: str, good: bool) -> None:
    assert business_number_is_valid(number) is good


def test_who_sells_nothing_has_no_such_page_in_the_navigation(qtbot: Any, launch: Launch, shop: Shop) -> None:
    app = launch("mina")
    qtbot.waitUntil(lambda: app.earnings.selling is False, timeout=60_000)
    window = Shell(app)
    qtbot.addWidget(window)
    assert window.nav.button("earnings").isHidden()
    window.pixmaps.close()


def test_a_statement_is_exported_whole(qtbot: Any, creator: AppState, tmp_path: Path) -> None:
    target = tmp_path / "statement.csv"
    with qtbot.waitSignal(creator.wallet.exported, timeout=60_000):
        creator.wallet.export(target, "earnings")
    rows = list(csv.reader(target.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) > 20
