"""Pictures drawn for tests: a night sky with a moon over ridges, different for each seed."""

from __future__ import annotations

import math
import random

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QLinearGradient, QPainter, QPolygonF

WIDTH, HEIGHT = 576, 384


def painted(seed: int) -> bytes:
    """One picture as PNG."""
    chance = random.Random(seed)
    hue = chance.random()
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    sky = QLinearGradient(0, 0, 0, HEIGHT)
    sky.setColorAt(0, QColor.fromHsvF(hue, 0.55, 0.45))
    sky.setColorAt(1, QColor.fromHsvF((hue + 0.12) % 1, 0.45, 0.95))
    painter.fillRect(image.rect(), sky)
    painter.setBrush(QColor("#FFF3D6"))
    painter.drawEllipse(QRectF(chance.uniform(90, 420), chance.uniform(30, 110), 88, 88))
    for ridge in range(5):
        painter.setBrush(QColor.fromHsvF((hue + 0.05 * ridge) % 1, 0.45, 0.8 - 0.14 * ridge))
        shift, rough = chance.uniform(0, 9), chance.uniform(20, 46)
        line = [
            QPointF(x, 170 + ridge * 44 + rough * math.sin(x / 61 + shift) + 9 * math.sin(x / 13 + shift * 3))
            for x in range(0, WIDTH + 9, 8)
        ]
        painter.drawPolygon(QPolygonF([*line, QPointF(WIDTH, HEIGHT), QPointF(0, HEIGHT)]))
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(data.data())
