"""NVIDIA's cards through NVML, the library that comes with their driver on Linux and Windows.

Called by ``ctypes`` and not through a Python package: a dozen functions are needed, and whoever has the driver has the
library. Nothing is written to a card.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from artrator_node.logs import log
from artrator_node.owner.readings import CardReading, MachineReading

_logger = logging.getLogger(__name__)

_SUCCESS: Final = 0
_TOO_SMALL: Final = 7
_TEMPERATURE_OF_CHIP: Final = 0
_NAME_BYTES: Final = 96
#: What NVML writes where it does not know how much memory a process has.
_UNKNOWN_BYTES: Final = 2**64 - 1
_MOST_PROGRAMS: Final = 4096


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Program(ctypes.Structure):
    """``nvmlProcessInfo_t`` as the functions ending in ``_v3`` fill it."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class NVML:
    """The cards of one NVML.

    Args:
        library: Where it is; None looks where the driver puts it.
    """

    def __init__(self, library: str | None = None) -> None:
        self._nvml = _load(library)
        if self._nvml is not None and (code := self._nvml.nvmlInit_v2()) != _SUCCESS:
            # A driver without its module, as in a container that was given no card.
            log(_logger, logging.DEBUG, "nvml_not_ready", code=code)
            self._nvml = None

    @property
    def present(self) -> bool:
        """Whether there is a driver that answers."""
        return self._nvml is not None

    def read(self) -> MachineReading:
        """What the cards say now; none of them if there is no driver."""
        count = ctypes.c_uint()
        if self._nvml is None or self._nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _SUCCESS:
            return MachineReading()
        return MachineReading(None, [card for index in range(count.value) if (card := self._card(index)) is not None])

    def close(self) -> None:
        """Let the driver go."""
        if self._nvml is not None:
            self._nvml.nvmlShutdown()
            self._nvml = None

    def _card(self, index: int) -> CardReading | None:
        nvml, card = self._nvml, ctypes.c_void_p()
        assert nvml is not None  # noqa: S101  # asked by read
        if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(card)) != _SUCCESS:
            return None
        name = ctypes.create_string_buffer(_NAME_BYTES)
        known = nvml.nvmlDeviceGetName(card, name, ctypes.c_uint(_NAME_BYTES)) == _SUCCESS
        degrees, milliwatts, memory = ctypes.c_uint(), ctypes.c_uint(), _Memory()
        warm = nvml.nvmlDeviceGetTemperature(card, ctypes.c_uint(_TEMPERATURE_OF_CHIP), ctypes.byref(degrees))
        power = nvml.nvmlDeviceGetPowerUsage(card, ctypes.byref(milliwatts))
        filled = nvml.nvmlDeviceGetMemoryInfo(card, ctypes.byref(memory))
        return CardReading(
            name.value.decode("utf-8", "replace") if known else f"card {index}",
            temperature=float(degrees.value) if warm == _SUCCESS else None,
            power=milliwatts.value / 1000 if power == _SUCCESS else None,
            memory_used=memory.used if filled == _SUCCESS else None,
            memory_total=memory.total if filled == _SUCCESS else None,
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
                if code == _SUCCESS:
                    for program in found[: min(count.value, room)]:
                        yield program.pid, 0 if program.used == _UNKNOWN_BYTES else program.used
                break

    def _function(self, name: str) -> Callable[..., int] | None:
        try:
            return getattr(self._nvml, name)  # type: ignore[no-any-return]
        except AttributeError:
            return None


def _load(library: str | None) -> Any:
    if library is None and sys.platform == "darwin":
        return None  # no driver since macOS 10.14
    names = [library] if library is not None else list(_names())
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _names() -> Iterator[str]:
    if sys.platform == "win32":
        import os

        # By its whole path: a bare name could be found in a folder that somebody else may write to.
        yield str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvml.dll")
    else:
        yield "libnvidia-ml.so.1"
