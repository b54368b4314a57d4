"""How smooth the desktop stays while jobs report, and how soon it opens and closes.

    uv run python benchmarks/desktop/smoothness.py [--jobs 20] [--seconds 5]

The whole window on the Create page, drawn in memory; every job reports ten steps a second, each with a preview. The gap
is the time between two ticks of a 10 ms timer on the interface's thread: what a person feels when it grows.
"""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from buyer_double import NetworkDouble, Script, World
from painted import painted
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from artrator.documents import Offer
from artrator.keys import PrivateKey
from artrator.package import read_manifest
from artrator_desktop import i18n
from artrator_desktop.state import AppState, Link, Phase, jobs
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    qt = QApplication(["artrator"])
    i18n.install("en")
    theme().start("dark")
    preview = painted(3)
    world = World(paint=lambda _seed: preview, available=10**12, script=Script(steps=10_000, pace=0.1))
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        PrivateKey.generate().save(home / "identity.pem")
        (home / "profile.json").write_text('{"registry_url": "http://double"}')

        def read_listing(listing: object) -> object:
            manifest = read_manifest(listing.manifest)
            return manifest, Offer.verify(listing.offer, world.creator.public), world.creator.public

        with (
            patch("artrator_desktop.state.network.Network", lambda folder, _url: NetworkDouble(world, folder)),
            patch("artrator.clients.buyer.read_listing", read_listing),
            patch.object(jobs, "_AT_ONCE", given.jobs),
        ):
            measure(qt, AppState(home), given.jobs, given.seconds)


def measure(qt: QApplication, app: AppState, count: int, seconds: float) -> None:
    began = time.perf_counter()
    window = Shell(app)
    window.show()
    qt.processEvents()
    print(f"window built and painted   {(time.perf_counter() - began) * 1000:6.0f} ms")
    app.start()
    wait(qt, lambda: app.session.link is Link.ONLINE)
    print(f"network imported, online   {(time.perf_counter() - began) * 1000:6.0f} ms")
    window.open("create", {"listing_id": "atelier/emoji"})
    wait(qt, lambda: app.create.quoting.phase is Phase.READY)
    app.create.set_value("prompt", "a smiling cat")
    for _ in range(count):
        app.create.generate("Tiny Emoji")
    wait(qt, lambda: sum(job.done > 0 for job in app.jobs.all()) == count)
    gaps: list[float] = []
    last = [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        gaps.append((now - last[0]) * 1000)
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(10)
    QTimer.singleShot(round(seconds * 1000), qt.quit)
    qt.exec()
    timer.stop()
    ordered = sorted(gaps)
    p50, p95, p99 = (ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.5, 0.95, 0.99))
    print(f"{count} jobs: gap p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, worst {ordered[-1]:.0f} ms")
    began = time.perf_counter()
    window.pixmaps.close()
    app.close()
    left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    print(f"closed with {count} jobs running in {(time.perf_counter() - began) * 1000:.0f} ms; threads left: {left}")


def wait(qt: QApplication, until: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise SystemExit("waited in vain")
        qt.processEvents()
        time.sleep(0.002)


if __name__ == "__main__":
    main()
