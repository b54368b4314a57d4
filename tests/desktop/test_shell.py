"""The window: pages, shortcuts, language and theme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QWidget,
)

from artrator_desktop.app import prepare_environment
from artrator_desktop.state import AppState, Failure, Link
from artrator_desktop.state.job import JobPhase
from artrator_desktop.state.settings import Settings
from artrator_desktop.ui import shell as shell_module
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pages.onboarding import OnboardingPage
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import DARK, LIGHT, theme
from artrator_desktop.ui.widgets import ConfirmSheet, StatePanel


def test_it_opens_on_discover(shell: Shell) -> None:
    assert shell.page_id == "discover"
    assert shell.nav.button("discover").isChecked()


def test_without_a_key_it_opens_on_onboarding_without_navigation(qtbot: Any, state: AppState) -> None:
    (state.settings.data_dir / "identity.pem").unlink()
    window = Shell(state)
    qtbot.addWidget(window)
    assert window.page_id == "onboarding"
    assert window.nav.isHidden()
    window.pixmaps.close()


def test_navigation_shows_pages_and_lights_one_button(shell: Shell) -> None:
    for page_id in ("wallet", "node", "plugins", "discover"):
        shell.nav.button(page_id).click()
        assert shell.page_id == page_id
        assert [name for name in ("discover", "wallet", "node", "plugins") if shell.nav.button(name).isChecked()] == [
            page_id
        ]
    shell.open("settings")
    assert not shell.nav.button("discover").isChecked()


def test_shortcuts_reach_the_pages_and_the_search(qtbot: Any, shell: Shell) -> None:
    with qtbot.waitActive(shell, timeout=60_000):
        shell.show()
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(shell, Qt.Key.Key_5, control)
    assert shell.page_id == "wallet"
    qtbot.keyClick(shell, Qt.Key.Key_7, control)
    assert shell.page_id == "node"
    qtbot.keyClick(shell, Qt.Key.Key_K, control)
    assert shell.page_id == "discover"
    page = shell.page("discover")
    assert isinstance(page, Page)
    assert isinstance(shell.focusWidget(), QLineEdit)


def test_a_page_that_cannot_be_built_is_named_and_the_others_live(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shell_module.PAGES, "plugins", "artrator_desktop.ui.pages.nowhere:Nothing")
    shell.open("plugins")
    assert isinstance(shell.page("plugins"), StatePanel)
    shell.open("wallet")
    assert shell.page_id == "wallet"


def test_an_unknown_page_is_ignored(shell: Shell) -> None:
    shell.open("no such page")
    assert shell.page_id == "discover"


def test_a_language_switch_speaks_korean_everywhere_at_once(shell: Shell, state: AppState) -> None:
    shell.open("wallet")
    state.settings.set("language", "ko")
    assert shell.page_id == "wallet"
    assert shell.nav.button("wallet").text() == "지갑"
    assert shell.nav.button("wallet").isChecked()
    state.settings.set("language", "en")
    assert shell.nav.button("wallet").text() == "Wallet"


def test_pages_from_before_a_language_switch_hear_nothing_more(qtbot: Any, shell: Shell, state: AppState) -> None:
    pages = [page for page in shell_module.PAGES if page != "onboarding"]
    for page in pages:
        shell.open(page)
    state.settings.set("language", "ko")
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    failure = Failure("node_busy", "The node is busy.")
    with qtbot.captureExceptions() as raised:
        for signal in (state.create.chosen.changed, state.jobs.added, state.jobs.changed, state.jobs.ended):
            signal.emit("prompt")
        for refused in (state.passes.refused, state.library.refused, state.node.refused, state.wallet.export_failed):
            refused.emit(failure)
        for changed in (state.catalogue, state.wallet, state.gallery, state.disputes, state.companions, state.plugins):
            changed.changed.emit()
    assert raised == []


def test_what_was_typed_survives_a_language_switch(shell: Shell, state: AppState) -> None:
    shell.open("onboarding")
    page = shell.page("onboarding")
    assert isinstance(page, OnboardingPage)
    page.registry.setText("http://127.0.0.1:8600")
    page.next.click()
    page.next.click()
    page.name.setText("하은")
    state.settings.set("language", "ko")
    again = shell.page("onboarding")
    assert again is not page
    assert isinstance(again, OnboardingPage)
    assert again.steps.currentIndex() == 2
    assert again.registry.text() == "http://127.0.0.1:8600"
    assert again.name.text() == "하은"


def test_a_theme_switch_is_live(shell: Shell, state: AppState) -> None:
    state.settings.set("theme", "light")
    assert theme().tokens is LIGHT
    state.settings.set("theme", "dark")
    assert theme().tokens is DARK


def ground(widget: QWidget) -> str:
    return widget.grab().toImage().pixelColor(widget.width() - 4, widget.height() - 4).name().upper()


def test_a_theme_is_put_on_what_is_seen_and_on_a_page_behind_when_it_is_opened(
    qtbot: Any, shell: Shell, state: AppState
) -> None:
    with qtbot.waitActive(shell, timeout=60_000):
        shell.show()
    for page_id in ("plugins", "settings"):
        shell.open(page_id)
    behind, seen = shell.page("plugins"), shell.page("settings")
    assert behind is not None
    assert seen is not None
    styled: list[QEvent.Type] = []

    class Ear(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            styled.append(event.type())
            return False

    ear = Ear()
    behind.installEventFilter(ear)
    state.settings.set("theme", "light")
    assert ground(seen) == LIGHT.bg.upper()
    assert QEvent.Type.StyleChange not in styled, "the page behind was styled although nobody sees it"
    shell.open("plugins")
    assert QEvent.Type.StyleChange in styled
    assert ground(behind) == LIGHT.bg.upper()
    sheet = ConfirmSheet("Delete it?", "It is gone then.", "Delete", behind)
    qtbot.addWidget(sheet)
    sheet.show()
    assert ground(sheet) == LIGHT.bg.upper(), "what opens from a page looks like the page"
    state.settings.set("theme", "dark")
    shell.open("settings")
    assert ground(seen) == DARK.bg.upper()
    assert seen.styleSheet() == "", "the application's own sheet is enough again"


def test_keys_that_every_window_knows(qtbot: Any, shell: Shell, state: AppState) -> None:
    with qtbot.waitActive(shell, timeout=60_000):
        shell.show()
    control = Qt.KeyboardModifier.ControlModifier
    shell.open("gallery")
    qtbot.keyClick(shell, Qt.Key.Key_F, control)
    assert isinstance(shell.focusWidget(), QLineEdit)
    assert shell.page_id == "gallery"
    asked: list[str] = []
    page = shell.page("gallery")
    assert isinstance(page, Page)
    state.gallery.changed.connect(lambda: asked.append("gallery"))
    qtbot.keyClick(shell, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: bool(asked), timeout=60_000)
    shell.open("model", {"listing_id": "maker/emoji"})
    qtbot.keyClick(shell.page("model"), Qt.Key.Key_Escape)
    assert shell.page_id == "discover"
    assert shell.windowTitle() == "Discover"
    qtbot.keyClick(shell, Qt.Key.Key_W, control)
    assert not shell.isVisible()


def test_a_damaged_setting_is_passed_over(qtbot: Any, state: AppState, tmp_path: Path) -> None:
    rows = [("theme", "{not json"), ("language", '"ko"'), ("window", "[" * 100_000)]
    state.database.write(
        lambda c: c.executemany("insert or replace into setting (name, value) values (?, ?)", rows)
    ).result(60)
    again = Settings(tmp_path, state.database, state.engine)
    assert (again.theme, again.language, again.get("window")) == ("system", "ko", None)


def test_keeping_is_what_enter_and_escape_do(qtbot: Any) -> None:
    sheet = ConfirmSheet("Delete it?", "It is gone then.", "Delete")
    qtbot.addWidget(sheet)
    assert sheet.keep.isDefault()
    assert not sheet.go.isDefault()
    with qtbot.waitSignal(sheet.accepted, timeout=60_000):
        sheet.go.click()


def test_the_navigation_tells_balance_and_what_a_credit_is_worth(shell: Shell, connect: Callable[[], None]) -> None:
    connect()
    assert shell.nav.balance.number.text() == "1,824.5"
    assert shell.nav.balance.hold.text() == "credits · 12 on hold"
    assert shell.nav.balance.note.text() == "Test credits without cash value"
    assert shell.nav.status.words.whole() == "Connected to registry"


def test_the_navigation_counts_down_to_the_next_try(shell: Shell, state: AppState) -> None:
    state.session.link = Link.OFFLINE
    state.session.failure = Failure("registry_unreachable", "Away.", "")
    state.session.retry_in = 8
    state.session.changed.emit()
    assert shell.nav.status.words.whole() == "Offline, retrying in 8 s"


def test_the_window_comes_back_where_it_was(qtbot: Any, state: AppState) -> None:
    window = Shell(state)
    qtbot.addWidget(window)
    window.resize(1200, 850)
    window.close()
    window.pixmaps.close()
    again = Shell(state)
    qtbot.addWidget(again)
    # The offscreen screen is small, so Qt fits the window into it; without the memory it would be 1440 wide.
    assert again.size().width() < 1440
    again.pixmaps.close()


def test_a_job_that_ends_on_another_page_is_told_with_its_price(
    shell: Shell, state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = SimpleNamespace(phase=JobPhase.DONE, title="Emoji", charged=2_000_000, failure=None, images=(), missing=0)
    monkeypatch.setattr(state.jobs, "get", lambda _name: done)
    state.jobs.ended.emit("one")
    assert shell.toasts.sentences() == ["Emoji is ready. Paid 2 credits."]
    done.missing, done.images = 1, (SimpleNamespace(id="a"), SimpleNamespace(id="b"))
    state.jobs.ended.emit("one")
    assert shell.toasts.sentences()[-1] == "Emoji made 2 of 3 pictures. Paid 2 credits for those."
    done.phase, done.failure = JobPhase.FAILED, Failure("node_unreachable", "The node is away.", "Nothing was charged.")
    state.jobs.ended.emit("one")
    assert shell.toasts.sentences()[-1] == "Emoji failed. The node is away. Nothing was charged."


def test_choosing_another_registry_leaves_the_old_one(state: AppState, connect: Callable[[], None]) -> None:
    connect()
    state.session._network = SimpleNamespace(url="http://127.0.0.1:9")
    state.settings.set("registry_url", "http://127.0.0.1:10")
    assert state.session.info is None
    assert state.session.link is Link.OFFLINE
    state.session._network = None


def test_top_up_leads_to_the_voucher_field(qtbot: Any, shell: Shell) -> None:
    with qtbot.waitActive(shell, timeout=60_000):
        shell.show()
    shell.nav.balance.top_up.click()
    assert shell.page_id == "wallet"
    assert isinstance(shell.focusWidget(), QLineEdit)


@pytest.mark.parametrize("page_id", list(shell_module.PAGES))
def test_every_control_has_a_name_for_screen_readers(
    shell: Shell, fill: Callable[[], None], open_model: Callable[[], None], page_id: str
) -> None:
    fill()
    shell.open(page_id)
    open_model()
    page = shell.page(page_id)
    assert page is not None
    kinds = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QListView)
    controls: list[QWidget] = [widget for kind in kinds for widget in page.findChildren(kind)]
    nameless = [
        widget for widget in controls
        if not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.isHidden()
        and not widget.objectName().startswith("qt_")
    ]  # fmt: skip
    assert [repr(widget) for widget in nameless] == []


def test_people_with_fcitx_get_the_input_plugin_that_fcitx_answers() -> None:
    environment = {"XMODIFIERS": "@im=fcitx"}
    prepare_environment(environment)
    assert environment["QT_IM_MODULE"] == "ibus"
    untouched = {"QT_IM_MODULE": "ibus"}
    prepare_environment(untouched)
    assert untouched == {"QT_IM_MODULE": "ibus"}
    none: dict[str, str] = {}
    prepare_environment(none)
    assert none == {}
