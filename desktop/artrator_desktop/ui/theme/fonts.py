"""The bundled font, so that Korean and English look the same on every machine."""

from pathlib import Path
from typing import Final

from PySide6.QtGui import QFont, QFontDatabase

from artrator_desktop.ui.theme.tokens import FAMILY

FONTS: Final = Path(__file__).parents[2] / "assets" / "fonts"

REGULAR: Final = QFont.Weight.Normal
MEDIUM: Final = QFont.Weight.Medium
SEMIBOLD: Final = QFont.Weight.DemiBold
BOLD: Final = QFont.Weight.Bold

_loaded: list[int] = []


def load_fonts() -> None:
    """Register the font files once; call it after the QApplication exists."""
    if not _loaded:
        _loaded.extend(QFontDatabase.addApplicationFont(str(file)) for file in sorted(FONTS.glob("*.ttf")))


def font(pixels: int = 13, weight: QFont.Weight = REGULAR, *, tabular: bool = False) -> QFont:
    """Return the font of the design in a size; `tabular` gives digits of one width, for columns of numbers."""
    result = QFont(FAMILY)
    result.setPixelSize(pixels)
    result.setWeight(weight)
    # Hinting bends the letters of small sizes to the pixel grid, differently on each platform.
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if pixels >= 20:
        result.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -0.3)
    if tabular:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result
