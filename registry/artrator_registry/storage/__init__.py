"""SQLite with one writer, group commit and a pool of readers."""

from artrator_registry.storage.database import Database, NewerSchemaError, connect, migrate, statements
from artrator_registry.storage.transaction import Clock, Transaction

__all__ = ["Clock", "Database", "NewerSchemaError", "Transaction", "connect", "migrate", "statements"]
