"""The rows of a job that are not cut from its pictures: numbers, choices, tokens, noise and constants."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from artrator.backend import Array, Context, Value
from artrator.errors import ModelError
from artrator.onnx_runtime import TensorFacts, TokenReader
from artrator_onnx.spec import ChoiceFeed, ConstantFeed, Feed, NoiseFeed, NumberFeed, TokenFeed


class RowMaker:
    """Makes what goes into every tensor but the pictures."""

    def __init__(
        self, feeds: Mapping[str, Feed], tensors: Mapping[str, TensorFacts], readers: Mapping[str, TokenReader]
    ) -> None:
        self._feeds = feeds
        self._tensors = tensors
        self._readers = readers
        #: What is the same for every job, whole, by tensor.
        self.constants = {
            name: self._constant(feed, tensors[name]) for name, feed in feeds.items() if isinstance(feed, ConstantFeed)
        }

    def make(self, inputs: Mapping[str, Value], count: int, context: Context) -> dict[str, Array]:
        """``count`` rows for each tensor, the batch axis first.

        Raises:
            ModelError: A choice that the model does not know.
        """
        generators: dict[int, np.random.Generator] = {}
        rows: dict[str, Array] = {}
        for name, feed in self._feeds.items():
            dtype = self._tensors[name].dtype
            if isinstance(feed, NumberFeed):
                value = np.asarray(float(_number(inputs[feed.input])) * feed.scale + feed.offset, dtype)
                rows[name] = np.repeat(value.reshape(1, *self._inner(name)), count, axis=0)
            elif isinstance(feed, ChoiceFeed):
                rows[name] = np.repeat(self._choice(feed, str(inputs[feed.input]), name)[None], count, axis=0)
            elif isinstance(feed, TokenFeed):
                tokens = self._readers[name].read(str(inputs[feed.input]))
                row: Array = {"ids": tokens.ids, "mask": tokens.mask, "types": tokens.types}[feed.part]
                rows[name] = np.repeat(row.astype(dtype)[None], count, axis=0)
            elif isinstance(feed, NoiseFeed):
                seed = int(_number(inputs[feed.seed])) if isinstance(feed.seed, str) else feed.seed
                # One generator per seed, so that two tensors of noise with one seed are not the same noise.
                generator = generators.setdefault(seed, context.generator(seed))
                rows[name] = _noise(feed, generator, count).astype(dtype)
        return rows

    def has_batch_axis(self, name: str) -> bool:
        """Whether a tensor's first axis is the batch: whether it has one axis more than a row."""
        shape, feed = self._tensors[name].shape, self._feeds[name]
        if shape is None:
            return True
        if isinstance(feed, NumberFeed):
            return len(shape) > 0
        if isinstance(feed, ChoiceFeed):
            return len(shape) > (1 if feed.one_hot else 0)
        if isinstance(feed, TokenFeed):
            return len(shape) > 1
        if isinstance(feed, NoiseFeed):
            return len(shape) > len(feed.shape)
        if isinstance(feed, ConstantFeed):
            return False  # given whole, whatever its axes mean
        return len(shape) > 3

    def _inner(self, name: str) -> tuple[int, ...]:
        """The axes of a single number after the batch: as many ones as the tensor has."""
        return (1,) * max(len(self._tensors[name].shape or ()) - 1, 0)

    def _choice(self, feed: ChoiceFeed, value: str, name: str) -> Array:
        dtype = self._tensors[name].dtype
        if not feed.one_hot:
            if value not in feed.values:
                raise ModelError(f"'{value}' is no choice of {feed.input}.")
            return np.asarray(feed.values.index(value), dtype).reshape(self._inner(name))
        row = np.zeros(len(feed.values), dtype)
        if value in feed.values:  # a choice that the package leaves out of the list means "none of them"
            row[feed.values.index(value)] = 1
        return row

    @staticmethod
    def _constant(feed: ConstantFeed, tensor: TensorFacts) -> Array:
        value = np.asarray(feed.value, tensor.dtype)
        if tensor.shape is None:
            return value
        if value.ndim == 0:  # one number fills the tensor; what the graph leaves open is one wide
            return np.full([side if isinstance(side, int) else 1 for side in tensor.shape], value)
        return value.reshape((1,) * (len(tensor.shape) - 1) + value.shape)


def _noise(feed: NoiseFeed, generator: np.random.Generator, count: int) -> Array:
    # Row by row, so that the first picture of four is the one that a job of one makes.
    if feed.distribution == "normal":
        drawn = [generator.standard_normal(feed.shape) for _ in range(count)]
    else:
        drawn = [generator.random(feed.shape) for _ in range(count)]
    return np.stack(drawn) * feed.scale


def _number(value: Value) -> int | float:
    if isinstance(value, int | float):
        return value
    raise ModelError("An input that must be a number is none.")
