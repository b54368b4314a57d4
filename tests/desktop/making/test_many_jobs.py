"""Hundreds of jobs: the window shows as many as somebody can read, and its work grows with what has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from artrator_desktop.state import AppState, Job, JobPhase
from artrator_desktop.state.phase import Failure
from artrator_desktop.ui.create import queue, strip
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.create import CreatePage

COUNT = 300


def job(number: int, phase: JobPhase = JobPhase.WAITING) -> Job:
    return Job(
        id=f"job-{number}", batch="one", listing="atelier/emoji", version="1", title="Tiny Emoji", task="text-to-image",
        cover="", phase=phase, hold=1, inputs={"prompt": str(number)}, created_at=float(number),
    )  # fmt: skip


def add(app: AppState, jobs: list[Job]) -> None:
    for each in jobs:
        app.jobs._jobs[each.id] = each
        app.jobs.added.emit(each.id)


def end(app: AppState, name: str, phase: JobPhase) -> None:
    failure = Failure("worker_died", "It died.") if phase is JobPhase.FAILED else None
    app.jobs._jobs[name] = replace(app.jobs._jobs[name], phase=phase, failure=failure)
    app.jobs.changed.emit(name)
    app.jobs.ended.emit(name)


@pytest.fixture
def page(qtbot: Any, app: AppState, opened: Callable[[], None], pixmaps: Pixmaps) -> CreatePage:
    opened()
    made = CreatePage(app, pixmaps)
    made.resize(1200, 800)
    qtbot.addWidget(made)
    made.show()
    return made


def test_three_hundred_jobs_are_shown_once_and_only_so_many_of_them(
    qtbot: Any, app: AppState, page: CreatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    everything = app.jobs.all
    monkeypatch.setattr(app.jobs, "all", lambda: looked.append(1) or everything())
    add(app, [job(number) for number in range(COUNT)])
    qtbot.waitUntil(lambda: len(page.queue._rows) == queue._ROWS, timeout=60_000)
    assert len(looked) <= 5, "the rows are brought up to date for all of them together"
    assert page.queue.more.text() == "and 260 more"
    page.stage.show_job("job-150")
    assert len(page.stage.strip._tiles) == strip._SHOWN
    assert "job-150" in {place.job for place in page.stage.strip._tiles}
    page.stage.show_job("job-299")
    assert [place.job for place in page.stage.strip._tiles][-1] == "job-299"


def test_every_end_costs_a_tile_or_two_however_many_there_are(
    qtbot: Any, app: AppState, page: CreatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(app, [job(number) for number in range(COUNT)])
    page.stage.show_job("job-0")
    made: list[object] = []
    make = strip.BatchStrip._make
    monkeypatch.setattr(strip.BatchStrip, "_make", lambda *given: made.append(given) or make(*given))
    for number in range(60):
        end(app, f"job-{number}", JobPhase.DONE)
        name = f"job-{number + 1}"
        qtbot.waitUntil(
            lambda name=name: page.stage.job().id == name and not page.stage._soon.isActive(), timeout=60_000
        )
    assert len(made) <= 3 * 60, "it used to make all of them anew"
    assert f"job-{60}" in {place.job for place in page.stage.strip._tiles}


def test_what_failed_hides_nothing_that_goes_on(qtbot: Any, app: AppState, page: CreatePage) -> None:
    add(app, [job(number) for number in range(60)])
    for number in range(50):
        end(app, f"job-{number}", JobPhase.FAILED)
    wanted = {f"job-{number}" for number in range(50, 60)}
    qtbot.waitUntil(lambda: wanted <= page.queue._rows.keys(), timeout=60_000)
    assert len(page.queue._rows) == queue._ROWS
    order = [page.queue._jobs.itemAt(at).widget().job for at in range(page.queue._jobs.count())]
    assert order == sorted(order, key=lambda name: int(name.removeprefix("job-")))


def test_a_long_queue_pushes_no_failure_out_of_sight(app: AppState) -> None:
    add(app, [job(number) for number in range(COUNT)])
    for number in range(10):
        end(app, f"job-{number}", JobPhase.FAILED)
    app.jobs._trim()
    assert len(app.jobs.all()) == COUNT
