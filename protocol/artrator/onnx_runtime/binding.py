"""Runs of a session whose tensors are bound to a card's memory, and replayed as CUDA graphs where shapes repeat.

Without binding, every run allocates for its inputs and copies through pageable memory. With it, each signature of
shapes has its own buffers on the card, which are filled in place. From the third run with the same shapes on, the
kernels that the card was given are recorded once, and then started together instead of one by one:
https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html#using-cuda-graphs-preview
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from artrator.backend import Array

#: Signatures whose buffers are kept; the one that was not used for the longest time makes room.
_KEPT: Final = 8
#: A shape that was seen so often is worth recording: the first runs choose algorithms and allocate.
_WORTH_RECORDING: Final = 3
#: ``gpu_graph_id`` of a run that is neither recorded nor replayed.
_NO_GRAPH: Final = "-1"

#: Name, type and shape of every tensor that goes in, and the names of what comes out.
_Signature: TypeAlias = tuple[tuple[tuple[str, str, tuple[int, ...]], ...], tuple[str, ...]]


class _Bound:
    """The buffers of one signature."""

    def __init__(self, number: int) -> None:
        self.number: Final = number
        self.runs = 0
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.replay: Any = None


class Binding:
    """Runs a session with bound tensors. One call at a time, as kernels are."""

    def __init__(self, runtime: Any, inner: Any, device: str, index: int, *, record: bool) -> None:
        """Bind to a device.

        Args:
            runtime: onnxruntime.
            inner: The session.
            device: What onnxruntime calls the memory, such as ``cuda``.
            index: Which card.
            record: The session was made with ``enable_cuda_graph``.
        """
        self._runtime: Final = runtime
        self._inner: Final = inner
        self._device: Final = device
        self._index: Final = index
        self._record: Final = record
        self._bound: Final[OrderedDict[_Signature, _Bound]] = OrderedDict()
        self._numbers = 0
        self._plain: Any = self._graph(_NO_GRAPH) if record else None

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str], options: Any = None) -> list[Array]:
        """Run once.

        Args:
            feeds: Arrays by tensor name.
            outputs: The tensors wanted, in this order.
            options: Run options; of no use to a session that records, whose memory must stay where it is.
        """
        arrays = {name: np.asarray(array, order="C") for name, array in feeds.items()}
        bound = self._of(arrays, outputs)
        bound.runs += 1
        self._fill(bound, arrays)
        replayed = self._record and bound.runs >= _WORTH_RECORDING and bool(bound.outputs)
        binding = self._inner.io_binding()
        for name, value in bound.inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name in outputs:
            if replayed:  # it writes to where the recorded run wrote
                binding.bind_ortvalue_output(name, bound.outputs[name])
            elif self._record:
                binding.bind_output(name, self._device, self._index)
            else:  # the next step of a sampler is numpy's
                binding.bind_output(name)
        if replayed and bound.replay is None:
            bound.replay = self._graph(str(bound.number))
        self._inner.run_with_iobinding(binding, (bound.replay if replayed else self._plain) or options)
        values = binding.get_outputs()
        if self._record and not replayed and bound.number:
            bound.outputs = dict(zip(outputs, values, strict=True))
        # Where the memory is not a card's, ``numpy()`` is a view of what the next run writes to.
        return [np.array(value.numpy()) for value in values]

    def _of(self, arrays: Mapping[str, Array], outputs: Sequence[str]) -> _Bound:
        tensors = tuple((name, array.dtype.str, array.shape) for name, array in sorted(arrays.items()))
        signature = (tensors, tuple(outputs))
        bound = self._bound.pop(signature, None)
        if bound is None:
            if len(self._bound) >= _KEPT:
                idle = next((s for s, other in self._bound.items() if other.replay is None), None)
                if idle is None:
                    # Recordings hold addresses for ever, so none of them makes room: this shape runs unrecorded.
                    return _Bound(0)
                del self._bound[idle]
            self._numbers += 1
            bound = _Bound(self._numbers)
        self._bound[signature] = bound
        return bound

    def _fill(self, bound: _Bound, arrays: Mapping[str, Array]) -> None:
        for name, array in arrays.items():
            value = bound.inputs.get(name)
            if value is None:
                bound.inputs[name] = self._runtime.OrtValue.ortvalue_from_numpy(array, self._device, self._index)
            else:
                value.update_inplace(array)

    def _graph(self, number: str) -> Any:
        options = self._runtime.RunOptions()
        options.add_run_config_entry("gpu_graph_id", number)
        return options
