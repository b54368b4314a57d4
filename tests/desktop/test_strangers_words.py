"""Whatever a stranger writes, and in the smallest window: no page is wider than its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from artrator.messages.registry import ListingCard
from artrator_desktop import i18n
from artrator_desktop.state import AppState
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.widgets import PageScroll

#: A laptop's screen less the system's bars.
SMALL = (1024, 700)
ENDLESS = "Donaudampfschifffahrtsgesellschaftskapitän" * 6
BACKWARDS = "\u202eمرحبا بالعالم 🐸👩‍🎨 \u05d0\u05d1\u05d2 " * 12


@pytest.fixture(params=[ENDLESS, BACKWARDS], ids=["endless", "backwards"])
def cards(request: pytest.FixtureRequest, cards: list[ListingCard]) -> list[ListingCard]:
    said = {"en": request.param, "ko": request.param}
    return [
        card.model_copy(
            update={"title": said, "summary": said, "creator_name": request.param, "license": request.param, "runs": 9}
        )
        for card in cards
    ]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize(
    "page",
    ["discover", "model", "create", "gallery", "library", "wallet", "earnings", "node", "plugins", "settings",
     "onboarding"],
)  # fmt: skip
def test_no_page_is_wider_than_a_small_window(
    qtbot: Any,
    state: AppState,
    cards: list[ListingCard],
    fill: Callable[[], None],
    open_model: Callable[[], None],
    page: str,
    language: str,
) -> None:
    i18n.install(language)
    window = Shell(state)
    qtbot.addWidget(window)
    window.resize(*SMALL)
    window.show()
    fill()
    window.open(page)
    fill()
    open_model()
    if state.node.health is not None:
        endless = cards[0].creator_name
        state.node.health = state.node.health.model_copy(update={"name": endless, "warnings": [endless]})
        state.node.changed.emit()
    qtbot.wait(60)
    assert (window.width(), window.height()) == SMALL
    shown = [area for area in window.findChildren(PageScroll) if area.isVisible()]
    for area in shown:
        assert area.body.width() <= area.viewport().width(), page
    assert isinstance(window.stack.currentWidget(), Page)
    place = window.stack.rect()
    assert window.stack.currentWidget().minimumSizeHint().width() <= place.width()
    window.pixmaps.close()
