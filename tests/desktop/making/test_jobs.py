"""The life of a job, from the press to the picture, and whatever can go wrong between."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from buyer_double import Script, World

from artrator.errors import ArtratorError, Code
from artrator_desktop.state import AppState, Job, JobPhase, Money, Phase, png_text
from artrator_desktop.state.receipts import verify
from artrator_desktop.state.store import waiting
from artrator_desktop.ui.create.words import headline, money, short_status, status

Opened = Callable[..., None]


def generate(app: AppState, prompt: str = "a smiling cat") -> str:
    app.create.set_value("prompt", prompt)
    started = app.create.generate("Tiny Emoji")
    assert started, "the button did nothing"
    return started[0]


def wait_for(qtbot: Any, app: AppState, job: str, *phases: JobPhase) -> Job:
    def there() -> bool:
        found = app.jobs.get(job)
        return found is not None and found.phase in phases

    qtbot.waitUntil(there, timeout=60_000)
    found = app.jobs.get(job)
    assert found is not None
    return found


def test_a_job_ends_with_a_saved_picture_a_row_and_the_exact_price(
    qtbot: Any, app: AppState, opened: Opened, world: World
) -> None:
    opened()
    assert app.create.price == 2_000_000  # 1 credit + 25 steps of 0.04
    job = wait_for(qtbot, app, generate(app), JobPhase.DONE)
    assert (job.money, job.charged) == (Money.PAID, 2_000_000)
    picture = job.images[0]
    assert picture.prompt == "a smiling cat"
    assert isinstance(picture.inputs["seed"], int), "the drawn seed is kept"
    data = Path(picture.path).read_bytes()
    inside = png_text.read(data)
    assert inside is not None
    assert inside["inputs"] == picture.inputs
    assert inside["listing"] == "atelier/emoji"
    assert png_text.strip(data) == world.delivered[job.order].outputs[0].data
    qtbot.waitUntil(lambda: app.gallery.totals.count == 1, timeout=60_000)
    assert world.held == 0


def test_a_kept_receipt_verifies_until_anything_is_changed(qtbot: Any, app: AppState, opened: Opened) -> None:
    opened()
    picture = wait_for(qtbot, app, generate(app), JobPhase.DONE).images[0]
    verdict = verify(picture)
    assert verdict.holds, verdict.checks
    Path(picture.path).write_bytes(Path(picture.path).read_bytes().replace(b"IDAT", b"IDAT", 1)[:-1] + b"x")
    broken = verify(picture)
    assert not broken.holds
    assert [check.name for check in broken.checks if not check.holds] == ["picture"]


def test_progress_and_previews_arrive_and_the_newest_wins(
    qtbot: Any, app: AppState, opened: Opened, world: World
) -> None:
    world.script = Script(steps=8, pause_at=5)
    world.go = False
    opened()
    job = generate(app)
    qtbot.waitUntil(
        lambda: (app.jobs.get(job).done, app.jobs.get(job).preview is not None) == (4, True), timeout=60_000
    )
    found = app.jobs.get(job)
    assert (found.phase, found.total, found.node, found.money) == (JobPhase.RUNNING, 8, "seoul-07", Money.HELD)
    world.go = True
    wait_for(qtbot, app, job, JobPhase.DONE)


def test_a_node_that_does_not_answer_is_said_and_forgotten_when_it_does(
    qtbot: Any, app: AppState, opened: Opened, world: World
) -> None:
    world.script = Script(steps=8, pause_at=5, lose_node=True)
    world.go = False
    opened()
    job = generate(app)
    qtbot.waitUntil(lambda: app.jobs.get(job).unanswered, timeout=60_000)
    found = app.jobs.get(job)
    assert (headline(found), short_status(found)) == ("Waiting for the node", "Waits for the node")
    assert status(found) == f"Node seoul-07 · does not answer; it is asked again · {money(found)}"
    world.found = True  # it has no news yet
    qtbot.waitUntil(lambda: not app.jobs.get(job).unanswered, timeout=60_000)
    assert headline(app.jobs.get(job)) == "Generating"
    world.go = True
    found = wait_for(qtbot, app, job, JobPhase.DONE)
    assert headline(found) == "Done"


def test_cancel_releases_the_hold_and_says_so(qtbot: Any, app: AppState, opened: Opened, world: World) -> None:
    world.script = Script(pause_at=2)
    world.go = False
    opened()
    job = generate(app)
    wait_for(qtbot, app, job, JobPhase.RUNNING)
    app.jobs.cancel(job)
    found = wait_for(qtbot, app, job, JobPhase.CANCELLED)
    assert (found.money, found.charged) == (Money.RELEASED, 0)
    assert world.held == 0
    assert not app.jobs.active()


def test_a_cancel_before_the_order_buys_nothing(qtbot: Any, app: AppState, opened: Opened, world: World) -> None:
    opened()
    job = generate(app)
    app.jobs.cancel(job)
    found = wait_for(qtbot, app, job, JobPhase.CANCELLED)
    assert found.charged == 0
    assert world.held == 0


def test_a_failed_job_says_what_happened_to_the_money(qtbot: Any, app: AppState, opened: Opened, world: World) -> None:
    world.script = Script(failure=ArtratorError(Code.WORKER_DIED, "The worker died."))
    opened()
    found = wait_for(qtbot, app, generate(app), JobPhase.FAILED)
    assert found.failure is not None
    assert found.failure.code == "worker_died"
    assert found.money is Money.RELEASED
    assert world.available == 50_000_000


def test_a_price_that_rose_is_refused_before_anything_is_held(
    qtbot: Any, app: AppState, opened: Opened, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    app.create.quoting.price = 1_000_000  # what the button showed
    found = wait_for(qtbot, app, generate(app), JobPhase.FAILED)
    assert found.failure is not None
    assert found.failure.code == "price_above_cap"
    assert found.money is Money.NONE
    assert not world.orders


def test_several_pictures_are_several_jobs_with_seeds_of_their_own(
    qtbot: Any, app: AppState, opened: Opened, world: World
) -> None:
    opened()
    app.create.set_count(4)
    app.create.set_value("prompt", "four cats")
    assert app.create.price == 8_000_000
    started = app.create.generate()
    assert len(started) == 4
    jobs = [wait_for(qtbot, app, job, JobPhase.DONE) for job in started]
    assert len({job.inputs["seed"] for job in jobs}) == 4
    assert len({job.batch for job in jobs}) == 1
    app.create.set_value("seed", 7)
    assert app.create.runs == 1, "a held seed would only make the same picture again"


def test_a_killed_application_takes_its_job_up_again(qtbot: Any, launch: Callable[..., AppState], world: World) -> None:
    world.script = Script(pause_at=3)
    world.go = False
    first = launch()
    first.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: first.create.quoting.phase is Phase.READY, timeout=60_000)
    job = generate(first, "a green frog")
    wait_for(qtbot, first, job, JobPhase.RUNNING)
    first.close()  # the job gets no farewell: what is on disk is all that the next start has
    world.go = True
    second = launch()
    qtbot.waitUntil(lambda: second.gallery.totals.count == 1, timeout=60_000)
    (taken_up,) = second.jobs.all()
    assert taken_up.resumed
    assert taken_up.phase is JobPhase.DONE
    assert taken_up.images[0].prompt == "a green frog"
    assert len(world.orders) == 1, "bought twice"
    third = launch()
    qtbot.wait(100)
    assert third.jobs.all() == []
    assert third.gallery.totals.count == 1


def test_a_crash_between_the_picture_and_forgetting_the_order_makes_no_second_row(
    qtbot: Any, launch: Callable[..., AppState], world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from artrator_desktop.state.store.orders import OrderBox

    first = launch()
    first.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: first.create.quoting.phase is Phase.READY, timeout=60_000)
    with monkeypatch.context() as patched:
        patched.setattr(OrderBox, "forget", lambda _self, _order: None)
        wait_for(qtbot, first, generate(first), JobPhase.DONE)
    first.close()
    second = launch()
    qtbot.waitUntil(lambda: bool(second.jobs.all()) and not second.jobs.active(), timeout=60_000)
    second.close()
    with contextlib.closing(sqlite3.connect(home / "desktop.sqlite3")) as connection:
        assert connection.execute("select count(*) from image").fetchone()[0] == 1
    assert len(list((home / "pictures").iterdir())) == 1


def test_a_lost_registry_stalls_the_job_and_it_goes_on_by_itself(
    qtbot: Any, app: AppState, opened: Opened, world: World
) -> None:
    world.script = Script(lose_registry_at=3)
    opened()
    app.jobs._again.setInterval(50)
    job = generate(app)
    found = wait_for(qtbot, app, job, JobPhase.STALLED)
    assert found.money is Money.HELD
    world.script = Script()
    wait_for(qtbot, app, job, JobPhase.DONE)
    assert len(world.orders) == 1


def test_an_order_whose_placing_nobody_confirmed_is_not_called_failed(
    qtbot: Any, app: AppState, opened: Opened, world: World
) -> None:
    """The registry may have placed it: "nothing was charged" could be a lie, and a second press a second order."""
    world.script = Script(lose_registry_at_once=True)
    opened()
    app.jobs._again.setInterval(50)
    job = generate(app)
    found = wait_for(qtbot, app, job, JobPhase.STALLED)
    assert found.money is Money.HELD
    world.script = Script()
    wait_for(qtbot, app, job, JobPhase.DONE)
    assert len(app.jobs.all()) == 1
    assert len(world.orders) == 1


def test_a_full_disk_keeps_the_paid_order_until_there_is_room(
    qtbot: Any, app: AppState, opened: Opened, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from artrator_desktop.state import purchase

    opened()
    app.jobs._again.setInterval(50)

    def full(_path: Path, _data: bytes) -> None:
        raise ArtratorError(Code.DISK_FULL, "No room.")

    with monkeypatch.context() as patched:
        patched.setattr(purchase, "save", full)
        job = generate(app)
        found = wait_for(qtbot, app, job, JobPhase.STALLED)
        assert found.failure is not None
        assert found.failure.code == "disk_full"
    found = wait_for(qtbot, app, job, JobPhase.DONE)
    assert len(world.orders) == 1
    assert Path(found.images[0].path).exists()


def test_a_folder_that_cannot_be_written_keeps_the_paid_order_and_names_the_folder(
    qtbot: Any, app: AppState, opened: Opened, world: World, tmp_path: Path
) -> None:
    opened()
    app.jobs._again.setInterval(50)
    (tmp_path / "drive").write_text("what lies where the folder is to be, as a drive that is not there")
    app.settings.set("pictures_dir", str(tmp_path / "drive" / "pictures"))
    job = generate(app)
    found = wait_for(qtbot, app, job, JobPhase.STALLED)
    assert found.failure is not None
    assert found.failure.code == "folder_unwritable"
    assert str(tmp_path / "drive" / "pictures") in found.failure.sentence
    assert found.failure.sentence.endswith("Let Artrator write there, or choose another folder.")
    assert (headline(found), short_status(found)) == (
        "Waiting for a folder to save in",
        "Waits for a folder to save in",
    )
    app.settings.set("pictures_dir", str(tmp_path / "elsewhere"))
    found = wait_for(qtbot, app, job, JobPhase.DONE)
    assert len(world.orders) == 1
    assert Path(found.images[0].path).parent == tmp_path / "elsewhere"


def test_one_run_can_make_several_pictures(qtbot: Any, app: AppState, opened: Opened, world: World) -> None:
    world.script = Script(outputs=3)
    opened()
    job = wait_for(qtbot, app, generate(app), JobPhase.DONE)
    assert [picture.position for picture in job.images] == [0, 1, 2]
    assert {(picture.cost, picture.outputs) for picture in job.images} == {(2_000_000, 3)}
    assert all(verify(picture).holds for picture in job.images)
    assert len({picture.path for picture in job.images}) == 3


def test_a_text_that_was_paid_for_is_shown_and_saved(qtbot: Any, app: AppState, opened: Opened, world: World) -> None:
    world.script = Script(text="A cat, smiling.")
    opened()
    job = wait_for(qtbot, app, generate(app), JobPhase.DONE)
    assert list(job.texts) == ["A cat, smiling."]
    assert len(job.images) == 1
    (saved,) = app.settings.pictures_dir.glob("*.txt")
    assert saved.read_text() == "A cat, smiling."


def test_jobs_that_waited_here_are_offered_again_and_never_bought_unasked(
    qtbot: Any, launch: Callable[[], AppState], world: World
) -> None:
    app = launch()
    app.create.open("atelier/emoji")
    qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)
    world.script, world.go = Script(steps=5, pause_at=2), False
    app.create.set_count(8)
    app.create.set_value("prompt", "eight cats")
    assert len(app.create.generate("Tiny Emoji")) == 8
    qtbot.waitUntil(lambda: len(world.orders) == 4, timeout=60_000)
    qtbot.waitUntil(lambda: sum(job.phase is JobPhase.WAITING for job in app.jobs.all()) == 4, timeout=60_000)
    app.close()

    world.go = True
    again = launch()
    qtbot.waitUntil(lambda: len(again.jobs.left) == 4, timeout=60_000)
    qtbot.waitUntil(lambda: again.gallery.totals.count == 4, timeout=60_000)
    assert len(world.orders) == 4, "only what was ordered is followed"
    assert {request.inputs["prompt"] for _job, request in again.jobs.left} == {"eight cats"}
    again.jobs.forget_left()
    assert again.jobs.left == []
    again.jobs.take_left_back()
    assert len(again.jobs.left) == 4
    kept = again.database.write(lambda c: len(waiting.load(c, "http://double")))
    assert kept.result() == 4
    again.jobs.run_left()
    assert again.jobs.left == []
    qtbot.waitUntil(lambda: again.gallery.totals.count == 8, timeout=60_000)
    assert len(world.orders) == 8
    again.close()
    third = launch()
    qtbot.waitUntil(lambda: third.gallery.totals.count == 8, timeout=60_000)
    assert third.jobs.left == []


def test_pictures_of_a_waiting_job_come_back_byte_for_byte(app: AppState) -> None:
    files = {"image": b"one", "references": [b"two", b"three"], "single": [b"four"]}
    app.database.write(lambda c: waiting.save(c, "job", "http://double", {"price": 1}, files)).result()
    assert app.database.read(lambda c: waiting.load(c, "http://double")).result() == [("job", {"price": 1}, files)]
    assert app.database.read(lambda c: waiting.load(c, "http://other")).result() == []
    app.database.write(lambda c: waiting.forget(c, ["job"])).result()
    assert app.database.read(lambda c: waiting.load(c, "http://double")).result() == []
