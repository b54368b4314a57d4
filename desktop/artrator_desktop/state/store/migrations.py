"""The schema, step by step. A step is never edited once it has been released; the next one mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final


def m001_first_tables(connection: sqlite3.Connection) -> None:
    """Settings, drafts, pictures with their full-text index, and orders on their way."""
    connection.execute("create table setting (name text primary key, value text not null) without rowid, strict")
    # What was typed for a listing and not sent yet: one row a listing.
    connection.execute(
        "create table draft (listing text primary key, inputs text not null, saved_at real not null) "
        "without rowid, strict"
    )
    # An order on its way, written before it is sent: the request that was paid for, and what the gallery says of it.
    connection.execute(
        "create table outbox (order_id text primary key, request text not null, pending text not null, "
        "context text not null, created_at real not null) without rowid, strict"
    )
    connection.execute(
        "create table outbox_file (order_id text not null references outbox on delete cascade, sha256 text not null, "
        "data blob not null, primary key (order_id, sha256)) strict"
    )
    connection.execute(
        """
        create table image (
            id integer primary key,
            order_id text not null,
            position integer not null,
            outputs integer not null,
            listing text not null,
            version text not null,
            title text not null,
            task text not null,
            package text not null,
            prompt text not null,
            inputs text not null,
            source text not null,
            node text not null,
            node_name text not null,
            descriptor text not null,
            receipt text not null,
            acknowledgement text not null,
            cost integer not null,
            seconds real not null,
            favourite integer not null default 0,
            sha256 text not null,
            size integer not null,
            width integer not null,
            height integer not null,
            path text not null,
            created_at real not null,
            unique (order_id, position)
        ) strict
        """
    )
    connection.execute("create index image_newest on image (created_at desc, id desc)")
    connection.execute("create index image_by_listing on image (listing, created_at desc, id desc)")
    connection.execute("create index image_favourites on image (created_at desc, id desc) where favourite")
    # unicode61 with prefix queries finds words of two Korean syllables, which a trigram index cannot.
    connection.execute(
        "create virtual table image_words using fts5 (prompt, title, inputs, content='image', content_rowid='id', "
        "tokenize='unicode61', prefix='2 3')"
    )
    connection.execute(
        "create trigger image_added after insert on image begin insert into image_words (rowid, prompt, title, inputs) "
        "values (new.id, new.prompt, new.title, new.inputs); end"
    )
    connection.execute(
        "create trigger image_removed after delete on image begin insert into image_words "
        "(image_words, rowid, prompt, title, inputs) values ('delete', old.id, old.prompt, old.title, old.inputs); end"
    )


def m002_money(connection: sqlite3.Connection) -> None:
    """Errands under ids of our own, what proves a request in a dispute, models to keep, and the queue."""
    # Asked of the registry under an id that was made here; `decided` once an answer came.
    connection.execute(
        "create table errand (id text primary key, registry text not null, kind text not null, body text not null, "
        "decided integer not null default 0, begun_at real not null) without rowid, strict"
    )
    connection.execute("create index errand_by_kind on errand (registry, kind, begun_at)")
    # With the salt, the digest in the ticket proves the request; kept for as long as disputes last.
    connection.execute(
        "create table proof (order_id text primary key, salt text not null, request text not null, "
        "created_at real not null) without rowid, strict"
    )
    # Jobs that wait here, before anything is held for them; their pictures as the node would get them.
    connection.execute(
        "create table waiting (job text primary key, registry text not null, request text not null, "
        "created_at real not null) without rowid, strict"
    )
    connection.execute(
        "create table waiting_file (job text not null references waiting on delete cascade, name text not null, "
        "position integer not null, data blob not null, primary key (job, name, position)) strict"
    )


def m003_trash(connection: sqlite3.Connection) -> None:
    """Pictures that were deleted and may still be taken back."""
    # A table of its own and no column: what is asked of the pictures goes on being answered from their indexes.
    connection.execute("create table trash (image integer primary key references image on delete cascade) strict")


STEPS: Final[Sequence[Callable[[sqlite3.Connection], None]]] = (m001_first_tables, m002_money, m003_trash)


class NewerFileError(sqlite3.OperationalError):
    """A newer application wrote the file; an older one must not touch it."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest schema, each step in one transaction with its number.

    Raises:
        NewerFileError: A newer application wrote the file.
        sqlite3.DatabaseError: It is damaged.
    """
    done = connection.execute("pragma user_version").fetchone()[0]
    tables = connection.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0]
    if done > len(STEPS):
        raise NewerFileError("this file was written by a newer version of Artrator")
    if done < 0 or (done == 0) != (tables == 0):
        raise sqlite3.DatabaseError("its version and its tables do not belong together")
    for number, step in enumerate(STEPS[done:], start=done + 1):
        connection.execute("begin immediate")
        try:
            step(connection)
            connection.execute(f"pragma user_version={number}")
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
