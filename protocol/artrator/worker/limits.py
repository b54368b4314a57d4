"""What a worker may take, and what is known of it once it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from artrator.backend import Inspection


@dataclass(frozen=True)
class Limits:
    """What a worker may take before it is killed.

    Attributes:
        memory_bytes: Host memory of the process; 0 stands for what the machine has.
        load_seconds: From the start of the process until the model is ready.
        run_seconds: Wall clock of one run, its time in batches with others included.
        output_bytes: Of one run's outputs, as raw arrays.
        scratch_bytes: Of the worker's own folder, where the plugin was allowed one.
        open_files: Descriptors.
        prepare_seconds: Of a plugin's prepare step, from the start of its process to its end.
        cache_bytes: Of what that step writes, and of what its workers read.
        cores: The processors that the process is pinned to; empty for all that its parent may use.
        cancel_seconds: How long a cancelled run may go on before the worker is killed, if it has no other run.
    """

    memory_bytes: int = 0
    load_seconds: float = 120.0
    run_seconds: float = 300.0
    output_bytes: int = 512 << 20
    scratch_bytes: int = 256 << 20
    open_files: int = 256
    cancel_seconds: float = 2.0
    prepare_seconds: float = 180.0
    cache_bytes: int = 256 << 20
    cores: tuple[int, ...] = ()


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker said of itself when it was ready.

    Attributes:
        inspection: What the backend says of the package.
        memory_bytes: What the loaded model takes while idle, as the backend says.
        runtime: What computes, for people: ``onnxruntime 1.32.0 (cpu)``.
        load_seconds: From the start of the process until the model was ready.
        confinement: What this platform could not confine, one sentence each; empty when all of it holds.
        refused: Graphs whose derived form the runtime refused; they were loaded from the package.
        once_seconds: What was spent before the start on what no later start needs, such as deriving graphs.
        shared_bytes: Of derived files, which the worker maps and shares with others.
        provider: What really computes, as its runtime calls it; empty where that is not known.
        card_bytes: What the loaded model takes of a card's memory; 0 where it was not measured.
    """

    inspection: Inspection
    memory_bytes: int
    runtime: str
    load_seconds: float
    confinement: Sequence[str] = ()
    refused: Sequence[str] = ()
    once_seconds: float = 0.0
    shared_bytes: int = 0
    provider: str = ""
    card_bytes: int = 0
