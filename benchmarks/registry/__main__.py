"""Everything that the table of the registry says, in one go of about four minutes on two quiet cores. ::

uv run python benchmarks/registry
"""

from __future__ import annotations

import growth
import orders

if __name__ == "__main__":
    orders.main(["--seconds", "8"])
    print()
    growth.main(["--seconds", "3", "--turns", "3"])
