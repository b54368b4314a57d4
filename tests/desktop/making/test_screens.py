"""Create and Gallery, drawn in both themes with pictures of their own, into artifacts/screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from buyer_double import Script, World
from painted import painted

from artrator.errors import ArtratorError, Code
from artrator_desktop import i18n
from artrator_desktop.state import AppState, JobPhase, Phase
from artrator_desktop.state.receipts import verify
from artrator_desktop.ui.gallery.receipt import ReceiptDialog
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

FOLDER = Path(__file__).parents[3] / "artifacts" / "screens"
PROMPTS = [
    "misty mountain ridges at dusk",
    "a smiling cat",
    "안개 낀 산",
    "red apple on a plate",
    "a green frog",
    "pizza",
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    samples = []
    for number in range(2):
        path = tmp_path / f"sample-{number}.png"
        path.write_bytes(painted(number + 3))
        samples.append(str(path))
    return World(paint=painted, samples=samples, available=1_824_500_000)


def shoot(qtbot: Any, window: Shell, name: str) -> None:
    qtbot.wait(80)  # widgets that were just added are shown by the next event
    window.grab()  # what is not painted asks for no picture
    qtbot.waitUntil(lambda: not window.pixmaps._wanted, timeout=60_000)
    qtbot.wait(80)
    image = window.grab().toImage()
    FOLDER.mkdir(parents=True, exist_ok=True)
    assert image.save(str(FOLDER / f"{name}.png"))
    colours = {image.pixel(x, y) for x in range(0, image.width(), 40) for y in range(0, image.height(), 40)}
    assert len(colours) > 4, "nothing was painted"


def make(qtbot: Any, app: AppState, prompt: str, seed: int | None = None) -> None:
    app.create.set_value("prompt", prompt)
    app.create.set_value("seed", seed)
    job = app.create.generate("Tiny Emoji")[0]
    qtbot.waitUntil(lambda: app.jobs.get(job).phase is JobPhase.DONE, timeout=60_000)


@pytest.mark.slow
@pytest.mark.parametrize(("look", "language"), [("dark", "en"), ("light", "en"), ("dark", "ko")])
def test_create_and_gallery_paint_in_every_look(
    qtbot: Any, launch: Callable[[], AppState], world: World, look: str, language: str
) -> None:
    theme().switch(look)
    i18n.install(language)
    app = launch()
    window = Shell(app)
    qtbot.addWidget(window)
    window.show()
    window.open("create")
    shoot(qtbot, window, f"create_empty_{look}_{language}")
    window.open("create", {"listing_id": "atelier/emoji"})
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)
    shoot(qtbot, window, f"create_form_{look}_{language}")
    for number, prompt in enumerate(PROMPTS * 2):
        make(qtbot, app, prompt, number * 7 + 1)
    shoot(qtbot, window, f"create_done_{look}_{language}")
    world.script = Script(steps=28, pause_at=18, pace=0.001)
    world.go = False
    app.create.set_value("prompt", "misty mountain ridges at dusk, layered silhouettes, warm sun, soft grain")
    app.create.set_value("seed", None)
    app.create.set_count(4)
    app.create.values_changed.emit()
    jobs = app.create.generate("Tiny Emoji")
    qtbot.waitUntil(lambda: app.jobs.get(jobs[0]).done == 17, timeout=60_000)
    shoot(qtbot, window, f"create_running_{look}_{language}")
    world.go = True
    qtbot.waitUntil(lambda: not app.jobs.active(), timeout=60_000)
    world.script = Script()
    app.create.open("atelier/upscale-x4", picture=str(next((app.settings.pictures_dir).iterdir())))
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)
    shoot(qtbot, window, f"create_upscale_{look}_{language}")
    window.open("gallery")
    qtbot.waitUntil(lambda: app.gallery.totals.count == 16, timeout=60_000)
    shoot(qtbot, window, f"gallery_{look}_{language}")
    window.pixmaps.close()


@pytest.mark.slow
def test_what_goes_wrong_paints_too(qtbot: Any, launch: Callable[[], AppState], world: World) -> None:
    app = launch()
    window = Shell(app)
    qtbot.addWidget(window)
    window.show()
    window.open("gallery")
    shoot(qtbot, window, "gallery_empty_dark_en")
    window.open("create", {"listing_id": "atelier/emoji"})
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)
    make(qtbot, app, "a smiling cat", 8)
    record = app.gallery.newest[0] if app.gallery.newest else app.jobs.all()[0].images[0]
    world.script = Script(failure=ArtratorError(Code.WORKER_DIED, "The worker that ran the model died."))
    app.create.set_count(2)
    app.create.generate("Tiny Emoji")
    qtbot.waitUntil(lambda: not app.jobs.active(), timeout=60_000)
    shoot(qtbot, window, "create_failed_dark_en")
    world.script = Script(lose_registry_at=2)
    app.create.set_count(1)
    app.create.generate("Tiny Emoji")
    qtbot.waitUntil(lambda: app.jobs.all()[-1].phase is JobPhase.STALLED, timeout=60_000)
    shoot(qtbot, window, "create_stalled_dark_en")
    world.no_node = True
    app.create.quoting.again()
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.FAILED, timeout=60_000)
    app.create.reuse("atelier/emoji", {"steps": 7}, "a picture from somewhere.png")
    shoot(qtbot, window, "create_nobody_dark_en")
    verdict = verify(record)
    dialog = ReceiptDialog(verdict, window)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.wait(50)
    assert dialog.grab().save(str(FOLDER / "receipt_dark_en.png"))
    window.pixmaps.close()
