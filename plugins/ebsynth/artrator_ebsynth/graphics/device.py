"""What the search needs of a graphics card, and NVIDIA's, by their own small libraries."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from artrator.errors import ArtratorError, Code

SOURCE: Final = Path(__file__).with_name("search.cu")
KERNELS: Final = ("occupy", "measure", "propagate", "draw", "vote", "repeat_edges")
#: Threads of a block. They share nothing, so that only how well a card is filled depends on it.
_BLOCK: Final = 128
_CURE: Final = "Install the plugin with its extra gpu, on a machine with an NVIDIA card and its driver."


class Memory(Protocol):
    """A piece of a device's memory.

    Attributes:
        address: What kernels know it by.
    """

    @property
    def address(self) -> int: ...

    def write(self, array: npt.NDArray[Any]) -> None:
        """Copy a C-contiguous array of this size there."""
        ...

    def read(self, array: npt.NDArray[Any]) -> None:
        """Copy from there into a C-contiguous array of this size, after all that was launched has ended."""
        ...


class Launch(Protocol):
    """The kernels of ``search.cu``, compiled for one problem."""

    def __call__(self, kernel: str, pixels: int, work: Memory, step: int, seed: int) -> None:
        """Run one for so many pixels, after all that was launched before."""
        ...


class GraphicsDevice(Protocol):
    """A device with memory of its own that runs ``search.cu``."""

    def allocate(self, size: int) -> Memory:
        """Room for so many bytes, freed with the object."""
        ...

    def compile(self, macros: Mapping[str, int]) -> Launch:
        """The kernels with these macros."""
        ...


def missing() -> str | None:
    """Why no graphics card can be used, as a sentence; None if one answers."""
    try:
        core = importlib.import_module("cuda.core")
        importlib.import_module("cuda.bindings.nvrtc")
    except ImportError:
        return "The extra gpu of artrator-ebsynth is not installed."
    try:
        device = core.Device(0)
        device.set_current()
        device.sync()
    except Exception as error:  # whatever a driver says, and they say it in many ways, is the reason
        words = (str(error).splitlines() or [type(error).__name__])[0].rstrip(". ")
        return f"No NVIDIA card answers: {words}."
    return None


def compile_kernels(macros: Mapping[str, int], architecture: str) -> Any:
    """``search.cu`` as a module of ``cuda.core`` for an architecture such as ``sm_80``; needs no card."""
    core = importlib.import_module("cuda.core")
    options = core.ProgramOptions(
        std="c++17", arch=architecture, define_macro=[(name, str(value)) for name, value in macros.items()]
    )
    return core.Program(SOURCE.read_text("utf-8"), "c++", options).compile("cubin")


class CUDADevice:
    """The first NVIDIA card.

    Raises:
        ArtratorError: ``backend_runtime_broken`` if none answers.
    """

    def __init__(self) -> None:
        reason = missing()
        if reason is not None:
            raise ArtratorError(Code.BACKEND_RUNTIME_BROKEN, reason, cure=_CURE)
        self._core: Final = importlib.import_module("cuda.core")
        self._driver: Final = importlib.import_module("cuda.bindings.driver")
        self._device: Final = self._core.Device(0)
        self._device.set_current()
        self._stream: Final = self._device.create_stream()

    def allocate(self, size: int) -> Memory:
        """As ``GraphicsDevice`` says."""
        try:
            buffer = self._device.allocate(max(size, 1), stream=self._stream)
        except Exception as error:
            raise ArtratorError(
                Code.INPUT_INVALID,
                f"The graphics card has no room for pictures of this size: {size >> 20} MiB more are needed.",
                cure="Send smaller pictures.",
            ) from error
        return _CUDAMemory(buffer, self._driver, self._stream)

    def compile(self, macros: Mapping[str, int]) -> Launch:
        """As ``GraphicsDevice`` says."""
        capability = self._device.compute_capability
        module = _compiled(tuple(sorted(macros.items())), f"sm_{capability[0]}{capability[1]}")
        kernels = {name: module.get_kernel(name) for name in KERNELS}

        def launch(kernel: str, pixels: int, work: Memory, step: int, seed: int) -> None:
            config = self._core.LaunchConfig(grid=-(-pixels // _BLOCK), block=_BLOCK)
            arguments = np.uint64(work.address), np.int32(step), np.uint32(seed)
            self._core.launch(self._stream, config, kernels[kernel], *arguments)

        return launch


class _CUDAMemory:
    def __init__(self, buffer: Any, driver: Any, stream: Any) -> None:
        self._buffer: Final = buffer
        self._driver: Final = driver
        self._stream: Final = stream

    @property
    def address(self) -> int:
        return int(self._buffer.handle)

    def write(self, array: npt.NDArray[Any]) -> None:
        self._checked(
            self._driver.cuMemcpyHtoDAsync(self.address, array.ctypes.data, array.nbytes, self._stream.handle)
        )
        self._stream.sync()  # the array may change or go as soon as this returns

    def read(self, array: npt.NDArray[Any]) -> None:
        self._checked(
            self._driver.cuMemcpyDtoHAsync(array.ctypes.data, self.address, array.nbytes, self._stream.handle)
        )
        self._stream.sync()

    def _checked(self, answer: tuple[Any, ...]) -> None:
        if int(answer[0]) != 0:
            raise ArtratorError(Code.BACKEND_RUNTIME_BROKEN, f"The graphics card stopped: {answer[0]!s}.", cure=_CURE)


@functools.lru_cache(maxsize=16)
def _compiled(macros: tuple[tuple[str, int], ...], architecture: str) -> Any:
    return compile_kernels(dict(macros), architecture)
