"""What a page is to the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, PAGE_TOP, L

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, Failure


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
        # Each page has a ground of its own: a theme is put on pages one by one, as they are shown.
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        # A page that is opened takes the focus itself: no field lights up before anyone meant it.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.app = app
        self.pixmaps = pixmaps

    def complain(self, failure: Failure) -> None:
        """Say what went wrong.

        The state's signals are connected to methods and never to a lambda: of a page that was built anew in another
        language Qt forgets the methods, but it does not know whom a lambda belongs to.
        """
        self.say.emit("bad", failure.sentence)

    def lay_out(self, header: QWidget, body: QWidget) -> None:
        """Put the header on top and the body, which reaches from edge to edge, below it."""
        top = QVBoxLayout()
        top.setContentsMargins(PAGE_SIDE, PAGE_TOP, PAGE_SIDE, 0)
        top.addWidget(header)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(L)
        column.addLayout(top)
        column.addWidget(body, 1)

    def activate(self, **arguments: object) -> None:
        """Be shown, perhaps with arguments from the page that led here."""

    def renew(self) -> None:
        """Ask for the newest (F5)."""
        self.activate(**self.keep())

    def leave(self) -> None:
        """Be hidden."""

    def keep(self) -> dict[str, object]:
        """Return the arguments for `activate` with which a page built anew goes on where this one stands."""
        return {}

    def aside(self) -> int:
        """Return how wide a strip at the right is full of buttons, which messages must not cover."""
        return 0

    def focus_search(self) -> bool:
        """Put the cursor into the page's search field; False if it has none."""
        return False
