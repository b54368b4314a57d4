"""Masks: painted over the picture they belong to, or taken from a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from artrator_desktop.ui.forms.images import ImageInput
from artrator_desktop.ui.theme import theme
from artrator_desktop.ui.widgets import Button, Label, Segmented, Slider

if TYPE_CHECKING:
    from artrator.manifest import InputSpec
    from artrator_desktop.state.inputs import Picture

#: Brush sizes in thousandths of the picture's longer side.
_BRUSHES: Final = (10, 300, 80)
#: How the painted part shows over the picture.
_TINT: Final = 120


class MaskCanvas(QWidget):
    """A picture with a mask over it, painted with the mouse; the arrow keys and Space work as well."""

    painted = Signal()

    def __init__(self, picture: QImage, size: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Paint the part that the model works on"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self._picture = QPixmap.fromImage(picture)
        self._mask = QImage(size, QImage.Format.Format_Grayscale8)
        self._mask.fill(0)
        self._brush = _BRUSHES[2]
        self.erasing = False
        self._last: QPointF | None = None
        self._cursor = QPointF(size.width() / 2, size.height() / 2)

    def drawn(self) -> QImage:
        """Return what was painted: white where the model works, in the picture's own size."""
        return self._mask.copy()

    def is_empty(self) -> bool:
        """Say whether nothing is painted."""
        small = self._mask.scaled(QSize(64, 64), Qt.AspectRatioMode.IgnoreAspectRatio)
        return all(QColor(small.pixel(x, y)).value() == 0 for x in range(64) for y in range(64))

    def set_brush(self, thousandths: int) -> None:
        """Change the brush's size."""
        self._brush = thousandths
        self.update()

    def fill(self, on: bool) -> None:
        """Paint everything, or nothing."""
        self._mask.fill(255 if on else 0)
        self.painted.emit()
        self.update()

    def stroke(self, start: QPointF, end: QPointF) -> None:
        """Paint a line, in the picture's pixels."""
        painter = QPainter(self._mask)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        colour = QColor(0, 0, 0) if self.erasing else QColor(255, 255, 255)
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(colour, self._width(), Qt.PenStyle.SolidLine, cap, join))
        # A line without length has no round ends, so a click is a point.
        painter.drawPoint(end) if start == end else painter.drawLine(start, end)
        painter.end()
        self.painted.emit()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture, the mask as a tint, and the brush."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = self._area()
        painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
        tint = QImage(self._mask.size(), QImage.Format.Format_ARGB32_Premultiplied)
        tint.fill(QColor(theme().tokens.accent))
        alpha = self._mask.convertToFormat(QImage.Format.Format_Alpha8)
        shade = QPainter(tint)
        shade.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        shade.drawImage(0, 0, alpha)
        shade.end()
        painter.setOpacity(_TINT / 255)
        painter.drawImage(area, tint, QRectF(tint.rect()))
        painter.setOpacity(1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#FFFFFF"), 1.5))
        middle, radius = self._to_screen(self._cursor), self._width() * self._scale() / 2
        painter.drawEllipse(middle, radius, radius)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke."""
        self._cursor = self._to_mask(event.position())
        self._last = self._cursor
        self.stroke(self._cursor, self._cursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it."""
        self._cursor = self._to_mask(event.position())
        if event.buttons() & Qt.MouseButton.LeftButton and self._last is not None:
            self.stroke(self._last, self._cursor)
            self._last = self._cursor
        self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End it."""
        self._last = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the brush with the arrow keys and paint with Space."""
        step = max(self._width() / 2, 1)
        moves = {
            Qt.Key.Key_Left: QPointF(-step, 0),
            Qt.Key.Key_Right: QPointF(step, 0),
            Qt.Key.Key_Up: QPointF(0, -step),
            Qt.Key.Key_Down: QPointF(0, step),
        }
        move = moves.get(Qt.Key(event.key()))
        if move is not None:
            place = self._cursor + move
            self._cursor = QPointF(
                min(max(place.x(), 0), self._mask.width()), min(max(place.y(), 0), self._mask.height())
            )
            self.update()
        elif event.key() == Qt.Key.Key_Space:
            self.stroke(self._cursor, self._cursor)
        else:
            super().keyPressEvent(event)

    def _width(self) -> float:
        return max(max(self._mask.width(), self._mask.height()) * self._brush / 1000, 1)

    def _area(self) -> QRectF:
        size = self._mask.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(left, top, size.width(), size.height())

    def _scale(self) -> float:
        return self._area().width() / max(self._mask.width(), 1)

    def _to_mask(self, place: QPointF) -> QPointF:
        area, scale = self._area(), self._scale() or 1.0
        return QPointF((place.x() - area.x()) / scale, (place.y() - area.y()) / scale)

    def _to_screen(self, place: QPointF) -> QPointF:
        area, scale = self._area(), self._scale()
        return QPointF(area.x() + place.x() * scale, area.y() + place.y() * scale)


class MaskDialog(QDialog):
    """The canvas with its tools."""

    def __init__(self, picture: Picture, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Paint a mask"))
        self.resize(920, 720)
        self.canvas = MaskCanvas(picture.shown, QSize(picture.width, picture.height))
        tools = [("paint", self.tr("Paint")), ("erase", self.tr("Erase"))]
        self.tool = Segmented(tools, "paint", self.tr("Tool"))
        self.tool.chosen.connect(self._choose)
        self.brush = Slider(self.tr("Brush size"), *_BRUSHES)
        self.brush.setFixedWidth(180)
        self.brush.valueChanged.connect(self.canvas.set_brush)
        clear = Button(self.tr("Clear"), "ghost")
        clear.clicked.connect(lambda: self.canvas.fill(on=False))
        everything = Button(self.tr("Everything"), "ghost")
        everything.clicked.connect(lambda: self.canvas.fill(on=True))
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.use = Button(self.tr("Use mask"), "primary")
        self.use.clicked.connect(self.accept)
        self.use.setEnabled(False)
        self.canvas.painted.connect(lambda: self.use.setEnabled(not self.canvas.is_empty()))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.tool)
        row.addWidget(Label(self.tr("Brush size"), "label"))
        row.addWidget(self.brush)
        row.addWidget(everything)
        row.addWidget(clear)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(14)
        column.addWidget(self.canvas, 1)
        column.addLayout(row)

    def _choose(self, tool: str) -> None:
        self.canvas.erasing = tool == "erase"


class MaskInput(ImageInput):
    """A mask: painted over the form's picture, dropped, or pasted."""

    def __init__(self, spec: InputSpec, picture: Callable[[], Picture | None], parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self._picture = picture
        self.paint = Button(self.tr("Paint it over the picture"), "plain", "paintbrush")
        self.paint.clicked.connect(self._paint)
        self._column.addWidget(self.paint)
        self.show_source()

    def show_source(self) -> None:
        """Offer painting once there is a picture to paint over."""
        self.paint.setEnabled(self._picture() is not None)

    def _paint(self) -> None:
        picture = self._picture()
        if picture is None:
            return
        dialog = MaskDialog(picture, self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.image_pasted.emit(dialog.canvas.drawn())
        dialog.deleteLater()
