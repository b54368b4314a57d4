"""What NVIDIA's cards say of heat, power, memory and programs."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Iterator
from typing import Final

from artrator import nvml
from artrator.nvml import SUCCESS
from artrator_node.logs import log
from artrator_node.owner.readings import CardReading, MachineReading

_logger = logging.getLogger(__name__)

_TOO_SMALL: Final = 7
_TEMPERATURE_OF_CHIP: Final = 0
#: What NVML writes where it does not know how much memory a process has.
_UNKNOWN_BYTES: Final = 2**64 - 1
_MOST_PROGRAMS: Final = 4096


class _Program(ctypes.Structure):
    """``nvmlProcessInfo_t`` as the functions ending in ``_v3`` fill it."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class _Rates(ctypes.Structure):
    """``nvmlUtilization_t``: percent of the time of the last sample, at most a second."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class NVML(nvml.NVML):
    """The cards of one NVML.

    Args:
        library: Where it is; None looks where the driver puts it.
    """

    def __init__(self, library: str | None = None) -> None:
        super().__init__(library)
        if self.code != SUCCESS:
            log(_logger, logging.DEBUG, "nvml_not_ready", code=self.code)

    def read(self) -> MachineReading:
        """What the cards say now; none of them if there is no driver."""
        found = [self._read(index, card) for index, card in self.cards()]
        return MachineReading(None, found) if found or self.present else MachineReading()

    def _read(self, index: int, card: ctypes.c_void_p) -> CardReading:
        degrees, milliwatts, rates = ctypes.c_uint(), ctypes.c_uint(), _Rates()
        functions, memory = self.functions, self.memory(card)
        warm = functions.nvmlDeviceGetTemperature(card, ctypes.c_uint(_TEMPERATURE_OF_CHIP), ctypes.byref(degrees))
        power = functions.nvmlDeviceGetPowerUsage(card, ctypes.byref(milliwatts))
        worked = functions.nvmlDeviceGetUtilizationRates(card, ctypes.byref(rates))
        return CardReading(
            self.name(card) or f"card {index}",
            temperature=float(degrees.value) if warm == SUCCESS else None,
            power=milliwatts.value / 1000 if power == SUCCESS else None,
            memory_used=None if memory is None else memory.used,
            memory_total=None if memory is None else memory.total,
            busy=min(rates.gpu, 100) / 100 if worked == SUCCESS else None,
            programs=dict(self._programs(card)),
        )

    def _programs(self, card: ctypes.c_void_p) -> Iterator[tuple[int, int]]:
        """Programs that compute or draw. On Windows the driver does not tell how much memory each of them has."""
        for kind in ("Compute", "Graphics"):
            # Older drivers have the second version, whose answer has the same form.
            list_programs = self._function(f"nvmlDeviceGet{kind}RunningProcesses_v3") or self._function(
                f"nvmlDeviceGet{kind}RunningProcesses_v2"
            )
            if list_programs is None:
                continue
            room = 64
            while room <= _MOST_PROGRAMS:
                count, found = ctypes.c_uint(room), (_Program * room)()
                code = list_programs(card, ctypes.byref(count), found)
                if code == _TOO_SMALL:
                    room *= 4
                    continue
                if code == SUCCESS:
                    for program in found[: min(count.value, room)]:
                        yield program.pid, 0 if program.used == _UNKNOWN_BYTES else program.used
                break

    def _function(self, name: str) -> Callable[..., int] | None:
        try:
            return getattr(self.functions, name)  # type: ignore[no-any-return]
        except AttributeError:
            return None
