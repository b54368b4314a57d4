"""Memory and loads of workers: what three on one model hold together, what a load costs, and what a long day leaves.

Three parts, each in this machine's own sandbox::

    uv run python benchmarks/serving/memory.py share      # three workers on one model of 135 MB, plain and derived
    uv run python benchmarks/serving/memory.py load       # seconds from nothing to ready, part by part
    uv run python benchmarks/serving/memory.py mixed      # 1,000 jobs on 5 packages with room for 2

Linux only: it reads ``/proc``. Times are of a machine that does nothing else, or they are worth little; processor
seconds bear some company.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

import onnx
from mixed_load import MixedLoad, dense_graph
from models import wide
from noise_model import noise_manifest
from onnx import TensorProto, helper

from artrator.backend import Device
from artrator.keys import PrivateKey
from artrator.package import sign, verify
from artrator.package.again import verify_again
from artrator.plugins import find_backend
from artrator.worker.claims import SignedContent, verified_content
from artrator.worker.derived import DerivedGraphs
from artrator.worker.host import Worker
from artrator.worker.limits import Limits
from artrator.worker.start import start_worker
from artrator.worker.usage import own_bytes

MB = 1e6
DEVICE = Device(threads=1)
LIMITS = Limits(load_seconds=600.0)


@dataclass(frozen=True)
class Packed:
    """A signed package, and whose signature it has."""

    folder: Path
    key: PrivateKey

    @property
    def content(self) -> SignedContent:
        """Verified, as a node does before each load."""
        return verified_content(self.folder, self.key.public)


def packed(folder: Path, model: onnx.ModelProto, *, beside: bool = False, bright: bool = False) -> Packed:
    """Write and sign a package, with the weights in a file beside the graph or in it."""
    key = PrivateKey.generate()
    folder.mkdir(parents=True)
    (folder / "artrator.toml").write_text(noise_manifest(folder.name, bright=bright), encoding="utf-8")
    copy = onnx.ModelProto()
    copy.CopyFrom(model)  # because saving it so empties it of its weights
    onnx.save(copy, folder / "model.onnx", save_as_external_data=beside, location="model.onnx.data")
    sign(folder, key)
    for path in folder.iterdir():  # old enough that a change would show
        os.utime(path, (1, 1))
    return Packed(folder, key)


def empty_graph() -> onnx.ModelProto:
    """A graph that computes nothing, so that a worker of it holds what every worker holds."""
    info = helper.make_tensor_value_info
    nodes = [
        helper.make_node("ReduceMean", ["z"], ["m"], axes=[1], keepdims=0),
        helper.make_node("Constant", [], ["shape"], value_ints=[-1, 1, 1, 1]),
        helper.make_node("Reshape", ["m", "shape"], ["r"]),
        helper.make_node("Concat", ["r", "r", "r"], ["c"], axis=3),
        helper.make_node("Cast", ["c"], ["image"], to=TensorProto.UINT8),
    ]
    graph = helper.make_graph(
        nodes, "g", [info("z", TensorProto.FLOAT, ["n", 8])], [info("image", TensorProto.UINT8, ["n", 1, 1, 3])]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


# --- what processes hold


def rollup(pid: int) -> dict[str, float]:
    """``smaps_rollup`` in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) * 1024 / MB for line in lines}


def held(workers: Sequence[Worker]) -> dict[str, float]:
    """Together: PSS, what is private to one of them and written, and resident, in MB."""
    found = [rollup(worker.pid) for worker in workers]
    return {name: sum(each[name] for each in found) for name in ("Pss", "Private_Dirty", "Rss")}


