"""``python -m artrator_ebsynth``: compile the kernels for this processor and keep them beside the code."""

from __future__ import annotations

import sys
import time

from artrator_ebsynth.kernels import prepare


def main() -> int:
    """Say how long it took."""
    begin = time.perf_counter()
    cached = prepare()
    taken = time.perf_counter() - begin
    sys.stdout.write(f"kernels {'read from the cache' if cached else 'compiled'} in {taken:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
