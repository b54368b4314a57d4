# SPDX-License-Identifier: Apache-2.0
"""Sentence embeddings of prompts with MiniLM (int8 ONNX)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before onnxruntime loads

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer


class TextEncoder:
    """Turns a prompt into one unit-length vector of 384 numbers."""

    def __init__(self, model: Path, tokenizer: Path, threads: int = 1) -> None:
        """Load the encoder.

        Args:
            model: ONNX file of all-MiniLM-L6-v2.
            tokenizer: its ``tokenizer.json``.
            threads: CPU threads to use.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(128)

    def encode(self, prompts: Sequence[str]) -> NDArray[np.float32]:
        """Embed prompts; ``[n, 384]``, rows of unit length.

        One run per prompt: the int8 model scales its activations over the whole batch, so the vector of a prompt
        would otherwise depend on its batch mates and on padding.
        """
        return np.stack([self._encode_one(prompt) for prompt in prompts])

    def _encode_one(self, prompt: str) -> NDArray[np.float32]:
        encoding = self._tokenizer.encode(prompt)
        ids = np.array([encoding.ids], dtype=np.int64)
        mask = np.array([encoding.attention_mask], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(["last_hidden_state"], inputs)[0]
        mean: NDArray[np.float32] = (hidden * mask[..., None]).sum(axis=1)[0] / mask.sum()
        unit: NDArray[np.float32] = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit
