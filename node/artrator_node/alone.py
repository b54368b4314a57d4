"""One node a folder: two on one would start each other's jobs, and each sweep away what the other keeps."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from artrator.errors import ArtratorError, Code
from artrator_node.config import Paths


@contextlib.contextmanager
def alone(paths: Paths) -> Iterator[None]:
    """Hold the folder.

    The lock is SQLite's own, so it works on every system and ends with the process, however that ends.

    Raises:
        ArtratorError: ``conflict`` if a node serves from it; ``request_invalid`` if nothing can be written there.
    """
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(
                contextlib.closing(sqlite3.connect(paths.lock, timeout=0.5, isolation_level=None))
            )
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise ArtratorError(
                    Code.CONFLICT,
                    f"A node is serving from {paths.root} already.",
                    cure="Stop it first, or name another folder with --data.",
                ) from error
            raise ArtratorError(
                Code.REQUEST_INVALID,
                f"{paths.lock} cannot be used: {error}.",
                cure="The node's folder must be its owner's, on a disk that can be written.",
            ) from error
        yield
