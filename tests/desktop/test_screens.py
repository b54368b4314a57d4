"""Every page, drawn in every look, into artifacts/screens: for the eye, and to see that none of them fails to paint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artrator_desktop import i18n
from artrator_desktop.state import AppState
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

FOLDER = Path(__file__).parents[2] / "artifacts" / "screens"
LOOKS = [("dark", "en"), ("light", "en"), ("dark", "ko")]


def shoot(qtbot: Any, window: Shell, name: str) -> None:
    qtbot.wait(60)  # widgets that were just added are shown by the next event
    window.grab()  # what is not painted asks for no picture
    qtbot.waitUntil(lambda: not window.pixmaps._wanted, timeout=5000)
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
