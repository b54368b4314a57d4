"""The desktop is killed with -9 at several moments of a job: whatever was paid for is there after the next start."""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from federation import Federation

from artrator_desktop.state import AppState, Link

#: Presses the button and says each phase aloud; the test kills it when it has heard enough.
PRESS = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from artrator_desktop.state import AppState
qt = QCoreApplication([])
app = AppState(Path(sys.argv[1]))

def look():
    create = app.create
    if app.jobs.all():
        print(app.jobs.all()[-1].phase.value, flush=True)
    elif create.ready:
        create.generate("Emoji")
        print("pressed", flush=True)
    elif create.detail is not None:
        create.set_value("prompt", "a rocket")
        create.set_value("steps", 50)
    elif app.session.link.value == "online" and create.phase.value == "idle":
        create.open("atelier/emoji")

timer = QTimer()
timer.timeout.connect(look)
timer.start(2)
app.start()
qt.exec()
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["pressed", "preparing", "queued", "running", "fetching"])
def test_nothing_is_lost_and_nothing_is_bought_twice(
    qtbot: Any, running: Federation, tmp_path: Path, moment: str
) -> None:
    person = running.person(f"kill-{moment}", 100)
    before = person.balance().available
    pressing = subprocess.Popen(
        [sys.executable, "-c", PRESS, str(person.profile.folder)], stdout=subprocess.PIPE, text=True
    )
    assert pressing.stdout is not None
    for line in pressing.stdout:
        # A phase may be over between two looks; then the next one is as good.
        if line.strip() in (moment, "done", "failed"):
            break
    pressing.kill()
    pressing.wait()
    pressing.stdout.close()

    app = AppState(person.profile.folder)
    app.start()
    qtbot.waitUntil(lambda: app.session.link is Link.ONLINE, timeout=60_000)
    # Orders are looked for once the connection is up; nothing in the box means nothing was on its way.
    qtbot.waitUntil(lambda: not waiting(person.profile.folder), timeout=60_000)
    qtbot.waitUntil(lambda: not app.jobs.active(), timeout=60_000)
    app.close()

    rows = pictures(person.profile.folder)
    balance = person.balance()
    assert balance.held == 0
    assert before - balance.available == 2_000_000 * len(rows)
    assert len(rows) <= 1
    assert all(Path(path).is_file() for path in rows)


def waiting(folder: Path) -> int:
    return int(ask(folder, "select count(*) from outbox")[0][0])


def pictures(folder: Path) -> list[str]:
    return [row[0] for row in ask(folder, "select path from image")]


def ask(folder: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(folder / "desktop.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
