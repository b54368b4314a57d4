"""A program that changes a registry's ticket keys, beside others that do the same at the same moment."""

from __future__ import annotations

import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from artrator_registry.authority import Authority


def rotate(folder: Path, together: Barrier, answers: Queue[int | str]) -> None:
    """Five changes; puts the number of each new key, or the code of the error that it was refused with."""
    authority = Authority(folder)
    together.wait(240)
    for _ in range(5):
        try:
            answers.put(authority.rotate(time.time()))
        except Exception as error:
            answers.put(getattr(error, "code", repr(error)))
