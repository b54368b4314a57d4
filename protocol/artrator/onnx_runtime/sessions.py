"""One loaded graph: made from bytes, on the device that was asked for, and nowhere else."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

from artrator.backend import Array, Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.onnx_runtime.graph import read_graph
from artrator.onnx_runtime.providers import cannot, provider_of, wanted
from artrator.onnx_runtime.wheels import require_runtime

#: How onnxruntime words it, on the processor and on GPUs.
_OUT_OF_MEMORY: Final = (
    "Available memory of",
    "Failed to allocate memory",
    "bad_alloc",
    "out of memory",
    "ALLOC_FAILED",
)

_limited_to = 0


class Session:
    """A graph that can be run.

    Attributes:
        name: The file, for messages.
        provider: The execution provider that really runs it.
        inputs, outputs: What the file says of its tensors.
        weight_bytes: Of its stored tensors.
    """

    def __init__(self, inner: Any, releasing: Any, model: bytes, name: str) -> None:
        facts = read_graph(model, name)
        self._inner = inner
        self._releasing: Final = releasing
        self.name: Final = name
        self.provider: Final[str] = inner.get_providers()[0]
        self.inputs: Final = facts.inputs
        self.outputs: Final = facts.outputs
        self.weight_bytes: Final = facts.weight_bytes

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str], *, release: bool = False) -> dict[str, Array]:
        """Run the graph once. Releases the interpreter lock while it computes.

        Args:
            feeds: Arrays by tensor name, of the types and shapes that the graph names.
            outputs: The tensors wanted.
            release: Give the memory that this run took back afterwards, instead of keeping it for the next one. Right
                for a large run now and then, wrong for many small ones.

        Raises:
            ModelError: The graph refused the arrays or failed.
            MemoryError: It ran out of the memory that it may take; a smaller batch may fit.
        """
        try:
            found = self._inner.run(list(outputs), dict(feeds), self._releasing if release else None)
        except Exception as error:  # onnxruntime raises classes of its own, all derived from Exception alone
            if any(words in str(error) for words in _OUT_OF_MEMORY):
                raise MemoryError(f"{self.name} ran out of memory") from error
            raise ModelError(f"{self.name} failed while it ran: {_first_line(error)}") from error
        return dict(zip(outputs, found, strict=True))

    def close(self) -> None:
        """Give the memory back; the session cannot run any more."""
        self._inner = None


def session(
    model: bytes, device: Device | None = None, *, name: str = "model.onnx", external: Mapping[str, bytes] | None = None
) -> Session:
    """Load a graph from bytes.

    Args:
        model: The bytes of the ONNX file.
        device: What to compute on; the processor if None.
        name: For messages.
        external: Weights in other files, by the name that the model gives them.

    Raises:
        ArtratorError: ``backend_runtime_broken`` if onnxruntime is missing, doubled or cannot use the device;
            ``package_invalid`` if onnxruntime refuses the graph.
    """
    device = device or Device()
    runtime = require_runtime()
    provider = provider_of(runtime, device)
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; the log would repeat it on stderr
    options.intra_op_num_threads = device.threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait burn a core between two requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if device.kind == "cpu" and _limit_memory(runtime, device.memory_bytes):
        options.add_session_config_entry("session.use_env_allocators", "1")
    if external:
        _lend_external(options, external, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about the fallback that is refused below
            inner = runtime.InferenceSession(model, options, providers=wanted(provider, device))
    except Exception as error:  # onnxruntime raises classes of its own, all derived from Exception alone
        raise ArtratorError(
            Code.PACKAGE_INVALID,
            f"onnxruntime refuses {name}: {_first_line(error)}",
            cure="Check that the file runs with this version of onnxruntime, then sign the package again.",
        ) from error
    releasing = runtime.RunOptions()
    arena = "cpu:0" if device.kind == "cpu" else f"cpu:0;gpu:{device.index}"
    releasing.add_run_config_entry("memory.enable_memory_arena_shrinkage", arena)
    loaded = Session(inner, releasing, model, name)
    if loaded.provider != provider:
        raise cannot(device, f"it fell back to {loaded.provider}")
    return loaded


def _limit_memory(runtime: Any, limit: int) -> bool:
    """Cap what all sessions of this process may take together; the first limit given holds. True if there is one."""
    global _limited_to  # the allocator belongs to the process, as onnxruntime has it
    if limit and not _limited_to:
        arena = runtime.OrtArenaCfg(
            {
                "max_mem": min(limit, sys.maxsize),
                "arena_extend_strategy": 1,  # grow by what is asked for, not to the next power of two
                "initial_chunk_size_bytes": -1,
                "max_dead_bytes_per_chunk": -1,
            }
        )
        where = runtime.OrtMemoryInfo(
            "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
        )
        runtime.create_and_register_allocator(where, arena)
        _limited_to = limit
    return bool(_limited_to)


def _lend_external(options: Any, external: Mapping[str, bytes], name: str) -> None:
    lend = getattr(options, "add_external_initializers_from_files_in_memory", None)
    if lend is None:
        raise ArtratorError(
            Code.BACKEND_RUNTIME_BROKEN,
            f"{name} keeps weights in other files, which this onnxruntime can only read from disk.",
            cure="Update onnxruntime, or save the model as one file.",
        )
    lend(list(external), list(external.values()), [len(data) for data in external.values()])


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].removeprefix("[ONNXRuntimeError] : ")[:300]
