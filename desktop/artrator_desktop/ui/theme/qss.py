"""The style sheet, written once against the tokens.

Sizes of type come from the dynamic property `role` of a label, looks of a button from `kind`. Keyboard focus is the
property `kbd`, which `ui/widgets/focus.py` sets: QSS's own `:focus` also fires after a mouse click, so it is used for
text fields only, where the ring shows where typing goes.
"""

from artrator_desktop.ui.theme.tokens import FAMILY, MONO, Tokens

# role: (pixels, weight, colour's name)
LABELS: dict[str, tuple[int, int, str]] = {
    "display": (28, 700, "text"),
    "title": (22, 700, "text"),
    "big": (24, 700, "text"),
    "section": (15, 600, "text"),
    "name": (15, 600, "text"),
    "strong": (13, 600, "text"),
    "body": (13, 400, "text"),
    "dim": (13, 400, "text_dim"),
    "label": (12, 500, "text_dim"),
    "meta": (12, 400, "text_dim"),
    "caption": (11, 400, "text_faint"),
    "badge": (11, 600, "text_dim"),
    "ok": (12, 600, "ok"),
    "warn": (12, 600, "warn"),
    "bad": (12, 500, "bad"),
}


def stylesheet(tokens: Tokens) -> str:
    """Return the whole style sheet of a theme."""
    return "".join((_labels(tokens), _surfaces(tokens), _fields(tokens), _buttons(tokens), _bars(tokens)))


def _labels(t: Tokens) -> str:
    rules = [
        f'QLabel[role="{role}"] {{ font-size:{size}px; font-weight:{weight}; color:{getattr(t, colour)}; }}'
        for role, (size, weight, colour) in LABELS.items()
    ]
    return f"""
* {{ font-family:'{FAMILY}'; font-size:13px; outline:0; }}
QWidget {{ color:{t.text}; }}
QLabel {{ background:transparent; }}
QLabel[role="mono"] {{ font-family:{MONO}; font-size:11px; color:{t.text_dim}; }}
{"".join(rules)}
QLabel:disabled {{ color:{t.text_faint}; }}
"""


def _surfaces(t: Tokens) -> str:
    return f"""
QMainWindow, QDialog, #page {{ background:{t.bg}; }}
#nav {{ background:{t.panel}; border:0; border-right:1px solid {t.border}; }}
#sidebar {{ background:{t.panel}; border:0; border-right:1px solid {t.border}; }}
#inspector {{ background:{t.panel}; border:0; border-left:1px solid {t.border}; }}
#card {{ background:{t.surface}; border:1px solid {t.border}; border-radius:12px; }}
#card[kbd="true"] {{ border-color:{t.accent}; }}
#well {{ background:{t.raised}; border:0; border-radius:12px; }}
#strip-ok {{ background:{t.ok_tint}; border:0; border-radius:8px; }}
#strip-warn {{ background:{t.warn_tint}; border:0; border-radius:8px; }}
#strip-bad {{ background:{t.bad_tint}; border:0; border-radius:8px; }}
#strip-tint {{ background:{t.accent_tint}; border:0; border-radius:8px; }}
#toast {{ background:{t.raised}; border:1px solid {t.border_strong}; border-radius:10px; }}
#row[hover="true"] {{ background:{t.raised}; }}
#row[kbd="true"] {{ background:{t.accent_tint}; }}
#line {{ background:{t.border}; border:0; }}
#pill {{ background:{t.raised}; border-radius:12px; color:{t.text_dim}; font-size:12px; font-weight:600;
  padding:0 11px; }}
#pill[tone="ok"] {{ background:{t.ok_tint}; color:{t.ok}; }}
#pill[tone="warn"] {{ background:{t.warn_tint}; color:{t.warn}; }}
#pill[tone="bad"] {{ background:{t.bad_tint}; color:{t.bad}; }}
#pill[tone="accent"] {{ background:{t.accent_tint}; color:{t.on_tint}; }}
QScrollArea, QListView, QAbstractScrollArea#bare {{ background:transparent; border:0; }}
QScrollArea > QWidget > QWidget {{ background:transparent; }}
QToolTip {{ background:{t.raised}; color:{t.text}; border:1px solid {t.border_strong}; padding:6px 8px; }}
QMenu {{ background:{t.surface}; border:1px solid {t.border_strong}; border-radius:8px; padding:6px; }}
QMenu::item {{ padding:7px 24px 7px 12px; border-radius:6px; }}
QMenu::item:selected {{ background:{t.accent_tint}; color:{t.on_tint}; }}
QMenu::separator {{ height:1px; background:{t.border}; margin:6px 4px; }}
"""


