"""The widgets of the design; pages are made of these and of nothing else."""

from artrator_desktop.ui.widgets.buttons import Button, Chip, ChipRow, IconButton, MenuButton, Segmented
from artrator_desktop.ui.widgets.cards import Card, Facts, Line, Pill, StatCard
from artrator_desktop.ui.widgets.chart import Column, StackedBars
from artrator_desktop.ui.widgets.choices import Choice, ChoiceList, RowButton
from artrator_desktop.ui.widgets.compare import CompareSlider
from artrator_desktop.ui.widgets.drop import ImageDrop
from artrator_desktop.ui.widgets.flow import FlowLayout
from artrator_desktop.ui.widgets.focus import mark_focus, set_look
from artrator_desktop.ui.widgets.inputs import (
    ComboBox,
    Field,
    IntegerField,
    LineEdit,
    NumberField,
    SearchField,
    Slider,
    Switch,
    TextArea,
)
from artrator_desktop.ui.widgets.labels import ElidedLabel, IconLabel, Label
from artrator_desktop.ui.widgets.meter import Meter
from artrator_desktop.ui.widgets.page_parts import PageHeader, PageScroll, StatePanel
from artrator_desktop.ui.widgets.picture import Picture
from artrator_desktop.ui.widgets.qr import QRCode
from artrator_desktop.ui.widgets.sheet import AskingSheet, ConfirmSheet, Sheet
from artrator_desktop.ui.widgets.skeleton import Pulse, Skeleton
from artrator_desktop.ui.widgets.toast import Toast, ToastStack

__all__ = [
    "AskingSheet",
    "Button",
    "Card",
    "Chip",
    "ChipRow",
    "Choice",
    "ChoiceList",
    "Column",
    "ComboBox",
    "CompareSlider",
    "ConfirmSheet",
    "ElidedLabel",
    "Facts",
    "Field",
    "FlowLayout",
    "IconButton",
    "IconLabel",
    "ImageDrop",
    "IntegerField",
    "Label",
    "Line",
    "LineEdit",
    "MenuButton",
    "Meter",
    "NumberField",
    "PageHeader",
    "PageScroll",
    "Picture",
    "Pill",
    "Pulse",
    "QRCode",
    "RowButton",
    "SearchField",
    "Segmented",
    "Sheet",
    "Skeleton",
    "Slider",
    "StackedBars",
    "StatCard",
    "StatePanel",
    "Switch",
    "TextArea",
    "Toast",
    "ToastStack",
    "mark_focus",
    "set_look",
]
