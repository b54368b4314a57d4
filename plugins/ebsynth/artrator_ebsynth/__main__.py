"""``python -m artrator_ebsynth``: compile the kernels for this processor and keep them where workers find them.

Artrator runs this by itself, confined, once after an install: ``prepare`` in ``artrator-plugin.toml``.
"""

from __future__ import annotations

import sys
import time

from artrator_ebsynth.kernels import all_saved, prepare


def main() -> int:
    """Say how long it took; a status other than 0 says that nothing was kept."""
    begin = time.perf_counter()
    cached = prepare()
    taken = time.perf_counter() - begin
    sys.stdout.write(f"kernels {'read from the cache' if cached else 'compiled'} in {taken:.1f} s\n")
    if not all_saved():
        sys.stderr.write("the folder of the cache cannot be written, so each process compiles them again\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