def _fields(t: Tokens) -> str:
    boxes = "QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox"
    focused = ", ".join(f"{box}:focus" for box in ("QLineEdit", "QPlainTextEdit", "QSpinBox", "QDoubleSpinBox"))
    hovered = ", ".join(f"{box}:hover" for box in boxes.split(", "))
    return f"""
{boxes} {{ background:{t.raised}; border:1px solid {t.border}; border-radius:8px; padding:0 12px; min-height:36px;
  selection-background-color:{t.accent}; selection-color:{t.on_accent}; }}
QPlainTextEdit {{ padding:6px 8px; }}
QPlainTextEdit#code {{ font-family:{MONO}; font-size:11px; }}
{hovered} {{ border-color:{t.border_strong}; }}
{focused}, QComboBox[kbd="true"] {{ border-color:{t.accent}; }}
QLineEdit[wrong="true"], QPlainTextEdit[wrong="true"], QSpinBox[wrong="true"], QDoubleSpinBox[wrong="true"] {{
  border-color:{t.bad}; }}
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{
  color:{t.text_faint}; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ width:0;
  border:0; }}
QAbstractSpinBox QLineEdit {{ background:transparent; border:0; padding:0 10px; min-height:0; }}
QAbstractSpinBox#inline-number QLineEdit {{ padding:0 4px; font-weight:600; }}
QSpinBox#inline-number, QDoubleSpinBox#inline-number {{ background:transparent; border:1px solid transparent;
  border-radius:6px; padding:0 4px; min-height:22px; font-weight:600; }}
QSpinBox#inline-number:hover, QDoubleSpinBox#inline-number:hover {{ border-color:{t.border_strong}; }}
QSpinBox#inline-number:focus, QDoubleSpinBox#inline-number:focus {{ border-color:{t.accent}; }}
QPushButton#on-picture {{ background:{t.glass}; border:1px solid transparent; border-radius:17px; }}
QPushButton#on-picture[kbd="true"] {{ border-color:{t.accent_hover}; }}
QPushButton#beside-field {{ background:{t.raised}; border:1px solid {t.border}; }}
QPushButton#beside-field:hover {{ border-color:{t.border_strong}; }}
QPushButton#beside-field:checked {{ background:{t.accent_tint}; border-color:{t.accent}; }}
QComboBox {{ padding-right:34px; font-weight:500; }}
QComboBox::drop-down {{ border:0; width:0; }}
QComboBox::down-arrow {{ image:none; }}
QComboBox QAbstractItemView {{ background:{t.surface}; border:1px solid {t.border_strong}; border-radius:8px;
  padding:6px;
  selection-background-color:{t.accent_tint}; selection-color:{t.on_tint}; outline:0; }}
QComboBox QAbstractItemView::item {{ min-height:32px; padding:0 8px; border-radius:6px; }}
#segmented {{ background:{t.raised}; border:1px solid {t.border}; border-radius:8px; }}
#segmented QPushButton {{ background:transparent; border:1px solid transparent; border-radius:6px;
  padding:0 10px;
  color:{t.text_dim}; font-weight:500; }}
#segmented[tight="true"] QPushButton {{ padding:0 2px; }}
#segmented QPushButton:hover {{ color:{t.text}; }}
#segmented QPushButton:checked {{ background:{t.border_strong if t.dark else t.surface}; color:{t.text};
  font-weight:600; }}
#segmented QPushButton[kbd="true"] {{ border-color:{t.accent}; }}
"""


