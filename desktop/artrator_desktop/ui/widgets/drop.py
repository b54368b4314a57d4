"""A place to drop a picture on, to paste one into, or to choose one from."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QSizePolicy, QWidget

from artrator_desktop.ui.paint import badge, contain, rounded, text
from artrator_desktop.ui.theme import font, pixmap, set_icon, theme
from artrator_desktop.ui.theme.fonts import MEDIUM, SEMIBOLD
from artrator_desktop.ui.widgets.buttons import IconButton
from artrator_desktop.ui.widgets.focus import mark_focus

_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp")


class ImageDrop(QAbstractButton):
    """Takes one picture: `file_chosen(path)` for a file, `image_pasted(image)` for the clipboard's pixels.

    With ``many`` it takes any number of files: `files_chosen(paths)`, in the order of the numbers in their names.

    It shows what it was given with `show_picture`, and `cleared` when the cross was pressed. It decides nothing: the
    page checks the picture and calls `show_picture` or `show_error`.
    """

    file_chosen = Signal(str)
    files_chosen = Signal(list)
    image_pasted = Signal(QImage)
    cleared = Signal()

    def __init__(self, name: str, parent: QWidget | None = None, *, many: bool = False) -> None:
        super().__init__(parent)
        self._many = many
        self.setAccessibleName(name)
        self.setAcceptDrops(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(132)
        # As wide as its place: the form of a small window is narrower than the invitation.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._picture = QPixmap()
        self._note = ""
        self._error = ""
        self._over = False
        self._cross = IconButton("x", self.tr("Remove picture"), self, size=34, glyph=16)
        self._cross.setObjectName("on-picture")  # it lies over any picture
        set_icon(self._cross, "x", size=16, role="on_glass")
        self._cross.clicked.connect(self._clear)
        self._cross.hide()
        self.clicked.connect(self.browse)

    def show_pixmap(self, picture: QPixmap, note: str = "") -> None:
        """Show a picture."""
        self._picture, self._note, self._error = picture, note, ""
        self._cross.setVisible(not picture.isNull())
        self.setAccessibleDescription(note)
        self.update()

    def show_error(self, sentence: str) -> None:
        """Say why a picture was not taken."""
        self._picture, self._note, self._error = QPixmap(), "", sentence
        self._cross.hide()
        self.setAccessibleDescription(sentence)
        self.update()

    def has_picture(self) -> bool:
        """Say whether a picture is shown."""
        return not self._picture.isNull()

    def browse(self) -> None:
        """Ask for a file."""
        patterns = self.tr("Pictures ({patterns})").format(patterns=" ".join(f"*{suffix}" for suffix in _SUFFIXES))
        if self._many:
            paths, _ = QFileDialog.getOpenFileNames(self, self.tr("Choose pictures"), "", patterns)
            if paths:
                self.files_chosen.emit(_in_order(paths))
            return
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a picture"), "", patterns)
        if path:
            self.file_chosen.emit(path)

    def sizeHint(self) -> QSize:
        """Ask for room for a picture."""
        return QSize(280, 160)

    def take(self, data: QMimeData) -> bool:
        """Take what was dropped or pasted; returns whether there was a picture in it."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        good = [path for path in paths if Path(path).suffix.lower() in _SUFFIXES]
        if good and self._many:
            self.files_chosen.emit(_in_order(paths))  # whoever reads them says which are no pictures
            return True
        if good:
            self.file_chosen.emit(good[0])
            return True
        if data.hasImage():
            image = data.imageData()
            if isinstance(image, QImage) and not image.isNull():
                self.image_pasted.emit(image)
                return True
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files and pictures."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._over = True
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Cool down."""
        self._over = False
        self.update()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take what was dropped."""
        self._over = False
        if self.take(event.mimeData()):
            event.acceptProposedAction()
        else:
            self.show_error(self.tr("Drop a PNG, JPEG or WebP picture."))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Paste with the platform's shortcut, remove with Delete."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.take(QGuiApplication.clipboard().mimeData())
        elif event.key() == Qt.Key.Key_Delete and self.has_picture():
            self._clear()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture or the invitation."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        path = rounded(rect, 10)
        painter.fillPath(path, QColor(tokens.accent_tint if self._over else tokens.raised))
        if not self._picture.isNull():
            painter.setClipPath(path)
            contain(painter, rect, self._picture)
            painter.setClipping(False)
            if self._note:
                badge(
                    painter, 10, self.height() - 34, self._note, font(11, SEMIBOLD),
                    ground=tokens.glass, ink=tokens.on_glass, height=24,
                )  # fmt: skip
        else:
            self._paint_invitation(painter, rect)
        lit = self._over or bool(self.property("kbd"))
        colour = tokens.bad if self._error else tokens.accent if lit else tokens.border_strong
        style = Qt.PenStyle.SolidLine if self.has_picture() else Qt.PenStyle.DashLine
        painter.setPen(QPen(QColor(colour), 2 if lit else 1.4, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the cross in its corner."""
        super().resizeEvent(event)
        self._cross.move(self.width() - 42, 8)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)

    def _paint_invitation(self, painter: QPainter, rect: QRectF) -> None:
        tokens = theme().tokens
        middle = rect.center().y()
        painter.drawPixmap(round(rect.center().x() - 12), round(middle - 36), pixmap("image-plus", tokens.on_tint, 24))
        centre = Qt.AlignmentFlag.AlignHCenter
        line = QRectF(rect.x() + 12, middle, rect.width() - 24, 20)
        one, several = self.tr("Drop a picture, or click to choose"), self.tr("Drop pictures, or click to choose")
        words = several if self._many else one
        text(painter, line, words, font(13, SEMIBOLD), tokens.text, centre)
        below = self._error or self.tr("PNG, JPEG or WebP · paste works too")
        colour = tokens.bad if self._error else tokens.text_faint
        text(painter, line.translated(0, 22), below, font(11, MEDIUM), colour, centre)

    def _clear(self) -> None:
        self.show_pixmap(QPixmap())
        self.cleared.emit()


def _in_order(paths: list[str]) -> list[str]:
    from artrator.frames import natural  # with what decodes pictures behind it, which no window waits for

    return natural(paths)
