"""Draw the pictures of the README: a real registry, a real node, the example models, and jobs that are really paid for.

uv run python scripts/screenshots.py [FOLDER]     (docs/images unless another folder is given)
"""
# ruff: noqa: E402  # Qt's platform and the path of the tests' helpers must stand before what needs them.

from __future__ import annotations

import os

# No window appears: the pictures are drawn in memory. Qt reads it once, at the first QApplication.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import PIL.Image
from federation import copy_example, federation
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtWidgets import QApplication

from artrator.messages.registry import NodeState
from artrator_desktop import i18n
from artrator_desktop.state import AppState, ImageRecord, Link, Phase
from artrator_desktop.ui.pages.create import CreatePage
from artrator_desktop.ui.pages.style import StylePage
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

EMOJI = [
    ("a smiling cat", "noto"),
    ("red apple", "twemoji"),
    ("a green frog", "noto"),
    ("pizza", "twemoji"),
    ("a house", "fluent"),
    ("a red car", "twemoji"),
]
STYLES = ["navy-woodblock", "coloured-pencils", "golden-canvas", "blue-swirls"]


class Sitting:
    """A person in front of the window."""

    def __init__(self, qt: QApplication, app: AppState, folder: Path) -> None:
        self.qt = qt
        self.app = app
        self.folder = folder
        self.window = Shell(app)
        self.window.show()

    def wait(self, until: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Let the application work until something is so."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise SystemExit(f"waited in vain: {what}")
            self.qt.processEvents()
            time.sleep(0.005)

    def rest(self, seconds: float) -> None:
        """Let the application work for a while."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, "time")

    def make(self, listing: str, values: Mapping[str, object], picture: str = "") -> list[ImageRecord]:
        """Buy one run and return its pictures."""
        self.window.open("create", {"listing_id": listing, "picture": picture})
        create = self.app.create
        self.wait(lambda: create.phase is Phase.READY and create.listing == listing, listing)
        for name, value in values.items():
            create.set_value(name, value)
        create.values_changed.emit()
        self.wait(lambda: create.ready, f"a price for {listing}")
        page = self.window.page("create")
        assert isinstance(page, CreatePage)  # noqa: S101  # it was opened above
        page.generate()
        job = self.app.jobs.all()[-1].id
        self.wait(lambda: self.app.jobs.get(job).ended, listing)  # type: ignore[union-attr]  # it was just submitted
        ended = self.app.jobs.get(job)
        if ended is None or not ended.images:
            raise SystemExit(f"{listing}: {ended.failure.sentence if ended and ended.failure else 'no picture'}")
        return list(ended.images)

    def paint(self, listing: str, files: Mapping[str, list[Path]]) -> None:
        """Drop a film and its painted keyframes on the Style page, run it, and look at a frame in the middle."""
        self.window.open("create", {"listing_id": listing})
        create = self.app.create
        self.wait(lambda: self.window.page_id == "style" and create.phase is Phase.READY, listing)
        page = self.window.page("style")
        assert isinstance(page, StylePage)  # noqa: S101  # it was opened above
        for name, paths in files.items():
            page.cards[name].files_chosen.emit([str(path) for path in paths])
            self.wait(lambda name=name, paths=paths: len(create.chosen.pictures[name]) == len(paths), name)
        self.wait(page.run_bar.button.isEnabled, f"a price for {listing}")
        page.generate()
        self.wait(lambda: (job := self.app.style.job()) is not None and job.ended, listing)
        page.comparison.scrubber.setValue(6)

    def leave(self) -> None:
        """Close the window."""
        self.window.close()
        self.window.pixmaps.close()

    def shoot(self, name: str) -> None:
        """Draw the window."""
        self.window.grab()  # what is not painted asks for no picture
        self.rest(0.8)
        self.wait(lambda: not self.window.pixmaps._wanted, "the pictures of the page")
        self.rest(0.3)
        path = self.folder / f"{name}.webp"
        raw = QBuffer()
        raw.open(QIODevice.OpenModeFlag.WriteOnly)
        if not self.window.grab().save(raw, "PNG"):
            raise SystemExit(f"{path} could not be drawn")
        # A quarter of the bytes of a PNG, and nobody sees it in a picture of a window.
        with PIL.Image.open(io.BytesIO(bytes(raw.data().data()))) as image:
            image.convert("RGB").save(path, quality=92, method=6)
        print(f"{path} ({path.stat().st_size // 1024} KiB)")


def sit_down(qt: QApplication, app: AppState, folder: Path) -> None:
    """Make some pictures and draw the pages."""
    me = Sitting(qt, app, folder)
    me.wait(lambda: app.session.link is Link.ONLINE and len(app.catalogue.cards) == 4, "the registry")
    for prompt, style in EMOJI:
        (small,) = me.make("atelier/emoji", {"prompt": prompt, "style": style, "images": 1})
        me.make("atelier/upscale-x4", {}, small.path)
    me.window.open("discover")
    for _ in range(20):  # the registry hears from the node now and then
        app.catalogue.refresh()
        me.rest(2.0)
        if {card.state for card in app.catalogue.cards} <= {NodeState.WARM, NodeState.COLD}:
            break
    me.shoot("discover")
    photo = str(ROOT / "examples" / "painterly" / "photo.png")
    for style in STYLES:
        me.make("atelier/painterly", {"style": style}, photo)
    page = me.window.page("create")
    assert isinstance(page, CreatePage)  # noqa: S101  # it was opened to make the pictures
    page.stage.compare.setChecked(True)
    me.shoot("create")
    me.window.open("gallery")
    me.rest(1.0)
    me.shoot("gallery")
    samples = ROOT / "examples" / "stylise-video" / "package" / "samples"
    keys = [samples / "painted-01.jpg", samples / "painted-12.jpg"]
    me.paint("atelier/stylise-video", {"frames": sorted(samples.glob("frame-*.jpg")), "keyframes": keys})
    me.rest(6.0)  # until the message in the corner has gone
    me.shoot("style")
    me.window.open("wallet")
    me.rest(1.0)
    me.shoot("wallet")
    me.leave()


def look_after_the_node(qt: QApplication, app: AppState, folder: Path, address: str) -> None:
    """Sit down as the creator, and draw what the owner of a node sees: what came in, and how the node is."""
    me = Sitting(qt, app, folder)
    app.settings.set("node_url", address)
    me.wait(lambda: app.session.link is Link.ONLINE, "the registry")
    me.window.open("earnings")
    me.wait(lambda: app.earnings.phase is Phase.READY, "what was earned")
    me.shoot("earnings")
    me.window.open("node")
    me.wait(lambda: app.node.mine, "the node")
    me.shoot("node")
    me.leave()


def main() -> None:
    """Start everything in a folder that is thrown away, draw, stop."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    qt = QApplication(["artrator"])
    i18n.install("en")
    theme().start("dark")
    with tempfile.TemporaryDirectory() as scratch, federation(Path(scratch)) as running:
        packages = Path(scratch) / "packages"
        running.publish(copy_example("emoji", packages), "--price", "image=2")
        running.publish(copy_example("painterly", packages), "--base", "1", "--price", "pixel=3/1000000")
        running.publish(copy_example("upscale-x4", packages), "--base", "1", "--price", "pixel=8/1000000")
        running.publish(copy_example("stylise-video", packages), "--price", "pixel=4/1990656")
        _set(
            running.node_data / "node.toml",
            name='"seoul-07"',
            pause_for='["steam", "blender"]',
            upload_mbit="50.0",
            pin='["emoji"]',
        )
        running.start_node()
        buyer, creator = running.person("haeun", 250).profile.folder, running.creator.profile.folder
        address = f"https://127.0.0.1:{running.node_port}"
        for home, work in (
            (buyer, lambda app: sit_down(qt, app, folder)),
            (creator, lambda app: look_after_the_node(qt, app, folder, address)),
        ):
            app = AppState(home)
            app.start()
            try:
                work(app)
            finally:
                app.close()


def _set(file: Path, **settings: str) -> None:
    """Give the node rules of its owner; the values as they stand in the file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for name, value in settings.items():
        if not any(line.startswith(f"{name} = ") for line in lines):
            raise SystemExit(f"{file} has no {name}")
        lines = [f"{name} = {value}" if line.startswith(f"{name} = ") else line for line in lines]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
