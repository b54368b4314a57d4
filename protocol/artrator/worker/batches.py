"""What a worker tells of its batches, so that the next worker of the package need not learn it again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from artrator.worker.wire import WireError

#: Bounds of what a worker may tell; it is kept, and a worker is not to be trusted.
_KERNELS: Final = 24
_SIZES: Final = 256
_TEXT: Final = 400
_LARGEST: Final = 1 << 20
#: Jobs that a worker may ask for.
MOST_PLACES: Final = 256


def batches_of(header: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the frame ``batches`` says: ``runtime``, ``places``, ``rows`` and ``kernels``.

    ``places`` is how many jobs should be in the worker, ``rows`` how many of the first kernel a job asks for at once.

    Raises:
        WireError: It makes no sense.
    """
    match header:
        case {
            "runtime": str(runtime),
            "places": int(places),
            "rows": int() | float() as rows,
            "kernels": list(kernels),
        } if len(runtime) <= _TEXT and places >= 0 and 0 <= rows <= _LARGEST and len(kernels) <= _KERNELS:
            return {
                "runtime": runtime,
                "places": min(places, MOST_PLACES),
                "rows": float(rows),
                "kernels": [_kernel(entry) for entry in kernels],
            }
    raise WireError("batches that are none")


def _kernel(entry: object) -> Mapping[str, Any]:
    match entry:
        case {
            "kernel": str(name),
            "row": str(row),
            "sizes": list(sizes),
            "ceiling": int(ceiling),
            "tried": int(tried),
        } if len(name) <= _TEXT and len(row) <= _TEXT and len(sizes) <= _SIZES:
            counts = [ceiling, tried]
            measured = []
            for size in sizes:
                match size:
                    case [int(rows), int() | float() as seconds] if math.isfinite(seconds) and seconds > 0:
                        counts.append(rows)
                        measured.append([rows, float(seconds)])
                    case _:
                        raise WireError("a size of a batch that is none")
            if all(0 <= count <= _LARGEST for count in counts):
                return {"kernel": name, "row": row, "sizes": measured, "ceiling": ceiling, "tried": tried}
    raise WireError("batches of a kernel that are none")
