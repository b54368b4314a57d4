"""Tables of listings, their versions, offers and samples."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-listings")


@migrations()
def m001_create_listings(db: Database) -> None:
    # A version is what was signed and never changes; an offer (price, terms) is a row of its own, the newest counts.
    statements(
        """
        CREATE TABLE listings (
            id INTEGER PRIMARY KEY,
            listing TEXT NOT NULL UNIQUE,
            creator TEXT NOT NULL REFERENCES accounts (id),
            name TEXT NOT NULL,
            version INTEGER REFERENCES versions (id),
            task TEXT NOT NULL DEFAULT '',
            price INTEGER NOT NULL DEFAULT 0,
            runs INTEGER NOT NULL DEFAULT 0,
            published_at REAL NOT NULL,
            UNIQUE (creator, name)
        ) STRICT
        """,
        "CREATE INDEX listings_runs ON listings (runs DESC, id DESC)",
        "CREATE INDEX listings_published ON listings (published_at DESC, id DESC)",
        "CREATE INDEX listings_price ON listings (price, id)",
        "CREATE INDEX listings_task ON listings (task)",
        """
        CREATE TABLE versions (
            id INTEGER PRIMARY KEY,
            listing INTEGER NOT NULL REFERENCES listings (id),
            version TEXT NOT NULL,
            package TEXT NOT NULL,
            manifest TEXT NOT NULL,
            signature TEXT NOT NULL,
            card TEXT NOT NULL,
            published_at REAL NOT NULL,
            UNIQUE (listing, version)
        ) STRICT
        """,
        """
        CREATE TRIGGER versions_frozen BEFORE UPDATE OF listing, version, package, manifest, published_at ON versions
        BEGIN SELECT RAISE(ABORT, 'listings: a version is immutable'); END
        """,
        """
        CREATE TABLE offers (
            digest TEXT PRIMARY KEY,
            version INTEGER NOT NULL REFERENCES versions (id),
            document TEXT NOT NULL,
            issued_at INTEGER NOT NULL,
            price INTEGER NOT NULL,
            published_at REAL NOT NULL
        ) STRICT
        """,
        "CREATE INDEX offers_version ON offers (version, issued_at DESC)",
        """
        CREATE TABLE samples (
            version INTEGER NOT NULL REFERENCES versions (id),
            place INTEGER NOT NULL,
            file TEXT NOT NULL,
            blob TEXT NOT NULL,
            PRIMARY KEY (version, place)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE TABLE tags (listing INTEGER NOT NULL REFERENCES listings (id), tag TEXT NOT NULL,"
        " PRIMARY KEY (tag, listing)) STRICT, WITHOUT ROWID",
        "CREATE INDEX tags_listing ON tags (listing)",
    )(db)
