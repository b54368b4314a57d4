"""NVIDIA's cards through NVML, the library that comes with their driver on Linux and Windows.

Called by ``ctypes`` and not through a Python package: a dozen functions are needed, and whoever has the driver has the
library. Its functions are documented at https://docs.nvidia.com/deploy/nvml-api/. Nothing is written to a card.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

SUCCESS: Final = 0
_TEXT_BYTES: Final = 96


class CardMemory(ctypes.Structure):
    """``nvmlMemory_t``, in bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class NVML:
    """The cards of one NVML; none of them where there is no driver that answers.

    Attributes:
        code: What NVML said when it was begun with; 0 if all was well, or if there is no NVML.
    """

    def __init__(self, library: str | None = None) -> None:
        """Load the library and begin.

        Args:
            library: Where it is; None looks where the driver puts it.
        """
        self.code = SUCCESS
        self.functions: Any = _load(library)
        if self.functions is not None and (code := self.functions.nvmlInit_v2()) != SUCCESS:
            # A driver without its module, as in a container that was given no card.
            self.code, self.functions = code, None

    @property
    def present(self) -> bool:
        """Whether there is a driver that answers."""
        return self.functions is not None

    @property
    def driver(self) -> str:
        """Its version."""
        if self.functions is None:
            return ""
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        self.functions.nvmlSystemGetDriverVersion(text, ctypes.c_uint(_TEXT_BYTES))
        return text.value.decode("utf-8", "replace")

    def cards(self) -> Iterator[tuple[int, ctypes.c_void_p]]:
        """Number and handle of every card that can be reached."""
        count = ctypes.c_uint()
        if self.functions is None or self.functions.nvmlDeviceGetCount_v2(ctypes.byref(count)) != SUCCESS:
            return
        for index in range(count.value):
            if (card := self.card(index)) is not None:
                yield index, card

    def card(self, index: int) -> ctypes.c_void_p | None:
        """The handle of one card; None if it cannot be reached."""
        card = ctypes.c_void_p()
        if self.functions is None:
            return None
        code = self.functions.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(card))
        return card if code == SUCCESS else None

    def named(self, name: str) -> ctypes.c_void_p | None:
        """The card that ``CUDA_VISIBLE_DEVICES`` means by a name, a number or the beginning of a mark; None if none."""
        return next((card for index, card in self.cards() if is_named(name, index, self.mark(card))), None)

    def name(self, card: ctypes.c_void_p) -> str:
        """What the maker calls it; empty if it does not say."""
        return self._text("nvmlDeviceGetName", card)

    def mark(self, card: ctypes.c_void_p) -> str:
        """What it is told from all others by: ``GPU-8f2a…``; empty if it does not say."""
        return self._text("nvmlDeviceGetUUID", card)

    def _text(self, function: str, card: ctypes.c_void_p) -> str:
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        known = getattr(self.functions, function)(card, text, ctypes.c_uint(_TEXT_BYTES)) == SUCCESS
        return text.value.decode("utf-8", "replace") if known else ""

    def memory(self, card: ctypes.c_void_p) -> CardMemory | None:
        """Its memory; None if it does not say."""
        memory = CardMemory()
        return memory if self.functions.nvmlDeviceGetMemoryInfo(card, ctypes.byref(memory)) == SUCCESS else None

    def close(self) -> None:
        """Let the driver go."""
        if self.functions is not None:
            self.functions.nvmlShutdown()
            self.functions = None


def is_named(name: str, index: int, mark: str) -> bool:
    """Whether ``CUDA_VISIBLE_DEVICES`` means a card by this name; parts of a card (``MIG-…``) are none."""
    return name == str(index) or (name.startswith("GPU-") and mark.startswith(name))


def _load(library: str | None) -> Any:
    if library is None and sys.platform == "darwin":
        return None  # no driver since macOS 10.14
    for name in [library] if library is not None else list(_names()):
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
