"""Where compiled kernels are kept, so that a worker that may write nothing still starts with them.

They lie in the folder that ``ARTRATOR_PLUGIN_CACHE`` names: Artrator runs ``artrator_ebsynth`` once after an install to
fill it, and sets the variable in every worker. Without the variable they lie in ``__pycache__`` beside this file, where
``python -m artrator_ebsynth`` puts them, and so does the first use if the folder can be written. A worker reads both;
if neither has them for its processor, it compiles for itself while it loads the package, before any job waits.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from numba import config, njit
from numba.core.caching import FunctionCache, InTreeCacheLocator

#: What names the folder that only this plugin's prepare step writes to.
_VARIABLE: Final = "ARTRATOR_PLUGIN_CACHE"
_HERE: Final = Path(__file__).resolve().parent
_SOURCES: Final = ("planes.py", "rows.py", "simd.py", "sweep.py")
#: Kernel, signature, and the side of the patch that it is for, if it is for one.
_registered: Final[list[tuple[Any, Any, int | None]]] = []
#: Signatures that were compiled and could not be saved.
_unsaved: Final[list[Any]] = []
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


class InTheGivenFolder(BesideTheCode):
    """The same in the folder that Artrator gives."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)
        self._cache_path = os.environ[_VARIABLE]


class _Kept(FunctionCache):  # type: ignore[misc]
    """Reads what lies beside the code and what lies in the given folder; writes to the latter, if there is one."""

    def __init__(self, function: Any) -> None:
        given = bool(os.environ.get(_VARIABLE))
        with _located(InTheGivenFolder if given else BesideTheCode):
            super().__init__(function)
        self._beside: FunctionCache | None = None
        if given:
            with _located(BesideTheCode):
                self._beside = FunctionCache(function)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel, or None."""
        for place in filter(None, (self._beside, super())):
            # Whatever is wrong with files of a cache, the kernel can be compiled.
            with contextlib.suppress(Exception):
                found = place.load_overload(sig, target_context)
                if found is not None:
                    return found
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it for the next process, where that can be done; it is compiled and usable all the same."""
        try:
            super().save_overload(sig, data)
        except Exception:  # as above, and a folder that cannot be written
            _unsaved.append(sig)


@contextlib.contextmanager
def _located(locator: type[BesideTheCode]) -> Iterator[None]:
    """Numba knows no other way to choose a place for one function."""
    before = config.CACHE_LOCATOR_CLASSES
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{locator.__name__}"
    try:
        yield
    finally:
        config.CACHE_LOCATOR_CLASSES = before


def kernel(signature: Any, patch: int | None = None) -> Callable[[Any], Any]:
    """Make a kernel of a function: compiled for ``signature`` by ``prepare``, and kept.

    Args:
        signature: Of the one variant there is.
        patch: Needed for patches of this side only; None is always needed.
    """

    def decorate(function: Any) -> Any:
        compiled = njit(nogil=True, error_model="numpy")(function)
        compiled._cache = _Kept(function)
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
                compiled.compile(signature)
                compiled.disable_compile()  # a call with other types would compile, and a job would wait for it
        return all(sum(compiled.stats.cache_misses.values()) == 0 for compiled, _, _ in needed)


def all_saved() -> bool:
    """Whether every kernel that was compiled here could be kept for the next process."""
    return not _unsaved
