"""The desktop's entry: `artrator desktop`, `artrator-desktop` or `python -m artrator_desktop`.

Start-up goes like this:
1. arguments and the environment that Qt reads only once,
2. QApplication, the claim to the profile, then settings (one small local database, no network library),
3. language and theme, the window, its first paint,
4. only then the engine: it imports the network libraries in its own thread and connects.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from artrator_desktop import i18n
from artrator_desktop.collector import Collector
from artrator_desktop.single import Single
from artrator_desktop.ui.theme import logo_icon, theme

if TYPE_CHECKING:
    from artrator_desktop.state import AppState
    from artrator_desktop.ui.shell import Shell


def prepare_environment(environment: MutableMapping[str, str]) -> None:
    """Set what Qt reads at its start.

    The wheels of PySide6 bring an input plugin for ibus but none for fcitx, and fcitx 5 answers ibus: without this,
    people who use fcitx could not type Korean at all.
    """
    wish = f"{environment.get('QT_IM_MODULE', '')} {environment.get('XMODIFIERS', '')}".lower()
    if "fcitx" in wish:
        environment["QT_IM_MODULE"] = "ibus"


def make_application(arguments: Sequence[str]) -> QApplication:
    """Make the QApplication and give it a name and an icon."""
    prepare_environment(os.environ)
    app = QApplication([sys.argv[0], *arguments])
    app.setApplicationName("Artrator")
    app.setApplicationDisplayName("Artrator")
    app.setDesktopFileName("artrator")
    app.setWindowIcon(logo_icon())
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and stay until it is closed; returns the exit status."""
    parser = argparse.ArgumentParser(prog="artrator-desktop", description="Find models, pay, create, keep.")
    parser.add_argument("--data-dir", type=Path, help="where keys, settings and history lie")
    parser.add_argument("--page", default="", help="open this page first: discover, create, gallery, wallet, …")
    parser.add_argument("--verbose", action="store_true", help="write what happens to the terminal")
    given, rest = parser.parse_known_args(argv)
    logging.basicConfig(level=logging.INFO if given.verbose else logging.WARNING)
    return run(given.data_dir, page=given.page, qt_arguments=rest)


def run(data_dir: Path | None = None, *, page: str = "", qt_arguments: Sequence[str] = ()) -> int:
    """Open the window on a profile and stay until it is closed; returns the exit status."""
    app = make_application(qt_arguments)
    _quit_on_interrupt(app)
    collector = Collector(app)

    from artrator_desktop.state.settings import default_data_dir

    i18n.install("system")
    folder = data_dir if data_dir is not None else default_data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        single = Single(folder)
        if not single.claim():
            if single.call(page):
                return 0
            words = app.translate("Start", "Artrator is open with this profile already, and does not answer.")
            cure = app.translate("Start", "End it first. If there is none, delete {path}.").format(path=single.path)
            return _refuse(f"{words} {cure}")
        state = open_state(data_dir)
    except OSError as error:
        words = app.translate("Start", "Artrator cannot write in its folder {folder}: {reason}.")
        return _refuse(words.format(folder=folder, reason=error.strerror or error))
    except RefusedError as error:
        return _refuse(str(error))
    i18n.install(state.settings.language)
    theme().start(state.settings.theme)

    from artrator_desktop.ui.shell import Shell

    window = Shell(state)
    if page and not state.session.needs_onboarding:
        window.open(page)
    room = window.screen().availableSize()
    if window.width() > room.width() or window.height() > room.height():
        window.showMaximized()
    else:
        window.show()
    single.called.connect(lambda wanted: _come_forward(window, wanted))
    # The engine's imports compete with the first paint for the interpreter, so they wait for it.
    QTimer.singleShot(0, state.start)
    try:
        return app.exec()
    finally:
        window.pixmaps.close()
        state.close()
        single.release()
        collector.stop()


class RefusedError(Exception):
    """A profile cannot be opened; its text is what the person is told."""


def open_state(data_dir: Path | None) -> AppState:
    """The state of a profile.

    Raises:
        RefusedError: With a sentence that says which file is in the way, and what to do.
        OSError: The folder itself cannot be used.
    """
    from artrator_desktop.state import AppState
    from artrator_desktop.state.settings import default_data_dir
    from artrator_desktop.state.store.migrations import NewerFileError

    folder = data_dir if data_dir is not None else default_data_dir()
    translate = QCoreApplication.translate
    try:
        return AppState(data_dir)
    except IsADirectoryError as error:
        words = translate("Start", "There is a folder in the place of {path}. Move it away, then start again.")
        raise RefusedError(words.format(path=error.filename)) from error
    except PermissionError as error:
        words = translate("Start", "Artrator may not read {path}. Give yourself the right to read and write it.")
        raise RefusedError(words.format(path=error.filename)) from error
    except NewerFileError as error:
        words = translate(
            "Start",
            "The database in {folder} was written by a newer version of Artrator, and was not touched. "
            "Start that version again.",
        )
        raise RefusedError(words.format(folder=folder)) from error
    except sqlite3.DatabaseError as error:
        words = translate(
            "Start",
            "Artrator’s database in {folder} cannot be used: {reason}. Look whether you may read and write it, whether "
            "the disk is full, and whether another program has it open.",
        )
        raise RefusedError(words.format(folder=folder, reason=error)) from error


def _come_forward(window: Shell, page: str) -> None:
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    if page and window.page_id != "onboarding":
        window.open(page)


def _refuse(sentence: str) -> int:
    """Say why there is no window, in the terminal and, where there is a screen, to whoever only sees that."""
    print(sentence, file=sys.stderr)
    if QApplication.platformName() not in {"offscreen", "minimal"}:
        QMessageBox.critical(None, "Artrator", sentence)
    return 1


def _quit_on_interrupt(app: QApplication) -> None:
    # It may come before the loop runs, and would not be heard: so it waits for the loop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: QTimer.singleShot(0, app.quit))
    # Python runs signal handlers only between its own instructions; this gives it some while Qt waits.
    heartbeat = QTimer(app)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(300)


if __name__ == "__main__":
    sys.exit(main())
