"""Pictures: one, a mask, or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QLabel, QWidget

from artrator_desktop.ui.forms.base import InputField
from artrator_desktop.ui.forms.words import number_words, problem_words
from artrator_desktop.ui.widgets import Button, FlowLayout, ImageDrop

if TYPE_CHECKING:
    from artrator.manifest import InputSpec
    from artrator_desktop.state.inputs import Picture, Problem

#: Several pictures are shown up to here: a film may have hundreds.
_THUMBS: Final = 11


class ImageInput(InputField):
    """A place for a picture that says what fits and whether the given one does."""

    file_chosen = Signal(str)
    image_pasted = Signal(QImage)
    cleared = Signal()

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.drop = ImageDrop(self.label)
        self.drop.setFixedHeight(168)
        self.drop.file_chosen.connect(self.file_chosen)
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
    """Several pictures: each drop adds one."""

    def __init__(self, spec: InputSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec, parent)
        self.drop.setFixedHeight(132)
        self._strip = QWidget()
        self._flow = FlowLayout(self._strip, gap=6)
        self._clear = Button(self.tr("Remove all"), "ghost", "x")
        self._clear.clicked.connect(self.cleared)
        self._thumbs: list[QLabel] = []
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
        for number, picture in enumerate(pictures[:_THUMBS], 1):
            thumb = QLabel(self._strip)
            thumb.setFixedSize(QSize(56, 56))
            thumb.setAccessibleName(f"{self.label} {number}: {size_words(picture)}")
            thumb.setToolTip(size_words(picture))
            expand, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
            # Coarsely first: the smooth way looks at every pixel, and there are many pictures.
            small = picture.shown.scaled(QSize(224, 224), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
            thumb.setPixmap(QPixmap.fromImage(small.scaled(QSize(56, 56), expand, smooth)))
            self._flow.addWidget(thumb)
            thumb.show()
            self._thumbs.append(thumb)
        if len(pictures) > _THUMBS:
            more = QLabel(f"+{len(pictures) - _THUMBS:,}", self._strip)
            more.setFixedSize(QSize(56, 56))
            more.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._flow.addWidget(more)
            more.show()
            self._thumbs.append(more)
        self._strip.setVisible(bool(pictures))
        self._clear.setVisible(bool(pictures))


def size_words(picture: Picture) -> str:
    """Write a picture's size: "1152 × 768"."""
    return f"{picture.width} × {picture.height}"
