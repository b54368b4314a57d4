"""The desktop's state over a real registry and a real node: what a person presses, without the widgets."""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from federation import Federation, Person
from PySide6.QtCore import Qt

from artrator_desktop.state import AppState, ImageRecord, Job, JobPhase, Link, Money, Phase
from artrator_desktop.ui.forms.text import TextInput
from artrator_desktop.ui.pages.create import CreatePage
from artrator_desktop.ui.pages.gallery import GalleryPage
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme


@pytest.fixture(scope="module")
def person(running: Federation) -> Person:
    return running.person("haeun", 500)


@pytest.fixture
def launch(qtbot: Any, person: Person) -> Iterator[Callable[[], AppState]]:
    """Starts the application's state; called twice it is the same person's next start."""
    started: list[AppState] = []

    def start() -> AppState:
        app = AppState(person.profile.folder)
        started.append(app)
        app.start()
        qtbot.waitUntil(lambda: app.session.link is Link.ONLINE and app.wallet.balance is not None, timeout=60_000)
        return app

    yield start
    for app in started:
        app.close()


def open_listing(qtbot: Any, app: AppState, listing: str, picture: str = "") -> None:
    app.create.open(listing, picture=picture)
    # A price comes only when the listing, its signatures, and the picture it may depend on are all there.
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY and not app.create.problems(), timeout=60_000)
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)


def finish(qtbot: Any, app: AppState, job: str) -> Job:
    qtbot.waitUntil(lambda: app.jobs.get(job).ended, timeout=60_000)
    return app.jobs.get(job)


def verdict(qtbot: Any, app: AppState, record: ImageRecord) -> Any:
    with qtbot.waitSignal(app.gallery.verified, timeout=60_000) as heard:
        app.gallery.verify(record)
    return heard.args[1]


def prompt(app: AppState, words: str, steps: int) -> None:
    app.create.set_value("prompt", words)
    app.create.set_value("steps", steps)


def test_a_press_becomes_a_picture_with_a_receipt_that_verifies_and_is_enlarged_by_another_model(
    qtbot: Any, launch: Callable[[], AppState], person: Person
) -> None:
    app = launch()
    before = person.balance().available
    app.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY, timeout=60_000)
    prompt(app, "red apple", 8)
    open_listing(qtbot, app, "atelier/emoji")
    shown = app.create.price
    done = finish(qtbot, app, app.create.generate("Emoji")[0])
    assert done.phase is JobPhase.DONE, done.failure
    assert (done.money, done.charged) == (Money.PAID, shown)
    assert done.total == 8
    picture = done.images[0]
    assert (picture.width, picture.height) == (32, 32)
    assert verdict(qtbot, app, picture).holds

    open_listing(qtbot, app, "atelier/upscale-x4", picture.path)
    price = app.create.price
    large = finish(qtbot, app, app.create.generate("Upscale")[0])
    assert large.phase is JobPhase.DONE, large.failure
    assert (large.images[0].width, large.images[0].height) == (128, 128)
    assert large.images[0].source == picture.path
    assert verdict(qtbot, app, large.images[0]).holds
    assert before - person.balance().available == (shown or 0) + (price or 0)


def test_cancel_gives_the_hold_back(qtbot: Any, launch: Callable[[], AppState], person: Person) -> None:
    app = launch()
    before = person.balance()
    app.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY, timeout=60_000)
    prompt(app, "a house", 50)
    open_listing(qtbot, app, "atelier/emoji")
    for _attempt in range(8):
        job = app.create.generate("Emoji")[0]
        qtbot.waitUntil(lambda job=job: app.jobs.get(job).done > 0 or app.jobs.get(job).ended, timeout=60_000)
        app.jobs.cancel(job)
        ended = finish(qtbot, app, job)
        if ended.phase is not JobPhase.DONE:
            break
        # A second of work may be over before a busy machine carries the wish to its node: then it is paid.
        assert ended.money is Money.PAID
        before = person.balance()
        qtbot.waitUntil(lambda: app.create.ready, timeout=60_000)
    assert (ended.phase, ended.money) == (JobPhase.CANCELLED, Money.RELEASED), ended.failure
    after = person.balance()
    assert (after.available, after.held) == (before.available, before.held)


