"""Discover in each of its states, and what its controls ask of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage

from artrator.messages.registry import ListingCard
from artrator_desktop.state import AppState, Failure, Link, Phase
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.discover import DiscoverPage


@pytest.fixture
def page(qtbot: Any, state: AppState) -> Iterator[DiscoverPage]:
    pixmaps = Pixmaps(state.media)
    widget = DiscoverPage(state, pixmaps)
    qtbot.addWidget(widget)
    widget.resize(1224, 900)
    widget.show()
    yield widget
    pixmaps.close()


def searches(state: AppState, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Record searches instead of running them."""
    asked: list[tuple[str, str, str]] = []

    def search(query: str = "", task: str = "", sort: str = "") -> None:
        asked.append((query, task, sort))
        state.catalogue.query, state.catalogue.task = query, task

    monkeypatch.setattr(state.catalogue, "search", search)
    return asked


def test_while_it_loads_it_shows_skeletons_in_the_shape_of_cards(page: DiscoverPage, state: AppState) -> None:
    state.catalogue.phase = Phase.LOADING
    state.catalogue.changed.emit()
    assert page.stack.currentWidget() is page.area
    assert page.grid.model.is_loading()
    assert page.grid.model.rowCount() > 3
    assert page.grid.model.card(0) is None
    assert page.hero.isHidden()


