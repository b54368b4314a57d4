"""Encodes prompts with the one or two CLIP text encoders of a Stable Diffusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from artrator.backend import Array, Batch, Context, Kernel, Value
from artrator.onnx_runtime import Session, TokenReader


@dataclass(frozen=True)
class ClipPart:
    """One text encoder and its tokenizer.

    Attributes:
        graph: The ONNX file.
        tokenizer: The folder of the tokenizer.
        ids: The tensor that takes token numbers.
        hidden: The tensor with one row a token.
        pooled: The tensor with one row a prompt; None where there is none.
        max_length, filling: Tokens of a prompt, and the one that fills up.
    """

    graph: str
    tokenizer: str
    ids: str
    hidden: str
    pooled: str | None
    max_length: int
    filling: str


@dataclass(frozen=True)
class EncodedPrompt:
    """What a network is conditioned on.

    Attributes:
        hidden: ``[tokens, width]``, the widths of all encoders side by side.
        pooled: ``[width]`` of the last encoder; None where it has none.
    """

    hidden: Array
    pooled: Array | None

    def zeros(self) -> EncodedPrompt:
        """Nothing, in the same form."""
        return EncodedPrompt(np.zeros_like(self.hidden), None if self.pooled is None else np.zeros_like(self.pooled))


class ClipEncoder:
    """One loaded text encoder."""

    def __init__(self, part: ClipPart, session: Session, reader: TokenReader) -> None:
        self._part: Final = part
        self._session: Final = session
        self._reader: Final = reader
        self._outputs: Final = [part.hidden] if part.pooled is None else [part.hidden, part.pooled]
        # One prompt a run: encoders that quantise as they go would make a prompt depend on its company.
        self._kernel: Final = Kernel(part.graph, self._run, 1, any_thread=session.any_thread)

    @property
    def weight_bytes(self) -> int:
        """What the weights take."""
        return self._session.weight_bytes

    def close(self) -> None:
        """Give the memory back."""
        self._session.close()

    async def encode(self, prompt: str, context: Context) -> EncodedPrompt:
        """Encode one prompt."""
        ids = self._reader.read(prompt).ids.astype(self._session.inputs[self._part.ids].dtype)[None]
        made = await context.batch(self._kernel, {self._part.ids: ids})
        rows = [made[name][0].astype(np.float32) for name in self._outputs]
        return EncodedPrompt(rows[0], rows[1] if len(rows) > 1 else None)

    def _run(self, batch: Batch) -> Batch:
        return self._session.run(batch, self._outputs)


class PromptEncoder:
    """All text encoders of a package: the prompt, and what is not wanted."""

    def __init__(
        self, encoders: Sequence[ClipEncoder], *, prompt: str, negative: str | None, zeros_for_empty: bool
    ) -> None:
        """Put them together.

        Args:
            encoders: In the order in which their rows lie side by side.
            prompt: The text input.
            negative: The text input that says what is not wanted; None if there is none.
            zeros_for_empty: Whether the network was trained with zeros for no prompt, instead of the empty text.
        """
        self._encoders: Final = encoders
        self._prompt: Final = prompt
        self._negative: Final = negative
        self._zeros_for_empty: Final = zeros_for_empty

    @property
    def weight_bytes(self) -> int:
        """What the weights take."""
        return sum(encoder.weight_bytes for encoder in self._encoders)

    def close(self) -> None:
        """Give the memory back."""
        for encoder in self._encoders:
            encoder.close()

    async def encode(self, inputs: Mapping[str, Value], context: Context) -> tuple[EncodedPrompt, EncodedPrompt]:
        """The prompt of a job, and what stands for no prompt in its guidance."""
        given = await self._encode(str(inputs[self._prompt]), context)
        unwanted = "" if self._negative is None else str(inputs.get(self._negative, ""))
        if self._zeros_for_empty and not unwanted.strip():
            return given, given.zeros()
        return given, await self._encode(unwanted, context)

    async def _encode(self, prompt: str, context: Context) -> EncodedPrompt:
        parts = [await encoder.encode(prompt, context) for encoder in self._encoders]
        return EncodedPrompt(np.concatenate([part.hidden for part in parts], axis=1), parts[-1].pooled)
