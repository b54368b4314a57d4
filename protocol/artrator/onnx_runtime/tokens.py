"""Text to token numbers with a ``tokenizer.json`` from the package."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artrator.errors import ArtratorError, Code

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """One text as a model wants it; all three have the same length.

    Attributes:
        ids: Token numbers.
        mask: 1 for a token of the text, 0 for filling.
        types: 0 everywhere, as for a text that is one sentence.
    """

    ids: Ids
    mask: Ids
    types: Ids


class TokenReader:
    """A tokenizer with the length that its model wants."""

    def __init__(self, definition: bytes, *, name: str, max_length: int, pad: bool) -> None:
        """Build the tokenizer.

        Args:
            definition: The bytes of ``tokenizer.json``.
            name: The file, for messages.
            max_length: What goes beyond is cut off, end tokens kept.
            pad: Fill up to ``max_length``, with the token that the file names for it.

        Raises:
            ArtratorError: ``package_invalid`` if the file is not a tokenizer; ``backend_runtime_broken`` without
                the library.
        """
        try:
            library = importlib.import_module("tokenizers")
        except ImportError as error:
            raise ArtratorError(
                Code.BACKEND_RUNTIME_BROKEN, "tokenizers is not installed.", cure="Install the package tokenizers."
            ) from error
        try:
            self._tokenizer = library.Tokenizer.from_buffer(definition)
        except Exception as error:  # the library raises plain Exception
            raise ArtratorError(
                Code.PACKAGE_INVALID,
                f"{name} is not a tokenizer: {str(error).splitlines()[0][:200]}",
                cure="Use the tokenizer.json that belongs to the model.",
            ) from error
        padding = self._tokenizer.padding or {}
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)
        self._max_length = max_length
        self._filling = int(padding.get("pad_id", 0)) if pad else None

    def read(self, text: str) -> Tokens:
        """Turn a text into tokens."""
        encoding = self._tokenizer.encode(text)
        ids: Sequence[int] = encoding.ids
        mask = [1] * len(ids)
        if self._filling is not None:
            missing = self._max_length - len(ids)
            ids = [*ids, *[self._filling] * missing]
            mask = [*mask, *[0] * missing]
        return Tokens(np.array(ids, np.int64), np.array(mask, np.int64), np.zeros(len(ids), np.int64))
