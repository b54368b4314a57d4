"""The graph as one batched function, so that jobs that run at the same moment share a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from artrator.backend import Array, Batch, Kernel
from artrator.errors import ArtratorError, Code, ModelError
from artrator.onnx_runtime import Session
from artrator_onnx.feeds import RowMaker
from artrator_onnx.spec import PictureResult, Spec

#: From here on a run takes far more memory than a model at rest should keep: a picture of 0.3 million pixels.
_LARGE_BYTES: Final = 4 << 20


class GraphKernel:
    """A session behind a :class:`artrator.backend.Kernel`.

    Attributes:
        kernel: What to give to ``context.batch``.
    """

    def __init__(self, spec: Spec, session: Session, rows: RowMaker) -> None:
        self._graph: Final = spec.graph
        self._session: Final = session
        self._constants: Final = rows.constants
        self._wanted: Final = sorted({result.tensor for result in spec.results.values()})
        # Tensors without a batch axis get their one row without it.
        self._bare: Final = frozenset(
            name for name in session.inputs if name not in rows.constants and not rows.has_batch_axis(name)
        )
        self._bare_pictures: Final = frozenset(
            result.tensor
            for result in spec.results.values()
            if isinstance(result, PictureResult) and len(session.outputs[result.tensor].shape or (0,) * 4) == 3
        )
        self.kernel: Final = Kernel(
            spec.graph, self._run, self._max_batch(spec.most_rows), any_thread=session.any_thread
        )

    def _run(self, batch: Batch) -> Batch:
        count = len(next(iter(batch.values()))) if batch else 1
        feeds: dict[str, Array] = {
            name: np.asarray(rows[0]) if name in self._bare else rows for name, rows in batch.items()
        }
        for name, value in self._constants.items():
            shape = self._session.inputs[name].shape
            free = bool(shape) and not isinstance(shape[0], int) if shape is not None else False
            feeds[name] = np.repeat(value, count, axis=0) if free and value.shape[0] == 1 else value
        large = sum(rows.nbytes for rows in feeds.values()) > _LARGE_BYTES
        made = self._session.run(feeds, self._wanted, release=large)
        return {name: self._rows_of(name, tensor, count) for name, tensor in made.items()}

    def _rows_of(self, name: str, tensor: Array, count: int) -> Array:
        if count == 1 and (tensor.ndim == 0 or name in self._bare_pictures):
            tensor = tensor[None]
        if len(tensor) != count:
            raise ModelError(f"{self._graph} made {len(tensor)} rows of {name} where {count} were expected.")
        return tensor

    def _max_batch(self, wanted: int) -> int:
        """One row at a time where the graph says so or where a tensor has no place for several."""
        firsts: Mapping[str, int | str] = {
            name: tensor.shape[0]
            for name, tensor in self._session.inputs.items()
            if tensor.shape and name not in self._constants and name not in self._bare
        }
        for name, first in firsts.items():
            if isinstance(first, int) and first != 1:
                raise ArtratorError(
                    Code.PACKAGE_INVALID,
                    f"{self._graph} takes exactly {first} rows in '{name}'.",
                    cure="Export the model with a batch of one, or with a free batch axis.",
                )
        alone = bool(self._bare) or any(isinstance(first, int) for first in firsts.values())
        return 1 if alone else wanted
