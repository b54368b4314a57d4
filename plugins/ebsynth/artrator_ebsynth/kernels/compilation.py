"""Where compiled kernels are kept, so that a worker that may write nothing still starts with them.

They lie in ``__pycache__`` beside this file. ``python -m artrator_ebsynth`` puts them there, and so does the first use
where the folder can be written. A worker reads them; if there are none for its processor, it compiles for itself while
it loads the package, before any job waits.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from numba import config, njit
from numba.core.caching import InTreeCacheLocator

_HERE: Final = Path(__file__).resolve().parent
_SOURCES: Final = ("planes.py", "rows.py", "simd.py", "sweep.py")
#: Kernel, signature, and the side of the patch that it is for, if it is for one.
_registered: Final[list[tuple[Any, Any, int | None]]] = []
_preparing: Final = threading.Lock()


class BesideTheCode(InTreeCacheLocator):  # type: ignore[misc]
    """Numba's cache in ``__pycache__``, read even where it cannot be written."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> BesideTheCode:
        """Without the base's question whether the folder can be written."""
        return cls(py_func, py_file)

    def get_source_stamp(self) -> str:
        """One stamp for all the kernels' files, because they are compiled into each other."""
        return hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _SOURCES)).hexdigest()


def kernel(signature: Any, patch: int | None = None) -> Callable[[Any], Any]:
    """Make a kernel of a function: compiled for ``signature`` by ``prepare``, cached beside the code.

    Args:
        signature: Of the one variant there is.
        patch: Needed for patches of this side only; None is always needed.
    """

    def decorate(function: Any) -> Any:
        before = config.CACHE_LOCATOR_CLASSES
        config.CACHE_LOCATOR_CLASSES = f"{__name__}.{BesideTheCode.__name__}"
        try:
            compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
        finally:
            config.CACHE_LOCATOR_CLASSES = before
        _registered.append((compiled, signature, patch))
        return compiled

    return decorate


def prepare(patch: int | None = None) -> bool:
    """Load or compile the kernels; the first call takes a moment, later ones none.

    Args:
        patch: The side of a patch; None prepares for all, which takes more time and memory.

    Returns:
        Whether all of them came from the cache.
    """
    needed = [entry for entry in _registered if patch is None or entry[2] in (None, patch)]
    with _preparing:
        for compiled, signature, _ in needed:
            if not compiled.signatures:
                # The kernel is compiled and usable by the time that saving it fails.
                with contextlib.suppress(OSError):
                    compiled.compile(signature)
                compiled.disable_compile()  # a call with other types would compile, and a job would wait for it
        return all(sum(compiled.stats.cache_misses.values()) == 0 for compiled, _, _ in needed)
