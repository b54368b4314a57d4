"""Tables of quotes and orders."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements
from artrator_registry.storage.database import one_of

migrations = Migrations("artrator-registry-orders")


@migrations()
def m001_create_orders(db: Database) -> None:
    # What was agreed never changes after the row is written; a trigger keeps the states to their one-way roads.
    statements(
        """
        CREATE TABLE quotes (
            id TEXT PRIMARY KEY,
            buyer TEXT NOT NULL REFERENCES accounts (id),
            listing TEXT NOT NULL,
            version INTEGER NOT NULL REFERENCES versions (id),
            package TEXT NOT NULL,
            offer TEXT NOT NULL REFERENCES offers (digest),
            creator TEXT NOT NULL REFERENCES accounts (id),
            request TEXT NOT NULL,
            measures TEXT NOT NULL,
            cap INTEGER NOT NULL CHECK (cap >= 0),
            expires_at REAL NOT NULL
        ) STRICT
        """,
        "CREATE INDEX quotes_expiry ON quotes (expires_at)",
        f"""
        CREATE TABLE orders (
            serial INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            body TEXT NOT NULL,
            buyer TEXT NOT NULL REFERENCES accounts (id),
            creator TEXT NOT NULL REFERENCES accounts (id),
            api_key TEXT REFERENCES api_keys (id),
            kind TEXT NOT NULL DEFAULT 'run' CHECK (kind IN ('run', 'purchase')),
            paid_by TEXT NOT NULL DEFAULT 'credits' CHECK ({one_of("paid_by", "credits", "free", "own", "pass")}),
            pass TEXT,
            listing TEXT NOT NULL,
            package TEXT NOT NULL,
            node TEXT NOT NULL REFERENCES nodes (id),
            offer TEXT NOT NULL REFERENCES offers (digest),
            request TEXT NOT NULL,
            measures TEXT NOT NULL,
            cap INTEGER NOT NULL CHECK (cap >= 0),
            worth INTEGER NOT NULL DEFAULT 0 CHECK (worth >= 0),
            charged INTEGER NOT NULL DEFAULT 0 CHECK (charged BETWEEN 0 AND cap),
            refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND charged),
            state TEXT NOT NULL
                CHECK ({one_of("state", "held", "claimed", "settled", "released", "disputed", "refunded")}),
            ticket TEXT NOT NULL,
            ticket_digest TEXT NOT NULL,
            created_at REAL NOT NULL,
            start_by INTEGER NOT NULL,
            finish_by INTEGER NOT NULL,
            capture_by INTEGER NOT NULL,
            settle_at REAL,
            ended_at REAL,
            settled_at REAL,
            dispute_until REAL,
            cancel_requested_at REAL,
            receipt TEXT,
            receipt_digest TEXT,
            acknowledgement TEXT,
            late_receipt TEXT,
            reason TEXT,
            CHECK ((receipt IS NULL) = (receipt_digest IS NULL)),
            CHECK (state NOT IN ('claimed', 'settled') OR receipt IS NOT NULL),
            CHECK ((state = 'claimed') = (settle_at IS NOT NULL)),
            CHECK ({one_of("state", "settled", "released", "refunded")} = (ended_at IS NOT NULL)),
            CHECK (charged = 0 OR {one_of("state", "settled", "disputed", "refunded")}),
            CHECK (dispute_until IS NULL OR settled_at IS NOT NULL),
            CHECK (state <> 'settled' OR settled_at IS NOT NULL),
            CHECK (refunded = 0 OR state IN ('settled', 'refunded')),
            CHECK ((paid_by = 'pass') = (pass IS NOT NULL)),
            CHECK (paid_by = 'credits' OR cap = 0)
        ) STRICT
        """,
        "CREATE INDEX orders_buyer ON orders (buyer, serial)",
        "CREATE INDEX orders_held ON orders (finish_by) WHERE state = 'held'",
        "CREATE INDEX orders_claimed ON orders (settle_at) WHERE state = 'claimed'",
        "CREATE INDEX orders_api_key ON orders (api_key) WHERE api_key IS NOT NULL",
        """
        CREATE TRIGGER orders_agreed BEFORE UPDATE OF id, body, buyer, creator, api_key, kind, paid_by, pass, listing,
            package, node, offer, request, measures, cap, worth, ticket, ticket_digest, created_at, start_by, finish_by,
            capture_by ON orders
        BEGIN SELECT RAISE(ABORT, 'orders: what was agreed does not change'); END
        """,
        f"""
        CREATE TRIGGER orders_one_way BEFORE UPDATE OF state ON orders
        WHEN NEW.state <> OLD.state AND NOT (
            (OLD.state = 'held' AND {one_of("NEW.state", "claimed", "settled", "released", "disputed")})
            OR (OLD.state = 'claimed' AND {one_of("NEW.state", "settled", "released", "disputed")})
            OR (OLD.state = 'settled' AND NEW.state = 'disputed')
            OR (OLD.state = 'disputed' AND NEW.state IN ('settled', 'refunded'))
        )
        BEGIN SELECT RAISE(ABORT, 'orders: there is no such road between states'); END
        """,
        "CREATE TRIGGER orders_kept BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'orders: orders are kept'); END",
    )(db)


@migrations()
def m002_keep_terms(db: Database) -> None:
    # What a quote promised besides its price is part of what was agreed: what pays for it, and the operator's share.
    statements(
        "ALTER TABLE quotes ADD COLUMN worth INTEGER NOT NULL DEFAULT 0 CHECK (worth >= 0)",
        "ALTER TABLE quotes ADD COLUMN fee INTEGER NOT NULL DEFAULT 0 CHECK (fee BETWEEN 0 AND 10000)",
        "ALTER TABLE quotes ADD COLUMN paid_by TEXT NOT NULL DEFAULT 'credits'",
        "ALTER TABLE quotes ADD COLUMN pass TEXT",
        "ALTER TABLE orders ADD COLUMN fee INTEGER NOT NULL DEFAULT 0 CHECK (fee BETWEEN 0 AND 10000)",
        "CREATE INDEX orders_free ON orders (buyer, listing, created_at) WHERE paid_by = 'free'",
        "CREATE INDEX orders_pass ON orders (pass) WHERE pass IS NOT NULL",
        "DROP TRIGGER orders_agreed",
        """
        CREATE TRIGGER orders_agreed BEFORE UPDATE OF id, body, buyer, creator, api_key, kind, paid_by, pass, listing,
            package, node, offer, request, measures, cap, worth, fee, ticket, ticket_digest, created_at, start_by,
            finish_by, capture_by ON orders
        BEGIN SELECT RAISE(ABORT, 'orders: what was agreed does not change'); END
        """,
    )(db)
