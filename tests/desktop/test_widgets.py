"""The widgets behave, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, QUrl
from PySide6.QtGui import QImage, QPixmap, QWheelEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from artrator_desktop.ui.text import tip
from artrator_desktop.ui.widgets import (
    Button,
    ChipRow,
    ComboBox,
    CompareSlider,
    ElidedLabel,
    Field,
    FlowLayout,
    ImageDrop,
    IntegerField,
    Label,
    LineEdit,
    PageScroll,
    Picture,
    SearchField,
    Segmented,
    Skeleton,
    StatePanel,
    Switch,
    ToastStack,
)


def filled(width: int, height: int, colour: str) -> QPixmap:
    picture = QPixmap(width, height)
    picture.fill(colour)
    return picture


def test_focus_shows_only_after_the_keyboard_brought_it(qtbot: Any) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    first, second = Button("One"), Button("Two")
    column.addWidget(first)
    column.addWidget(second)
    qtbot.addWidget(window)
    with qtbot.waitActive(window, timeout=60_000):
        window.show()
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    first.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not first.property("kbd")
    qtbot.keyClick(first, Qt.Key.Key_Tab)
    assert second.property("kbd")
    second.clearFocus()
    assert not second.property("kbd")


def test_a_label_never_takes_words_for_markup(qtbot: Any) -> None:
    label = Label("<b>bold</b>")
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_an_elided_label_keeps_its_words_as_a_tool_tip(qtbot: Any) -> None:
    label = ElidedLabel("a rather long name that does not fit")
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.show()
    assert label.text().endswith("…")
    assert label.toolTip() == tip(label.whole())
    label.resize(900, 20)
    assert label.toolTip() == ""


def test_one_chip_is_on_and_a_click_says_which(qtbot: Any) -> None:
    row = ChipRow("Kinds")
    qtbot.addWidget(row)
    row.set_choices([("", "All"), ("a", "A")], "")
    with qtbot.waitSignal(row.chosen, timeout=60_000) as seen:
        row.chips()[1].click()
    assert seen.args == ["a"]
    kept = row.chips()
    row.set_choices([("", "All"), ("a", "A")], "a")
    assert row.chips() == kept, "chips that did not change are not built anew"


def test_a_segmented_switch_holds_one_value(qtbot: Any) -> None:
    switch = Segmented([("1", "1"), ("2", "2"), ("4", "4")], "2", "Images")
    qtbot.addWidget(switch)
    assert switch.value() == "2"
    with qtbot.waitSignal(switch.chosen, timeout=60_000) as seen:
        switch.button("4").click()
    assert seen.args == ["4"]


def test_a_flow_layout_wraps(qtbot: Any) -> None:
    holder = QWidget()
    flow = FlowLayout(holder, gap=10)
    for _ in range(4):
        box = QWidget()
        box.setFixedSize(100, 20)
        flow.addWidget(box)
    qtbot.addWidget(holder)
    assert flow.heightForWidth(430) == 20
    assert flow.heightForWidth(429) == 50
    assert flow.heightForWidth(100) == 110


def test_a_field_shows_its_error_and_its_help_again(qtbot: Any) -> None:
    control = LineEdit("Name")
    field = Field("Name", control, "Any name will do.")
    qtbot.addWidget(field)
    field.set_error("Type a name first.")
    assert field.note.text() == "Type a name first."
    assert control.property("wrong")
    field.set_error("")
    assert field.note.text() == "Any name will do."
    assert not control.property("wrong")


def test_escape_clears_a_search(qtbot: Any) -> None:
    field = SearchField("Search")
    qtbot.addWidget(field)
    field.setText("fog")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


@pytest.mark.parametrize("make", [lambda: IntegerField("Steps", 1, 50, 20), lambda: ComboBox("Order")])
def test_the_wheel_never_changes_a_field(qtbot: Any, make: Any) -> None:
    field = make()
    qtbot.addWidget(field)
    if isinstance(field, ComboBox):
        field.set_choices([("a", "A"), ("b", "B")], "a")
    before = field.text() if isinstance(field, IntegerField) else field.value()
    event = QWheelEvent(
        QPoint(5, 5), QPoint(5, 5), QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    field.wheelEvent(event)
    assert (field.text() if isinstance(field, IntegerField) else field.value()) == before


def test_a_switch_turns_with_the_space_bar(qtbot: Any) -> None:
    switch = Switch("Keep")
    qtbot.addWidget(switch)
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert switch.isChecked()


def test_the_compare_bar_follows_mouse_and_arrow_keys(qtbot: Any) -> None:
    slider = CompareSlider("Compare")
    qtbot.addWidget(slider)
    slider.resize(400, 300)
    slider.set_pictures(filled(100, 75, "red"), filled(400, 300, "blue"), ("Before", "After"))
    slider.show()
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(100, 250))
    assert slider.share() == pytest.approx(0.25)
    image = slider.grab().toImage()
    assert image.pixelColor(50, 250).name() == "#ff0000"
    assert image.pixelColor(300, 250).name() == "#0000ff"
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.share() == pytest.approx(0.30)
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert slider.share() == 1.0


def test_a_dropped_picture_is_offered_and_anything_else_refused(qtbot: Any, tmp_path: Path) -> None:
    drop = ImageDrop("Picture")
    qtbot.addWidget(drop)
    path = tmp_path / "그림.png"
    filled(30, 20, "green").save(str(path))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    with qtbot.waitSignal(drop.file_chosen, timeout=60_000) as seen:
        assert drop.take(data)
    assert seen.args == [str(path)]
    other = QMimeData()
    other.setUrls([QUrl.fromLocalFile(str(tmp_path / "notes.txt"))])
    assert not drop.take(other)
    pasted = QMimeData()
    pasted.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    with qtbot.waitSignal(drop.image_pasted, timeout=60_000):
        assert drop.take(pasted)


def test_a_picture_that_was_dropped_can_be_taken_away(qtbot: Any) -> None:
    drop = ImageDrop("Picture")
    qtbot.addWidget(drop)
    drop.show_pixmap(filled(30, 20, "green"), "30 × 20")
    assert drop.has_picture()
    with qtbot.waitSignal(drop.cleared, timeout=60_000):
        qtbot.keyClick(drop, Qt.Key.Key_Delete)
    assert not drop.has_picture()
    drop.show_error("Too large.")
    assert drop.accessibleDescription() == "Too large."


def test_messages_stack_stay_few_and_a_failure_stays_until_it_is_closed(qtbot: Any) -> None:
    window = QWidget()
    window.resize(900, 600)
    stack = ToastStack(window)
    qtbot.addWidget(window)
    window.show()
    for number in range(5):
        stack.say("bad", f"Message {number}")
    assert stack.sentences() == ["Message 2", "Message 3", "Message 4"]
    stack.say("bad", "Message 4")
    assert stack.sentences().count("Message 4") == 1
    assert stack.geometry().right() < window.width()
    with qtbot.waitSignal(stack.say("info", "Look", "Show").gone, timeout=60_000):
        stack._toasts[-1].findChildren(Button)[0].click()


def test_a_scrolling_page_keeps_the_width_of_its_content_when_the_bar_appears(qtbot: Any) -> None:
    area = PageScroll()
    box = QWidget()
    box.setFixedHeight(100)
    area.column.addWidget(box)
    qtbot.addWidget(area)
    area.resize(600, 400)
    area.show()
    qtbot.wait(20)
    before = box.width()
    box.setFixedHeight(2000)
    qtbot.waitUntil(lambda: area.verticalScrollBar().isVisible(), timeout=60_000)
    qtbot.wait(20)
    assert box.width() == before


def test_an_empty_state_hides_the_buttons_it_has_no_words_for(qtbot: Any) -> None:
    panel = StatePanel()
    qtbot.addWidget(panel)
    panel.show_state("search", "Nothing", "Try again.", "Again")
    assert not panel.first.isHidden()
    assert panel.second.isHidden()


def test_a_skeleton_stops_its_clock_when_it_is_hidden(qtbot: Any) -> None:
    box = Skeleton(20, 100)
    qtbot.addWidget(box)
    box.show()
    qtbot.waitUntil(lambda: box._pulse._timer.isActive(), timeout=60_000)
    box.hide()
    assert not box._pulse._timer.isActive()


def test_a_picture_is_painted_when_its_bytes_arrive(qtbot: Any, state: Any, tmp_path: Path) -> None:
    from artrator_desktop.ui.images import Pixmaps

    path = tmp_path / "one.png"
    filled(80, 60, "#00ff00").save(str(path))
    pixmaps = Pixmaps(state.media)
    picture = Picture(pixmaps, "One")
    qtbot.addWidget(picture)
    picture.setFixedSize(QSize(60, 60))
    picture.set_key(str(path))
    with qtbot.waitSignal(picture.loaded, timeout=60_000):
        picture.show()
    assert picture.grab().toImage().pixelColor(30, 30).name() == "#00ff00"
    pixmaps.close()


def test_a_picture_that_cannot_be_had_is_asked_for_once(qtbot: Any, state: Any, tmp_path: Path) -> None:
    from artrator_desktop.ui.images import Pixmaps

    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    pixmaps = Pixmaps(state.media)
    with qtbot.waitSignal(pixmaps.missing, timeout=60_000):
        assert pixmaps.get(str(broken), QSize(10, 10)) is None
    assert pixmaps.is_missing(str(broken))
    assert pixmaps.get(str(broken), QSize(10, 10)) is None
    pixmaps.close()


def test_a_closed_cache_answers_nothing_and_does_not_complain(qtbot: Any, state: Any, tmp_path: Path) -> None:
    from artrator_desktop.ui.images import Pixmaps

    path = tmp_path / "one.png"
    filled(80, 60, "#00ff00").save(str(path))
    pixmaps = Pixmaps(state.media)
    with qtbot.waitSignal(pixmaps.ready, timeout=60_000):
        pixmaps.get(str(path), QSize(20, 20))
    pixmaps.close()
    pixmaps.close()
    assert pixmaps.get(str(path), QSize(40, 40)) is None


def test_a_picture_that_was_missing_comes_when_the_connection_is_back(qtbot: Any, state: Any, tmp_path: Path) -> None:
    from artrator_desktop.ui.images import Pixmaps

    path = tmp_path / "late.png"
    pixmaps = Pixmaps(state.media)
    picture = Picture(pixmaps, "Late")
    qtbot.addWidget(picture)
    picture.setFixedSize(QSize(60, 60))
    picture.set_key(str(path))
    with qtbot.waitSignal(pixmaps.missing, timeout=60_000):
        picture.show()
    filled(80, 60, "#00ff00").save(str(path))
    pixmaps.forget_missing()
    qtbot.waitUntil(lambda: picture.grab().toImage().pixelColor(30, 30).name() == "#00ff00", timeout=60_000)
    pixmaps.close()
