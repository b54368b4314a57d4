"""Tokenises prompts and encodes them with an ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Array, Batch, Context, Kernel, Value
from artrator.errors import ModelError
from artrator.onnx_runtime import Session, TokenReader

POOLINGS: Final = ("none", "mean", "first", "last")


@dataclass(frozen=True)
class TextSettings:
    """How a text encoder is called.

    Attributes:
        graph: The ONNX file.
        tokenizer: The ``tokenizer.json``.
        prompt: The text input.
        negative: The text input that says what is not wanted; None if there is none.
        max_length: Tokens beyond are cut off.
        pad: Fill up to ``max_length``.
        ids, mask, types: Names of the input tensors; None where the graph has none.
        output: The tensor to take.
        pooling: ``none`` keeps one row a token; ``mean``, ``first`` and ``last`` make one row of them.
        normalize: Divide a pooled row by its length.
        batch: Prompts per run at most. 1 where a row depends on its neighbours, as in graphs that quantise as they go.
    """

    graph: str
    tokenizer: str
    prompt: str
    negative: str | None = None
    max_length: int = 128
    pad: bool = False
    ids: str = "input_ids"
    mask: str | None = None
    types: str | None = None
    output: str = "last_hidden_state"
    pooling: str = "none"
    normalize: bool = False
    batch: int = 1


class TextEncoder:
    """A loaded text encoder."""

    def __init__(self, settings: TextSettings, session: Session, reader: TokenReader) -> None:
        self._settings: Final = settings
        self._session: Final = session
        self._reader: Final = reader
        self._kernel: Final = Kernel(settings.graph, self._run, settings.batch, any_thread=session.any_thread)

    async def encode(self, inputs: Mapping[str, Value], context: Context) -> Array:
        """The prompt of a job as ``[width]`` pooled, else ``[tokens, width]``."""
        return await self._encode(str(inputs[self._settings.prompt]), context)

    async def encode_negative(self, inputs: Mapping[str, Value], context: Context) -> Array:
        """What is not wanted, in the same form; without such an input, the empty text."""
        negative = self._settings.negative
        return await self._encode("" if negative is None else str(inputs.get(negative, "")), context)

    def close(self) -> None:
        """Give the memory back."""
        self._session.close()

    @property
    def weight_bytes(self) -> int:
        """What the weights take."""
        return self._session.weight_bytes

    async def _encode(self, prompt: str, context: Context) -> Array:
        settings = self._settings
        tokens = self._reader.read(prompt)
        feeds: dict[str, Array] = {}
        for name, values in ((settings.ids, tokens.ids), (settings.mask, tokens.mask), (settings.types, tokens.types)):
            if name is not None:
                feeds[name] = values.astype(self._session.inputs[name].dtype)[None]
        rows: Array = (await context.batch(self._kernel, feeds))[settings.output][0].astype(np.float32)
        if settings.pooling == "none" or rows.ndim == 1:
            return rows
        return self._pool(rows, tokens.mask.astype(np.float32))

    def _pool(self, rows: Array, mask: Array) -> Array:
        pooling = self._settings.pooling
        pooled: Array
        if pooling == "first":
            pooled = rows[0]
        elif pooling == "last":
            pooled = rows[int(mask.sum()) - 1]
        else:
            pooled = (rows * mask[:, None]).sum(axis=0) / mask.sum()
        if self._settings.normalize:
            length = np.linalg.norm(pooled)
            if not length > 0:
                raise ModelError("The prompt cannot be encoded; word it differently.")
            pooled = pooled / length
        single: Array = pooled.astype(np.float32)
        return single

    def _run(self, batch: Batch) -> Batch:
        return self._session.run(batch, [self._settings.output])
