"""Run again, alone, what failed beside other tests, if it is little. Standard library only.

A machine that is busy may be too slow for a test that looks at a clock, and one such test in four thousand must not
hide whether the rest holds. What passes now is named all the same: that it needed a second chance is a fault to be
mended. Proofs have none: what they find once is found.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
AT_MOST = 3


def main() -> int:
    failed = sorted(json.loads(FAILED.read_text(encoding="utf-8"))) if FAILED.exists() else []
    if not 1 <= len(failed) <= AT_MOST or any(test.startswith("tests/proofs") for test in failed):
        return 1
    print("once more, alone:", *failed, sep="\n    ", flush=True)
    command = [sys.executable, "scripts/setup.py", "test", "-q", *failed]
    if (code := subprocess.run(command, cwd=ROOT).returncode) == 0:
        print("UNSTEADY, passed only alone:", *failed, sep="\n    ", flush=True)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
