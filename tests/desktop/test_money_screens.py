"""Everything about money, drawn in every look into artifacts/screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import money_shown as shown
import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from artrator_desktop import i18n
from artrator_desktop.state import AppState
from artrator_desktop.ui.disputes.sheets import AnswerSheet, DisputeSheet
from artrator_desktop.ui.earnings.seller import SellerSheet
from artrator_desktop.ui.earnings.sheets import MoveSheet, PayoutSheet, ScheduleSheet
from artrator_desktop.ui.keep import BuyLicenceSheet
from artrator_desktop.ui.passes import BuyPassSheet
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme
from artrator_desktop.ui.wallet.topup import TopUpSheet

FOLDER = Path(__file__).parents[2] / "artifacts" / "screens"
LOOKS = [("dark", "en"), ("light", "en"), ("dark", "ko")]


def shoot(qtbot: Any, widget: QWidget, name: str) -> None:
    qtbot.wait(60)
    widget.grab()  # what is not painted asks for no picture
    qtbot.wait(60)
    image = widget.grab().toImage()
    FOLDER.mkdir(parents=True, exist_ok=True)
    assert image.save(str(FOLDER / f"{name}.png"))
    colours = {image.pixel(x, y) for x in range(0, image.width(), 20) for y in range(0, image.height(), 20)}
    assert len(colours) > 4, "nothing was painted"


@pytest.fixture
def rich(state: AppState, fill: Callable[[], None], open_model: Callable[[], None]) -> AppState:
    """A state with everything in it."""
    fill()
    open_model()
    detail = state.catalogue.detail
    assert detail is not None
    offer = detail.offer.model_copy(update={"licence": 20_000_000, "free_runs": 3})
    state.catalogue.detail = type(detail)(detail.listing, detail.manifest, offer, detail.nodes)
    shown.fill_money(state)
    shown.fill_terms(state)
    state.topups.open = {"a": shown.topup()}
    assert state.wallet.balance is not None
    state.wallet.balance = state.wallet.balance.model_copy(update={"debt": 3_500_000})
    state.catalogue.detail_changed.emit()
    state.wallet.changed.emit()
    state.topups.changed.emit()
    return state


@pytest.mark.parametrize(("look", "language"), LOOKS)
@pytest.mark.parametrize("page", ["wallet", "library", "earnings", "model"])
def test_a_page_about_money_paints_in_every_look(
    qtbot: Any, rich: AppState, look: str, language: str, page: str
) -> None:
    theme().switch(look)
    i18n.install(language)
    window = Shell(rich)
    qtbot.addWidget(window)
    window.show()
    rich.catalogue.detail_ref = "maker/painterly"
    if page == "model":
        rich.library.items = []
        rich.library.changed.emit()
    window.open(page)
    rich.catalogue.detail_changed.emit()
    shoot(qtbot, window, f"money_{page}_{look}_{language}")
    window.pixmaps.close()


@pytest.mark.parametrize(("look", "language"), LOOKS)
def test_every_sheet_paints_in_every_look(qtbot: Any, rich: AppState, look: str, language: str) -> None:
    theme().switch(look)
    i18n.install(language)
    wrong = rich.disputes.items[0]
    detail = rich.catalogue.detail
    assert detail is not None
    detail = replace(detail, listing=detail.listing.model_copy(update={"licence_split": shown.SPLIT}))
    sheets = {
        "topup": TopUpSheet(rich),
        "dispute": DisputeSheet(rich, "unknown", "Painterly"),
        "dispute_said": DisputeSheet(rich, wrong.order, "Painterly"),
        "answer": AnswerSheet(rich, wrong),
        "payout": PayoutSheet(rich),
        "move": MoveSheet(rich),
        "schedule": ScheduleSheet(rich),
        "seller": SellerSheet(rich),
        "buy_pass": BuyPassSheet(rich, rich.passes.plans["maker/painterly"][0]),
        "keep": BuyLicenceSheet(rich, detail),
    }
    for name, sheet in sheets.items():
        qtbot.addWidget(sheet)
        sheet.show()
        shoot(qtbot, sheet, f"sheet_{name}_{look}_{language}")
    nameless = [
        f"{name}: {widget!r}"
        for name, sheet in sheets.items()
        for kind in (QAbstractButton, QLineEdit, QComboBox, QPlainTextEdit)
        for widget in sheet.findChildren(kind)
        if not widget.accessibleName()
        and not getattr(widget, "text", str)()
        and not widget.isHidden()
        and not widget.objectName().startswith("qt_")
    ]
    assert nameless == []
    topup = sheets["topup"]
    for state in ("open", "paid", "expired"):
        rich.topups.current = shown.topup(state)
        rich.topups.changed.emit()
        shoot(qtbot, topup, f"sheet_topup_{state}_{look}_{language}")
    rich.topups.current = shown.topup(rail="stripe", charge=13_000, currency="KRW", invoice=None)
    rich.topups.changed.emit()
    shoot(qtbot, topup, f"sheet_topup_page_{look}_{language}")


def test_what_strangers_write_can_neither_break_nor_widen_a_sheet(qtbot: Any, rich: AppState) -> None:
    wrong = rich.disputes.items[0]
    hostile = {
        "text": "W" * 2000,
        "evidence": shown.dm.Evidence(salt="ab" * 32, request="[" * 60_000),
        "listing": "maker/painterly",
    }
    sheet = AnswerSheet(rich, wrong.model_copy(update=hostile))
    qtbot.addWidget(sheet)
    sheet.show()
    assert sheet.body.minimumSizeHint().width() <= sheet.width()
    rich.topups.current = shown.topup(invoice="ln" + "q" * 100_000)
    money = TopUpSheet(rich)
    qtbot.addWidget(money)
    money.show()
    assert money.qr.isHidden()
    assert not money.invoice_row.isHidden()
    titled = rich.passes.plans["maker/painterly"][0].model_copy(update={"title": {"en": "<b>x</b>" * 30}})
    pass_sheet = BuyPassSheet(rich, titled)
    qtbot.addWidget(pass_sheet)
    pass_sheet.show()
    assert "<b>" in pass_sheet.title.text()
