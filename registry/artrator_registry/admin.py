"""What an administrator's commands share: the folder of a registry that may be running beside them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import platformdirs

from artrator.errors import ArtratorError
from artrator.money import parse_credits
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, OLDEST_SCHEMA, SCHEMA
from artrator_registry.settings import Settings
from artrator_registry.storage import SchemaError, Transaction, connect, migrate

_T = TypeVar("_T")


def _default_data() -> Path:
    return Path(platformdirs.user_data_path("artrator", appauthor=False)) / "registry"


#: ``--data``, of every command.
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=_default_data,
    envvar="ARTRATOR_REGISTRY_DATA",
    help="The folder that holds everything.",
)


class Credits(click.ParamType[int]):
    """An amount of credits, such as 12 or 0.25, read as micro-credits."""

    name = "credits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the amount."""
        try:
            return parse_credits(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def existing(data: Path) -> Settings:
    """The settings of a registry that is there; raises click.ClickException if there is none."""
    settings = Settings(data=data)
    if not settings.database.exists():
        raise click.ClickException(f"There is no registry in {data}. Make one: artrator registry init --data {data}")
    return settings


def prepare(data: Path) -> Authority:
    """Make the registry if there is none, or bring it up to date; answers its keys."""
    settings = Settings(data=data)
    _migrate(settings)
    authority = Authority(settings.keys)
    authority.prepare(time.time())
    return authority


def read(data: Path, query: Callable[[Transaction], _T]) -> _T:
    """Run a query on one snapshot of the database."""
    db = connect(existing(data).database, read_only=True)
    try:
        db.execute("BEGIN")
        return query(Transaction(db, time.time()))
    finally:
        db.close()


def write(data: Path, command: Callable[[Transaction], _T]) -> _T:
    """Run one command on the database; a problem is told and leaves nothing behind."""
    settings = existing(data)
    _migrate(settings)
    db = connect(settings.database)
    try:
        db.execute("BEGIN IMMEDIATE")
        result = command(Transaction(db, time.time()))
        db.execute("COMMIT")
    except ArtratorError as problem:
        raise click.ClickException(f"{problem.message} {problem.cure}") from problem
    finally:
        db.close()  # without a COMMIT, everything is undone
    return result


class OtherVersion(click.ClickException):
    """The folder holds what another version of Artrator wrote; programs tell it by the exit code (EX_CONFIG)."""

    exit_code = 78


def _migrate(settings: Settings) -> None:
    try:
        migrate(settings.database, MIGRATIONS, SCHEMA, OLDEST_SCHEMA)
    except SchemaError as error:
        raise OtherVersion(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise click.ClickException(f"{settings.database} cannot be opened: {error}. Is it whole, and yours?") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(f"{settings.data} cannot be used: {reason}. Name a folder that is yours.") from error
