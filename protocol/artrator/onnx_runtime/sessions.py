"""One loaded graph: made from bytes, or mapped as it was saved, on the device that was asked for and nowhere else."""

from __future__ import annotations

import mmap
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from artrator.backend import PRECISIONS, Array, Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.onnx_runtime.binding import Binding
from artrator.onnx_runtime.feed import Pieces, can_feed, feed
from artrator.onnx_runtime.graph import GraphFacts, read_graph
from artrator.onnx_runtime.providers import arenas, cannot, for_graph, in_use, may_record, provider_of, tune, wanted
from artrator.onnx_runtime.wheels import require_runtime
from artrator.out_of_memory import is_out_of_memory

#: The path of a graph that came through a pipe, which says nothing to anybody.
_PIPE: Final = re.compile(r"/proc/self/fd/\d+")

#: What onnxruntime lists, a line each, for arrays whose sizes are wrong.
_AXES: Final = re.compile(r"index: (\d+) Got: (\d+) Expected: (\d+)")
#: File, line and function of onnxruntime's own code, which some of its errors begin with.
_WHERE: Final = re.compile(r"/\S+\.(?:cc|h):\d+ [^()]*\([^()]*\) ")

#: Smaller weights stay in the graph itself.
_LEAST_OUTSIDE: Final = 1024

#: Devices whose memory is not the processor's, and whose tensors are therefore bound to it.
_BOUND: Final = frozenset({"cuda", "tensorrt"})

_limited_to = 0

#: A file of weights in memory, which must stay until whoever it was lent to has what it needs.
Lent: TypeAlias = bytes | mmap.mmap


class Session:
    """A graph that can be run.

    Attributes:
        name: The file, for messages.
        provider: The execution provider that really runs it.
        inputs, outputs: What the file says of its tensors.
        weight_bytes: Of its stored tensors.
    """

    def __init__(
        self, inner: Any, releasing: Any, facts: GraphFacts, name: str, binding: Binding | None = None
    ) -> None:
        self._inner = inner
        self._binding = binding
        self._releasing: Final = releasing
        self.name: Final = name
        self.provider: Final[str] = inner.get_providers()[0]
        self.inputs: Final = facts.inputs
        self.outputs: Final = facts.outputs
        self.weight_bytes: Final = facts.weight_bytes

    @property
    def any_thread(self) -> bool:
        """Whether runs may come from any thread; for a card, onnxruntime keeps something for each."""
        return self.provider == "CPUExecutionProvider"

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
            options = self._releasing if release else None
            if self._binding is not None:
                found = self._binding.run(feeds, outputs, options)
            else:
                found = self._inner.run(list(outputs), dict(feeds), options)
        except Exception as error:  # onnxruntime raises classes of its own, all derived from Exception alone
            if is_out_of_memory(error):
                raise MemoryError(f"{self.name} ran out of memory") from error
            raise ModelError(f"{self.name} failed while it ran: {_sentence(error)}") from error
        return dict(zip(outputs, found, strict=True))

    def close(self) -> None:
        """Give the memory back; the session cannot run any more."""
        self._inner = self._binding = None


def session(
    model: bytes | Pieces,
    device: Device | None = None,
    *,
    name: str = "model.onnx",
    external: Mapping[str, Lent] | None = None,
    facts: GraphFacts | None = None,
) -> Session:
    """Load a graph from bytes.

    Args:
        model: The bytes of the ONNX file, or what makes them piece by piece; then ``facts`` must be given.
        device: What to compute on; the processor if None.
        name: For messages.
        external: Weights in other files, by the name that the model gives them; needed until this returns.
        facts: What the model says of itself, if the caller has read it.

    Raises:
        ArtratorError: ``backend_runtime_broken`` if onnxruntime is missing, doubled or cannot use the device;
            ``package_invalid`` if onnxruntime refuses the graph.
        MemoryError: It does not fit.
    """
    device = device or Device()
    runtime = require_runtime()
    options = _options(runtime, device)
    if external:
        _lend_external(options, external, name)
    if facts is None:
        model = model if isinstance(model, bytes) else b"".join(model())
        facts = read_graph(model, name)
    return _open(runtime, model, options, device, facts, name)


def mapped_session(graph: Path, device: Device, facts: GraphFacts, *, name: str) -> Session:
    """Load what ``save_session`` saved; its weights are mapped and shared with whoever maps them too.

    Raises:
        ArtratorError: as of ``session``.
    """
    runtime = require_runtime()
    options = _options(runtime, device)
    # It is optimised; to do so again would cost time, and the weights that were packed would fit it no more.
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return _open(runtime, str(graph), options, device, facts, name)


