"""Text to token numbers, with a ``tokenizer.json`` from the package or with CLIP's older two files."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from artrator.errors import ArtratorError, Code

Ids = npt.NDArray[np.int64]

#: How CLIP cuts text before it looks for pairs: contractions, words, single digits, runs of other signs.
_CLIP_WORDS: Final = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_CLIP_BEGIN: Final = "<|startoftext|>"
_CLIP_END: Final = "<|endoftext|>"


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

    def __init__(self, tokenizer: Any, *, max_length: int, filling: int | None) -> None:
        """Use ``from_json`` or ``from_clip``.

        Args:
            tokenizer: Of the library ``tokenizers``.
            max_length: What goes beyond is cut off, end tokens kept.
            filling: The token that fills up to ``max_length``; None leaves texts as long as they are.
        """
        self._tokenizer: Final = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)
        # What a buyer types is text, even where it looks like the sign for the end of a text.
        self._tokenizer.encode_special_tokens = True
        self._max_length: Final = max_length
        self._filling: Final = filling

    @classmethod
    def from_json(
        cls, definition: bytes, *, name: str, max_length: int, pad: bool, filling: str | None = None
    ) -> TokenReader:
        """A tokenizer from the bytes of ``tokenizer.json``.

        Args:
            definition: The bytes.
            name: The file, for messages.
            max_length: What goes beyond is cut off.
            pad: Fill up to ``max_length``.
            filling: The token to fill with; the one that the file names if None.

        Raises:
            ArtratorError: ``package_invalid`` if the file is not a tokenizer; ``backend_runtime_broken`` without
                the library.
        """
        library = _library()
        tokenizer = _guarded(lambda: library.Tokenizer.from_buffer(definition), name)
        number = None if filling is None else tokenizer.token_to_id(filling)
        if number is None:
            number = int((tokenizer.padding or {}).get("pad_id", 0))
        return cls(tokenizer, max_length=max_length, filling=number if pad else None)

    @classmethod
    def from_clip(cls, vocabulary: bytes, merges: bytes, *, name: str, max_length: int, filling: str) -> TokenReader:
        """CLIP's tokenizer from ``vocab.json`` and ``merges.txt``.

        Args:
            vocabulary: Tokens and their numbers.
            merges: Pairs that become one, the first line being a version.
            name: The folder, for messages.
            max_length: What goes beyond is cut off.
            filling: The token that fills up to ``max_length``.

        Raises:
            ArtratorError: As ``from_json``.
        """
        library = _library()

        def build() -> tuple[Any, int]:
            numbers: dict[str, int] = json.loads(vocabulary)
            lines = [line for line in merges.decode().splitlines() if line and not line.startswith("#version")]
            pairs = [(left, right) for left, right in (line.split(" ") for line in lines)]
            tokenizer = library.Tokenizer(
                library.models.BPE(vocab=numbers, merges=pairs, unk_token=_CLIP_END, end_of_word_suffix="</w>")
            )
            normalizers, words = library.normalizers, library.pre_tokenizers
            tokenizer.normalizer = normalizers.Sequence(
                [normalizers.NFC(), normalizers.Replace(library.Regex(r"\s+"), " "), normalizers.Lowercase()]
            )
            tokenizer.pre_tokenizer = words.Sequence(
                [
                    words.Split(library.Regex(_CLIP_WORDS), behavior="removed", invert=True),
                    words.ByteLevel(add_prefix_space=False),
                ]
            )
            begin, end = (_CLIP_BEGIN, numbers[_CLIP_BEGIN]), (_CLIP_END, numbers[_CLIP_END])
            tokenizer.post_processor = library.processors.RobertaProcessing(
                end, begin, trim_offsets=False, add_prefix_space=False
            )
            tokenizer.add_special_tokens([_CLIP_BEGIN, _CLIP_END])
            return tokenizer, numbers[filling]

        tokenizer, number = _guarded(build, name)
        return cls(tokenizer, max_length=max_length, filling=number)

    def read(self, text: str) -> Tokens:
        """Turn a text into tokens; halves of characters, which JSON can carry, become question marks."""
        encoding = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        ids: Sequence[int] = encoding.ids
        mask = [1] * len(ids)
        if self._filling is not None:
            missing = self._max_length - len(ids)
            ids = [*ids, *[self._filling] * missing]
            mask = [*mask, *[0] * missing]
        return Tokens(np.array(ids, np.int64), np.array(mask, np.int64), np.zeros(len(ids), np.int64))


def _library() -> Any:
    try:
        return importlib.import_module("tokenizers")
    except ImportError as error:
        raise ArtratorError(
            Code.BACKEND_RUNTIME_BROKEN, "tokenizers is not installed.", cure="Install the package tokenizers."
        ) from error


def _guarded(build: Callable[[], Any], name: str) -> Any:
    try:
        return build()
    except Exception as error:  # the library raises plain Exception, and the files may hold anything
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ArtratorError(
            Code.PACKAGE_INVALID,
            f"{name} is not a tokenizer: {reason}",
            cure="Use the tokenizer files that belong to the model.",
        ) from error
