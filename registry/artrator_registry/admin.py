"""What an administrator's commands share: the folder of a registry that may be running beside them."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import click
import platformdirs

from artrator.cli.main import exit_code, show_error
from artrator.errors import ArtratorError, Code
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


class Refused(click.ClickException):
    """A problem that ends a command: shown as every command shows one, and with the same exit codes."""

    def __init__(self, problem: ArtratorError) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.exit_code = exit_code(problem)  # type: ignore[misc]  # click reads it of the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """The sentence, the cure and the code on standard error."""
        show_error(self.problem)


@contextlib.contextmanager
def new_file(file: Path | None) -> Iterator[None]:
    """While ``file`` is written, which must not be there; raises Refused."""
    try:
        yield
    except FileExistsError as error:
        problem = ArtratorError(Code.REQUEST_INVALID, f"{file} exists.", cure="Choose a new name.")
        raise Refused(problem) from error
    except OSError as error:
        raise Refused(
            ArtratorError(
                Code.REQUEST_INVALID,
                f"{file} could not be written: {error.strerror}.",
                cure="Name a place in which you may write.",
            )
        ) from error


def existing(data: Path) -> Settings:
    """The settings of a registry that is there; raises Refused if there is none."""
    settings = Settings(data=data)
    if not settings.database.exists():
        raise Refused(
            ArtratorError(
                Code.NOT_FOUND,
                f"There is no registry in {data}.",
                cure=f"Check the folder. To make a new one there: artrator registry init --data {data}",
            )
        )
    return settings


def make(data: Path) -> Authority:
    """Make the registry if there is none, or bring it up to date; answers its keys."""
    settings = Settings(data=data)
    if settings.database.exists():
        return prepare(data)
    # The keys first: then a database without a root key has lost it, and is not merely unfinished.
    with _usable(settings):
        authority = Authority(settings.keys)
    return _brought_up(settings, authority)


def prepare(data: Path) -> Authority:
    """Bring a registry that is there up to date; answers its keys. Raises Refused if there is none, or no root key."""
    settings = existing(data)
    if not settings.root_key.exists():
        raise Refused(
            ArtratorError(
                Code.NOT_FOUND,
                f"The registry in {data} has lost its root key, {settings.root_key}.",
                cure="Put it back from a backup: under another key nobody would know this registry.",
            )
        )
    return _brought_up(settings, Authority(settings.keys))


def _brought_up(settings: Settings, authority: Authority) -> Authority:
    _migrate(settings)
    authority.prepare(time.time())
    return authority


def read(data: Path, query: Callable[[Transaction], _T]) -> _T:
    """Run a query on one snapshot of the database; a problem is told."""
    db = connect(existing(data).database, read_only=True)
    try:
        db.execute("BEGIN")
        return query(Transaction(db, time.time()))
    except ArtratorError as problem:
        raise Refused(problem) from problem
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
        raise Refused(problem) from problem
    finally:
        db.close()  # without a COMMIT, everything is undone
    return result


class OtherVersion(click.ClickException):
    """The folder holds what another version of Artrator wrote; programs tell it by the exit code (EX_CONFIG)."""

    exit_code = 78


def _migrate(settings: Settings) -> None:
    try:
        with _usable(settings):
            migrate(settings.database, MIGRATIONS, SCHEMA, OLDEST_SCHEMA)
    except SchemaError as error:
        raise OtherVersion(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise Refused(
            ArtratorError(
                Code.REQUEST_INVALID,
                f"{settings.database} cannot be opened: {error}.",
                cure="Is it whole, and yours?",
            )
        ) from error


@contextlib.contextmanager
def _usable(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            ArtratorError(
                Code.REQUEST_INVALID,
                f"{settings.data} cannot be used: {error.strerror or error}.",
                cure="Name a folder that is yours.",
            )
        ) from error
