"""Focus that shows itself only to those who came by keyboard."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QWidget

_BY_KEYBOARD: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


def mark_focus(widget: QWidget, event: QFocusEvent) -> None:
    """Set the property `kbd` while a widget holds the focus and got it by keyboard; call it in both focus events."""
    set_look(widget, "kbd", event.gotFocus() and event.reason() in _BY_KEYBOARD)


def set_look(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet looks at, and have the style look again."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
