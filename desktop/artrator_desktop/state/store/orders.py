"""Orders on their way: the buyer's order store in SQLite, with the words the gallery will need.

The row and the request's files are one transaction, durable before the order leaves this machine; they go when its end
is known. Two programs never share these orders: the command line keeps its own in the profile's order folder.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from artrator.canonical import b64, canonical_json, unb64
from artrator.clients.orders import PendingOrder
from artrator.errors import ArtratorError, Code
from artrator_desktop.state.store import proofs
from artrator_desktop.state.store.database import Database

log = logging.getLogger(__name__)

Context = Mapping[str, Any]
#: An order that cannot be read is told of for this long; by then its money has come back or its picture was disputed.
_TOLD_SECONDS: Final = 30 * 86_400


class OrderBox:
    """Implements ``artrator.clients.orders.OrderStore``. Its methods block: call them off the interface's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._contexts: dict[str, Context] = {}
        #: Orders that ``interrupted`` met and could not read: they stay where they are, and hide no other.
        self.unreadable: frozenset[str] = frozenset()

    def announce(self, request: str, context: Context) -> None:
        """Say what an order of this request digest is about, before the buyer saves it. JSON values only."""
        with self._lock:
            self._contexts[request] = context

    def save(self, order: PendingOrder) -> None:
        """Keep it durably before it is sent; raises ArtratorError ``disk_full``, and then nothing was sent."""
        with self._lock:
            context = self._contexts.get(order.request, {})
        files = dict(order.files)
        plain = asdict(order) | {"salt": b64(order.salt), "files": []}
        row = (order.order, order.request, json.dumps(plain), json.dumps(context), order.created_at)
        proof = (order.order, order.salt.hex(), canonical_json(order.body).decode(), order.created_at)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("insert or replace into outbox values (?, ?, ?, ?, ?)", row)
            proofs.keep(connection, *proof)
            connection.executemany(
                "insert or replace into outbox_file values (?, ?, ?)",
                [(order.order, name, data) for name, data in files.items()],
            )

        try:
            self._database.write(work).result()
        except sqlite3.OperationalError as error:
            raise ArtratorError(
                Code.DISK_FULL,
                f"The order could not be written down ({error}), so nothing was bought.",
                cure="Free some space on this computer, then try again.",
            ) from error

    def forget(self, order: str) -> None:
        """It has reached its end."""
        self._database.write(lambda c: c.execute("delete from outbox where order_id = ?", (order,))).result()

    def pending(self) -> Sequence[PendingOrder]:
        """Those that have not, oldest first."""
        return [order for order, _ in self.interrupted()]

    def interrupted(self) -> Sequence[tuple[PendingOrder, Context]]:
        """Orders with what is known about them, oldest first; for those that are damaged see ``unreadable``."""

        def work(connection: sqlite3.Connection) -> tuple[list[tuple[PendingOrder, Context]], frozenset[str]]:
            found, lost = [], set()
            for row in connection.execute("select * from outbox order by created_at").fetchall():
                try:
                    found.append((_pending(connection, row), _context(row["context"])))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                    log.error("the order %s cannot be read and is not taken up: %s", row["order_id"], error)
                    if row["created_at"] > time.time() - _TOLD_SECONDS:
                        lost.add(str(row["order_id"]))
            return found, frozenset(lost)

        # On the writing connection, so that it sees every save before it.
        found, self.unreadable = self._database.write(work).result()
        return found

    def find(self, order: str) -> PendingOrder | None:
        """One order, if it has not ended."""

        def work(connection: sqlite3.Connection) -> PendingOrder | None:
            row = connection.execute("select * from outbox where order_id = ?", (order,)).fetchone()
            return _pending(connection, row) if row is not None else None

        return self._database.write(work).result()

    def waiting(self, request: str) -> str:
        """The order made for a request digest if it has not ended, else an empty text."""

        def work(connection: sqlite3.Connection) -> str:
            row = connection.execute(
                "select order_id from outbox where request = ? order by created_at desc limit 1", (request,)
            ).fetchone()
            return str(row["order_id"]) if row is not None else ""

        return self._database.write(work).result()


def _context(text: str) -> Context:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # the order itself says enough to be taken up
        return {}
    return found if isinstance(found, dict) else {}


def _pending(connection: sqlite3.Connection, row: sqlite3.Row) -> PendingOrder:
    files = connection.execute("select sha256, data from outbox_file where order_id = ?", (row["order_id"],))
    plain = json.loads(row["pending"])
    plain |= {"salt": unb64(plain["salt"]), "files": {file["sha256"]: bytes(file["data"]) for file in files}}
    return PendingOrder(**plain)
