"""The form: a field for each type of input, what it says when something is wrong, and nothing lost."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from buyer_double import World, plain_picture
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from artrator.manifest import InputSpec, InputType
from artrator_desktop import i18n
from artrator_desktop.state import AppState, JobPhase, Phase
from artrator_desktop.state.inputs import Picture, Problem, pictures_problem
from artrator_desktop.state.picture_input import from_bytes
from artrator_desktop.ui.forms.images import ImageInput, ImagesInput
from artrator_desktop.ui.forms.mask import MaskDialog, MaskInput
from artrator_desktop.ui.forms.numbers import NumberInput, SeedInput, SwitchInput, few_stops
from artrator_desktop.ui.forms.text import ChoiceInput, TextInput
from artrator_desktop.ui.forms.words import problem_words
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.create import CreatePage

Opened = Callable[..., None]


@pytest.fixture
def page(qtbot: Any, app: AppState, pixmaps: Pixmaps) -> CreatePage:
    made = CreatePage(app, pixmaps)
    made.resize(1224, 900)
    qtbot.addWidget(made)
    made.show()
    return made


def test_every_type_of_input_gets_its_own_field(app: AppState, page: CreatePage, opened: Opened) -> None:
    opened()
    kinds = {name: type(field) for name, field in page.form.fields.items()}
    assert kinds == {
        "prompt": TextInput,
        "style": ChoiceInput,
        "steps": NumberInput,
        "guidance": NumberInput,
        "seed": SeedInput,
        "smooth": SwitchInput,
        "avoid": TextInput,
    }
    opened("atelier/upscale-x4")
    kinds = {name: type(field) for name, field in page.form.fields.items()}
    assert kinds == {"image": ImageInput, "region": MaskInput, "references": ImagesInput}


def test_rarely_needed_settings_are_folded_away(page: CreatePage, opened: Opened) -> None:
    opened()
    assert not page.form.fields["avoid"].isVisible()
    page.form.more.click()
    assert page.form.fields["avoid"].isVisible()


def test_typing_counts_and_changes_the_state(app: AppState, page: CreatePage, opened: Opened) -> None:
    opened()
    field = page.form.fields["prompt"]
    assert isinstance(field, TextInput)
    field.area.setPlainText("안개 낀 산")
    assert app.create.values["prompt"] == "안개 낀 산"
    assert field.field.value.text() == "6 / 200"
    field.area.setPlainText("x" * 201)
    assert "200" in field.field.note.text()


def test_moving_the_slider_moves_the_price_on_the_button(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened
) -> None:
    opened()
    field = page.form.fields["steps"]
    assert isinstance(field, NumberInput)
    field.slider.setValue(49)  # the stops count from the minimum, 1
    assert app.create.values["steps"] == 50
    qtbot.waitUntil(lambda: page.footer.price.text() == "3 credits", timeout=60_000)
    qtbot.waitUntil(lambda: page.footer.button.isEnabled(), timeout=60_000)
    assert page.footer.button.text() == "Generate · up to 3 credits"
    assert page.footer.button.accessibleName() == page.footer.button.text()


def test_an_answer_about_the_listing_before_is_never_shown(qtbot: Any, app: AppState, opened: Opened) -> None:
    opened()
    app.create.quoting.again()
    app.create.quoting._ask()  # on its way to the registry now
    app.create.open("atelier/upscale-x4")
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY, timeout=60_000)
    qtbot.wait(100)
    assert app.create.listing == "atelier/upscale-x4"
    assert app.create.price is None, "there is no picture yet that it could depend on"
    assert not app.create.ready


def test_the_registry_hears_numbers_and_never_the_prompt(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, world: World
) -> None:
    opened()
    page.form.fields["prompt"].area.setPlainText("my secret")
    page.form.fields["steps"].box.setValue(10)
    qtbot.waitUntil(lambda: world.quotes[-1].measures == {"step": 10}, timeout=60_000)
    assert not any("secret" in quote.model_dump_json() for quote in world.quotes)
    assert len({quote.request for quote in world.quotes}) == len(world.quotes), "digests must not be linkable"


def test_an_empty_prompt_is_complained_about_only_when_the_button_is_pressed(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened
) -> None:
    opened()
    note = page.form.fields["prompt"].field.note
    assert not note.isVisible()
    with qtbot.waitSignal(page.say, timeout=60_000):
        page.footer.button.click()
    assert note.isVisible()
    assert not app.jobs.all()


def test_ctrl_enter_buys(qtbot: Any, app: AppState, page: CreatePage, opened: Opened) -> None:
    opened()
    page.form.fields["prompt"].area.setPlainText("a cat")
    page.activateWindow()
    page.form.fields["prompt"].area.setFocus()
    qtbot.keyClick(page.form.fields["prompt"].area, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(app.jobs.all()) == 1, timeout=60_000)


def test_in_a_small_window_form_work_and_queue_lie_side_by_side(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened
) -> None:
    opened()
    page.form.fields["prompt"].area.setPlainText("a cat")
    qtbot.waitUntil(page.footer.button.isEnabled, timeout=60_000)
    page.footer.button.click()
    job = app.jobs.all()[-1].id
    qtbot.waitUntil(lambda: app.jobs.get(job).phase is JobPhase.DONE, timeout=60_000)
    place = QWidget()
    qtbot.addWidget(place)
    page.setParent(place)
    place.resize(1400, 700)
    place.show()
    page.show()
    for width in (1400, 808):  # what a window of 1024 points leaves beside the navigation
        page.setGeometry(0, 0, width, 700)
        qtbot.wait(60)
        assert page.width() == width
        middle = page.middle.geometry()
        assert page.sidebar.geometry().right() < middle.left()
        assert middle.right() < page.queue.geometry().left()
        assert page.queue.geometry().right() < width
        assert page.middle.minimumSizeHint().width() <= middle.width()
    page.setParent(None)  # its own fixture closes it


def test_a_double_click_buys_once(qtbot: Any, app: AppState, page: CreatePage, opened: Opened) -> None:
    opened()
    page.form.fields["prompt"].area.setPlainText("a cat")
    qtbot.waitUntil(page.footer.button.isEnabled, timeout=60_000)
    for _ in range(3):
        page.footer.button.click()
        app.create.quoting.phase = Phase.READY  # however fast the next price is there
        page.footer.refresh()
    assert len(app.jobs.all()) == 1
    page.press._last = float("-inf")  # a while later
    qtbot.waitUntil(lambda: app.create.ready, timeout=60_000)
    page.footer.button.click()
    assert len(app.jobs.all()) == 2


def test_a_seed_is_drawn_unless_it_is_held(qtbot: Any, app: AppState, page: CreatePage, opened: Opened) -> None:
    opened()
    seed = page.form.fields["seed"]
    assert isinstance(seed, SeedInput)
    assert app.create.values["seed"] is None
    assert not seed.lock.isEnabled(), "there is nothing to keep yet"
    page.form.fields["prompt"].area.setPlainText("a cat")
    job = app.create.generate()[0]
    qtbot.waitUntil(lambda: app.jobs.get(job).ended, timeout=60_000)
    drawn = app.jobs.get(job).inputs["seed"]
    seed.lock.click()
    assert app.create.values["seed"] == drawn
    seed.dice.click()
    assert app.create.values["seed"] not in (None, drawn)
    seed.lock.click()
    assert app.create.values["seed"] is None


def test_a_dropped_picture_is_measured_and_one_that_does_not_fit_says_why(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, tmp_path: Path
) -> None:
    opened("atelier/upscale-x4")
    field = page.form.fields["image"]
    assert isinstance(field, ImageInput)
    assert page.footer.price.text() == "–", "the price depends on the picture"
    path = tmp_path / "photo.png"
    path.write_bytes(plain_picture(3))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    assert field.drop.take(data)
    qtbot.waitUntil(lambda: field.drop.has_picture(), timeout=60_000)
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)
    assert app.create.price == 1_000_000 + 24_576  # 96 x 64 pixels at 0.04 for every 10,000
    large = QImage(1200, 20, QImage.Format.Format_RGB32)
    large.fill(QColor("#336699"))
    app.create.chosen.add_image("image", large)
    qtbot.waitUntil(lambda: "image" in app.create.problems(), timeout=60_000)
    assert "1024" in field.field.note.text()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    with qtbot.waitSignal(app.create.chosen.refused, timeout=60_000) as heard:
        app.create.chosen.add_file("image", str(broken))
    assert heard.args[1].kind == "corrupt"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("listing", ["atelier/emoji", "atelier/upscale-x4"])
def test_a_form_is_no_wider_than_its_place_in_a_small_window(
    qtbot: Any, app: AppState, pixmaps: Pixmaps, opened: Opened, listing: str, language: str
) -> None:
    i18n.install(language)
    page = CreatePage(app, pixmaps)
    qtbot.addWidget(page)
    page.resize(1024 - 216, 700)  # the smallest window less its navigation
    page.show()
    opened(listing)
    page.form.more.setChecked(True)
    qtbot.waitUntil(lambda: page.form.isVisible() and page.form.width() > 0, timeout=60_000)
    room = page.chip.width()
    for name, field in page.form.fields.items():
        assert field.minimumSizeHint().width() <= room, name
    i18n.install("en")


def test_tab_goes_through_the_form_before_the_button_that_sends_it(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened
) -> None:
    for listing in ("atelier/upscale-x4", "atelier/emoji"):  # the second form's fields are made later
        opened(listing)
    order, widget = [], page.chip.button.nextInFocusChain()
    while widget is not page.chip.button:
        order.append(widget)
        widget = widget.nextInFocusChain()
    prompt, folded = (page.form.fields[name].field.control for name in ("prompt", "avoid"))
    expected = (prompt, page.form.more, folded, page.footer.button, page.queue.made)
    places = [order.index(control) for control in expected]
    assert places == sorted(places)


def test_numbers_that_would_not_fit_side_by_side_have_a_slider() -> None:
    few = InputSpec("images", InputType.INTEGER, {"en": "Images"}, minimum=1, maximum=8)
    sizes = InputSpec("side", InputType.INTEGER, {"en": "Side"}, minimum=512, maximum=1024, step=128)
    many = InputSpec("side", InputType.INTEGER, {"en": "Side"}, minimum=256, maximum=2048, step=256)
    assert few_stops(few) == list(range(1, 9))
    assert few_stops(sizes) == [512, 640, 768, 896, 1024]
    assert few_stops(many) == []


def test_several_pictures_add_up_to_their_limit(qtbot: Any, app: AppState, page: CreatePage, opened: Opened) -> None:
    opened("atelier/upscale-x4")
    small = QImage(40, 40, QImage.Format.Format_RGB32)
    for count in range(1, 4):
        small.fill(QColor.fromHsv(count * 40, 200, 200))
        app.create.chosen.add_image("references", small)
        qtbot.waitUntil(lambda count=count: len(app.create.chosen.pictures["references"]) == count, timeout=60_000)
    with qtbot.waitSignal(app.create.chosen.refused, timeout=60_000) as heard:
        app.create.chosen.add_image("references", small)
    assert heard.args == ["references", Problem("no_room", 3, 1)]
    assert len(app.create.chosen.pictures["references"]) == 3
    assert "references" not in app.create.problems()
    page.form.fields["references"]._clear.click()
    assert app.create.chosen.pictures["references"] == []


def dropped(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_of_several_dropped_pictures_all_that_fit_are_taken_in_order_and_the_rest_is_told(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, tmp_path: Path
) -> None:
    opened("atelier/upscale-x4")
    field = page.form.fields["references"]
    for number in (1, 2, 9, 10, 11):
        (tmp_path / f"frame_{number}.png").write_bytes(plain_picture(number))
    (tmp_path / "words.txt").write_text("not a picture")
    chosen = app.create.chosen
    with qtbot.waitSignal(chosen.refused, timeout=60_000) as heard:
        assert field.drop.take(dropped(tmp_path / "words.txt", tmp_path / "frame_2.png"))
    assert heard.args == ["references", Problem("unreadable", 2, 1)]
    assert field.drop._error == "1 of 2 files are no PNG, JPEG or WebP pictures."
    with qtbot.waitSignal(chosen.refused, timeout=60_000) as heard:
        assert field.drop.take(dropped(*(tmp_path / f"frame_{number}.png" for number in (10, 9, 11, 1))))
    assert heard.args == ["references", Problem("no_room", 3, 2)]
    assert field.drop._error == "The model takes 3; left out: 2."
    names = [Path(picture.path).name for picture in chosen.pictures["references"]]
    assert names == ["frame_2.png", "frame_1.png", "frame_9.png"]
    assert "references" not in app.create.problems()


def test_a_press_on_a_small_picture_takes_it_out_again(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, tmp_path: Path
) -> None:
    opened("atelier/upscale-x4")
    field = page.form.fields["references"]
    paths = [tmp_path / f"{number}.png" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(plain_picture(number))
    field.drop.take(dropped(*paths))
    qtbot.waitUntil(lambda: len(app.create.chosen.pictures["references"]) == 2, timeout=60_000)
    assert "Remove" in field._thumbs[0].accessibleName()
    field._thumbs[0].click()
    assert [Path(picture.path).name for picture in app.create.chosen.pictures["references"]] == ["2.png"]
    assert len(field._thumbs) == 1


def test_what_was_typed_is_there_after_a_restart(qtbot: Any, launch: Callable[..., AppState]) -> None:
    first = launch()
    first.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: first.create.phase is Phase.READY, timeout=60_000)
    first.create.set_value("prompt", "half a sentence")
    first.create.set_value("steps", 12)
    first.close()
    second = launch()
    second.create.reopen_last()
    qtbot.waitUntil(lambda: second.create.phase is Phase.READY, timeout=60_000)
    assert second.create.listing == "atelier/emoji"
    assert second.create.values["prompt"] == "half a sentence"
    assert second.create.values["steps"] == 12


def test_chosen_pictures_come_back_in_their_order(qtbot: Any, launch: Callable[..., AppState], tmp_path: Path) -> None:
    sizes = [900, 30, 20]  # the first takes the longest to read
    first = launch()
    first.create.open("atelier/upscale-x4")
    qtbot.waitUntil(lambda: first.create.phase is Phase.READY, timeout=60_000)
    for side in sizes:
        picture = QImage(side, side, QImage.Format.Format_RGB32)
        picture.fill(QColor("#336699"))
        assert picture.save(str(tmp_path / f"{side}.png"))
    first.create.chosen.add_files("references", [str(tmp_path / f"{side}.png") for side in sizes])
    qtbot.waitUntil(lambda: len(first.create.chosen.pictures["references"]) == 3, timeout=60_000)
    first.close()
    second = launch()
    second.create.open("atelier/upscale-x4")
    qtbot.waitUntil(lambda: second.create.phase is Phase.READY, timeout=60_000)
    qtbot.waitUntil(lambda: len(second.create.chosen.pictures["references"]) == 3, timeout=60_000)
    assert [picture.width for picture in second.create.chosen.pictures["references"]] == sizes


def test_a_picture_that_arrives_for_the_listing_before_is_dropped(
    qtbot: Any, app: AppState, opened: Opened, tmp_path: Path
) -> None:
    opened("atelier/upscale-x4")
    chosen = app.create.chosen
    path = tmp_path / "late.png"
    path.write_bytes(plain_picture(2))
    chosen.add_file("image", str(path))
    chosen.begin(app.create.specs() | {})  # as another listing with an input of the same name does
    chosen.add_file("references", str(path))
    qtbot.waitUntil(lambda: bool(chosen.pictures["references"]), timeout=60_000)
    assert chosen.pictures["image"] == []


def test_of_two_pictures_for_one_place_the_later_stays_and_what_is_no_picture_leaves_none(
    qtbot: Any, app: AppState, opened: Opened, tmp_path: Path
) -> None:
    opened("atelier/upscale-x4")
    chosen = app.create.chosen
    first, second, pipe = tmp_path / "first.png", tmp_path / "second.png", tmp_path / "pipe.png"
    first.write_bytes(plain_picture(3))
    second.write_bytes(plain_picture(4))
    chosen.set_file("image", str(first))
    chosen.set_file("image", str(second))
    qtbot.waitUntil(lambda: bool(chosen.pictures["image"]), timeout=60_000)
    assert [picture.data for picture in chosen.pictures["image"]] == [second.read_bytes()]
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe)  # whoever opens it to read waits for a writer without end
        with qtbot.waitSignal(chosen.refused, timeout=60_000) as heard:
            chosen.set_file("image", str(pipe))
        assert heard.args[1].kind == "corrupt"
        assert chosen.pictures["image"] == []


def test_a_picture_that_nobody_could_open_is_named_so() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = chunk(b"IHDR", (30_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0]))
    found = from_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b""))
    assert isinstance(found, Problem)
    assert found.kind == "huge"
    assert "pixels" in problem_words(found)


def test_settings_inside_a_picture_come_back_and_can_be_undone(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened
) -> None:
    opened()
    app.create.set_value("prompt", "the first")
    app.create.set_value("steps", 7)
    job = app.create.generate()[0]
    qtbot.waitUntil(lambda: app.jobs.get(job).ended, timeout=60_000)
    saved = app.jobs.get(job).images[0].path
    app.create.set_value("prompt", "quite another")
    app.create.set_value("steps", 30)
    with qtbot.waitSignal(app.create.reused, timeout=60_000):
        app.create.reuse_file(saved)
    assert app.create.values["prompt"] == "the first"
    assert app.create.values["steps"] == 7
    assert page.form.fields["prompt"].value() == "the first"
    assert page.undo.isVisible()
    page._undo()
    assert app.create.values["prompt"] == "quite another"
    assert app.create.values["steps"] == 30


def test_a_picture_without_settings_changes_nothing(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, tmp_path: Path
) -> None:
    opened()
    app.create.set_value("prompt", "stay")
    path = tmp_path / "plain.png"
    path.write_bytes(plain_picture(1))
    with qtbot.waitSignal(app.create.nothing_inside, timeout=60_000):
        app.create.reuse_file(str(path))
    assert app.create.values["prompt"] == "stay"


def test_settings_of_a_stranger_cannot_leave_the_bounds(app: AppState, opened: Opened) -> None:
    opened()
    app.create.reuse(
        "atelier/emoji", {"steps": 10**9, "style": "<b>evil</b>", "prompt": ["x"], "nonsense": 1, "seed": 5}
    )
    assert app.create.values["steps"] == 25
    assert app.create.values["style"] == "noto"
    assert app.create.values["prompt"] == ""
    assert app.create.values["seed"] == 5
    assert "nonsense" not in app.create.values


def test_nobody_to_serve_it_is_said_and_the_button_sleeps(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, world: World
) -> None:
    opened()
    world.no_node = True
    app.create.quoting.again()
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.FAILED, timeout=60_000)
    assert "No node" in page.footer.reason_text.text()
    assert not page.footer.button.isEnabled()


def test_too_few_credits_are_said_before_the_press(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, world: World
) -> None:
    world.available = 1_000_000
    app.wallet.refresh()
    qtbot.waitUntil(lambda: app.wallet.available == 1_000_000, timeout=60_000)
    opened()
    assert "1 credit" in page.footer.reason_text.text()
    assert not page.footer.button.isEnabled()
    with qtbot.waitSignal(page.navigate, timeout=60_000) as heard:
        page.footer.reason_button.click()
    assert heard.args[0] == "wallet"


def test_labels_come_in_the_language_of_the_application(
    qtbot: Any, app: AppState, pixmaps: Pixmaps, opened: Opened
) -> None:
    i18n.install("ko")
    page = CreatePage(app, pixmaps)
    qtbot.addWidget(page)
    opened()
    assert page.form.fields["steps"].label == "단계"
    assert page.form.fields["prompt"].field.label.text() == "프롬프트"


def test_every_control_has_a_name_for_screen_readers(page: CreatePage, opened: Opened) -> None:
    opened()
    page.form.more.setChecked(True)
    nameless = [
        widget
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not widget.accessibleName()
        and not getattr(widget, "text", str)()
        and widget.objectName() != "qt_spinbox_lineedit"
    ]
    assert nameless == []


@pytest.mark.parametrize(
    ("size", "kind"),
    [((20, 20), None), ((7, 300), "side_small"), ((300, 1025), "side_large"), ((900, 900), "pixels")],
)
def test_sizes_are_checked_by_the_manifest(size: tuple[int, int], kind: str | None) -> None:
    from artrator.manifest import InputSpec, InputType

    spec = InputSpec("p", InputType.IMAGE, {"en": "P"}, min_side=8, max_side=1024, max_pixels=800_000)
    problem = pictures_problem(spec, [Picture(b"", *size, QImage())])
    assert (problem.kind if problem else None) == kind


def test_a_mask_is_painted_over_the_picture_in_its_own_size(
    qtbot: Any, app: AppState, page: CreatePage, opened: Opened, tmp_path: Path
) -> None:
    opened("atelier/upscale-x4")
    field = page.form.fields["region"]
    assert isinstance(field, MaskInput)
    assert not field.paint.isEnabled(), "there is nothing to paint over yet"
    path = tmp_path / "photo.png"
    path.write_bytes(plain_picture(3))
    app.create.chosen.add_file("image", str(path))
    qtbot.waitUntil(field.paint.isEnabled, timeout=60_000)
    dialog = MaskDialog(app.create.chosen.pictures["image"][0])
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.use.isEnabled()
    qtbot.mouseClick(dialog.canvas, Qt.MouseButton.LeftButton, pos=dialog.canvas.rect().center())
    assert dialog.use.isEnabled()
    mask = dialog.canvas.drawn()
    assert (mask.width(), mask.height()) == (96, 64)
    assert QColor(mask.pixel(48, 32)).value() == 255
    assert QColor(mask.pixel(2, 2)).value() == 0
    field.image_pasted.emit(mask)
    qtbot.waitUntil(lambda: len(app.create.chosen.pictures["region"]) == 1, timeout=60_000)
    dialog.tool.button("erase").click()
    qtbot.mouseClick(dialog.canvas, Qt.MouseButton.LeftButton, pos=dialog.canvas.rect().center())
    assert dialog.canvas.is_empty()
    dialog.grab()
