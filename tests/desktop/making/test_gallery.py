"""The gallery: search, favourites, deletion, ten thousand rows, and receipts that are really checked."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from buyer_double import DIGEST, plain_picture
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QAbstractItemModelTester

from artrator_desktop.state import AppState, ImageQuery, ImageRecord, Phase
from artrator_desktop.state.gallery_model import RecordRole
from artrator_desktop.state.pictures import thumbnail_path
from artrator_desktop.state.store import Database, images, trash
from artrator_desktop.ui.gallery.compare import CompareDialog
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.gallery import GalleryPage
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.widgets import Button

ROW = ImageRecord(
    id=0,
    order_id="",
    position=0,
    outputs=1,
    listing="atelier/emoji",
    version="1.0.0",
    title="Tiny Emoji",
    task="text-to-image",
    package=DIGEST,
    prompt="",
    inputs={"seed": 1, "steps": 25},
    source="",
    node=DIGEST,
    node_name="seoul-07",
    descriptor={},
    receipt={},
    acknowledgement={},
    cost=2_000_000,
    seconds=3.0,
    favourite=False,
    sha256="00" * 32,
    size=1000,
    width=96,
    height=64,
    path="",
    created_at=0.0,
)
PROMPTS = ["안개 낀 산", "a red apple", "고양이와 안개", "night city, 80% neon", "an apple_pie", "초록 개구리가 웃는다"]


def fill(app: AppState, folder: Path, count: int) -> None:
    path = folder / "one.png"
    path.write_bytes(plain_picture(5))

    def work(connection: Any) -> None:
        for number in range(count):
            images.add(
                connection,
                replace(
                    ROW,
                    order_id=f"order-{number}",
                    prompt=PROMPTS[number % len(PROMPTS)],
                    inputs={"seed": 100_000 + number, "steps": 25},
                    listing="atelier/emoji" if number % 3 else "atelier/upscale-x4",
                    sha256=f"{number % 3:064x}",
                    path=str(path),
                    created_at=time.time() - number * 60,
                ),
            )

    app.database.write(work).result()


@pytest.fixture
def gallery_app(state: AppState) -> AppState:
    """A state whose engine runs, with nobody to connect to."""
    state.engine.start()
    return state


def found(qtbot: Any, app: AppState, query: ImageQuery) -> list[str]:
    app.gallery.phase = Phase.LOADING
    app.gallery.search(query)
    app.gallery.refresh()
    qtbot.waitUntil(lambda: app.gallery.phase in {Phase.READY, Phase.EMPTY}, timeout=60_000)
    ids = app.gallery.model._ids
    rows = app.database.read_now(lambda c: images.records(c, ids))
    return [rows[each].prompt for each in ids]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("안개", {"안개 낀 산", "고양이와 안개"}),  # two syllables: a trigram index would find neither
        ("개구리가", {"초록 개구리가 웃는다"}),
        ("apple", {"a red apple", "an apple_pie"}),
        ("appl", {"a red apple", "an apple_pie"}),
        ("red apple", {"a red apple"}),
        ("80%", {"night city, 80% neon"}),
        ("apple_", {"an apple_pie"}),
        ('") or 1=1 --', set()),
        ("100003", {"night city, 80% neon"}),  # a seed
        ("Tiny", set(PROMPTS)),
    ],
)
def test_search_finds_words_in_any_language_and_takes_signs_literally(
    qtbot: Any, gallery_app: AppState, tmp_path: Path, words: str, expected: set[str]
) -> None:
    fill(gallery_app, tmp_path, len(PROMPTS))
    assert set(found(qtbot, gallery_app, ImageQuery(text=words))) == expected


def test_favourites_and_listings_filter_and_the_order_turns(qtbot: Any, gallery_app: AppState, tmp_path: Path) -> None:
    fill(gallery_app, tmp_path, 6)
    newest = found(qtbot, gallery_app, ImageQuery())
    assert found(qtbot, gallery_app, ImageQuery(oldest=True)) == newest[::-1]
    assert len(found(qtbot, gallery_app, ImageQuery(listing="atelier/upscale-x4"))) == 2
    with qtbot.waitSignal(gallery_app.gallery.changed, timeout=60_000):
        gallery_app.gallery.set_favourite([3], on=True)
    assert found(qtbot, gallery_app, ImageQuery(favourites=True)) == [PROMPTS[2]]


@pytest.fixture
def trash_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests throw away does not go to the trash of whoever runs them."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def two(qtbot: Any, gallery_app: AppState, tmp_path: Path, trash_of_our_own: None) -> list[Path]:
    """The files of two pictures, 1 and 2, that the gallery shows."""
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for number, path in enumerate(paths):
        path.write_bytes(plain_picture(number))
        row = replace(ROW, order_id=f"order-{number}", prompt="an apple", sha256=f"{number:064x}", path=str(path),
                      created_at=time.time() - number)  # fmt: skip
        gallery_app.database.write(lambda c, row=row: images.add(c, row)).result()
    gallery_app.gallery.refresh()
    qtbot.waitUntil(lambda: gallery_app.gallery.totals.count == 2, timeout=60_000)
    return paths


def delete(qtbot: Any, app: AppState, *wanted: int) -> None:
    count = app.gallery.totals.count
    app.gallery.delete(wanted)
    qtbot.waitUntil(lambda: app.gallery.totals.count == count - len(wanted), timeout=60_000)


def test_what_is_deleted_is_gone_from_sight_at_once_and_can_be_taken_back(
    qtbot: Any, gallery_app: AppState, two: list[Path]
) -> None:
    delete(qtbot, gallery_app, 1)
    delete(qtbot, gallery_app, 2)
    assert gallery_app.gallery.phase is Phase.EMPTY
    assert gallery_app.gallery.newest == []
    assert found(qtbot, gallery_app, ImageQuery(text="apple")) == []
    assert all(path.exists() for path in two)
    assert gallery_app.gallery.trashed == [1, 2]
    gallery_app.gallery.restore()
    qtbot.waitUntil(lambda: gallery_app.gallery.totals.count == 2, timeout=60_000)
    assert gallery_app.gallery.trashed == []
    assert found(qtbot, gallery_app, ImageQuery(text="apple")) == ["an apple"] * 2
    assert all(path.exists() for path in two)


def test_when_the_time_to_take_it_back_is_over_row_words_file_and_thumbnail_go(
    qtbot: Any, gallery_app: AppState, two: list[Path]
) -> None:
    thumbnail = thumbnail_path(gallery_app.gallery.cache, f"{0:064x}")
    thumbnail.parent.mkdir(parents=True)
    thumbnail.write_bytes(b"small")
    gallery_app.gallery._grace.setInterval(0)
    gallery_app.gallery.delete([1])
    qtbot.waitUntil(lambda: not two[0].exists() and not thumbnail.exists(), timeout=60_000)
    qtbot.waitUntil(
        lambda: list(gallery_app.database.read_now(lambda c: images.records(c, [1, 2]))) == [2], timeout=60_000
    )
    assert gallery_app.gallery.trashed == []
    gallery_app.gallery.restore()  # too late, and harmless
    assert two[1].exists()


def test_closing_puts_away_what_was_deleted_and_nothing_else(
    qtbot: Any, gallery_app: AppState, two: list[Path]
) -> None:
    delete(qtbot, gallery_app, 1)
    gallery_app.close()
    assert [path.exists() for path in two] == [False, True]
    with_rows = Database(gallery_app.database.path)
    assert list(with_rows.read_now(lambda c: images.records(c, [1, 2]))) == [2]
    with_rows.close()


def test_what_a_crash_left_in_the_trash_is_put_away_at_the_next_start(
    qtbot: Any, state: AppState, two: list[Path]
) -> None:
    state.database.write(lambda c: trash.put(c, [2])).result()  # as it stood when the process was killed
    state.gallery.start()
    qtbot.waitUntil(lambda: not two[1].exists(), timeout=60_000)
    qtbot.waitUntil(lambda: state.gallery.totals.count == 1, timeout=60_000)
    assert two[0].exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the file that not even root may delete is Linux's")
def test_a_picture_whose_file_cannot_be_deleted_comes_back_and_is_told(
    qtbot: Any, shell: Shell, gallery_app: AppState, two: list[Path]
) -> None:
    gallery_app.database.write(lambda c: c.execute("update image set path = '/proc/self/status' where id = 1")).result()
    gallery_app.gallery._grace.setInterval(0)
    gallery_app.gallery.delete([1])
    told = "1 picture could not be deleted; let Artrator write in its folder and delete again."
    qtbot.waitUntil(lambda: shell.toasts.sentences() == [told], timeout=60_000)
    assert found(qtbot, gallery_app, ImageQuery()) == ["an apple"] * 2
    qtbot.waitUntil(lambda: gallery_app.gallery.totals.count == 2, timeout=60_000)


def test_the_corner_offers_undo_as_long_as_there_is_something_to_undo(
    qtbot: Any, shell: Shell, gallery_app: AppState, two: list[Path]
) -> None:
    shell.open("gallery")
    page = shell.page("gallery")
    assert isinstance(page, GalleryPage)
    shell.show()
    qtbot.waitUntil(lambda: page.grid.chosen() == [1], timeout=60_000)
    page.grid.setFocus()
    qtbot.keyClick(page.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.grid.chosen() == [2], timeout=60_000)
    assert shell.toasts.sentences() == ["1 picture deleted, with its receipt."]
    assert shell.toasts.geometry().right() < page.details.mapTo(shell, page.details.rect().topLeft()).x()
    qtbot.keyClick(page.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: gallery_app.gallery.totals.count == 0, timeout=60_000)
    assert shell.toasts.sentences() == ["2 pictures deleted, with their receipts."]
    (undo,) = [button for button in shell.toasts.findChildren(Button) if button.isVisible() and button.text() == "Undo"]
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: gallery_app.gallery.totals.count == 2, timeout=60_000)
    assert shell.toasts.sentences() == []
    qtbot.waitUntil(lambda: page.grid.chosen() == [1], timeout=60_000)
    page.thumbs.close()


def test_the_model_keeps_qts_rules(qtbot: Any, gallery_app: AppState, tmp_path: Path) -> None:
    fill(gallery_app, tmp_path, 6)
    model = gallery_app.gallery.model
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    gallery_app.gallery.refresh()
    qtbot.waitUntil(lambda: model.rowCount() == 6, timeout=60_000)
    qtbot.waitUntil(lambda: model.data(model.index(0), RecordRole) is not None, timeout=60_000)
    assert "안개" in model.data(model.index(0), int(Qt.ItemDataRole.AccessibleTextRole))
    tester.deleteLater()


def test_ten_thousand_rows_paint_and_jump(qtbot: Any, gallery_app: AppState, tmp_path: Path) -> None:
    fill(gallery_app, tmp_path, 10_000)
    pixmaps = Pixmaps(gallery_app.media)
    page = GalleryPage(gallery_app, pixmaps)
    page.resize(1224, 900)
    qtbot.addWidget(page)
    page.show()
    page.activate()
    qtbot.waitUntil(lambda: gallery_app.gallery.model.rowCount() == 10_000, timeout=60_000)
    qtbot.waitUntil(lambda: len(page.thumbs._kept) > 10, timeout=60_000)
    page.grid.choose(gallery_app.gallery.model.id_at(7000))
    qtbot.waitUntil(lambda: page.details.record() is not None, timeout=60_000)
    qtbot.waitUntil(lambda: gallery_app.gallery.model.record(7000) is not None, timeout=60_000)
    qtbot.waitUntil(lambda: page.details.record().id == gallery_app.gallery.model.id_at(7000), timeout=60_000)
    assert page.header.subtitle.text().startswith("10,000 images")
    assert len(gallery_app.gallery.model._kept) <= 2000
    page.thumbs.close()
    pixmaps.close()


def test_a_damaged_database_is_kept_aside_and_pictures_stay(tmp_path: Path) -> None:
    path = tmp_path / "desktop.sqlite3"
    path.write_bytes(b"this is not a database" * 100)
    database = Database(path)
    assert database.damage is not None
    assert database.damage.kept.read_bytes().startswith(b"this is not")
    assert database.read_now(images.totals).count == 0
    database.close()


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "desktop.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("pragma user_version=99")
    connection.close()
    with pytest.raises(sqlite3.OperationalError, match="newer version"):
        Database(path)


def test_two_chosen_pictures_can_be_compared(qtbot: Any, gallery_app: AppState, tmp_path: Path) -> None:
    fill(gallery_app, tmp_path, 4)
    pixmaps = Pixmaps(gallery_app.media)
    page = GalleryPage(gallery_app, pixmaps)
    page.resize(1224, 900)
    qtbot.addWidget(page)
    page.show()
    page.activate()
    qtbot.waitUntil(lambda: page.details.record() is not None, timeout=60_000)
    assert not page.details.comparing.isEnabled(), "one picture without a source has nothing to be compared with"
    page.grid.selectAll()
    assert page._pair() is None
    page.grid.choose(gallery_app.gallery.model.id_at(0))
    flag = QItemSelectionModel.SelectionFlag.Select
    page.grid.selectionModel().setCurrentIndex(gallery_app.gallery.model.index(2), flag)
    older, newer = page._pair()
    assert older.created_at < newer.created_at
    assert page.details.comparing.isEnabled()
    dialog = CompareDialog(pixmaps.large, older.path, newer.path, ("a", "b"))
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: not dialog.slider._after.isNull(), timeout=60_000)
    lost = CompareDialog(pixmaps.large, str(tmp_path / "gone.png"), newer.path, ("a", "b"))
    qtbot.addWidget(lost)
    with qtbot.waitSignal(lost.incomplete, timeout=60_000):
        lost.show()
    page.thumbs.close()
    pixmaps.close()


def test_what_is_asked_of_a_closed_database_is_never_answered(tmp_path: Path) -> None:
    database = Database(tmp_path / "desktop.sqlite3")
    database.close()
    assert database.read(images.totals).cancelled()
    assert database.write(images.totals).cancelled()
