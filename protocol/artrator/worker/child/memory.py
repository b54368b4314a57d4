"""What this process has taken of the machine's memory, asked without a file that its confinement may hide."""

from __future__ import annotations

import sys


def peak_bytes() -> int:
    """The most host memory that this process ever held; 0 where the platform does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak << 10)
