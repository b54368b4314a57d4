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
_SOURCES: Final = ("rows.py", "simd.py", "sweep.py")
_registered: Final[list[tuple[Any, Any]]] = []
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


def kernel(signature: Any) -> Callable[[Any], Any]:
    """Make a kernel of a function: compiled for ``signature`` by ``prepare``, cached beside the code."""

    def decorate(function: Any) -> Any:
        before = config.CACHE_LOCATOR_CLASSES
        config.CACHE_LOCATOR_CLASSES = f"{__name__}.{BesideTheCode.__name__}"
        try:
            compiled = njit(cache=True, nogil=True, error_model="numpy")(function)
        finally:
            config.CACHE_LOCATOR_CLASSES = before
        _registered.append((compiled, signature))
        return compiled

    return decorate


def prepare() -> bool:
    """Load or compile every kernel; the first call takes a moment, later ones none.

    Returns:
        Whether all of them came from the cache.
    """
    with _preparing:
        for compiled, signature in _registered:
            if not compiled.signatures:
                # The kernel is compiled and usable by the time that saving it fails.
                with contextlib.suppress(OSError):
                    compiled.compile(signature)
        return all(sum(compiled.stats.cache_misses.values()) == 0 for compiled, _ in _registered)
