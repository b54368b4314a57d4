"""Line icons, tinted with the theme's colours and sharp at every scale."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication
from shiboken6 import isValid

from artrator_desktop.ui.theme.manager import theme

ICONS: Final = Path(__file__).parents[2] / "assets" / "icons"
LOGO: Final = Path(__file__).parents[2] / "assets" / "artrator.svg"


@dataclass(frozen=True)
class _Wish:
    """The icon that a button wants, to be tinted again when the theme changes."""

    name: str
    size: int
    role: str
    on: str
    gap: int


_wishes: WeakKeyDictionary[QAbstractButton, _Wish] = WeakKeyDictionary()
# The one connection to the theme, made with the first icon.
_following: list[object] = []


def set_icon(
    button: QAbstractButton, name: str, *, size: int = 18, role: str = "text_dim", on: str = "", gap: int = -1
) -> None:
    """Give a button an icon that follows the theme; `on` is the colour's role while the button is checked.

    `gap` is the space between icon and text; QSS cannot set it, so it is part of the picture.
    """
    if not _following:
        _following.append(theme().changed.connect(_tint_all))
    _wishes[button] = _Wish(name, size, role, on, gap if gap >= 0 else 5 if button.text() else 0)
    _tint(button, _wishes[button])


def _tint_all() -> None:
    for button, wish in list(_wishes.items()):
        # A wrapper may outlive its widget.
        if isValid(button):
            _tint(button, wish)


def _tint(button: QAbstractButton, wish: _Wish) -> None:
    tokens = theme().tokens

    def draw(role: str) -> QPixmap:
        return _widened(pixmap(wish.name, getattr(tokens, role), wish.size), wish.gap)

    icon = QIcon(draw(wish.role))
    if wish.on:
        icon.addPixmap(draw(wish.on), QIcon.Mode.Normal, QIcon.State.On)
    icon.addPixmap(draw("text_faint"), QIcon.Mode.Disabled)
    button.setIconSize(QSize(wish.size + wish.gap, wish.size))
    button.setIcon(icon)


def pixmap(name: str, colour: str, size: int = 18, *, fill: bool = False) -> QPixmap:
    """Return an icon in one colour, rendered for the screen's scale; `fill` also fills its outline."""
    app = QApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QApplication) else 1.0
    return _render(name, colour, size, ratio, fill)


def logo(size: int) -> QPixmap:
    """Return the application's icon."""
    app = QApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QApplication) else 1.0
    return _paint(LOGO.read_bytes(), size, ratio)


def logo_icon() -> QIcon:
    """Return the application's icon in the sizes that window managers ask for."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(_paint(LOGO.read_bytes(), size, 1.0))
    return icon


@lru_cache(maxsize=512)
def _render(name: str, colour: str, size: int, ratio: float, fill: bool) -> QPixmap:
    source = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    source = source.replace("currentColor", colour)
    # The originals draw 2 px in a box of 24, which looks coarse beside 14 px type.
    source = source.replace('stroke-width="2"', 'stroke-width="1.8"')
    if fill:
        source = source.replace('fill="none"', f'fill="{colour}"', 1)
    return _paint(source.encode(), size, ratio)


def _widened(image: QPixmap, gap: int) -> QPixmap:
    """Return the picture with empty space at its right."""
    if not gap:
        return image
    ratio = image.devicePixelRatio()
    result = QPixmap(round(image.width() + gap * ratio), image.height())
    result.fill(Qt.GlobalColor.transparent)
    result.setDevicePixelRatio(ratio)
    painter = QPainter(result)
    painter.drawPixmap(0, 0, image)
    painter.end()
    return result


def _paint(source: bytes, size: int, ratio: float) -> QPixmap:
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image
