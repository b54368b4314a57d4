"""A QR code, always dark on white with its quiet zone: that is what cameras read best, in both themes."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

#: Empty modules around the code, as the standard asks.
_QUIET: Final = 4


class QRCode(QWidget):
    """Shows a text as a QR code."""

    def __init__(self, name: str, side: int = 240, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._rows: list[bytes] = []
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        """Show a text, or nothing if it is too long for any code.

        Invoices of Lightning are shown in capitals: the code then needs a third less room.
        """
        import segno  # only few people ever need it: the first paint does not wait for it

        wanted = text.upper() if text.lower().startswith("ln") else text
        try:
            self._rows = [bytes(row) for row in segno.make(wanted, error="m", micro=False).matrix] if text else []
        except ValueError:
            self._rows = []
        self.update()

    def modules(self) -> int:
        """Return how many squares a side has."""
        return len(self._rows)

    def sizeHint(self) -> QSize:
        """Ask for a square."""
        return QSize(self._side, self._side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint whole squares of whole device pixels, so that their edges are sharp."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawRoundedRect(QRectF(self.rect()), 12, 12)
        if not self._rows:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(QColor("#000000"))
        count = len(self._rows) + 2 * _QUIET
        ratio = self.devicePixelRatioF()
        square = max(int(self.width() * ratio / count), 1) / ratio
        start = (self.width() - square * len(self._rows)) / 2
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.drawRect(QRectF(start + x * square, start + y * square, square, square))
