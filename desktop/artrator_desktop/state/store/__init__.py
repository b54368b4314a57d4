"""The local store: SQLite, one writer thread, readers that never wait for it."""

from artrator_desktop.state.store.database import Database

__all__ = ["Database"]
