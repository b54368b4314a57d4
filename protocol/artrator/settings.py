"""How a backend reads the ``[settings]`` table of a package: typed, strict, and with the line that is wrong.

A backend asks for what it knows and ends with :meth:`Settings.done`, which refuses what nobody asked for::

    settings = Settings.of(package.manifest)
    graph = settings.text("graph")
    overlap = settings.integer("overlap", 16, minimum=0)
    settings.done()

Every refusal is ``package_invalid`` and names the line of ``artrator.toml``, the key, and what may stand there.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.manifest import Manifest
from artrator.package.toml_lines import locate

#: Stands for "there is no default: the key must be there".
REQUIRED: Final[Any] = object()
#: TOML's whole numbers have no end, floats have.
_LARGEST: Final = sys.float_info.max
#: What is reckoned with elsewhere has 64 bits.
_WHOLE: Final = 1 << 63


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The line of a TOML file, counted from 1, where ``path`` or the nearest table above it is written.

    Args:
        text: The file.
        path: Keys from the top, such as ``("settings", "feeds", "image", "layout")``.
    """
    lines = locate(text)
    return next((lines[tuple(path[:end])] for end in range(len(path), 0, -1) if tuple(path[:end]) in lines), None)


class Settings:
    """One table of the settings.

    Attributes:
        path: Where the table stands in the manifest, from the top.
    """

    def __init__(self, values: Mapping[str, Any], path: Sequence[str], manifest_text: str = "") -> None:
        self._values: Final = dict(values)
        self._asked: Final[set[str]] = set()
        self._children: Final[dict[str, Settings]] = {}
        self._text: Final = manifest_text
        self.path: Final = tuple(path)

    @classmethod
    def of(cls, manifest: Manifest) -> Settings:
        """The ``[settings]`` table of a manifest."""
        return cls(manifest.settings, ("settings",), manifest.text)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, key: str | None, problem: str) -> ArtratorError:
        """``package_invalid`` at a key of this table, or at the table itself.

        Args:
            key: The key at fault; None blames the table.
            problem: The rest of a sentence that begins with the key's name, such as "must be a number".
        """
        path = self.path if key is None else (*self.path, key)
        number = line_of(self._text, path)
        where = "artrator.toml" if number is None else f"artrator.toml:{number}"
        message = f"{where}: {'.'.join(path)} {problem}"
        return ArtratorError(Code.PACKAGE_INVALID, message, cure="Correct that line in artrator.toml.", line=number)

    def raw(self, key: str, default: Any = REQUIRED) -> Any:
        """The value as TOML gave it."""
        self._asked.add(key)
        if key in self._values:
            return self._values[key]
        if default is REQUIRED:
            raise self.error(key, "is missing.")
        return default

    def text(self, key: str, default: Any = REQUIRED, *, choices: Sequence[str] = ()) -> Any:
        """A string; one of ``choices`` if there are any."""
        value = self.raw(key, default)
        if value is default and key not in self._values:
            return value
        if not isinstance(value, str) or not value:
            raise self.error(key, f"is {value!r}; it must be a text.")
        if choices and value not in choices:
            raise self.error(key, f"is '{value}'; use {_either(choices)}.")
        return value

    def boolean(self, key: str, default: Any = REQUIRED) -> Any:
        """``true`` or ``false``."""
        value = self.raw(key, default)
        if key in self._values and not isinstance(value, bool):
            raise self.error(key, f"is {value!r}; use true or false.")
        return value

    def integer(self, key: str, default: Any = REQUIRED, *, minimum: int | None = None) -> Any:
        """A whole number, not below ``minimum``."""
        value = self.raw(key, default)
        if key not in self._values:
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(key, f"is {value!r}; it must be a whole number.")
        if minimum is not None and value < minimum:
            raise self.error(key, f"is {value}; it must be at least {minimum}.")
        if not -_WHOLE <= value < _WHOLE:
            raise self.error(key, f"is {value}; whole numbers have 64 bits at most.")
        return value

    def number(self, key: str, default: Any = REQUIRED) -> Any:
        """A finite number, as a float."""
        value = self.raw(key, default)
        return _number(value) if key in self._values and self._is_number(key, value) else value

    def numbers(self, key: str, default: Any = REQUIRED, *, length: int | None = None) -> Any:
        """A list of finite numbers, as a tuple of floats, ``length`` of them."""
        value = self.raw(key, default)
        if key not in self._values:
            return value
        if not isinstance(value, list) or (length is not None and len(value) != length):
            count = "numbers" if length is None else f"{length} numbers"
            raise self.error(key, f"is {value!r}; it must be a list of {count}.")
        return tuple(_number(item) for item in value if self._is_number(key, item))

    def integers(self, key: str, default: Any = REQUIRED, *, length: int | None = None, minimum: int = 1) -> Any:
        """A list of whole numbers, as a tuple, none below ``minimum``."""
        value = self.raw(key, default)
        if key not in self._values:
            return value
        good = isinstance(value, list) and all(type(item) is int and item >= minimum for item in value)
        if good and any(item >= _WHOLE for item in value):
            raise self.error(key, f"is {value!r}; whole numbers have 64 bits at most.")
        if not good or (length is not None and len(value) != length):
            count = "whole numbers" if length is None else f"{length} whole numbers"
            raise self.error(key, f"is {value!r}; it must be a list of {count} of at least {minimum}.")
        return tuple(value)

    def texts(self, key: str, default: Any = REQUIRED) -> Any:
        """A list of strings, as a tuple."""
        value = self.raw(key, default)
        if key not in self._values:
            return value
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.error(key, f"is {value!r}; it must be a list of texts.")
        return tuple(value)

    def table(self, key: str, default: Any = REQUIRED) -> Any:
        """A table below this one, as Settings."""
        value = self.raw(key, default)
        if key not in self._values:
            return value
        if not isinstance(value, dict):
            raise self.error(key, f"is {value!r}; it must be a table: [{'.'.join((*self.path, key))}].")
        if key not in self._children:  # one for all who ask, because it remembers what was asked for
            self._children[key] = Settings(value, (*self.path, key), self._text)
        return self._children[key]

    def tables(self) -> dict[str, Settings]:
        """Every entry of this table, each of which must be a table, by name."""
        return {key: self.table(key) for key in self._values}

    def done(self) -> None:
        """Refuse keys that nobody asked for, here and in every table that was asked for."""
        for key in self._values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, sorted(self._asked), 1)
                hint = f"did you mean '{near[0]}'?" if near else f"it knows {_either(sorted(self._asked))}."
                raise self.error(key, f"is not known to this backend; {hint}")
        for child in self._children.values():
            child.done()

    def _is_number(self, key: str, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
            raise self.error(key, f"is {value!r}; it must be a number.")
        return True


def _number(value: int | float) -> float:
    return float(value)


def _either(choices: Sequence[str]) -> str:
    quoted = [f"'{choice}'" for choice in choices]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
