"""The design system: tokens, fonts, icons and the style sheet."""

from artrator_desktop.ui.theme.fonts import font
from artrator_desktop.ui.theme.icons import logo, logo_icon, pixmap, set_icon
from artrator_desktop.ui.theme.manager import Theme, theme
from artrator_desktop.ui.theme.tokens import DARK, LIGHT, Tokens

__all__ = ["DARK", "LIGHT", "Theme", "Tokens", "font", "logo", "logo_icon", "pixmap", "set_icon", "theme"]
