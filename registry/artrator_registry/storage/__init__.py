"""SQLite with one writer, group commit and a pool of readers."""

from artrator_registry.storage.database import Database, SchemaError, connect, migrate, schema_of, statements
from artrator_registry.storage.faults import as_problem, fault_of
from artrator_registry.storage.soundness import unsound
from artrator_registry.storage.steady import SteadyClock
from artrator_registry.storage.texts import as_json
from artrator_registry.storage.transaction import Clock, Transaction

__all__ = [
    "Clock",
    "Database",
    "SchemaError",
    "SteadyClock",
    "Transaction",
    "as_json",
    "as_problem",
    "connect",
    "fault_of",
    "migrate",
    "schema_of",
    "statements",
    "unsound",
]
