"""The Style page over a real registry, a real node and the real video operator: drop, look, preview, run, save."""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from federation import Federation, copy_example
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from artrator.frames import read_film
from artrator_desktop import i18n
from artrator_desktop.state import AppState, JobPhase, Link, Phase
from artrator_desktop.ui.pages.style import StylePage
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

WIDTH, HEIGHT, FRAMES = 96, 64, 5


def picture(path: Path, number: int, *, painted: bool) -> str:
    """A disk that moves over stripes; painted in two colours that the film does not have."""
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    ground, ink = ("#203a5c", "#f0b040") if painted else ("#808080", "#e0e0e0")
    image.fill(QColor(ground))
    painter = QPainter(image)
    for x in range(0, WIDTH, 12):
        painter.fillRect(x, 0, 4, HEIGHT, QColor(ground).lighter(130 + 20 * round(math.sin(x))))
    painter.setBrush(QColor(ink))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(QPointF(24 + 8 * number, 32), 15, 15)
    painter.end()
    assert image.save(str(path))
    return str(path)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("film")
    return [picture(folder / f"frame_{n:04d}.png", n, painted=False) for n in range(1, FRAMES + 1)]


@pytest.fixture(scope="module")
def listing(running: Federation, tmp_path_factory: pytest.TempPathFactory) -> str:
    running.publish(copy_example("stylise-video", tmp_path_factory.mktemp("packages")), "--price", "pixel=1/1000000")
    return "atelier/stylise-video"


@pytest.fixture
def window(qtbot: Any, running: Federation) -> Iterator[Shell]:
    i18n.install("en")
    theme().start("dark")
    app = AppState(running.person("seoyeon", 500).profile.folder)
    app.start()
    qtbot.waitUntil(lambda: app.session.link is Link.ONLINE and app.wallet.balance is not None, timeout=60_000)
    shell = Shell(app)
    qtbot.addWidget(shell)
    shell.show()
    yield shell
    shell.pixmaps.close()
    app.close()


def open_page(qtbot: Any, window: Shell, listing: str) -> StylePage:
    """As a person comes there: "Use this model" opens Create, which hands a listing of several pictures on."""
    window.open("create", {"listing_id": listing})
    qtbot.waitUntil(lambda: window.page_id == "style" and window.app.create.phase is Phase.READY, timeout=60_000)
    page = window.page("style")
    assert isinstance(page, StylePage)
    return page


def fill(qtbot: Any, page: StylePage, film: list[str], tmp_path: Path) -> None:
    page.cards["frames"].files_chosen.emit(film)
    qtbot.waitUntil(lambda: len(page.app.create.chosen.pictures["frames"]) == FRAMES, timeout=60_000)
    keys = [picture(tmp_path / f"painted_{n:04d}.png", n, painted=True) for n in (1, FRAMES)]
    page.cards["keyframes"].files_chosen.emit(keys)
    qtbot.waitUntil(lambda: len(page.app.create.chosen.pictures["keyframes"]) == 2, timeout=60_000)


def test_a_film_is_checked_previewed_painted_and_saved(
    qtbot: Any, window: Shell, listing: str, film: list[str], tmp_path: Path
) -> None:
    page = open_page(qtbot, window, listing)
    assert list(page.cards) == ["frames", "keyframes", "masks", "extra_guides"]
    fill(qtbot, page, film, tmp_path)
    # The numbers stand in the files' names.
    assert page.cards["keyframes"].numbers.text() == f"1, {FRAMES}"
    assert f"{WIDTH} × {HEIGHT}" in page.cards["keyframes"].foot.text()
    qtbot.waitUntil(page.run_bar.button.isEnabled, timeout=60_000)
    assert f"{FRAMES} frames" in page.run_bar.button.text()
    assert page.comparison.scrubber.marks() == [1, FRAMES]
    assert page.run_bar.here.isHidden()  # the model was not bought to keep

    # One frame before all: it costs less, and is paid by itself.
    page.comparison.scrubber.setValue(3)
    assert page.run_bar.first.text() == "Preview frame 3"
    qtbot.waitUntil(page.run_bar.first.isEnabled, timeout=60_000)
    before = page.app.style.quoting.quote
    assert before is not None
    assert before.cap < (page.app.create.price or 0)
    qtbot.mouseClick(page.run_bar.first, Qt.MouseButton.LeftButton)
    preview = page.app.style.job()
    assert preview is not None
    qtbot.waitUntil(lambda: page.app.jobs.get(preview.id).ended, timeout=60_000)
    assert page.app.jobs.get(preview.id).phase is JobPhase.DONE, page.app.jobs.get(preview.id).failure
    made = page.app.jobs.get(preview.id)
    assert len(made.images) == 2
    assert page.app.style.place_in(made) == 1  # the keyframe before it came first
    page.comparison.scrubber.setValue(4)  # nearer to the last keyframe, which comes after it
    assert page.app.style.place_in(made) == 0

    qtbot.mouseClick(page.run_bar.button, Qt.MouseButton.LeftButton)
    job = page.app.style.job()
    assert job is not None
    assert job.id != preview.id
    qtbot.waitUntil(lambda: page.app.jobs.get(job.id).ended, timeout=120_000)
    done = page.app.jobs.get(job.id)
    assert done.phase is JobPhase.DONE, done.failure
    assert len(done.images) == FRAMES
    middle = QImage(done.images[2].path)
    assert middle.pixelColor(48, 32).red() > middle.pixelColor(48, 32).blue()  # the disk in its painted colour
    target = tmp_path / "film.zip"
    page.save_to(target)
    qtbot.waitUntil(target.exists, timeout=60_000)
    assert len(read_film(target).frames) == FRAMES


def test_what_does_not_belong_together_is_told_under_its_slot_and_not_sent(
    qtbot: Any, window: Shell, listing: str, film: list[str], tmp_path: Path
) -> None:
    page = open_page(qtbot, window, listing)
    page.cards["frames"].files_chosen.emit(film)
    qtbot.waitUntil(lambda: len(page.app.create.chosen.pictures["frames"]) == FRAMES, timeout=60_000)
    odd = QImage(WIDTH // 2, HEIGHT, QImage.Format.Format_RGB32)
    odd.fill(QColor("#102030"))
    assert odd.save(str(tmp_path / "painted_0001.png"))
    page.cards["keyframes"].files_chosen.emit([str(tmp_path / "painted_0001.png")])
    qtbot.waitUntil(lambda: len(page.app.create.chosen.pictures["keyframes"]) == 1, timeout=60_000)
    assert "48 px wide instead of 96" in page.cards["keyframes"].foot.text()
    page.generate()
    assert page.app.style.job() is None

    broken = tmp_path / "frame_0002.png"
    broken.write_bytes(Path(film[0]).read_bytes()[:200])
    page.cards["frames"].files_chosen.emit([film[0], str(broken)])
    with qtbot.waitSignal(page.app.create.chosen.refused, timeout=60_000):
        pass
    page.cards["keyframes"].numbers.setText("1, 9")
    page.cards["keyframes"].numbers_typed.emit("1, 9")
    assert "from 1 to 5" in page.cards["keyframes"].foot.text()
    page.comparison.scrubber.setValue(4)
    qtbot.mouseClick(page.comparison.key, Qt.MouseButton.LeftButton)
    assert page.cards["keyframes"].numbers.text() == "1, 4, 9"