def test_when_nothing_matches_it_quotes_the_query_and_offers_what_would_match(
    page: DiscoverPage, state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = searches(state, monkeypatch)
    state.catalogue.query = "watercolour zeppelin"
    state.catalogue.phase = Phase.EMPTY
    state.catalogue.suggestion = ("watercolour", 38)
    state.catalogue.changed.emit()
    assert page.stack.currentWidget() is page.panel
    assert "watercolour zeppelin" in page.panel.words()
    assert "38 models match “watercolour”" in page.panel.words()
    page.panel.first.click()
    assert asked[-1][0] == "watercolour"


def test_an_empty_registry_says_so_without_blaming_the_search(page: DiscoverPage, state: AppState) -> None:
    state.catalogue.phase = Phase.EMPTY
    state.catalogue.changed.emit()
    assert "No models here yet" in page.panel.words()


def test_when_the_registry_is_away_it_says_what_still_works_and_when_it_tries_again(
    page: DiscoverPage, state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches(state, monkeypatch)
    retried: list[bool] = []
    monkeypatch.setattr(state.session, "retry", lambda: retried.append(True))
    state.session.link = Link.OFFLINE
    state.session.retry_in = 12
    state.catalogue.phase = Phase.FAILED
    state.catalogue.failure = Failure("registry_unreachable", "The registry does not answer.", "Check the address.")
    state.catalogue.changed.emit()
    assert page.stack.currentWidget() is page.panel
    assert "still work" in page.panel.words()
    assert "12 seconds" in page.panel.words()
    state.session.retry_in = 1
    state.session.changed.emit()
    assert "1 second." in page.panel.words()
    page.panel.first.click()
    assert retried == [True]


def test_another_failure_shows_its_own_sentence_and_cure(page: DiscoverPage, state: AppState) -> None:
    state.catalogue.phase = Phase.FAILED
    state.catalogue.failure = Failure("rate_limited", "Too many searches.", "Slow down.")
    state.catalogue.changed.emit()
    assert "Too many searches. Slow down." in page.panel.words()


def test_cards_that_were_found_stay_in_view_when_a_later_search_fails(
    page: DiscoverPage, state: AppState, fill: Callable[[], None]
) -> None:
    fill()
    state.catalogue.phase = Phase.FAILED
    state.catalogue.failure = Failure("registry_unreachable", "Away.", "")
    state.catalogue.changed.emit()
    assert page.stack.currentWidget() is page.area


def test_found_models_are_listed_with_a_banner_for_the_most_used(
    page: DiscoverPage, state: AppState, fill: Callable[[], None], cards: list[ListingCard]
) -> None:
    fill()
    assert page.stack.currentWidget() is page.area
    assert page.grid.model.rowCount() == len(cards)
    assert not page.hero.isHidden()
    assert page.hero.name.text() == "Tiny Emoji"
    assert page.header.subtitle.text() == "8 models · 3 nodes online"
    state.session.link = Link.OFFLINE
    state.session.changed.emit()
    assert page.header.subtitle.text() == "8 models", "who is online is not known now"
    index = page.grid.model.index(2)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Upscale ×4"
    assert "1.5 credits a run" in index.data(Qt.ItemDataRole.AccessibleDescriptionRole)


def test_the_banner_goes_away_while_one_searches(page: DiscoverPage, state: AppState, fill: Callable[[], None]) -> None:
    state.catalogue.query = "emoji"
    fill()
    assert page.hero.isHidden()
    assert page.heading.text() == "8 results"


def test_typing_searches_once_after_a_pause(
    qtbot: Any, page: DiscoverPage, state: AppState, fill: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    asked = searches(state, monkeypatch)
    qtbot.keyClicks(page.search, "ink")
    assert asked == []
    qtbot.waitUntil(lambda: asked == [("ink", "", "relevant")], timeout=60_000)


def test_korean_typed_through_an_input_method_is_searched(
    qtbot: Any, page: DiscoverPage, state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = searches(state, monkeypatch)
    page.search.setText("안개")
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert asked[-1][0] == "안개"


def test_a_chip_narrows_to_one_task_and_the_order_is_kept(
    page: DiscoverPage, state: AppState, fill: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    asked = searches(state, monkeypatch)
    page.sort.setCurrentIndex(3)
    chip = next(chip for chip in page.chips.chips() if chip.value == "style-transfer")
    assert chip.text() == "Style transfer"
    chip.click()
    assert asked[-1] == ("", "style-transfer", "price")


def test_a_card_opens_its_model_by_mouse_and_by_keyboard(
    qtbot: Any, page: DiscoverPage, fill: Callable[[], None]
) -> None:
    fill()
    opened: list[tuple[str, object]] = []
    page.navigate.connect(lambda page_id, arguments: opened.append((page_id, arguments)))
    place: QPoint = page.grid.view.visualRect(page.grid.model.index(1)).center()
    qtbot.mouseClick(page.grid.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened == [("model", {"listing_id": "maker/painterly"})]
    page.grid.view.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(page.grid.view, Qt.Key.Key_Right)
    qtbot.keyClick(page.grid.view, Qt.Key.Key_Return)
    assert opened[-1] == ("model", {"listing_id": "maker/upscale-x4"})


@pytest.mark.parametrize("width", [640, 800, 1040, 1224, 1900, 2600])
def test_cards_fill_every_width_edge_to_edge(
    qtbot: Any, page: DiscoverPage, fill: Callable[[], None], width: int
) -> None:
    fill()
    page.resize(width, 900)
    qtbot.wait(20)
    grid = page.grid
    first_row = [
        row for row in range(grid.model.rowCount())
        if grid.view.visualRect(grid.model.index(row)).y() == grid.view.visualRect(grid.model.index(0)).y()
    ]  # fmt: skip
    assert len(first_row) == min(grid.columns(), grid.model.rowCount())
    if grid.columns() <= grid.model.rowCount():
        last = grid.view.visualRect(grid.model.index(first_row[-1]))
        assert abs(last.right() + 1 - 16 - grid.width()) <= grid.columns()


def test_a_longer_list_grows_without_losing_its_place(
    page: DiscoverPage, state: AppState, fill: Callable[[], None], cards: list[ListingCard], qtbot: Any
) -> None:
    fill()
    with qtbot.waitSignal(page.grid.model.rowsInserted, timeout=60_000):
        state.catalogue.cards = [*cards, *(card.model_copy(update={"listing": f"x/{card.listing}"}) for card in cards)]
        state.catalogue.changed.emit()
    assert page.grid.model.rowCount() == 16


def test_many_cards_are_laid_out_quickly(page: DiscoverPage, state: AppState, cards: list[ListingCard]) -> None:
    state.catalogue.cards = [card.model_copy(update={"listing": f"m/{n}"}) for n in range(250) for card in cards]
    state.catalogue.phase = Phase.READY
    state.catalogue.changed.emit()
    assert page.grid.model.rowCount() == 2000
    assert page.grid.height() > 20_000


def test_small_samples_are_shown_as_a_sheet_and_large_ones_fill_the_cover(
    qtbot: Any, page: DiscoverPage, state: AppState, cards: list[ListingCard], tmp_path: Path
) -> None:
    small = []
    for index, colour in enumerate(("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff")):
        path = tmp_path / f"small-{index}.png"
        picture = QImage(64, 64, QImage.Format.Format_RGB32)
        picture.fill(colour)
        picture.save(str(path))
        small.append(str(path))
    state.catalogue.cards = [cards[0].model_copy(update={"samples": small}), cards[1]]
    state.catalogue.phase = Phase.READY
    state.catalogue.changed.emit()
    page.grid.grab()
    qtbot.waitUntil(lambda: not page.pixmaps._wanted, timeout=60_000)
    page.grid.grab()  # the first sample says that it is small, then the others are asked for
    qtbot.waitUntil(lambda: not page.pixmaps._wanted, timeout=60_000)
    image = page.grid.grab().toImage()
    cell = page.grid.view.visualRect(page.grid.model.index(0))
    across, down = (cell.width() - 16) // 6, (cell.width() - 16) * 5 // 32
    middles = [image.pixelColor(across * (2 * column + 1), down * (2 * row + 1)).name()
               for row in range(2) for column in range(3)]  # fmt: skip
    assert middles == ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff"]


def test_tab_goes_through_the_page_in_the_order_one_reads_it(
    qtbot: Any, page: DiscoverPage, fill: Callable[[], None]
) -> None:
    fill()
    with qtbot.waitActive(page, timeout=60_000):
        page.activateWindow()
    page.search.setFocus()
    # Of chips that exclude each other only the one that is on is a stop; arrows lead to the others.
    expected = [page.search, page.sort, page.chips.chips()[0], page.hero.button, page.grid.view]
    met = []
    for _ in expected:
        met.append(page.focusWidget())
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
    assert met == expected
