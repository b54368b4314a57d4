"""Time from ``make demo`` to the first picture: in a fresh clone, again in the same clone, and with the demo warm.

    python benchmarks/demo/first_picture.py

*clone* has no environment yet (packages may be in the package manager's cache: the network is not what we measure);
*cold* has the environment but no demo data; *warm* is what every later start costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def first_picture(checkout: Path, data: Path, output: Path) -> float:
    """Seconds from the command until a whole, receipted picture lies in ``output``."""
    arguments = f"--headless --data {data} --output {output}"
    command = ["make", "--no-print-directory", "demo", f"ARGS={arguments}"]
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "DISPLAY")}
    started = time.monotonic()
    seconds = 0.0
    process = subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "first picture" in line and not seconds:
            seconds = time.monotonic() - started
    if process.wait() != 0 or not seconds:
        raise SystemExit("the demo failed; run it by hand to see why")
    return seconds


def main() -> None:
    """Print one row for each start."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="warm starts to take the median of")
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "artrator"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        data, output = Path(folder) / "data", Path(folder) / "out"
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else "")
        print(f"| clone | {first_picture(checkout, data, output):.1f} s |")
        print(f"| cold | {first_picture(checkout, Path(folder) / 'data2', output):.1f} s |")
        warm = sorted(first_picture(checkout, data, output) for _ in range(repeat))
        print(f"| warm | {warm[len(warm) // 2]:.1f} s ({warm[0]:.1f} to {warm[-1]:.1f}) |")


if __name__ == "__main__":
    main()
