"""Fields of a form in the look of the design."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFocusEvent, QIcon, QKeyEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.theme.tokens import CONTROL_HEIGHT
from artrator_desktop.ui.widgets.focus import mark_focus, set_look
from artrator_desktop.ui.widgets.labels import Label


class LineEdit(QLineEdit):
    """One line of text."""

    def __init__(self, name: str, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setFixedHeight(CONTROL_HEIGHT)

    def set_wrong(self, wrong: bool) -> None:
        """Show or hide the red border of a wrong value."""
        set_look(self, "wrong", wrong)


class SearchField(LineEdit):
    """A line with a magnifying glass and a cross that clears it; Escape clears it too."""

    def __init__(self, name: str, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(name, placeholder, parent)
        self._glass = QAction(self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.setClearButtonEnabled(True)
        self._tint()
        theme().changed.connect(self._tint)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Clear on Escape."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def _tint(self) -> None:
        self._glass.setIcon(QIcon(pixmap("search", theme().tokens.text_faint, 16)))
        for action in self.findChildren(QAction):
            if action.objectName() == "_q_qlineeditclearaction":
                action.setIcon(QIcon(pixmap("x", theme().tokens.text_faint, 16)))


class TextArea(QPlainTextEdit):
    """Several lines of text; Tab goes to the next field, as in every form."""

    def __init__(self, name: str, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)


class _Unwheeled:
    """The wheel scrolls the page and never changes a number that is not in use."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()


class IntegerField(_Unwheeled, QSpinBox):
    """A whole number, typed."""

    def __init__(self, name: str, low: int, high: int, value: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _dress(self, name)
        self.setRange(low, high)
        self.setValue(value)


class NumberField(_Unwheeled, QDoubleSpinBox):
    """A number, typed."""

    def __init__(self, name: str, low: float, high: float, value: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _dress(self, name)
        self.setRange(low, high)
        self.setValue(value)


def _dress(field: QAbstractSpinBox, name: str) -> None:
    field.setAccessibleName(name)
    field.setFixedHeight(CONTROL_HEIGHT)
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class ComboBox(QComboBox):
    """A list that drops down, with the design's arrow."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFixedHeight(CONTROL_HEIGHT)
        self.view().setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def set_choices(self, choices: list[tuple[str, str]], value: str = "") -> None:
        """Show (value, text) pairs and choose one, without a signal."""
        blocked = self.blockSignals(True)
        self.clear()
        for key, text in choices:
            self.addItem(text, key)
        self.setCurrentIndex(max(self.findData(value), 0))
        self.blockSignals(blocked)

    def value(self) -> str:
        """Return the chosen value."""
        return str(self.currentData() or "")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the arrow over what the style sheet drew, because QSS cannot tint one."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.drawPixmap(
            self.width() - 28, (self.height() - 16) // 2, pixmap("chevron-down", theme().tokens.text_dim, 16)
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)


class Slider(QSlider):
    """A horizontal slider."""

    def __init__(self, name: str, low: int, high: int, value: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setRange(low, high)
        self.setValue(value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)


class Switch(QAbstractButton):
    """A switch that is on or off."""

    def __init__(self, name: str, on: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setCheckable(True)
        self.setChecked(on)
        self.setFixedSize(QSize(40, 24))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the track and the knob."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.text), 2) if self.property("kbd") else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(QColor(tokens.accent if self.isChecked() else tokens.border_strong))
        painter.drawRoundedRect(QRectF(1, 1, 38, 22), 11, 11)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF" if self.isEnabled() else tokens.text_faint))
        painter.drawEllipse(QRectF(20 if self.isChecked() else 4, 4, 16, 16))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)


class Field(QWidget):
    """A control with its label above, an optional value at the right, and a line of help or of error below."""

    label_clicked = Signal()

    def __init__(self, label: str, control: QWidget, help_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        self._help = help_text
        self.label = Label(label, "label")
        self.label.setBuddy(control)
        self.value = Label("", "strong")
        self.note = Label(help_text, "caption", wrap=True)
        self.note.setVisible(bool(help_text))
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.label, 1)
        top.addWidget(self.value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(control)
        column.addWidget(self.note)
        if not control.accessibleName():
            control.setAccessibleName(label)

    def set_error(self, sentence: str) -> None:
        """Show what is wrong below the control; an empty sentence brings the help back."""
        self.note.setText(sentence or self._help)
        self.note.setVisible(bool(sentence or self._help))
        self.note.set_role("bad" if sentence else "caption")
        set_look(self.control, "wrong", bool(sentence))

    def event(self, event: QEvent) -> bool:
        """Grey the label out with its control."""
        if event.type() == QEvent.Type.EnabledChange:
            self.label.setEnabled(self.isEnabled())
        return super().event(event)
