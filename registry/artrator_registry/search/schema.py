"""The full-text index of listings."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-search")


@migrations()
def m001_create_search(db: Database) -> None:
    # unicode61 folds accents and case; the index holds prefixes, because people type the beginnings of words.
    statements(
        "CREATE VIRTUAL TABLE search USING fts5 (title, creator, tags, summary, body,"
        " tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3')"
    )(db)
