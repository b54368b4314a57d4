"""What the sensors of the owner's machine say: its graphics cards and its processor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget

from artrator_desktop.ui.text import bytes_text
from artrator_desktop.ui.theme.tokens import M
from artrator_desktop.ui.widgets import Card, ElidedLabel, Meter

if TYPE_CHECKING:
    from artrator.messages.node import CardHealth, MachineHealth

# Where a bar of degrees ends, unless the owner set a ceiling: no chip is made to be warmer.
_HOTTEST: Final = 100.0

# A name, its value in words, and the share of a whole that it is.
_Row: TypeAlias = tuple[str, str, float | None]


class MachineCard(Card):
    """A group of meters for each graphics card, and one for the processor; hidden where no sensor says anything."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=18, gap=M)
        self._shape: Sequence[tuple[str, Sequence[str]]] = ()
        self._meters: list[Meter] = []

    def show_machine(self, machine: MachineHealth | None) -> None:
        """Show what the sensors say now."""
        groups = [] if machine is None else list(self._groups(machine))
        shape = [(title, [name for name, _value, _share in rows]) for title, rows in groups]
        if shape != self._shape:  # a card or a sensor came or went
            self._shape = shape
            self._lay_out()
        for meter, (_name, value, share) in zip(
            self._meters, (row for _title, rows in groups for row in rows), strict=True
        ):
            meter.show_value(value, share)
        self.setVisible(bool(groups))

    def _lay_out(self) -> None:
        while (item := self.column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._meters = []
        for title, names in self._shape:
            self.column.addWidget(ElidedLabel(title, "section"))
            for name in names:
                self._meters.append(Meter(name))
                self.column.addWidget(self._meters[-1])
        self.column.addStretch(1)

    def _groups(self, machine: MachineHealth) -> Iterator[tuple[str, list[_Row]]]:
        limits = {rule.name: rule.values[0] for rule in machine.owner_rules if rule.values}
        for card in machine.cards:
            if rows := list(self._card_rows(card, limits)):
                yield card.name, rows
        if machine.processor_temperature is not None:
            yield (
                self.tr("Processor"),
                [self._warmth(machine.processor_temperature, limits.get("max_processor_celsius"))],
            )

    def _card_rows(self, card: CardHealth, limits: Mapping[str, str | float]) -> Iterator[_Row]:
        if card.busy is not None:
            yield self.tr("Busy"), QLocale().toString(round(card.busy * 100)) + " %", card.busy
        if card.memory_used is not None:
            whole = f" / {bytes_text(card.memory_total)}" if card.memory_total else ""
            share = card.memory_used / card.memory_total if card.memory_total else None
            yield self.tr("Memory"), bytes_text(card.memory_used) + whole, share
        if card.temperature is not None:
            yield self._warmth(card.temperature, limits.get("max_card_celsius"))
        if card.power is not None:
            limit = limits.get("max_card_watts")
            share = card.power / limit if isinstance(limit, float | int) and limit else None
            yield self.tr("Power"), f"{round(card.power)} W", share

    def _warmth(self, degrees: float, limit: str | float | None) -> _Row:
        whole = limit if isinstance(limit, float | int) and limit else _HOTTEST
        return self.tr("Temperature"), f"{round(degrees)} °C", degrees / whole
