"""Buttons, chips and the segmented switch."""

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from artrator_desktop.ui.theme import pixmap, set_icon, theme
from artrator_desktop.ui.theme.tokens import CHIP_HEIGHT, CONTROL_HEIGHT, PRIMARY_HEIGHT
from artrator_desktop.ui.widgets.flow import FlowLayout
from artrator_desktop.ui.widgets.focus import mark_focus

_ICON_ROLE = {"primary": "on_accent", "danger": "bad", "ghost": "text_dim", "white": "bg"}


class Button(QPushButton):
    """A push button; `kind` is plain, primary, soft, ghost, danger, white, chip or nav. One primary a screen."""

    def __init__(self, text: str = "", kind: str = "plain", icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setProperty("kind", kind)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if icon:
            # A white button is white in both themes, so its icon is the dark theme's ground.
            set_icon(self, icon, size=16, role=_ICON_ROLE.get(kind, "text"))
        # The heights stand here and not in the style sheet, which would take them back when it is applied.
        self.setFixedHeight({"chip": CHIP_HEIGHT, "nav": 36, "segment": 30}.get(kind, CONTROL_HEIGHT))

    def tall(self) -> "Button":
        """Take the height of a screen's main action; returns the button itself."""
        self.setFixedHeight(PRIMARY_HEIGHT)
        return self

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)


class MenuButton(Button):
    """A button that opens a menu, with the arrow that lists have."""

    def __init__(self, text: str = "", icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, "plain", icon, parent)
        self.setProperty("opens", "menu")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a plain button and the arrow on it: the style's own way has no padding, and QSS cannot tint an arrow."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.features &= ~QStyleOptionButton.ButtonFeature.HasMenu
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        tokens = theme().tokens
        colour = tokens.text_dim if self.isEnabled() else tokens.text_faint
        place = (self.width() - 26, (self.height() - 14) // 2)
        painter.drawPixmap(*place, pixmap("chevron-down", colour, 14))


class IconButton(Button):
    """A square button with nothing but an icon; its name is read aloud and is the tool tip."""

    def __init__(self, icon: str, name: str, parent: QWidget | None = None, *, size: int = 34, glyph: int = 18) -> None:
        super().__init__("", "icon", "", parent)
        set_icon(self, icon, size=glyph)
        self.setFixedSize(QSize(size, size))
        self.setAccessibleName(name)
        self.setToolTip(name)


class Chip(Button):
    """A pill that is on or off."""

    def __init__(self, text: str, value: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, "chip", "", parent)
        self.value = value
        self.setCheckable(True)


class ChipRow(QWidget):
    """Chips of which one is on; they wrap where the window is narrow."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._layout = FlowLayout(self, gap=8)
        self._chips: list[Chip] = []
        self._before: QWidget | None = None

    def follow(self, before: QWidget) -> None:
        """Stand after a widget in the order of the Tab key, also with chips that are made later."""
        self._before = before
        self._chain()

    def set_choices(self, choices: Iterable[tuple[str, str]], value: str) -> None:
        """Show (value, text) pairs and switch one on."""
        wanted = list(choices)
        if [(chip.value, chip.text()) for chip in self._chips] != wanted:
            for chip in self._chips:
                self._group.removeButton(chip)
                self._layout.removeWidget(chip)
                chip.hide()
                chip.deleteLater()
            self._chips = [Chip(text, key, self) for key, text in wanted]
            for chip in self._chips:
                self._group.addButton(chip)
                self._layout.addWidget(chip)
                chip.clicked.connect(self._clicked)
                chip.show()
            self._chain()
        for chip in self._chips:
            chip.setChecked(chip.value == value)

    def chips(self) -> list[Chip]:
        """Return the chips, in order."""
        return list(self._chips)

    def _chain(self) -> None:
        # A widget that is made later stands last in the order of its window.
        before = self._before
        for chip in self._chips:
            if before is not None and before.window() is chip.window():
                QWidget.setTabOrder(before, chip)
            before = chip

    def _clicked(self) -> None:
        chip = self.sender()
        if isinstance(chip, Chip):
            self.chosen.emit(chip.value)


class Segmented(QFrame):
    """A few choices side by side in one frame."""

    chosen = Signal(str)

    def __init__(
        self,
        choices: Iterable[tuple[str, str]],
        value: str = "",
        name: str = "",
        parent: QWidget | None = None,
        *,
        tight: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("segmented")
        self.setProperty("tight", tight)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, Button] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for key, text in choices:
            button = Button(text, "segment", "", self)
            button.setCheckable(True)
            button.clicked.connect(self._clicked)
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button, 1)
        if self._buttons:
            self.set_value(value or next(iter(self._buttons)))

    def value(self) -> str:
        """Return the choice that is on."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Switch a choice on, without a signal."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    def button(self, value: str) -> Button:
        """Return the button of a choice."""
        return self._buttons[value]

    def _clicked(self) -> None:
        self.chosen.emit(self.value())
