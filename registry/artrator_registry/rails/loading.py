"""Rails are made from what the operator named and configured.

``rails.toml`` in the registry's folder has a table for each rail. It may hold secrets, so nobody else may read it. A
text in it can come from the environment instead: ``ARTRATOR_RAIL_STRIPE_SECRET_KEY`` is ``secret_key`` of ``[stripe]``.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artrator import rail as contract
from artrator.errors import ArtratorError, Code
from artrator.plugins.extensions import load_extensions
from artrator.rail import Rail, RailBook, RailSettings
from artrator_registry.rails import builtin


def load_rails(names: Sequence[str], file: Path) -> Mapping[str, Rail]:
    """The built-in rails and those of the extensions with these names.

    Raises:
        ArtratorError: ``extension_missing``, ``plugin_broken``, ``rail_misconfigured``.
    """
    manager = load_extensions(names)
    book = RailBook()
    builtin.register_rails(book.register)
    manager.hook.register_rails(register=book.register)
    _check_names(names, book)
    tables, text = _read(file) if names else ({}, "")
    rails: dict[str, Rail] = {}
    for name, make in book.makers.items():
        values = {**tables.get(name, {}), **_environment(name)}
        rails[name] = make(RailSettings(values, name, text))
        if rails[name].terms.pays_in and rails[name].terms.flow in ("redirect", "invoice"):
            _check_terms(name, rails[name].terms)
    return rails


def _check_names(names: Sequence[str], book: RailBook) -> None:
    for name in book.makers:
        if not re.fullmatch(contract.NAME, name):
            raise ArtratorError(Code.PLUGIN_BROKEN, f"{name[:40]!r} cannot be the name of a rail.")
    for name in names:
        if name not in book.makers:
            raise ArtratorError(Code.PLUGIN_BROKEN, f"The extension {name} registers no rail of that name.")


def _check_terms(name: str, terms: contract.RailTerms) -> None:
    if terms.rate <= 0 or not terms.currency:
        raise ArtratorError(Code.RAIL_MISCONFIGURED, f"The rail {name} has no currency, or no rate above 0.")
    if not 0 < terms.minimum <= terms.maximum:
        raise ArtratorError(Code.RAIL_MISCONFIGURED, f"The rail {name} needs 0 < minimum <= maximum.")


def _read(file: Path) -> tuple[dict[str, dict[str, Any]], str]:
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, ""
    except (OSError, UnicodeDecodeError) as error:
        raise ArtratorError(Code.RAIL_MISCONFIGURED, f"{file} cannot be read: {error}.") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ArtratorError(
            Code.RAIL_MISCONFIGURED, f"Others can read {file}, which may hold secrets.", cure=f"chmod 600 {file}"
        )
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ArtratorError(Code.RAIL_MISCONFIGURED, f"{file} is not valid TOML: {error}.") from error
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ArtratorError(Code.RAIL_MISCONFIGURED, f"{file}: {name} must be a table: [{name}].")
    return tables, text


def _environment(name: str) -> dict[str, str]:
    prefix = f"ARTRATOR_RAIL_{name.upper().replace('-', '_')}_"
    return {key.removeprefix(prefix).lower(): value for key, value in os.environ.items() if key.startswith(prefix)}
