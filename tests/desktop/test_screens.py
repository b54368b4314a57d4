"""Every page, drawn in every look, into artifacts/screens: for the eye, and to see that none of them fails to paint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artrator_desktop import i18n
from artrator_desktop.state import AppState, Failure, Link, Phase
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

FOLDER = Path(__file__).parents[2] / "artifacts" / "screens"
LOOKS = [("dark", "en"), ("light", "en"), ("dark", "ko")]


def shoot(qtbot: Any, window: Shell, name: str) -> None:
    qtbot.wait(60)  # widgets that were just added are shown by the next event
    window.grab()  # what is not painted asks for no picture
    qtbot.waitUntil(lambda: not window.pixmaps._wanted, timeout=60_000)
    image = window.grab().toImage()
    FOLDER.mkdir(parents=True, exist_ok=True)
    assert image.save(str(FOLDER / f"{name}.png"))
    colours = {image.pixel(x, y) for x in range(0, image.width(), 40) for y in range(0, image.height(), 40)}
    assert len(colours) > 4, "nothing was painted"


@pytest.mark.parametrize(("look", "language"), LOOKS)
@pytest.mark.parametrize("page", ["discover", "model", "wallet", "node", "plugins", "settings", "onboarding"])
def test_a_page_paints_in_every_look(
    qtbot: Any,
    state: AppState,
    fill: Callable[[], None],
    open_model: Callable[[], None],
    look: str,
    language: str,
    page: str,
) -> None:
    theme().switch(look)
    i18n.install(language)
    window = Shell(state)
    qtbot.addWidget(window)
    window.show()
    fill()
    window.open(page)
    fill()
    open_model()
    shoot(qtbot, window, f"{page}_{look}_{language}")
    window.pixmaps.close()


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.EMPTY, Phase.FAILED])
def test_discover_paints_while_there_is_nothing_to_show(
    qtbot: Any, state: AppState, connect: Callable[[], None], phase: Phase
) -> None:
    window = Shell(state)
    qtbot.addWidget(window)
    window.show()
    connect()
    catalogue = state.catalogue
    catalogue.phase = phase
    if phase is Phase.EMPTY:
        catalogue.query, catalogue.suggestion = "watercolour zeppelin", ("watercolour", 38)
    if phase is Phase.FAILED:
        catalogue.failure = Failure("registry_unreachable", "The registry does not answer.", "Check the address.")
        state.session.link, state.session.retry_in = Link.OFFLINE, 12
        state.session.changed.emit()
    catalogue.changed.emit()
    window.say("ok", "5 credits were added to your balance.")
    window.say("bad", "The node did not answer. Nothing was charged; try again in a moment or pick another node.")
    shoot(qtbot, window, f"state_{phase}")
    window.pixmaps.close()
