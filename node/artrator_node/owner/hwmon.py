"""Temperatures and power as Linux tells them in ``/sys``: processors, and AMD's and Intel's cards.

Sensors are looked for once; cards and modules that come later are found at the next start. A sensor that cannot be
read for a moment, as when a card sleeps, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from artrator_node.owner.readings import CardReading, MachineReading

#: Drivers that measure a processor; the first part of their names is enough.
_PROCESSORS: Final = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "scpi_sensors")
_ZONES: Final = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc_thermal", "TCPU")
_CARDS: Final = ("amdgpu", "radeon", "nouveau", "i915", "xe")
#: No chip is hotter; such numbers are faults of a driver.
_HOTTEST: Final = 150.0


@dataclass(frozen=True)
class _Card:
    name: str
    temperatures: Sequence[Path]
    powers: Sequence[Path]
    memory_used: Path
    memory_total: Path
    busy: Path


class LinuxSensors:
    """The sensors under a ``/sys``."""

    def __init__(self, sys: Path = Path("/sys")) -> None:
        self._processor: list[Path] = []
        self._cards: list[_Card] = []
        for chip in _sorted(sys / "class" / "hwmon", "hwmon*"):
            name = _text(chip / "name") or ""
            if name.startswith(_PROCESSORS):
                self._processor += _sorted(chip, "temp*_input")
            elif name in _CARDS:
                self._cards.append(_card(chip, name))
        if not self._processor:
            self._processor = [
                zone / "temp"
                for zone in _sorted(sys / "class" / "thermal", "thermal_zone*")
                if (_text(zone / "type") or "").startswith(_ZONES)
            ]

    def read(self) -> MachineReading:
        """What they say now."""
        return MachineReading(_hottest(self._processor), [_read(card) for card in self._cards])

    def close(self) -> None:
        """Nothing is held open."""


def _card(chip: Path, name: str) -> _Card:
    device = chip / "device"
    # The driver says the average where it can, and the newest measurement where it cannot.
    powers = _sorted(chip, "power*_average") or _sorted(chip, "power*_input")
    return _Card(
        _text(device / "product_name") or name,
        _sorted(chip, "temp*_input"),
        powers,
        device / "mem_info_vram_used",
        device / "mem_info_vram_total",
        device / "gpu_busy_percent",
    )


def _read(card: _Card) -> CardReading:
    percent = _number(card.busy)
    watts = [value / 1e6 for value in _numbers(card.powers)]
    return CardReading(
        card.name,
        temperature=_hottest(card.temperatures),
        power=max(watts, default=None),
        memory_used=_number(card.memory_used),
        memory_total=_number(card.memory_total),
        busy=None if percent is None else min(max(percent, 0), 100) / 100,
    )


def _hottest(paths: Sequence[Path]) -> float | None:
    degrees = [value / 1000 for value in _numbers(paths)]
    return max((value for value in degrees if 0 < value < _HOTTEST), default=None)


def _numbers(paths: Sequence[Path]) -> Iterator[int]:
    for path in paths:
        if (value := _number(path)) is not None:
            yield value


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _sorted(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []
