"""The numbers of the design: colours, sizes of type, spaces and radii.

Text colours keep at least 4.5 : 1 against every surface they are used on; `tests/desktop/test_theme.py` computes it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Tokens:
    """One theme's colours, named by their role."""

    dark: bool
    bg: str
    """The window's ground."""
    panel: str
    """Side panels and the navigation."""
    surface: str
    """Cards."""
    raised: str
    """What lies on a card or a panel: fields, quiet buttons."""
    border: str
    border_strong: str
    text: str
    text_dim: str
    text_faint: str
    """Captions; still 4.5 : 1."""
    accent: str
    accent_hover: str
    accent_pressed: str
    accent_tint: str
    on_tint: str
    """Text and icons on `accent_tint`."""
    on_accent: str
    ok: str
    ok_tint: str
    warn: str
    warn_tint: str
    bad: str
    bad_tint: str
    glass: str
    """Dark glass for badges over pictures, in both themes the same."""
    on_glass: str


DARK: Final = Tokens(
    dark=True,
    bg="#0E1014",
    panel="#14171D",
    surface="#191D25",
    raised="#212631",
    border="#272D39",
    border_strong="#343B4A",
    text="#F3F5F9",
    text_dim="#A9B1C1",
    text_faint="#8F98AB",
    accent="#6F52FA",
    accent_hover="#7B61FB",
    accent_pressed="#5F43E6",
    accent_tint="#221E3D",
    on_tint="#B9AAFF",
    on_accent="#FFFFFF",
    ok="#3ECF8E",
    ok_tint="#12291F",
    warn="#F5B94E",
    warn_tint="#2C2413",
    bad="#FF6F75",
    bad_tint="#301A1E",
    glass="#D0101217",
    on_glass="#FFFFFF",
)

LIGHT: Final = Tokens(
    dark=False,
    bg="#F5F6F8",
    panel="#FFFFFF",
    surface="#FFFFFF",
    raised="#F0F2F5",
    border="#E4E7EC",
    border_strong="#CFD4DD",
    text="#12151C",
    text_dim="#535C6C",
    text_faint="#626B7B",
    accent="#6247EA",
    accent_hover="#7459F5",
    accent_pressed="#5238D6",
    accent_tint="#EFECFE",
    on_tint="#5238D6",
    on_accent="#FFFFFF",
    ok="#0E7A4F",
    ok_tint="#E3F6EC",
    warn="#8F5B00",
    warn_tint="#FFF4DC",
    bad="#C92F36",
    bad_tint="#FDECEC",
    glass="#D0101217",
    on_glass="#FFFFFF",
)

FAMILY: Final = "Pretendard"
MONO: Final = "DejaVu Sans Mono, Menlo, Consolas, monospace"

# Spaces in pixels; every margin and gap is one of these.
XS: Final = 4
S: Final = 8
M: Final = 12
L: Final = 16
XL: Final = 24

PAGE_SIDE: Final = 28
PAGE_TOP: Final = 24

RADIUS_CARD: Final = 12
RADIUS_HERO: Final = 16

NAV_WIDTH: Final = 216
CONTROL_HEIGHT: Final = 38
PRIMARY_HEIGHT: Final = 44
# Qt drops a radius larger than half the height, so the chip's height is fixed and its radius is half of it.
CHIP_HEIGHT: Final = 30
