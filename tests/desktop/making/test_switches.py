"""Theme and language change while a job runs, progress arrives and sheets are open: nothing is lost or left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from buyer_double import Script, World
from PySide6.QtWidgets import QDialog

from artrator_desktop.state import AppState, JobPhase
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import DARK, LIGHT, theme
from artrator_desktop.ui.wallet.topup import TopUpSheet
from artrator_desktop.ui.widgets import ConfirmSheet


@pytest.mark.parametrize("page", ["create", "gallery"])
def test_a_job_goes_on_through_every_switch(
    qtbot: Any, app: AppState, opened: Callable[[], None], world: World, page: str
) -> None:
    world.script = Script(steps=40, pace=0.01, pause_at=38)
    world.go = False
    opened()
    window = Shell(app)
    qtbot.addWidget(window)
    window.show()
    window.open("create", {"listing_id": "atelier/emoji"})
    app.create.set_value("prompt", "a smiling cat")
    (job,) = app.create.generate("Tiny Emoji")
    qtbot.waitUntil(lambda: app.jobs.get(job).done > 0, timeout=60_000)
    try:
        for look, language in (("light", "ko"), ("dark", "en"), ("light", "en"), ("dark", "ko")):
            window.open(page)
            shown = window.page(page)
            sheets: list[QDialog] = [TopUpSheet(app, shown), ConfirmSheet("Really?", "It is gone then.", "Go", shown)]
            for sheet in sheets:
                sheet.open()
            before = app.jobs.get(job).done
            app.settings.set("theme", look)
            qtbot.wait(30)
            ground = sheets[1].grab().toImage().pixelColor(4, 4).name().upper()
            tokens = LIGHT if look == "light" else DARK
            assert ground in (tokens.surface.upper(), tokens.panel.upper(), tokens.bg.upper(), tokens.raised.upper())
            app.settings.set("language", language)
            qtbot.waitUntil(lambda b=before: app.jobs.get(job).done > min(b, 36), timeout=60_000)
            assert window.page_id == page
        assert app.create.values["prompt"] == "a smiling cat"
        world.go = True
        qtbot.waitUntil(lambda: app.jobs.get(job).phase is JobPhase.DONE, timeout=60_000)
        window.open("create")
        qtbot.waitUntil(lambda: window.page("create").stage.record() is not None, timeout=60_000)
        assert window.page("create").stage.record().prompt == "a smiling cat"
    finally:
        window.close()
        window.pixmaps.close()
        theme().switch("dark")
