"""The table of disputes."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-disputes")


@migrations()
def m001_create_disputes(db: Database) -> None:
    # One for each order. ``body`` is the digest of the opening; a refusal that came with an acknowledgement has none
    # until its buyer says more. ``paid`` is what had been charged by then, which decides how it goes back.
    statements(
        """
        CREATE TABLE disputes (
            serial INTEGER PRIMARY KEY AUTOINCREMENT,
            order_id TEXT NOT NULL UNIQUE REFERENCES orders (id),
            buyer TEXT NOT NULL REFERENCES accounts (id),
            creator TEXT NOT NULL REFERENCES accounts (id),
            body TEXT,
            reason TEXT NOT NULL CHECK (reason IN (
                'damaged', 'not_as_described', 'nothing_arrived', 'other', 'unusable', 'wrong_model')),
            text TEXT NOT NULL,
            salt TEXT,
            request TEXT,
            evidence_fits INTEGER CHECK (evidence_fits IN (0, 1)),
            amount INTEGER NOT NULL CHECK (amount >= 0),
            settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
            opened_at REAL NOT NULL,
            answer TEXT,
            answered_at REAL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'decided')),
            decided_for TEXT CHECK (decided_for IN ('buyer', 'creator')),
            decided_by TEXT CHECK (decided_by IN ('creator', 'operator')),
            decided_at REAL,
            note TEXT NOT NULL DEFAULT '',
            covered INTEGER NOT NULL DEFAULT 0 CHECK (covered BETWEEN 0 AND amount),
            CHECK ((salt IS NULL) = (request IS NULL) AND (salt IS NULL) = (evidence_fits IS NULL)),
            CHECK ((answer IS NULL) = (answered_at IS NULL)),
            CHECK (state <> 'answered' OR answer IS NOT NULL),
            CHECK ((state = 'decided') = (decided_for IS NOT NULL)),
            CHECK ((decided_for IS NULL) = (decided_at IS NULL) AND (decided_for IS NULL) = (decided_by IS NULL)),
            CHECK (covered = 0 OR decided_for = 'buyer')
        ) STRICT
        """,
        "CREATE INDEX disputes_buyer ON disputes (buyer, serial)",
        "CREATE INDEX disputes_creator ON disputes (creator, serial)",
        "CREATE INDEX disputes_open ON disputes (serial) WHERE state <> 'decided'",
        # What happened to a listing's orders is asked by every buyer who looks at it.
        "CREATE INDEX orders_listing ON orders (listing, created_at)",
        """
        CREATE TRIGGER disputes_decided_once BEFORE UPDATE ON disputes WHEN OLD.state = 'decided'
        BEGIN SELECT RAISE(ABORT, 'disputes: what is decided stays decided'); END
        """,
        """
        CREATE TRIGGER disputes_kept BEFORE DELETE ON disputes
        BEGIN SELECT RAISE(ABORT, 'disputes: disputes are kept'); END
        """,
    )(db)
