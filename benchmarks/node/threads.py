"""Two packages at once on one processor: all cores for each, one thread for each, or a part of the cores for each.

    python benchmarks/node/threads.py MODEL.onnx [--side 128] [--seconds 5]

Prints runs a second of both together, and processor time of one run, which hardly depends on what else the machine
does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

#: What is compared: (threads, processor to stay on or None) of each process.
WAYS: Mapping[str, Sequence[tuple[int, int | None]]] = {
    "one, two threads": [(2, None)],
    "one, one thread": [(1, None)],
    "two, two threads each": [(2, None), (2, None)],
    "two, one thread each": [(1, None), (1, None)],
    "two, a core each": [(1, 0), (1, 1)],
}


def work(model: Path, side: int, seconds: float, threads: int, core: int | None) -> tuple[float, float]:
    """Runs a second, and processor seconds of a run."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    from artrator.backend import Device
    from artrator.onnx_runtime import session

    loaded = session(model.read_bytes(), Device(threads=threads), name=model.name)
    feeds = {}
    for name, tensor in loaded.inputs.items():
        free = side if len(tensor.shape or ()) == 4 else 1
        shape = [
            dim if isinstance(dim, int) else 1 if place == 0 else free for place, dim in enumerate(tensor.shape or ())
        ]
        feeds[name] = np.random.default_rng(0).random(shape, np.float32).astype(tensor.dtype or np.float32)
    loaded.run(feeds, list(loaded.outputs))
    begun, used, runs = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds:
        loaded.run(feeds, list(loaded.outputs))
        runs += 1
    return runs / (time.perf_counter() - begun), (time.process_time() - used) / runs


def main() -> None:
    """Compare the ways, each in processes of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        threads, core = json.loads(given.only)
        print(json.dumps(work(given.model, given.side, given.seconds, threads, core)))
        return
    for name, way in WAYS.items():
        command = [sys.executable, __file__, str(given.model), f"--side={given.side}", f"--seconds={given.seconds}"]
        processes = [
            subprocess.Popen([*command, f"--only={json.dumps(each)}"], stdout=subprocess.PIPE, text=True)
            for each in way
        ]
        found = [json.loads(process.communicate()[0]) for process in processes]
        costs = ", ".join(f"{cost * 1000:.2f}" for _, cost in found)
        print(
            f"{name:24} {sum(rate for rate, _ in found):8.1f} runs/s   {costs} ms of processor time a run", flush=True
        )


if __name__ == "__main__":
    main()