def _buttons(t: Tokens) -> str:
    soft = t.border_strong if t.dark else t.surface
    return f"""
QPushButton {{ background:{t.raised}; border:1px solid {t.border}; border-radius:8px; padding:0 14px;
  font-weight:500; color:{t.text}; }}
QPushButton[opens="menu"] {{ padding:0 32px 0 14px; }}
QPushButton::menu-indicator {{ image:none; width:0; }}
QPushButton:hover {{ border-color:{t.border_strong}; }}
QPushButton:pressed {{ background:{t.border}; }}
QPushButton[kbd="true"] {{ border:1px solid {t.accent}; }}
QPushButton:disabled {{ color:{t.text_faint}; background:{t.surface}; }}
QPushButton[kind="primary"] {{ background:{t.accent}; border:1px solid {t.accent}; color:{t.on_accent};
  font-weight:600; }}
QPushButton[kind="primary"]:hover {{ background:{t.accent_hover}; border-color:{t.accent_hover}; }}
QPushButton[kind="primary"]:pressed {{ background:{t.accent_pressed}; border-color:{t.accent_pressed}; }}
QPushButton[kind="primary"][kbd="true"] {{ border:2px solid {t.text}; }}
QPushButton[kind="primary"]:disabled {{ background:{t.raised}; border-color:{t.border}; color:{t.text_faint}; }}
QPushButton[kind="soft"] {{ background:{soft}; border:1px solid {t.border_strong}; font-weight:600; }}
QPushButton[kind="soft"]:hover {{ background:{t.border}; }}
QPushButton[kind="soft"][kbd="true"] {{ border-color:{t.accent}; }}
QPushButton[kind="ghost"] {{ background:transparent; border:1px solid transparent; color:{t.text_dim};
  padding:0 10px; }}
QPushButton[kind="ghost"]:hover {{ background:{t.raised}; color:{t.text}; }}
QPushButton[kind="ghost"][kbd="true"] {{ border-color:{t.accent}; }}
QPushButton[kind="danger"] {{ background:transparent; border:1px solid {t.border_strong}; color:{t.bad}; }}
QPushButton[kind="danger"]:hover {{ background:{t.bad_tint}; border-color:{t.bad}; }}
QPushButton[kind="danger"][kbd="true"] {{ border-color:{t.accent}; }}
QPushButton[kind="icon"] {{ background:transparent; border:1px solid transparent; border-radius:8px; padding:0; }}
QPushButton[kind="icon"]:hover {{ background:{t.raised}; }}
QPushButton[kind="icon"][kbd="true"] {{ border-color:{t.accent}; }}
QPushButton[kind="white"] {{ background:#FFFFFF; border:1px solid #FFFFFF; color:#12151C; font-weight:600; }}
QPushButton[kind="white"]:hover {{ background:#E9EBF2; border-color:#E9EBF2; }}
QPushButton[kind="white"][kbd="true"] {{ border:2px solid {t.accent_hover}; }}
QPushButton[kind="nav"] {{ background:transparent; border:1px solid transparent; border-radius:8px;
  padding:0 11px;
  text-align:left; color:{t.text_dim}; font-size:14px; font-weight:500; }}
QPushButton[kind="nav"]:hover {{ background:{t.raised}; color:{t.text}; }}
QPushButton[kind="nav"]:checked {{ background:{t.accent_tint}; color:{t.on_tint}; font-weight:600; }}
QPushButton[kind="nav"][kbd="true"] {{ border-color:{t.accent}; }}
QPushButton[kind="chip"] {{ background:{t.surface}; border:1px solid {t.border}; border-radius:15px;
  min-height:28px; max-height:28px;
  padding:0 14px; color:{t.text_dim}; }}
QPushButton[kind="chip"]:hover {{ border-color:{t.border_strong}; color:{t.text}; }}
QPushButton[kind="chip"]:checked {{ background:{t.text}; border-color:{t.text}; color:{t.bg}; font-weight:600; }}
QPushButton[kind="chip"][kbd="true"] {{ border-color:{t.accent}; }}
"""


def _bars(t: Tokens) -> str:
    return f"""
QProgressBar {{ background:{t.border}; border:0; border-radius:3px; max-height:6px; min-height:6px; }}
QProgressBar::chunk {{ background:{t.accent}; border-radius:3px; }}
QSlider {{ min-height:24px; }}
QSlider::groove:horizontal {{ height:4px; background:{t.border_strong}; border-radius:2px; }}
QSlider::sub-page:horizontal {{ background:{t.accent}; border-radius:2px; }}
QSlider::sub-page:horizontal:disabled {{ background:{t.text_faint}; }}
QSlider::handle:horizontal {{ width:16px; height:16px; margin:-7px 0; border-radius:9px; background:#FFFFFF;
  border:1px solid {t.border_strong}; }}
QSlider[kbd="true"]::handle:horizontal {{ border:2px solid {t.accent_hover}; }}
QScrollBar:vertical {{ background:transparent; width:10px; margin:2px 2px 2px 0; }}
QScrollBar:horizontal {{ background:transparent; height:10px; margin:0 2px 2px 2px; }}
QScrollBar::handle {{ background:{t.border_strong}; border-radius:4px; }}
QScrollBar::handle:vertical {{ min-height:36px; }}
QScrollBar::handle:horizontal {{ min-width:36px; }}
QScrollBar::handle:hover {{ background:{t.text_faint}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background:none;
  width:0; height:0; }}
"""
