"""How runtimes say that their memory has run out: there is no exception that all of them have."""

from __future__ import annotations

from typing import Final

#: In small letters, with blanks for hyphens and underscores.
_WORDS: Final = (
    "out of memory",  # CUDA, and whoever passes its words on
    "cudaerrormemoryallocation",
    "alloc failed",  # cuBLAS and cuDNN
    "failed to allocate",  # onnxruntime's stores
    "available memory of",  # the same, where there is a limit
    "bad alloc",
    "not enough memory resources",  # DirectML
    "out of gpu resources",  # OpenVINO
    "cl out of resources",
    "mem object allocation failure",
)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that fewer rows, or a smaller model, might do."""
    said = str(error).lower().replace("_", " ").replace("-", " ")
    return isinstance(error, MemoryError) or any(words in said for words in _WORDS)
