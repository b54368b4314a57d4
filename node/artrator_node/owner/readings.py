"""What sensors say of the machine at one moment; None stands for what no sensor tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class CardReading:
    """A graphics card."""

    name: str
    #: Degrees Celsius, at its hottest sensor.
    temperature: float | None = None
    #: Watts.
    power: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    #: For how much of the time, from 0 to 1, it has computed anything lately.
    busy: float | None = None
    #: Bytes of its memory by process id; 0 where the system does not tell how many.
    programs: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MachineReading:
    """All of it."""

    processor: float | None = None
    cards: Sequence[CardReading] = ()


class Sensor(Protocol):
    """Something that can be read, again and again, in a thread; never raises."""

    def read(self) -> MachineReading:
        """What it says now."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class Sensors:
    """All sensors of this machine as one."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self._sensors = sensors

    def read(self) -> MachineReading:
        """What they say together."""
        found = [sensor.read() for sensor in self._sensors]
        warm = [reading.processor for reading in found if reading.processor is not None]
        return MachineReading(max(warm, default=None), [card for reading in found for card in reading.cards])

    def close(self) -> None:
        """Read no more."""
        for sensor in self._sensors:
            sensor.close()
