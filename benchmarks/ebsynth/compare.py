"""Time and energy of the backend ``ebsynth``, and of the reference's library beside it where its path is given.

    python benchmarks/ebsynth/compare.py --case stylise-256 --case texture-by-numbers --threads 1 --repeat 3
    python benchmarks/ebsynth/compare.py --case FOLDER --reference-library /path/to/libebsynth.so

Every run is a process of its own, implementations take turns, and the least time of the repetitions counts. Times are
of the call alone: kernels are loaded and pictures decoded before. All results are judged by the same code.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cases import Case, find
from quality import judge

Made = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32], npt.NDArray[np.int32]]


def ours(case: Case, preset: str, threads: int) -> Made:
    """The plugin."""
    from artrator_ebsynth import synthesize

    made = synthesize(
        case.style, case.guides, preset=preset, patch=case.patch, uniformity=case.uniformity, threads=threads, seed=1
    )
    return made.image, made.field.y, made.field.x


def reference(case: Case, library: str) -> Made:
    """The reference's processor backend with its own defaults, by its C interface; threads by OMP_NUM_THREADS."""
    run = ctypes.CDLL(library).ebsynthRun
    (height, width, channels), (rows, columns, guides) = case.style.shape, case.target.shape
    levels = 1
    while min(height, width, rows, columns) >> levels >= 2 * case.patch + 1:
        levels += 1
    field, image = np.zeros((rows, columns, 2), np.int32), np.zeros((rows, columns, channels), np.uint8)
    style, source, target = np.ascontiguousarray(case.style), case.source, case.target
    weights, guide_weights = case.style_weights, case.guide_weights

    def at(array: npt.NDArray[Any]) -> ctypes.c_void_p:
        return array.ctypes.data_as(ctypes.c_void_p)

    def each(value: int) -> Any:
        return (ctypes.c_int * levels)(*([value] * levels))

    run(
        1, channels, guides, width, height, at(style), at(source), columns, rows, at(target), None,
        at(weights), at(guide_weights), ctypes.c_float(case.uniformity), case.patch, 1, levels,
        each(6), each(4), each(5), 0, at(field), at(image),
    )  # fmt: skip
    return image, field[:, :, 1], field[:, :, 0]


def worker(arguments: argparse.Namespace) -> None:
    """One run in this process; results go to a file."""
    case = find(arguments.case[0])
    if arguments.worker != "reference":
        from artrator_ebsynth.kernels import prepare

        prepare(case.patch)
    wall, cpu = time.perf_counter(), time.process_time()
    if arguments.worker == "reference":
        image, y, x = reference(case, arguments.reference_library)
    else:
        image, y, x = ours(case, arguments.worker, arguments.threads)
    times = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    times["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(arguments.result, image=image, y=y, x=x, times=json.dumps(times))


def measure(arguments: argparse.Namespace, name: str) -> None:
    """All implementations on one case."""
    implementations = [*(["reference"] if arguments.reference_library else []), *arguments.preset]
    best: dict[str, dict[str, Any]] = {}
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    for _ in range(arguments.repeat):
        for implementation in implementations:
            with tempfile.TemporaryDirectory() as folder:
                result = Path(folder) / "result.npz"
                command = [
                    sys.executable,
                    __file__,
                    "--worker",
                    implementation,
                    "--case",
                    name,
                    "--result",
                    str(result),
                ]
                command += ["--threads", str(arguments.threads)]
                if arguments.reference_library:
                    command += ["--reference-library", arguments.reference_library]
                subprocess.run(command, check=True, env=environment)
                with np.load(result) as found:
                    times = json.loads(str(found["times"]))
                    entry = best.setdefault(implementation, dict(times))
                    entry.update({key: min(entry[key], times[key]) for key in times})
                    entry["made"] = found["image"], found["y"], found["x"]
    case = find(name)
    for implementation, entry in best.items():
        quality = judge(case, *entry["made"], arguments.samples)
        ratio = best[implementations[0]]["cpu"] / entry["cpu"]
        sys.stdout.write(
            f"| {case.name} | {implementation} | {arguments.threads} | {entry['cpu']:.2f} | {entry['wall']:.2f} "
            f"| {ratio:.1f} | {entry['rss']:.0f} | {quality['J']:.0f} | {quality['E']:.0f} | {quality['U']:.3f} "
            f"| {quality['Estar']:.0f} | {quality['Comp']:.0f} |\n"
        )
        sys.stdout.flush()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", required=True, help="stylise-SIZE, texture-by-numbers or a folder")
    parser.add_argument("--preset", action="append", choices=["balanced", "fast"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--samples", type=int, default=300, help="patches for Estar and Comp")
    parser.add_argument("--reference-library", help="path of a libebsynth.so that you built")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--result", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.preset = arguments.preset or ["balanced", "fast"]
    if arguments.worker:
        worker(arguments)
        return
    sys.stdout.write(f"load {os.getloadavg()[0]:.1f}\n" if hasattr(os, "getloadavg") else "")
    sys.stdout.write("| case | who | threads | CPU s | wall s | × CPU | RSS MiB | J | E | U | Estar | Comp |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
    for name in arguments.case:
        measure(arguments, name)


if __name__ == "__main__":
    main()
