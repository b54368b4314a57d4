"""Tables of passes and their periods."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from artrator_registry.storage import statements

migrations = Migrations("artrator-registry-passes")


@migrations()
def m001_create_passes(db: Database) -> None:
    # A period's counters can never promise more than its allowance, nor pay out more than its price.
    statements(
        """
        CREATE TABLE passes (
            serial INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            body TEXT NOT NULL,
            buyer TEXT NOT NULL REFERENCES accounts (id),
            creator TEXT NOT NULL REFERENCES accounts (id),
            plan TEXT NOT NULL,
            terms TEXT NOT NULL REFERENCES plan_terms (digest),
            rail TEXT NOT NULL,
            api_key TEXT REFERENCES api_keys (id),
            renew INTEGER NOT NULL CHECK (renew IN (0, 1)),
            state TEXT NOT NULL CHECK (state IN ('active', 'ended', 'refunded', 'unpaid')),
            begun_at REAL NOT NULL,
            ended_at REAL,
            CHECK (buyer <> creator),
            CHECK ((state = 'active') = (ended_at IS NULL))
        ) STRICT
        """,
        "CREATE INDEX passes_buyer ON passes (buyer, creator)",
        "CREATE INDEX passes_terms ON passes (terms)",
        "CREATE UNIQUE INDEX passes_in_force ON passes (buyer, plan) WHERE state = 'active'",
        """
        CREATE TRIGGER passes_agreed BEFORE UPDATE OF id, body, buyer, creator, plan, terms, rail, begun_at ON passes
        BEGIN SELECT RAISE(ABORT, 'passes: what was agreed does not change'); END
        """,
        """
        CREATE TRIGGER passes_one_way BEFORE UPDATE OF state ON passes
        WHEN NEW.state <> OLD.state AND OLD.state <> 'active' AND NOT (OLD.state = 'ended' AND NEW.state = 'refunded')
        BEGIN SELECT RAISE(ABORT, 'passes: there is no such road between states'); END
        """,
        "CREATE TRIGGER passes_kept BEFORE DELETE ON passes BEGIN SELECT RAISE(ABORT, 'passes: passes are kept'); END",
        """
        CREATE TABLE pass_periods (
            id TEXT PRIMARY KEY,
            pass TEXT NOT NULL REFERENCES passes (id),
            number INTEGER NOT NULL CHECK (number >= 1),
            price INTEGER NOT NULL CHECK (price >= 1),
            allowance INTEGER NOT NULL CHECK (allowance >= 1),
            fee INTEGER NOT NULL CHECK (fee BETWEEN 0 AND 10000),
            api_key TEXT REFERENCES api_keys (id),
            payment TEXT UNIQUE,
            begins REAL NOT NULL,
            ends REAL NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ending', 'paid', 'refunded')),
            waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),
            used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
            runs INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
            earned INTEGER NOT NULL DEFAULT 0 CHECK (earned BETWEEN 0 AND price),
            closed_at REAL,
            UNIQUE (pass, number),
            CHECK (used + waiting <= allowance),
            CHECK ((state IN ('paid', 'refunded')) = (closed_at IS NOT NULL)),
            CHECK (closed_at IS NULL OR waiting = 0),
            CHECK (state <> 'paid' OR earned = price)
        ) STRICT
        """,
        "CREATE UNIQUE INDEX pass_periods_open ON pass_periods (pass) WHERE state = 'open'",
        "CREATE INDEX pass_periods_ends ON pass_periods (ends) WHERE state = 'open'",
        "CREATE INDEX pass_periods_ending ON pass_periods (id) WHERE state = 'ending'",
        "CREATE INDEX pass_periods_api_key ON pass_periods (api_key) WHERE api_key IS NOT NULL",
        """
        CREATE TRIGGER pass_periods_agreed BEFORE UPDATE OF id, pass, number, price, allowance, fee, api_key, payment,
            begins ON pass_periods
        BEGIN SELECT RAISE(ABORT, 'passes: what was agreed does not change'); END
        """,
        """
        CREATE TRIGGER pass_periods_one_way BEFORE UPDATE OF state ON pass_periods
        WHEN NEW.state <> OLD.state AND NOT (
            (OLD.state = 'open' AND NEW.state = 'ending')
            OR (OLD.state = 'ending' AND NEW.state IN ('paid', 'refunded'))
        )
        BEGIN SELECT RAISE(ABORT, 'passes: there is no such road between states'); END
        """,
        """
        CREATE TRIGGER pass_periods_kept BEFORE DELETE ON pass_periods
        BEGIN SELECT RAISE(ABORT, 'passes: periods are kept'); END
        """,
    )(db)
