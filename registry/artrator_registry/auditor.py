"""The audit as a process of its own.

A replay of millions of transfers would hold the interpreter for a minute, and every buyer would wait. Apart, at
the lowest priority, it costs them nothing; it reads one snapshot, as it would inside. ::

    python -m artrator_registry.auditor DATABASE
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from artrator_registry.ledger.audit import audit
from artrator_registry.storage import Transaction, connect

_NICE = 19


class NotAuditedError(Exception):
    """The auditor could not tell; what it said of that stands in the log."""


async def audit_apart(database: Path) -> Sequence[str]:
    """The first differences, as sentences; raises NotAuditedError if the process could not tell."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "artrator_registry.auditor", str(database)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        answer, _ = await process.communicate()
    finally:
        if process.returncode is None:  # the registry is stopping
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotAuditedError(f"the auditor ended with {process.returncode}")
    found: Sequence[str] = json.loads(answer)
    return found


def main() -> None:
    """Audit the database that is named, and print the differences as a JSON list."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    try:
        with contextlib.closing(connect(Path(sys.argv[1]), read_only=True)) as db:
            db.execute("BEGIN")
            print(json.dumps(audit(Transaction(db, time.time()))))  # this is what it is asked for
    except sqlite3.OperationalError as error:
        # Another program holds it, or its registry was killed and is just being started again.
        sys.exit(f"audit: the database could not be read: {error}")


if __name__ == "__main__":
    main()
