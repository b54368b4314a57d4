"""Pictures: one, a mask, or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QImage, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from artrator_desktop.ui.forms.base import InputField
from artrator_desktop.ui.forms.words import number_words, problem_words
from artrator_desktop.ui.paint import cover, rounded
from artrator_desktop.ui.theme import pixmap, theme
from artrator_desktop.ui.widgets import Button, FlowLayout, ImageDrop

if TYPE_CHECKING:
    from artrator.manifest import InputSpec
    from artrator_desktop.state.inputs import Picture, Problem

#: Several pictures are shown up to here: a film may have hundreds.
_THUMBS: Final = 11
_THUMB: Final = QSize(56, 56)


class ImageInput(InputField):
    """A place for a picture that says what fits and whether the given one does."""

    file_chosen = Signal(str)
    files_chosen = Signal(list)
    image_pasted = Signal(QImage)
    cleared = Signal()
    many: ClassVar[bool] = False

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.drop = ImageDrop(self.label, many=self.many)
        self.drop.setFixedHeight(168)
        self.drop.file_chosen.connect(self.file_chosen)
        self.drop.files_chosen.connect(self.files_chosen)
        self.drop.image_pasted.connect(self.image_pasted)
        self.drop.cleared.connect(self.cleared)
        self.hold(self.drop, self._what_fits())

    def show_value(self, value: Any) -> None:
        """Show the chosen picture, or the invitation."""
        pictures: Sequence[Picture] = value or ()
        if pictures:
            self.drop.show_pixmap(QPixmap.fromImage(pictures[0].shown), size_words(pictures[0]))
        else:
            self.drop.show_pixmap(QPixmap())

    def refuse(self, problem: Problem) -> None:
        """Say why a picture was not taken."""
        self.drop.show_error(problem_words(problem))

    def _what_fits(self) -> str:
        spec = self.spec
        parts = []
        if str(spec.type) == "mask":
            parts.append(self.tr("White is where the model works."))
        if spec.min_side is not None and spec.max_side is not None:
            words = self.tr("Sides from {low} to {high} px.")
            parts.append(words.format(low=number_words(spec.min_side), high=number_words(spec.max_side)))
        elif spec.max_side is not None:
            parts.append(self.tr("Sides up to {high} px.").format(high=number_words(spec.max_side)))
        elif spec.max_pixels is not None:
            parts.append(self.tr("Up to {count} pixels.").format(count=number_words(spec.max_pixels)))
        return " ".join(parts)


class ImagesInput(ImageInput):
    """Several pictures: each drop adds what fits, and a press on one of them takes it out again.

    Signals:
        removed: The place of a picture that is not wanted.
    """

    removed = Signal(int)
    many = True

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.drop.setFixedHeight(132)
        self._strip = QWidget()
        self._flow = FlowLayout(self._strip, gap=6)
        self._clear = Button(self.tr("Remove all"), "ghost", "x")
        self._clear.clicked.connect(self.cleared)
        self._thumbs: list[QWidget] = []
        self._column.addWidget(self._strip)
        self._column.addWidget(self._clear, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_value(())

    def show_value(self, value: Any) -> None:
        """Show the chosen pictures in a row below the place for the next."""
        pictures: Sequence[Picture] = value or ()
        for thumb in self._thumbs:
            self._flow.removeWidget(thumb)
            thumb.deleteLater()
        self._thumbs = []
        self.drop.show_pixmap(QPixmap())  # what was said of the files before is over
        for number, picture in enumerate(pictures[:_THUMBS], 1):
            thumb = _Thumb(picture, f"{self.label} {number}: {size_words(picture)}", self._strip)
            thumb.clicked.connect(lambda _on=False, place=number - 1: self.removed.emit(place))
            self._flow.addWidget(thumb)
            thumb.show()
            self._thumbs.append(thumb)
        if len(pictures) > _THUMBS:
            more = QLabel(f"+{len(pictures) - _THUMBS:,}", self._strip)
            more.setFixedSize(_THUMB)
            more.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._flow.addWidget(more)
            more.show()
            self._thumbs.append(more)
        self._strip.setVisible(bool(pictures))
        self._clear.setVisible(bool(pictures))


class _Thumb(QAbstractButton):
    """A small picture; the cross on it says what a press does."""

    def __init__(self, picture: Picture, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(_THUMB)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Remove {name}").format(name=name))
        self.setToolTip(self.tr("{size} · click to remove").format(size=size_words(picture)))
        expand, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        # Coarsely first: the smooth way looks at every pixel, and there are many pictures.
        small = picture.shown.scaled(_THUMB * 4, expand).scaled(_THUMB * 2, expand, smooth)
        self._pixmap = QPixmap.fromImage(small)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture, and the cross while the pointer or the keyboard is here."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rect = QRectF(self.rect())
        cover(painter, rect, self._pixmap, path=rounded(rect, 6))
        if self.underMouse() or self.hasFocus():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.glass))
            painter.drawEllipse(rect.center(), 12, 12)
            painter.drawPixmap(self.width() // 2 - 7, self.height() // 2 - 7, pixmap("x", tokens.on_glass, 14))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawPath(rounded(rect.adjusted(1, 1, -1, -1), 6))

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the cross."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the cross."""
        super().leaveEvent(event)
        self.update()


def size_words(picture: Picture) -> str:
    """Write a picture's size: "1152 × 768"."""
    return f"{picture.width} × {picture.height}"
