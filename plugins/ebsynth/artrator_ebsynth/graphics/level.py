"""One level of the pyramid whose search and vote run on a graphics card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from artrator_ebsynth.crew import Crew
from artrator_ebsynth.graphics.device import GraphicsDevice, Memory
from artrator_ebsynth.kernels import MEAN_LANES
from artrator_ebsynth.level import Level, Pictures
from artrator_ebsynth.problem import Problem

#: How far the neighbours are that a pixel asks, in this order.
_JUMPS: Final = (4, 2, 1)


class GraphicsLevel(Level):
    """A level with its pictures on a device; ``matches``, ``image`` and ``costs`` are brought back after each step."""

    def __init__(self, pictures: Pictures, problem: Problem, crew: Crew, device: GraphicsDevice) -> None:
        super().__init__(pictures, problem, crew)
        height, width = self.target_size
        self._device: Final = device
        self._pixels: Final = height * width
        channels, style = self.shape[0], self.image.shape[2]
        macros = {
            "PATCH": self.patch, "CHANNELS": channels, "STYLE": style, "MEANS": -(-channels // MEAN_LANES) * MEAN_LANES,
        }  # fmt: skip
        self._launch: Final = device.compile(macros)
        radius = self.patch // 2
        padded = (self.source_size[0] + 2 * radius) * (self.source_size[1] + 2 * radius)
        self._none: Final = np.zeros(padded, np.int32)
        arrays: dict[str, npt.NDArray[Any] | None] = {
            "target": self.values[0],
            "source": self.values[1],
            "target_means": self.means[0],
            "source_means": self.means[1],
            "paint": self._paint,
            "image": self.image,
            "allowed": self.allowed,
            "inside": self.inside,
            "active": self.inside,
            "stale": self.inside,
            "modulation": self.modulation if self.modulated else None,
            "matches": self.matches,
            "next": self.matches,
            "costs": self.costs,
            "change": self.matches,
            "occupancy": self._none,
            "factors": self._factors,
        }
        #: Named and ordered as in ``Work``; modulation may be missing.
        self._memories: Final[Mapping[str, Memory | None]] = {
            name: None if array is None else self._uploaded(array) for name, array in arrays.items()
        }
        # The device has them now.
        self.values = self.values[0][:0], self.values[1][:0]
        self.means = self.means[0][:0], self.means[1][:0]
        #: The matches that are read and those that are written change places after each propagation.
        self._held: tuple[str, str] = ("matches", "next")
        self._works: Final = {order: self._work(order) for order in (self._held, self._held[::-1])}

    def measure(self, active: npt.NDArray[np.uint8]) -> None:
        """As of ``Level``; what is active stays so until the next call."""
        self._write_matches()
        self._memory("active").write(np.ascontiguousarray(active))
        self._run("measure")
        self._memory("costs").read(self.costs)

    def paint(self, stale: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        """As of ``Level``."""
        self._write_matches()
        self._memory("stale").write(np.ascontiguousarray(stale))
        self._run("vote")
        self._run("repeat_edges")
        self._memory("image").read(self.image)
        change = np.empty(self.target_size, np.int32)
        self._memory("change").read(change)
        return change

    def search(self, tries: Sequence[Sequence[int]], random: np.random.Generator) -> None:
        """Improve the matches of the pixels that were measured last."""
        self._memory("occupancy").write(self._none)
        self._run("occupy")
        for radii in tries:
            for jump in _JUMPS:
                self._run("propagate", jump)
                self._held = self._held[1], self._held[0]
            for reach in radii:
                self._run("draw", reach, int(random.integers(1 << 32)))
        self._memory(self._held[0]).read(self.matches)

    def _run(self, kernel: str, step: int = 0, seed: int = 0) -> None:
        self._launch(kernel, self._pixels, self._works[self._held], step, seed)

    def _write_matches(self) -> None:
        self.matches = np.ascontiguousarray(self.matches)
        self._memory(self._held[0]).write(self.matches)

    def _memory(self, name: str) -> Memory:
        memory = self._memories[name]
        if memory is None:
            raise AssertionError(f"there is no {name}")
        return memory

    def _work(self, order: tuple[str, str]) -> Memory:
        """``Work`` as ``search.cu`` lays it out, on the device."""
        named = {**self._memories, "matches": self._memories[order[0]], "next": self._memories[order[1]]}
        addresses = [0 if memory is None else memory.address for memory in named.values()]
        (height, width), (source_height, source_width) = self.target_size, self.source_size
        numbers = np.array([*self.scales, self._integers.mean_factor], np.float64)
        sizes = [width, height, source_width, source_height]
        return self._uploaded(np.array([*addresses, *sizes, *numbers.view(np.int64)], np.int64))

    def _uploaded(self, array: npt.NDArray[Any]) -> Memory:
        memory = self._device.allocate(array.nbytes)
        memory.write(np.ascontiguousarray(array))
        return memory


class GraphicsSearch:
    """Randomised propagation for all pixels at once, on a device.

    The bounds are those of the processor's search. Which of two pixels takes a place first is left to chance, so that
    two runs differ a little.
    """

    def __init__(self, crew: Crew, device: GraphicsDevice) -> None:
        self._crew: Final = crew
        self._device: Final = device

    def level(self, pictures: Pictures, problem: Problem) -> Level:
        """As ``Search`` says."""
        return GraphicsLevel(pictures, problem, self._crew, self._device)

    def improve(
        self, level: Level, active: npt.NDArray[np.uint8], tries: Sequence[Sequence[int]], random: np.random.Generator
    ) -> None:
        """As ``Search`` says; ``active`` is on the device since the level was measured."""
        if not isinstance(level, GraphicsLevel):
            raise TypeError("this search works on the levels that it makes")
        level.search(tries, random)