def peak(pid: int) -> float:
    """The most that a process ever held, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 / MB for line in text.splitlines() if line.startswith("VmHWM"))


@contextmanager
def own_peak() -> Iterator[Callable[[], float]]:
    """The most that any worker of this process held of its own, without what it maps from files, in MB.

    Looked at every few milliseconds: the system remembers no such peak.
    """
    most, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.002):
            for children in Path("/proc/self/task").glob("*/children"):
                with suppress(OSError):
                    for child in children.read_text().split():
                        # A child that has yet to become a worker is a copy of this process.
                        if b"bootstrap.py" in Path(f"/proc/{child}/cmdline").read_bytes():
                            most.append(max(most.pop(), own_bytes(int(child)) / MB))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield lambda: most[0]
    finally:
        over.set()
        looking.join()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- three workers on one model


async def share(folder: Path, rounds: int, runs: int) -> None:
    """PSS of three workers and the speed of one of them, plain and with what was derived."""
    plugin, seeds = find_backend("onnx"), iter(range(10**9))
    package = packed(folder / "wide", wide())
    nothing = packed(folder / "nothing", empty_graph())
    derived = DerivedGraphs(folder / "derived", 8 << 30)
    async with AsyncExitStack() as stack:

        async def three(content: SignedContent, graphs: DerivedGraphs | None) -> list[Worker]:
            started = []
            for _ in range(3):
                if graphs is None:
                    worker = await Worker.start_verified(plugin, content, device=DEVICE, limits=LIMITS)
                else:
                    worker = await start_worker(plugin, content, graphs, device=DEVICE, limits=LIMITS)
                stack.push_async_callback(worker.close)
                started.append(worker)
                await worker.run("first", {"seed": 0})
            return started

        bare = held(await three(nothing.content, None))
        kinds = {"plain": await three(package.content, None), "derived": await three(package.content, derived)}
        memory = {name: held(workers) for name, workers in kinds.items()}
        speed: dict[str, dict[int, list[tuple[float, float]]]] = {name: {1: [], 16: []} for name in kinds}
        for _ in range(rounds):
            for name, workers in kinds.items():
                for at_once in (1, 16):
                    speed[name][at_once].append(await _run(workers[0], runs, at_once, seeds))
    print("| three workers | PSS MB | beside the bare three | private and written MB | resident MB |")
    print("|---|---|---|---|---|")
    print(f"| of an empty graph | {bare['Pss']:.0f} | | {bare['Private_Dirty']:.0f} | {bare['Rss']:.0f} |")
    for name, found in memory.items():
        more = found["Pss"] - bare["Pss"]
        print(f"| {name} | {found['Pss']:.0f} | {more:.0f} | {found['Private_Dirty']:.0f} | {found['Rss']:.0f} |")
    print("\n| one of them | 1 at once: runs/s | CPU ms a run | 16 at once: runs/s | CPU ms a run |")
    print("|---|---|---|---|---|")
    for name, found_by_size in speed.items():
        cells = []
        for at_once in (1, 16):
            rates, costs = zip(*found_by_size[at_once], strict=True)
            cells.append(f"{statistics.median(rates):.0f} | {statistics.median(costs) * 1e3:.2f}")
        print(f"| {name} | {' | '.join(cells)} |")


async def _run(worker: Worker, runs: int, at_once: int, seeds: Iterator[int]) -> tuple[float, float]:
    """Runs a second, and processor seconds of the worker for each."""
    left = iter(range(runs))

    async def one() -> None:
        for _ in left:
            seed = next(seeds)
            await worker.run(f"job-{seed}", {"seed": seed})

    before, begun = cpu_seconds(worker.pid), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(at_once)))
    seconds = time.perf_counter() - begun
    return runs / seconds, (cpu_seconds(worker.pid) - before) / runs


# --- loads


def forget(folder: Path) -> None:
    """Take the files of a folder out of the page cache, as if the machine had just started."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


