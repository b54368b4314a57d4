"""What this process has taken of memory, told without a file that its confinement hides; and what it gives back."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def peak_bytes() -> int:
    """The most host memory that this process ever held; 0 where the platform does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak << 10)


def give_back() -> None:
    """Return to the system what was freed: a load leaves holes of many megabytes that nobody will fill again."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another libc than glibc keeps less
            ctypes.CDLL(None).malloc_trim(0)
