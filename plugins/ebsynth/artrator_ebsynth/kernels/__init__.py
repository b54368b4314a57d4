"""The compiled inner loops: what touches every pixel many times.

Each kernel works on a range of rows, holds no lock on the interpreter and writes no row but its own, so that the caller
decides about threads. Channel counts are arguments, not constants, so that one compilation serves every problem; only
the search is compiled for each side of a patch.
"""

from artrator_ebsynth.kernels.compilation import all_saved, prepare
from artrator_ebsynth.kernels.planes import count_matches, dilate_rows, shrink_rows, spread_counts
from artrator_ebsynth.kernels.rows import evaluate, patch_means, spread, vote
from artrator_ebsynth.kernels.simd import LANES, MEAN_LANES
from artrator_ebsynth.kernels.sweep import SWEEPS

__all__ = [
    "LANES",
    "MEAN_LANES",
    "SWEEPS",
    "all_saved",
    "count_matches",
    "dilate_rows",
    "evaluate",
    "patch_means",
    "prepare",
    "shrink_rows",
    "spread",
    "spread_counts",
    "vote",
]
