"""A name, a value, and a bar that says how much of the whole it is."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from artrator_desktop.ui.widgets.labels import Label

_STEPS = 1000


class Meter(QWidget):
    """One thing that is measured."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = Label(name, "dim")
        self.value = Label("", "strong")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _STEPS)
        line = QHBoxLayout()
        line.addWidget(self.name, 1)
        line.addWidget(self.value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self.bar)

    def show_value(self, value: str, share: float | None) -> None:
        """Show a value and its share of the whole, from 0 to 1; without a share there is no bar."""
        self.value.setText(value)
        self.bar.setVisible(share is not None)
        self.bar.setValue(round(min(max(share or 0.0, 0.0), 1.0) * _STEPS))
        self.setAccessibleName(f"{self.name.text()}: {value}")
