"""A TOML table read field by field: each field is checked for its type, and what nobody asked for is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from artrator.manifest import Texts
from artrator.package.problems import Problems, did_you_mean, dotted
from artrator.package.toml_lines import KeyPath
from artrator.values import MAX_INTEGER

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
# Control characters hide text, and bidirectional controls make it read as something else.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HIDDEN_OR_BREAK = re.compile(_HIDDEN.pattern[:-1] + r"\t\n]")

_KINDS: Final = {str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "a table"}


class Table:
    """One table of ``artrator.toml``.

    A wrong field is noted in ``problems`` and read as if it were absent, so that one pass finds every problem.
    """

    def __init__(self, values: Mapping[str, Any], path: KeyPath, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self._values = values
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def problem(self, key: str | None, message: str, cure: str) -> None:
        """Note a problem of a field (or of the table); the message begins with the field's dotted name."""
        path = self.path if key is None else (*self.path, key)
        self.problems.add(path, f"{dotted(path)} {message}", cure)

    def raw(self, key: str) -> Any:
        """The value as it stands, or None."""
        self._known.add(key)
        return self._values.get(key)

    def everything(self) -> Mapping[str, Any]:
        """All values as they stand; whoever takes them checks them."""
        return self._values

    def text(self, key: str, *, longest: int, pattern: str | None = None, form: str = "", required: bool = True) -> str:
        """A text of one line; ``form`` says in words what ``pattern`` wants."""
        value = self._typed(key, str, required=required)
        if not isinstance(value, str):
            return ""
        if not value or len(value) > longest:
            self.problem(key, f"has {len(value)} characters.", f"Write 1 to {longest} characters.")
        elif pattern is not None and re.fullmatch(pattern, value) is None:
            self.problem(key, f"{_shown(value)} is not {form}.", "Write it in that form.")
        elif _HIDDEN_OR_BREAK.search(value):
            self.problem(key, "has a line break or a hidden control character.", "Take it out.")
        return value

    def texts(self, key: str, *, longest: int, required: bool = True, lines: bool = False) -> Texts:
        """A text, or a table of texts by language; English is required."""
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            if required:
                self.problem(None if self.path else key, *self._missing(key))
            return {}
        if isinstance(value, str):
            value = {"en": value}
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            self.problem(key, "is neither text nor a table of texts.", 'Write "…" or { en = "…", ko = "…" }.')
            return {}
        if "en" not in value:
            self.problem(key, "has no English text.", 'Add en = "…": it is shown where no other language fits.')
        for language, text in value.items():
            if _LANGUAGE.fullmatch(language) is None:
                self.problem(key, f"names the language {_shown(language)}.", "Use codes such as en, ko or pt-BR.")
            if not text.strip() or len(text) > longest:
                self.problem(key, f"has {len(text)} characters in {language}.", f"Write 1 to {longest} characters.")
            elif (_HIDDEN if lines else _HIDDEN_OR_BREAK).search(text):
                what = "a hidden control character" if lines else "a line break or a hidden control character"
                self.problem(key, f"has {what} in {language}.", "Take it out.")
        return dict(value)

    def integer(self, key: str, *, lowest: int = -MAX_INTEGER, highest: int = MAX_INTEGER) -> int | None:
        """A whole number, or None."""
        value = self._typed(key, int, required=False)
        if value is None:
            return None
        if not lowest <= value <= highest:
            self.problem(key, f"{value} is outside {lowest} … {highest}.", "Write a number in that range.")
            return None
        return int(value)

    def number(self, key: str) -> float | None:
        """A finite number, or None."""
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(key, "is not a number.", "Write a number such as 2 or 0.5, without quotes.")
            return None
        if abs(value) > MAX_INTEGER or not math.isfinite(value):  # in this order: not every whole number is a float
            self.problem(key, f"{value} is too large.", f"Stay between -{MAX_INTEGER} and {MAX_INTEGER}.")
            return None
        return float(value)

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._typed(key, bool, required=False)
        return default if value is None else bool(value)

    def strings(self, key: str, *, most: int, pattern: str, form: str) -> Sequence[str]:
        """A list of different texts of a form."""
        value = self._typed(key, list, required=False) or []
        good: list[str] = []
        for i, item in enumerate(value):
            path = (*self.path, key, i)
            if not isinstance(item, str) or re.fullmatch(pattern, item) is None:
                self.problems.add(path, f"{dotted(path)} {_shown(item)} is not {form}.", "Write it in that form.")
            elif item in good:
                self.problems.add(path, f"{dotted(path)} {_shown(item)} is there twice.", "Take one out.")
            else:
                good.append(item)
        if len(value) > most:
            self.problem(key, f"has {len(value)} items.", f"Keep at most {most}.")
        return tuple(good)

    def table(self, key: str) -> Table:
        """A table; an absent one is empty."""
        return Table(self._typed(key, dict, required=False) or {}, (*self.path, key), self.problems)

    def named(self, key: str, *, most: int, pattern: str, form: str) -> Iterator[tuple[str, Table]]:
        """The tables ``[key.NAME]``."""
        value = self._typed(key, dict, required=False) or {}
        if len(value) > most:
            self.problem(key, f"has {len(value)} entries.", f"Keep at most {most}.")
        for name, item in value.items():
            path = (*self.path, key, name)
            if re.fullmatch(pattern, name) is None:
                self.problems.add(path, f"{dotted(path)}: the name is not {form}.", "Rename it.")
            if isinstance(item, dict):
                yield name, Table(item, path, self.problems)
            else:
                self.problems.add(path, f"{dotted(path)} is not a table.", f"Write [{dotted(path)}] above its fields.")

    def tables(self, key: str, *, most: int) -> Iterator[Table]:
        """The tables ``[[key]]``."""
        value = self._typed(key, list, required=False) or []
        if len(value) > most:
            self.problem(key, f"has {len(value)} entries.", f"Keep at most {most}.")
        for i, item in enumerate(value):
            path = (*self.path, key, i)
            if isinstance(item, dict):
                yield Table(item, path, self.problems)
            else:
                self.problems.add(path, f"{dotted(path)} is not a table.", f"Write [[{key}]] above its fields.")

    def finish(self, *, elsewhere: Mapping[str, str] | None = None) -> None:
        """Refuse every field that was not read; ``elsewhere`` has the cure for some."""
        for key in self._values:
            if key in self._known:
                continue
            path = (*self.path, key)
            cure = (elsewhere or {}).get(key) or did_you_mean(key, self._known)
            self.problems.add(path, f"{dotted(path)} is not a known field.", cure)

    def _typed(self, key: str, kind: type, *, required: bool) -> Any:
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            if required:
                self.problem(None if self.path else key, *self._missing(key))
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problem(key, f"is not {_KINDS[kind]}.", f"Write {_KINDS[kind]}.")
            return None
        return value

    def _missing(self, key: str) -> tuple[str, str]:
        what = f"lacks {key}." if self.path else "is missing."
        return what, f"Add {key} = …" + ("" if self.path else " above the first table") + "."


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…'"
