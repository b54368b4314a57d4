"""How long Discover takes to show a long list of models, and what a step of scrolling costs.

    uv run python benchmarks/desktop/scrolling.py [--cards 10000]

The whole window, drawn in memory, with covers that are really decoded. Processor time, not time on the wall: it is what
this machine's other work does not change.
"""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from artrator.messages.registry import ListingCard, NodeState
from artrator_desktop.app import make_application
from artrator_desktop.state import AppState, Phase
from artrator_desktop.ui.pages.discover import DiscoverPage
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

PICTURES = 40
STEPS = 200
# What a notch of a mouse wheel moves.
NOTCH = 120


def cards(folder: Path, count: int) -> list[ListingCard]:
    """Listings with covers of a usual size; the pictures repeat, the listings do not."""
    samples = []
    for number in range(PICTURES):
        picture = QImage(640, 512, QImage.Format.Format_RGB32)
        picture.fill((number * 5_000_011) & 0xFFFFFF | 0xFF000000)
        path = folder / f"{number}.png"
        picture.save(str(path))
        samples.append(str(path))
    return [
        ListingCard(
            listing=f"maker/model-{number}",
            title={"en": f"Model {number}"},
            summary={"en": "Drawn for the benchmark."},
            task="text-to-image",
            creator="maker",
            creator_name="A creator",
            version="1.0",
            package="sha256:" + "0" * 64,
            license="Apache-2.0",
            commercial=True,
            tags=(),
            samples=[samples[number % PICTURES]],
            price=2_000_000,
            state=NodeState.WARM,
            nodes=1,
            runs=number,
            published_at=0.0,
        )
        for number in range(count)
    ]


def spent(work: Callable[[], object]) -> float:
    """Milliseconds of processor time that a piece of work and the paint after it take."""
    begun = time.process_time()
    work()
    QApplication.processEvents()
    return (time.process_time() - begun) * 1000


def main() -> None:
    """Measure and print one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=10_000)
    given = parser.parse_args()
    begun = time.process_time()
    make_application([])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "identity.pem").touch()
        (folder / "profile.json").write_text('{"registry_url": "http://127.0.0.1:9"}')
        state = AppState(folder, cache_dir=folder / "cache")
        theme().start("dark")
        window = Shell(state)
        window.resize(1440, 900)
        window.show()
        QApplication.processEvents()
        window.grab()
        opened = (time.process_time() - begun) * 1000
        state.catalogue.cards = cards(folder, given.cards)
        state.catalogue.phase = Phase.READY
        shown = spent(state.catalogue.changed.emit)
        page = window.page("discover")
        assert isinstance(page, DiscoverPage)
        bar = page.area.verticalScrollBar()
        steps = [spent(lambda: bar.setValue(bar.value() + NOTCH)) for _ in range(STEPS)]
        window.pixmaps.close()
        state.close()
    cuts = statistics.quantiles(steps, n=20)
    print(f"window painted {opened:.0f} ms, {given.cards:,} cards shown {shown:.0f} ms, "
          f"a step of {NOTCH} px: p50 {cuts[9]:.1f}, p95 {cuts[18]:.1f}, worst {max(steps):.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
