"""Seconds from a fresh install of the plugin to the first picture, with its prepare step and without.

    uv run python benchmarks/ebsynth/first_use.py [--runs N]

Makes an environment that has Artrator and not this plugin, builds the plugin's wheel, installs it with ``artrator
plugins install`` into a profile of its own, and then starts a worker for ``examples/stylise-photo`` and runs a job of
128 x 128 pixels, ``--runs`` times. CPU seconds are those of the worker's whole life. *Without* is the same profile with
a record that says that the step failed, so that each worker compiles for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "stylise-photo" / "package"

#: Run by the environment's own interpreter: one worker, one job.
FIRST = """
import asyncio, json, os, sys, time
from pathlib import Path
import numpy as np
from artrator.keys import PrivateKey
from artrator.package import sign
from artrator.plugins import find_backend
from artrator.worker.host import Worker

async def main():
    plugin, folder, key = find_backend("ebsynth"), Path(sys.argv[1]), PrivateKey.generate()
    sign(folder, key)
    y, x = np.mgrid[0:128, 0:128]
    photo = np.stack([x * 2, y * 2, (x + y) % 256], -1).astype(np.uint8)
    values = {"example_photo": photo, "painting": photo[::-1].copy(), "photo": photo[:, ::-1].copy(), "seed": 1,
              "follow_colours": 3.0, "follow_positions": 1.0, "evenness": 3500.0, "quality": "fast"}
    begin = time.perf_counter()
    worker = await Worker.start(plugin, folder, key.public)
    loaded = time.perf_counter()
    await worker.run("first", values)
    done = time.perf_counter()
    await worker.close()
    spent = os.times()
    print(json.dumps([loaded - begin, done - begin, spent.children_user + spent.children_system]))

asyncio.run(main())
"""


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = _host(folder / "host")
        artrator = python.with_name("artrator")
        environment = os.environ | {"ARTRATOR_HOME": str(folder / "home")}
        _call(
            [find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", folder / "dist", ROOT / "plugins" / "ebsynth"]
        )
        wheel = next((folder / "dist").glob("*.whl"))
        _call([artrator, "plugins", "install", wheel, "--yes"], env=environment)
        before = os.times()
        step = json.loads(_call([artrator, "plugins", "prepare", "artrator-ebsynth", "--json"], env=environment))
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        seconds, size = step["prepared"][0]["seconds"], step["prepared"][0]["bytes"]
        print(f"the prepare step: {seconds:.1f} s, {spent:.1f} s CPU with the command, {size / 1e6:.1f} MB")
        package = shutil.copytree(PACKAGE, folder / "package")
        record = folder / "home" / "plugins" / "artrator-ebsynth" / "prepared.json"
        print("| | package loaded | first picture | CPU of the worker |\n|---|---|---|---|")
        for name in ("prepared", "not prepared"):
            if name == "not prepared":
                record.write_text(json.dumps(json.loads(record.read_text()) | {"failure": "for comparison"}))
            rows = [json.loads(_call([python, "-c", FIRST, package], env=environment)) for _ in range(runs)]
            middle = [statistics.median(column) for column in zip(*rows, strict=True)]
            print(f"| {name} | {middle[0]:.2f} s | {middle[1]:.2f} s | {middle[2]:.2f} s |")
    return 0


def _host(folder: Path) -> Path:
    """An environment with Artrator and no backend."""
    _call([find_uv_bin(), "venv", "--quiet", "--python", sys.executable, folder])
    python = folder / "bin" / "python"
    _call([find_uv_bin(), "pip", "install", "--quiet", "--python", python, "--editable", ROOT])
    return python


def _call(command: list[object], **options: object) -> str:
    done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    return str(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
