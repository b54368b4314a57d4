"""A graphics card made of the system's C++ compiler: runs the text of ``search.cu``, one thread after another.

It shows that kernels and host agree and reach the energy of the processor's search. What it cannot show is what happens
when threads run at once, nor how fast a card is. Threads run in a scattered order, so that nothing can lean on rows.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from artrator_ebsynth.graphics.device import KERNELS, SOURCE

COMPILER = shutil.which("g++") or shutil.which("clang++") or shutil.which("c++")
SHIM = """
#include <cmath>
#define __global__
#define __device__
struct Places { unsigned x; };
static Places blockIdx, threadIdx;
static const Places blockDim = {128};
static int atomicAdd(int *place, int value) { int before = *place; *place += value; return before; }
#include "SOURCE"
typedef void (*Kernel)(const Work *, int, word_t);
extern "C" void run(Kernel kernel, long long pixels, const Work *work, int step, word_t seed)
{
    // A prime that is larger than any number of threads here visits each of them once.
    long long threads = (pixels + 127) / 128 * 128;
    for (long long turn = 0; turn < threads; turn++) {
        long long thread = turn * 2654435761LL % threads;
        blockIdx.x = (unsigned)(thread / 128);
        threadIdx.x = (unsigned)(thread % 128);
        kernel(work, step, seed);
    }
}
"""


class SerialMemory:
    def __init__(self, size):
        self._bytes = np.zeros(max(size, 1) + 64, np.uint8)
        self._size = size

    @property
    def address(self):
        return (self._bytes.ctypes.data + 63) // 64 * 64

    def write(self, array):
        assert array.flags.c_contiguous
        assert array.nbytes == self._size
        ctypes.memmove(self.address, array.ctypes.data, array.nbytes)

    def read(self, array):
        assert array.flags.c_contiguous
        assert array.nbytes == self._size
        ctypes.memmove(array.ctypes.data, self.address, array.nbytes)


class SerialCard:
    """A ``GraphicsDevice``; ``launched`` counts what ran."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._libraries = {}
        self.launched = dict.fromkeys(KERNELS, 0)

    def allocate(self, size):
        return SerialMemory(size)

    def compile(self, macros):
        key = tuple(sorted(macros.items()))
        if key not in self._libraries:
            name = self._folder / ("_".join(str(value) for _, value in key) + ".so")
            text = name.with_suffix(".cpp")
            text.write_text(SHIM.replace("SOURCE", str(SOURCE)), "utf-8")
            defines = [f"-D{macro}={value}" for macro, value in key]
            command = [COMPILER, "-std=c++17", "-O2", "-ffp-contract=off", "-shared", "-fPIC", *defines]
            subprocess.run([*command, str(text), "-o", str(name)], check=True)
            self._libraries[key] = ctypes.CDLL(str(name))
        library = self._libraries[key]

        def launch(kernel, pixels, work, step, seed):
            self.launched[kernel] += 1
            found = ctypes.cast(getattr(library, kernel), ctypes.c_void_p)
            library.run(
                found, ctypes.c_longlong(pixels), ctypes.c_void_p(work.address), ctypes.c_int(step), ctypes.c_uint(seed)
            )

        return launch
