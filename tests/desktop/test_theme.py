"""The design system keeps its own rules."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtGui import QColor, QFontInfo

from artrator_desktop.ui.theme import DARK, LIGHT, Tokens, font, pixmap, set_icon, theme
from artrator_desktop.ui.theme.qss import LABELS, stylesheet
from artrator_desktop.ui.widgets import Button, Label

PAIRS = [
    *((ink, ground) for ink in ("text", "text_dim", "text_faint") for ground in ("bg", "panel", "surface", "raised")),
    ("on_tint", "accent_tint"),
    ("on_accent", "accent"),
    ("on_accent", "accent_pressed"),
    ("ok", "ok_tint"),
    ("warn", "warn_tint"),
    ("bad", "bad_tint"),
    *((ink, "surface") for ink in ("ok", "warn", "bad", "on_tint")),
    ("bad", "bg"),
]


def luminance(colour: str) -> float:
    parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
             for value in QColor(colour).getRgbF()[:3]]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(tokens: Tokens, ink: str, ground: str) -> None:
    light, dark = sorted((luminance(getattr(tokens, ink)), luminance(getattr(tokens, ground))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_the_style_sheet_has_no_unknown_colour(tokens: Tokens) -> None:
    sheet = stylesheet(tokens)
    assert "{" in sheet
    assert "None" not in sheet
    assert all(hasattr(tokens, colour) for _, _, colour in LABELS.values())


def test_the_bundled_font_is_the_one_in_use(qapp: Any) -> None:
    info = QFontInfo(font(13))
    assert info.family() == "Pretendard"
    assert QFontInfo(font(22, font(13).Weight.Bold)).weight() == 700


def test_icons_follow_a_theme_switch(qtbot: Any) -> None:
    button = Button("Go", icon="sparkles")
    qtbot.addWidget(button)
    dark = button.icon().pixmap(16).toImage()
    theme().switch("light")
    assert button.icon().pixmap(16).toImage() != dark


def test_labels_follow_a_theme_switch(qtbot: Any) -> None:
    label = Label("words", "title")
    qtbot.addWidget(label)
    label.show()
    theme().switch("light")
    assert label.palette().windowText().color().name().upper() == LIGHT.text


def test_an_icon_without_a_widget_can_be_asked_for_again_and_again(qapp: Any) -> None:
    assert pixmap("check", "#FFFFFF", 12).cacheKey() == pixmap("check", "#FFFFFF", 12).cacheKey()


def test_a_deleted_button_does_not_break_the_next_switch(qtbot: Any) -> None:
    button = Button("Gone")
    set_icon(button, "x")
    button.deleteLater()
    qtbot.wait(10)
    theme().switch("light")