def save_session(
    model: bytes | Pieces, device: Device, graph: Path, weights: Path, *, external: Mapping[str, Lent] | None = None
) -> bool:
    """Optimise a graph and write it down for ``mapped_session``, with its weights as they are packed on this processor.

    In two rounds, because onnxruntime would else hold each weight three times: as read, as optimised and as packed. The
    first one optimises; the second one maps what the first has written, and packs it.

    Args:
        model: The bytes of the ONNX file, or what makes them piece by piece.
        device: What it will be loaded for.
        graph: Where to write it; the folder must exist.
        weights: Where to write its weights, in the same folder.
        external: As of ``session``.

    Returns:
        Whether onnxruntime could: it cannot save what another compiler has made of a graph.
    """
    runtime = require_runtime()
    unpacked, its_weights = (path.with_name(f"unpacked-{path.name}") for path in (graph, weights))
    try:
        options = _saving(runtime, device, unpacked, its_weights)
        options.add_session_config_entry("session.disable_prepacking", "1")
        if external:
            _lend_external(options, external, graph.name)
            # Nothing is computed with this session, and it is gone before what was lent to it is: it needs no copy.
            options.add_session_config_entry("session.use_external_initializer_file_buffers_directly", "1")
        _open(runtime, model, options, device, GraphFacts(), graph.name).close()
        options = _saving(runtime, device, graph, weights)
        options.add_session_config_entry("session.save_external_prepacked_constant_initializers", "1")
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        _open(runtime, str(unpacked), options, device, GraphFacts(), graph.name).close()
    except ArtratorError as error:
        if error.code == Code.PACKAGE_CHANGED:
            raise
        return False
    except MemoryError:
        return False
    finally:
        for path in (unpacked, its_weights):
            path.unlink(missing_ok=True)
    return graph.is_file()


def _saving(runtime: Any, device: Device, graph: Path, weights: Path) -> Any:
    """Options of a session that is written to ``graph`` and ``weights``."""
    options = _options(runtime, device)
    options.optimized_model_filepath = str(graph)
    for key, value in (
        ("optimized_model_external_initializers_file_name", weights.name),
        ("optimized_model_external_initializers_min_size_in_bytes", str(_LEAST_OUTSIDE)),
    ):
        options.add_session_config_entry(f"session.{key}", value)
    return options


def _options(runtime: Any, device: Device) -> Any:
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; the log would repeat it on stderr
    tune(runtime, options, device)
    if device.kind == "cpu" and _limit_memory(runtime, device.memory_bytes):
        options.add_session_config_entry("session.use_env_allocators", "1")
    return options


def _open(
    runtime: Any, model: bytes | Pieces | str, options: Any, device: Device, facts: GraphFacts, name: str
) -> Session:
    """Make a session from bytes, from pieces, or from the path of a derived graph."""
    provider = provider_of(runtime, device)
    device = for_graph(device, name)
    record = may_record(device, facts)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of computing elsewhere, which is refused below
            try:
                inner = _made(runtime, model, options, device, wanted(provider, device, facts=facts, record=record))
            except Exception:
                if not record:
                    raise
                # A graph of which a part runs on the processor cannot be recorded; it can be run.
                record = False
                inner = _made(runtime, model, options, device, wanted(provider, device, facts=facts))
    except ArtratorError:
        raise  # the package is not what was signed
    except Exception as error:  # onnxruntime raises classes of its own, all derived from Exception alone
        if is_out_of_memory(error):
            raise MemoryError(f"{name} does not fit into memory") from error
        if device.kind != "cpu" and isinstance(error, ValueError | RuntimeError):
            raise cannot(device, _first_line(error)) from error  # it has errors of its own for what graphs are to blame
        raise ArtratorError(
            Code.PACKAGE_INVALID,
            f"onnxruntime refuses {name}: {_first_line(error)}",
            cure="Check that the file runs with this version of onnxruntime, then sign the package again.",
        ) from error
    for kept in ("_model_bytes", "_model_path"):
        # It keeps them to begin anew on another device: a second copy of all weights, for ever.
        if hasattr(inner, kept):
            setattr(inner, kept, None)
    releasing = None
    if stores := arenas(device):
        releasing = runtime.RunOptions()
        releasing.add_run_config_entry("memory.enable_memory_arena_shrinkage", stores)
    binding = Binding(runtime, inner, "cuda", device.index, record=record) if device.kind in _BOUND else None
    loaded = Session(inner, releasing, facts, name, binding)
    if loaded.provider != provider:
        raise cannot(device, f"it fell back to {loaded.provider}")
    in_use[loaded.provider, device.precision if device.kind != "cpu" else PRECISIONS[0]] = None
    return loaded


def _made(runtime: Any, model: bytes | Pieces | str, options: Any, device: Device, asked: Any) -> Any:
    """A session of onnxruntime's own, which never begins anew elsewhere: neither now nor when a run fails."""
    if callable(model) and (device.compiled or not can_feed()):
        model = b"".join(model())  # TensorRT names what it keeps after the graph's file, which a pipe is not
    if not callable(model):
        return runtime.InferenceSession(model, options, providers=asked, enable_fallback=0)
    with feed(model) as path:
        return runtime.InferenceSession(path, options, providers=asked, enable_fallback=0)


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


def _lend_external(options: Any, external: Mapping[str, Lent], name: str) -> None:
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
    return _WHERE.sub("", _PIPE.sub("the graph", lines[0].removeprefix("[ONNXRuntimeError] : ")))[:300]


def _sentence(error: Exception) -> str:
    """The first line, and which axes were wrong, where onnxruntime lists them below it."""
    wrong = [f"axis {axis} is {got} and must be {wanted}" for axis, got, wanted in _AXES.findall(str(error))]
    first = _first_line(error).removesuffix(" for the following indices")
    return f"{first} ({', '.join(wrong)})" if wrong else first
