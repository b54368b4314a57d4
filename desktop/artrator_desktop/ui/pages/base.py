"""What a page is to the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from artrator_desktop.ui.images import Pixmaps

if TYPE_CHECKING:
    from artrator_desktop.state import AppState


class Page(QWidget):
    """One page. It is built when it is first shown, and anew after a language switch: what the user typed is state.

    Signals:
        navigate: The id of another page and a dict of arguments for its `activate`.
        say: The kind of a toast (ok, info, warn, bad) and its sentence.
    """

    page_id: ClassVar[str] = ""

    navigate = Signal(str, object)
    say = Signal(str, str)

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        # A page that is opened takes the focus itself: no field lights up before anyone meant it.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.app = app
        self.pixmaps = pixmaps

    def activate(self, **arguments: object) -> None:
        """Be shown, perhaps with arguments from the page that led here."""

    def leave(self) -> None:
        """Be hidden."""

    def keep(self) -> dict[str, object]:
        """Return the arguments for `activate` with which a page built anew goes on where this one stands."""
        return {}

    def focus_search(self) -> bool:
        """Put the cursor into the page's search field; False if it has none."""
        return False
