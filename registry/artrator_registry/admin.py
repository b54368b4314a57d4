"""What an administrator's commands share: the folder of a registry that may be running beside them."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click
import platformdirs

from artrator.cli.main import exit_code, show_error
from artrator.errors import ArtratorError, Code
from artrator.money import parse_credits
from artrator.one_process import only_one
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, OLDEST_SCHEMA, SCHEMA
from artrator_registry.settings import Settings
from artrator_registry.storage import (
    SchemaError,
    Transaction,
    as_problem,
    connect,
    fault_of,
    migrate,
    schema_of,
)
from artrator_registry.timekeeping import now

_T = TypeVar("_T")

#: What is wrong with a file and not with the moment: it is no database, is torn, or belongs to somebody else.
_UNUSABLE: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


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


class Note(click.ParamType[tuple[str, str]]):
    """A text in one language, such as ``en=100 credits cost 1 euro``."""

    name = "language=text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read language and text."""
        language, _, text = str(value).partition("=")
        if not re.fullmatch("[a-z]{2,3}", language) or not text.strip():
            self.fail(f"{value!r} is no text in a language, such as en='100 credits cost 1 euro'", param, ctx)
        return language, text.strip()


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
                f"{file} could not be written: {error.strerror or error}.",
                cure="Name a place with room for it in which you may write.",
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


def make(data: Path, *, held: bool = False) -> Authority:
    """Make the registry if there is none, or bring it up to date; answers its keys.

    Args:
        data: Its folder.
        held: Whether this process holds it already, see ``alone``.
    """
    settings = Settings(data=data)
    if settings.database.exists():
        return prepare(data, held=held)
    # The keys first: then a database without a root key has lost it, and is not merely unfinished.
    with _usable(settings):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)  # people's names and orders are nobody else's business
        authority = Authority(settings.keys)
    return _brought_up(settings, authority, held)


def prepare(data: Path, *, held: bool = False) -> Authority:
    """Bring a registry that is there up to date; answers its keys. Raises Refused if there is none, or no root key.

    Args:
        data: Its folder.
        held: Whether this process holds it already, see ``alone``.
    """
    return _brought_up(existing(data), keys_of(data), held)


def keys_of(data: Path) -> Authority:
    """The keys of a registry that is there, as they are; raises Refused if there is none, or no root key."""
    settings = existing(data)
    if not settings.root_key.exists():
        raise Refused(
            ArtratorError(
                Code.NOT_FOUND,
                f"The registry in {data} has lost its root key, {settings.root_key}.",
                cure="Put it back from a backup: under another key nobody would know this registry.",
            )
        )
    return Authority(settings.keys)


def _brought_up(settings: Settings, authority: Authority, held: bool) -> Authority:
    _migrate(settings, held=held)
    with _usable(settings), told(settings):
        authority.prepare(now(settings))
    return authority


def read(data: Path, query: Callable[[Transaction], _T]) -> _T:
    """Run a query on one snapshot of the database; a problem is told."""
    settings = existing(data)
    _migrate(settings)
    with told(settings), contextlib.closing(connect(settings.database, read_only=True)) as db:
        db.execute("BEGIN")
        return query(Transaction(db, now(settings)))


def write(data: Path, command: Callable[[Transaction], _T]) -> _T:
    """Run one command on the database; a problem is told and leaves nothing behind."""
    settings = existing(data)
    _migrate(settings)
    # Closed without a COMMIT, everything is undone.
    with told(settings), contextlib.closing(connect(settings.database)) as db:
        db.execute("BEGIN IMMEDIATE")
        result = command(Transaction(db, now(settings)))
        db.execute("COMMIT")
    return result


@contextlib.contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the folder: two registries on one database would each keep half of the truth in memory."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    serving = ArtratorError(
        Code.CONFLICT, f"Another registry is serving {data}.", cure="Stop it first, or name another folder."
    )
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(only_one(data / "serve.lock", serving))
        except ArtratorError as problem:
            raise Refused(problem) from problem
        yield


@contextlib.contextmanager
def told(settings: Settings) -> Iterator[None]:
    """While the registry's database is used: what cannot be done, or cannot be done now, is told; raises Refused."""
    try:
        yield
    except ArtratorError as problem:
        raise Refused(problem) from problem
    except sqlite3.DatabaseError as error:
        found = as_problem(error)
        if fault_of(error) in _UNUSABLE:
            found = ArtratorError(
                Code.REQUEST_INVALID,
                f"{settings.database} cannot be opened: {error}.",
                cure="Is it whole, and yours? If its disk is broken, serve a backup.",
            )
        if found is None:
            raise
        raise Refused(found) from error


class OtherVersion(click.ClickException):
    """The folder holds what another version of Artrator wrote; programs tell it by the exit code (EX_CONFIG)."""

    exit_code = 78


def _migrate(settings: Settings, *, held: bool = False) -> None:
    try:
        with _usable(settings), told(settings):
            found = schema_of(settings.database)
            if found == SCHEMA:
                return
            # An older version that is serving must not find its tables changed beneath it. A newer one's are refused.
            with contextlib.nullcontext() if held or found > SCHEMA else alone(settings.data):
                migrate(settings.database, MIGRATIONS, SCHEMA, OLDEST_SCHEMA)
    except SchemaError as error:
        raise OtherVersion(str(error)) from error


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
