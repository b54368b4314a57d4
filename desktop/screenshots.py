"""Take pictures of the running application: every page of a real profile, against its real registry and node.

    ARTRATOR_HOME=… uv run python desktop/screenshots.py OUT [--look dark|light] [--language en|ko] [PAGE[:LISTING] …]

It opens the same window as `artrator desktop`, waits for the pictures to arrive, and saves what is on the screen. Start
`artrator demo` first and point ARTRATOR_HOME at its buyer.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# No screen is needed to take pictures; QT_QPA_PLATFORM=xcb takes them of a real window.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer

from artrator_desktop import i18n
from artrator_desktop.app import make_application
from artrator_desktop.state import AppState
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

PAGES = ["discover", "create", "gallery", "library", "wallet", "earnings", "node", "plugins", "settings"]
# Long enough for a page to fetch and decode what it shows, on a busy machine.
SETTLE_MS = 3500
GIVE_UP_MS = 120_000


def main() -> int:
    """Take the pictures; returns 1 if the registry could not be reached."""
    parser = argparse.ArgumentParser(description="Take pictures of every page.")
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE[:LISTING]")
    parser.add_argument("--look", choices=["dark", "light"], default="dark")
    parser.add_argument("--language", choices=i18n.LANGUAGES, default="en")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    app = make_application([])
    state = AppState()
    i18n.install(given.language)
    theme().start(given.look)
    window = Shell(state)
    window.resize(1440, 900)
    window.show()
    waiting = list(given.pages)

    def save(name: str) -> None:
        path = given.out / f"{name}_{given.look}_{given.language}.png"
        window.resize(1440, 900)
        print(path if window.grab().save(str(path)) else f"{path} could not be written")
        take()

    def take() -> None:
        if not waiting:
            app.exit(0)
            return
        page, _, listing = waiting.pop(0).partition(":")
        window.open(page, {"listing_id": listing} if listing else {})
        QTimer.singleShot(SETTLE_MS, lambda: save(page))

    begun: list[bool] = []

    def begin() -> None:
        # The connection may come and go; the tour is made once.
        if not begun:
            begun.append(True)
            QTimer.singleShot(SETTLE_MS, take)

    state.session.online.connect(begin)
    QTimer.singleShot(GIVE_UP_MS, lambda: app.exit(1))
    QTimer.singleShot(0, state.start)
    status = app.exec()
    window.pixmaps.close()
    state.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
