"""Small helpers for painting pictures and words."""

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPixmap

from artrator_desktop.ui.text import straight


def cover(painter: QPainter, rect: QRectF, image: QPixmap, *, path: QPainterPath | None = None) -> None:
    """Fill a rectangle with a picture, cut at the longer side; `path` clips it, for round corners."""
    ratio = image.devicePixelRatio() or 1.0
    size = QSizeF(image.width() / ratio, image.height() / ratio)
    if size.isEmpty() or rect.isEmpty():
        return
    scale = max(rect.width() / size.width(), rect.height() / size.height())
    width, height = rect.width() / scale * ratio, rect.height() / scale * ratio
    source = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
    painter.save()
    if path is not None:
        painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(rect, image, source)
    painter.restore()


def contain(painter: QPainter, rect: QRectF, image: QPixmap) -> QRectF:
    """Draw a whole picture in the middle of a rectangle, and return where it lies."""
    ratio = image.devicePixelRatio() or 1.0
    size = QSizeF(image.width() / ratio, image.height() / ratio)
    size.scale(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(
        rect.center().x() - size.width() / 2, rect.center().y() - size.height() / 2, size.width(), size.height()
    )
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(target, image, QRectF(image.rect()))
    return target


def rounded(rect: QRectF, radius: float) -> QPainterPath:
    """Return a path with round corners."""
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path


def rounded_top(rect: QRectF, radius: float) -> QPainterPath:
    """Return a path that is round at its two upper corners only."""
    path = QPainterPath()
    path.addRoundedRect(QRectF(rect.x(), rect.y(), rect.width(), rect.height() + radius), radius, radius)
    lower = QPainterPath()
    lower.addRect(rect)
    return path.intersected(lower)


def text(
    painter: QPainter,
    rect: QRectF,
    words: str,
    face: QFont,
    colour: str,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> float:
    """Draw one line, shortened to its rectangle, and return its width."""
    metrics = QFontMetricsF(face)
    shown = metrics.elidedText(straight(words), Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(face)
    painter.setPen(QColor(colour))
    painter.drawText(rect, int(align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine), shown)
    return metrics.horizontalAdvance(shown)


def badge(
    painter: QPainter,
    x: float,
    y: float,
    words: str,
    face: QFont,
    *,
    ground: str,
    ink: str,
    icon: QPixmap | None = None,
    dot: str = "",
    from_right: bool = False,
    height: float = 22,
) -> float:
    """Draw a pill with a word, and an icon or a dot before it; return its width. `from_right`: x is its right end."""
    lead = 16.0 if icon is not None else 13.0 if dot else 0.0
    width = QFontMetricsF(face).horizontalAdvance(words) + 18 + lead
    left = x - width if from_right else x
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(QRectF(left, y, width, height), height / 2, height / 2)
    if icon is not None:
        painter.drawPixmap(round(left + 8), round(y + (height - 12) / 2), icon)
    if dot:
        painter.setBrush(QColor(dot))
        painter.drawEllipse(QRectF(left + 9, y + height / 2 - 3, 6, 6))
    painter.restore()
    text(painter, QRectF(left + 9 + lead, y, width, height), words, face, ink)
    return width