def test_a_job_survives_the_application_and_is_paid_once(
    qtbot: Any, launch: Callable[[], AppState], person: Person
) -> None:
    app = launch()
    before = person.balance().available
    app.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY, timeout=60_000)
    prompt(app, "a rocket", 40)
    open_listing(qtbot, app, "atelier/emoji")
    shown = app.create.price
    job = app.create.generate("Emoji")[0]
    qtbot.waitUntil(lambda: app.jobs.get(job).phase is JobPhase.RUNNING, timeout=60_000)
    order = app.jobs.get(job).order
    app.close()

    again = launch()
    qtbot.waitUntil(lambda: bool(again.jobs.all()) and not again.jobs.active(), timeout=60_000)
    (taken_up,) = again.jobs.all()
    assert (taken_up.order, taken_up.phase) == (order, JobPhase.DONE), taken_up.failure
    assert taken_up.images[0].prompt == "a rocket"
    assert before - person.balance().available == shown


def test_a_taken_name_leaves_nobody_half_signed_in(qtbot: Any, running: Federation, tmp_path: Path) -> None:
    app = AppState(tmp_path)
    app.start()
    try:
        with qtbot.waitSignal(app.session.onboarding_failed, timeout=60_000) as heard:
            app.session.create_account(running.url, "Somebody", running.creator.handle)
        assert heard.args[0].code == "conflict"
        assert app.session.needs_onboarding
        with qtbot.waitSignal(app.session.onboarded, timeout=60_000):
            app.session.create_account(running.url, "김하은")
        assert not app.session.needs_onboarding
        assert app.session.display_name == "김하은"
        qtbot.waitUntil(lambda: app.wallet.balance is not None, timeout=60_000)
        assert app.wallet.available == 0
    finally:
        app.close()
    again = AppState(tmp_path)
    try:
        assert not again.session.needs_onboarding
    finally:
        again.close()


def test_a_person_buys_through_the_window(qtbot: Any, launch: Callable[[], AppState]) -> None:
    app = launch()
    theme().start("dark")
    window = Shell(app)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: len(app.catalogue.cards) == 3, timeout=60_000)
    window.open("create", {"listing_id": "atelier/emoji"})
    page = window.page("create")
    assert isinstance(page, CreatePage)
    qtbot.waitUntil(lambda: page.footer.button.isEnabled(), timeout=60_000)
    prompt_field = page.form.fields["prompt"]
    assert isinstance(prompt_field, TextInput)
    control = prompt_field.area or prompt_field.line
    assert control is not None
    control.setFocus()
    qtbot.keyClicks(control, "a smiling cat")
    qtbot.mouseClick(page.footer.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.jobs.all()[-1].preview is not None or app.jobs.all()[-1].ended, timeout=60_000)
    shoot(window, "real_create_running")
    qtbot.waitUntil(lambda: not app.jobs.active(), timeout=120_000)
    job = app.jobs.all()[-1]
    assert job.phase is JobPhase.DONE, job.failure
    assert page.stage.title.text() == "Done"
    qtbot.waitUntil(lambda: not page.stage.preview.current().isNull(), timeout=60_000)
    qtbot.wait(200)
    shoot(window, "real_create_done")
    page.stage.sent.emit("atelier/upscale-x4", job.images[0].path)
    qtbot.waitUntil(lambda: app.create.listing == "atelier/upscale-x4" and app.create.ready, timeout=60_000)
    qtbot.mouseClick(page.footer.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.jobs.all()[-1].listing == "atelier/upscale-x4", timeout=60_000)
    qtbot.waitUntil(lambda: not app.jobs.active(), timeout=120_000)
    assert app.jobs.all()[-1].phase is JobPhase.DONE, app.jobs.all()[-1].failure
    page.stage.compare.setChecked(True)
    qtbot.wait(200)
    shoot(window, "real_create_upscaled")
    window.open("gallery")
    gallery = window.page("gallery")
    assert isinstance(gallery, GalleryPage)
    qtbot.waitUntil(lambda: gallery.details.strip.title.text() == "Receipt verified", timeout=60_000)
    qtbot.wait(300)
    shoot(window, "real_gallery")
    window.pixmaps.close()


def shoot(window: Shell, name: str) -> None:
    folder = Path(__file__).parents[2] / "artifacts" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    assert window.grab().save(str(folder / f"{name}.png"))
