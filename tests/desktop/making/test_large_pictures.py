"""Whatever is large is read and written off the interface's thread, and only a little of it is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel

from artrator.manifest import InputSpec, InputType
from artrator_desktop.state import AppState
from artrator_desktop.state.inputs import Picture
from artrator_desktop.state.pictures import decode_file
from artrator_desktop.ui.create import actions
from artrator_desktop.ui.create.actions import PictureActions
from artrator_desktop.ui.create.stage import Stage
from artrator_desktop.ui.forms.images import ImagesInput
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.large import LargePictures

Opened = Callable[..., None]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where pictures were decoded and copied, by the names of threads."""
    threads: list[str] = []

    def read(*given: Any) -> QImage:
        threads.append(threading.current_thread().name)
        return decode_file(*given)

    copy = actions.shutil.copyfile

    def write(*given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return copy(*given)

    monkeypatch.setattr("artrator_desktop.ui.large.decode_file", read)
    monkeypatch.setattr(actions, "decode_file", read)
    monkeypatch.setattr(actions.shutil, "copyfile", write)
    return threads


@pytest.fixture
def large(qapp: object) -> Iterator[LargePictures]:
    with ThreadPoolExecutor(1) as pool:
        yield LargePictures(pool)


def save(path: Path, side: int) -> str:
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    assert image.save(str(path))
    return str(path)


def test_only_the_last_few_are_kept(qtbot: Any, large: LargePictures, tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{number}.png", 20 + number) for number in range(12)]
    for path in paths:
        if large.get(path) is None:
            qtbot.waitUntil(lambda path=path: large.get(path) is not None, timeout=60_000)
    assert len(large._kept) == 4
    assert large.get(paths[-1]).width() == 31


def test_frames_that_one_passes_by_are_not_read(
    qtbot: Any, large: LargePictures, elsewhere: list[str], tmp_path: Path
) -> None:
    begin = threading.Event()
    large._pool.submit(begin.wait)  # the decoder is busy
    paths = [save(tmp_path / f"{number}.png", 20) for number in range(30)]
    for path in paths:
        assert large.get(path) is None
    begin.set()
    qtbot.waitUntil(lambda: large.get(paths[-1]) is not None, timeout=60_000)
    assert len(elsewhere) == 4


def test_a_file_that_is_gone_is_answered_and_asked_for_again(qtbot: Any, large: LargePictures, tmp_path: Path) -> None:
    path = str(tmp_path / "late.png")
    with qtbot.waitSignal(large.ready, timeout=60_000):
        assert large.get(path) is None
    save(tmp_path / "late.png", 30)
    qtbot.waitUntil(lambda: large.get(path) is not None, timeout=60_000)
    assert large.get(path).width() == 30


def test_comparing_saving_and_copying_leave_the_interfaces_thread_alone(
    qtbot: Any, app: AppState, pixmaps: Pixmaps, opened: Opened, elsewhere: list[str], tmp_path: Path
) -> None:
    opened()
    app.create.set_value("prompt", "a lighthouse")
    qtbot.waitUntil(lambda: app.create.ready, timeout=60_000)
    job = app.create.generate()[0]
    qtbot.waitUntil(lambda: app.jobs.get(job).ended, timeout=60_000)
    (record, *_) = app.jobs.get(job).images
    stage = Stage(app, pixmaps)
    qtbot.addWidget(stage)
    stage.show_record(replace(record, source=record.path))  # as if it had been made from itself
    stage.compare.setChecked(True)
    qtbot.waitUntil(lambda: not stage.slider._after.isNull(), timeout=60_000)
    tools = PictureActions(app)
    qtbot.addWidget(tools)
    tools.show_record(record)
    with qtbot.waitSignal(tools.said, timeout=60_000) as heard:
        tools.save_to(tmp_path / "copy.png")
    assert heard.args[0] == "ok"
    assert (tmp_path / "copy.png").read_bytes() == Path(record.path).read_bytes()
    with qtbot.waitSignal(tools.said, timeout=60_000) as heard:
        tools.save_to(tmp_path / "no such folder" / "copy.png")
    assert heard.args[0] == "bad"
    with qtbot.waitSignal(tools.said, timeout=60_000) as heard:
        tools._copy()
    assert heard.args[0] == "ok"
    assert QGuiApplication.clipboard().mimeData().hasImage()
    assert len(elsewhere) >= 4
    assert threading.main_thread().name not in elsewhere


def test_a_film_in_the_plain_form_shows_its_first_frames(qtbot: Any) -> None:
    shown = QImage(64, 64, QImage.Format.Format_RGB32)
    shown.fill(QColor("#336699"))
    field = ImagesInput(InputSpec("frames", InputType.IMAGES, {"en": "Frames"}))
    qtbot.addWidget(field)
    field.show_value([Picture(b"", 64, 64, shown)] * 480)
    shown_here = [part for part in field._thumbs if not part.isHidden()]
    assert len(shown_here) == 12
    assert isinstance(shown_here[-1], QLabel)
    assert shown_here[-1].text() == "+469"
