"""What can be done with a finished picture: save it elsewhere, copy it, find it, send it on."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QProcess, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state.pictures import decode_file
from artrator_desktop.ui.text import short_price
from artrator_desktop.ui.widgets import Button, FlowLayout, MenuButton

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord


class PictureActions(QWidget):
    """A row of buttons for one picture.

    Signals:
        sent: Another listing is to take the picture: its ref and the picture's path.
        said: A kind of toast and its sentence.
    """

    sent = Signal(str, str)
    said = Signal(str, str)

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._record: ImageRecord | None = None
        self.save = Button(self.tr("Save as…"), "plain", "save")
        self.copy = Button(self.tr("Copy"), "plain", "copy")
        self.reveal = Button(self.tr("Show file"), "plain", "folder-open")
        self.send = MenuButton(self.tr("Send to…"), "wand-sparkles")
        self.save.clicked.connect(self._save)
        self.copy.clicked.connect(self._copy)
        self.reveal.clicked.connect(self._reveal)
        self.menu = QMenu(self)
        self.menu.setAccessibleName(self.tr("Models that take a picture"))
        self.send.setMenu(self.menu)
        row = FlowLayout(self)
        for button in (self.send, self.save, self.copy, self.reveal):
            row.addWidget(button)
        app.companions.changed.connect(self._fill_menu)
        self._fill_menu()

    def show_record(self, record: ImageRecord | None) -> None:
        """Act on this picture."""
        if record is not None and record is self._record:
            return
        self._record = record
        self.setVisible(record is not None)
        self._fill_menu()

    def _fill_menu(self) -> None:
        """List what can take a picture; one upscaler among them names itself on the button."""
        companions = [
            card
            for card in self._app.companions.cards
            if self._record is None or card.listing != self._record.listing or card.task != "upscale"
        ]
        self.menu.clear()
        for card in companions:
            words = f"{pick(card.title, language())} · {short_price(card.price)}"
            listing = card.listing
            action = self.menu.addAction(words.replace("&", "&&"))
            action.triggered.connect(lambda _on=False, listing=listing: self._send(listing))
        upscalers = [card for card in companions if card.task in ("upscale", "upscaling", "super-resolution")]
        self.send.setText(self.tr("Upscale with…") if upscalers else self.tr("Send to…"))
        self.send.setVisible(bool(companions))

    def _send(self, listing: str) -> None:
        if self._record is not None:
            self.sent.emit(listing, self._record.path)

    def _save(self) -> None:
        if self._record is None:
            return
        source = Path(self._record.path)
        start = str(Path.home() / source.name)
        target, _ = QFileDialog.getSaveFileName(self, self.tr("Save picture"), start, f"*{source.suffix}")
        if target:
            self.save_to(Path(target))

    def save_to(self, target: Path) -> None:
        """Copy the file, with the settings inside, to another place."""
        if self._record is None:
            return
        engine, source = self._app.engine, Path(self._record.path)

        async def work() -> tuple[str, str]:
            return target.name, await engine.decode(_copy_whole, source, target)

        engine.call(work, self._saved)

    def _saved(self, ended: tuple[str, str]) -> None:
        name, reason = ended
        if reason:
            self.said.emit("bad", self.tr("It could not be saved: {reason}.").format(reason=reason))
        else:
            self.said.emit("ok", self.tr("Saved as {name}.").format(name=name))

    def _copy(self) -> None:
        if self._record is None:
            return
        engine, path = self._app.engine, self._record.path

        async def work() -> tuple[str, QImage]:
            return path, await engine.decode(decode_file, Path(path))

        engine.call(work, self._copied)

    def _copied(self, read: tuple[str, QImage]) -> None:
        path, image = read
        if image.isNull():
            self.said.emit("bad", self.tr("The file is gone, damaged or too large to be copied."))
            return
        data = QMimeData()
        data.setImageData(image)
        data.setUrls([QUrl.fromLocalFile(path)])
        QGuiApplication.clipboard().setMimeData(data)
        self.said.emit("ok", self.tr("Copied."))

    def _reveal(self) -> None:
        if self._record is not None:
            reveal(Path(self._record.path))


def _copy_whole(source: Path, target: Path) -> str:
    """Copy a file so that its new name never stands for half of it; answers what went wrong, or nothing."""
    scratch = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, scratch)
        scratch.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
        return error.strerror or str(error)
    return ""


def reveal(path: Path) -> None:
    """Show a file in the system's file manager, selected where the system can do that."""
    import sys

    if sys.platform == "win32":
        QProcess.startDetached("explorer.exe", ["/select,", str(path)])
    elif sys.platform == "darwin":
        QProcess.startDetached("/usr/bin/open", ["-R", str(path)])
    else:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