async def load(folder: Path, rounds: int) -> None:
    """Seconds from nothing to ready: verifying, starting a process, loading; and the most that the worker ever held."""
    plugin = find_backend("onnx")
    package = packed(folder / "wide", wide())
    beside = packed(folder / "wide-beside", wide(), beside=True)
    layers = packed(folder / "layers", dense_graph(400, 0), bright=True)
    layers_beside = packed(folder / "layers-beside", dense_graph(400, 0), beside=True, bright=True)
    nothing = packed(folder / "nothing", empty_graph())
    derived, none = DerivedGraphs(folder / "derived", 8 << 30), DerivedGraphs(folder / "none", 0)
    for name, loaded in (("wide", package), ("wide, weights in a file beside", beside)):
        begun = time.perf_counter()
        with own_peak() as most:
            worker = await start_worker(plugin, loaded.content, derived, device=DEVICE, limits=LIMITS)
        print(
            f"First load of {name}: {time.perf_counter() - begun:.2f} s, of which deriving took "
            f"{worker.info.once_seconds:.2f} s; at most {most():.0f} MB were a process's own."
        )
        await worker.close()
    rows: dict[str, list[tuple[float, float, float, float, float]]] = {}
    for _ in range(rounds):
        for name, loaded, graphs, again, warm in (
            ("an empty graph", nothing, none, True, True),
            ("plain, verified by reading", package, none, False, True),
            ("plain", package, none, True, True),
            ("derived", package, derived, True, True),
            ("plain, disk cold", package, none, True, False),
            ("derived, disk cold", package, derived, True, False),
            ("plain, weights in a file beside", beside, none, True, True),
            ("derived, weights in a file beside", beside, derived, True, True),
            ("102 layers, plain", layers, none, True, True),
            ("102 layers, plain, weights in a file beside", layers_beside, none, True, True),
        ):
            if not warm:
                forget(folder)
            begun = time.perf_counter()
            verified = (verify_again if again else verify)(loaded.folder, loaded.key.public)
            hashes = {file: signed.sha256 for file, signed in verified.files.items()}
            content = SignedContent(loaded.folder, verified.manifest, verified.digest, hashes)
            checked = time.perf_counter() - begun
            with own_peak() as own:
                worker = await start_worker(plugin, content, graphs, device=DEVICE, limits=LIMITS)
            ready = time.perf_counter() - begun
            cpu, whole = cpu_seconds(worker.pid), peak(worker.pid)
            await worker.run("first", {"seed": 1})
            await worker.close()
            rows.setdefault(name, []).append((ready, checked, cpu, own(), whole))
    print("\n| load | seconds to ready | of which verifying | CPU s of the worker | most of its own, MB | with files |")
    print("|---|---|---|---|---|---|")
    for name, found_rows in rows.items():
        ready, checked, cpu, alone, whole = (statistics.median(values) for values in zip(*found_rows, strict=True))
        print(f"| {name} | {ready:.2f} | {checked:.3f} | {cpu:.2f} | {alone:.0f} | {whole:.0f} |")


# --- a long day


def mixed(folder: Path, jobs: int, mib: int, packages: int) -> None:
    """Jobs on more packages than the two there is room for: what daemon and workers hold, over time."""
    # A worker takes some 50 MiB of its own beside the weights that it maps.
    load_ = MixedLoad(folder / "mixed", packages=packages, mib=mib, memory_mib=2 * (50 + mib) + 40, prewarm=False)
    try:
        load_.start()
        begun = time.perf_counter()
        outcome = load_.run(jobs, at_once=4, run_length=4, every=max(1, jobs // 50))
        seconds = time.perf_counter() - begun
    finally:
        load_.stop()
    print(f"{jobs} jobs in {seconds:.0f} s: {outcome.states}")
    for name in ("worker_evictions", "worker_loads", "worker_deaths", "load_failures"):
        found = outcome.counters.get(f"artrator_node_{name}_total", 0.0)
        print(f"{name}: {found:.0f}")
    print("\n| jobs | daemon MB | workers' own MB | workers |\n|---|---|---|---|")
    step = max(1, len(outcome.moments) // 10)
    for moment in outcome.moments[::step]:
        print(
            f"| {moment.jobs} | {moment.daemon_bytes / MB:.1f} | {moment.workers_bytes / MB:.0f} | {moment.workers} |"
        )
    half = outcome.growth(jobs // 2)
    print(f"\nGrowth of the daemon: {outcome.growth(jobs // 5) / 1e3:.2f} kB a job after a fifth of the jobs,")
    print(f"{half / 1e3:.2f} kB a job in the second half.")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["share", "load", "mixed"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--mib", type=int, default=48, help="weights of each package of `mixed`")
    parser.add_argument("--packages", type=int, default=5, help="of `mixed`; with one, nothing is loaded anew")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="artrator-memory-") as place:
        os.environ["ARTRATOR_HOME"] = str(Path(place, "home"))
        if chosen.part == "share":
            asyncio.run(share(Path(place), chosen.rounds, chosen.runs))
        elif chosen.part == "load":
            asyncio.run(load(Path(place), chosen.rounds))
        else:
            mixed(Path(place), chosen.jobs, chosen.mib, chosen.packages)


if __name__ == "__main__":
    main()
