"""The theme in force, and what follows it when it changes."""

from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from artrator_desktop.ui.theme.fonts import font, load_fonts
from artrator_desktop.ui.theme.palette import palette
from artrator_desktop.ui.theme.qss import stylesheet
from artrator_desktop.ui.theme.tokens import DARK, LIGHT, Tokens

MODES: Final = ("system", "dark", "light")


class Theme(QObject):
    """Holds the tokens in force; `changed` is emitted after a switch."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode = "dark"
        self.tokens: Tokens = DARK
        # Whose style sheet the application has.
        self._base: Tokens = DARK

    def start(self, mode: str) -> None:
        """Load the fonts and put the theme on the application; call it once, before the first widget."""
        load_fonts()
        QApplication.setStyle("Fusion")
        QApplication.setFont(font())
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        self.switch(mode)

    def switch(self, mode: str, *, lazily: bool = False) -> None:
        """Change to "dark", "light" or "system", live.

        Args:
            mode: Which.
            lazily: Leave the style sheet to a window that calls `dress` for what it shows. One on the application is
                matched anew with every widget, seen or not: with all pages built that took half a second.
        """
        self.mode = mode if mode in MODES else "system"
        self.tokens = LIGHT if self._wants_light() else DARK
        app = QApplication.instance()
        if isinstance(app, QApplication):
            QApplication.setPalette(palette(self.tokens))
            if not lazily:
                self._base = self.tokens
                app.setStyleSheet(stylesheet(self.tokens))
        self.changed.emit()

    def dress(self, part: QWidget) -> None:
        """Give a part of a window the theme in force, with all that is inside it or opens from it."""
        wanted = "" if self.tokens is self._base else stylesheet(self.tokens)
        if part.styleSheet() != wanted:
            part.setStyleSheet(wanted)

    def _wants_light(self) -> bool:
        if self.mode != "system":
            return self.mode == "light"
        # Where the platform does not say (bare X11, offscreen) the theme is dark: pictures look best on it.
        return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light

    def _system_changed(self) -> None:
        if self.mode == "system":
            self.switch("system")


_theme: list[Theme] = []


def theme() -> Theme:
    """Return the application's theme."""
    if not _theme:
        _theme.append(Theme())
    return _theme[0]
