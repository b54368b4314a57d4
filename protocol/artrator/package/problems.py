"""What is wrong with a package: sentences with a place and a cure, collected so that all are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from artrator.errors import ArtratorError, Code
from artrator.package.toml_lines import KeyPath

MANIFEST_NAME: Final = "artrator.toml"
#: Nobody reads more at once.
MOST_TOLD: Final = 100


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: The file at fault, relative to the package folder.
        line: Its line, from 1; None where the whole file is meant.
        message: One sentence that says what is wrong.
        cure: One sentence that says what to do; empty where there is nothing to be done.
    """

    file: str
    line: int | None
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.cure}".rstrip()

    @property
    def place(self) -> str:
        """``artrator.toml:12``, or the file alone."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """The problem as JSON values."""
        return {"file": self.file, "line": self.line, "message": self.message, "cure": self.cure}


class Problems:
    """Collects the problems of one ``artrator.toml``."""

    def __init__(self, lines: Mapping[KeyPath, int]) -> None:
        self._lines = lines
        self._found: list[Problem] = []

    def add(self, path: KeyPath, message: str, cure: str) -> None:
        """Note a problem at a key; where the key itself is missing, its table's line is named."""
        self._found.append(Problem(MANIFEST_NAME, self._line(path), message, cure))

    def found(self) -> Sequence[Problem]:
        """Every problem, by line."""
        return sorted(self._found, key=lambda problem: problem.line or 0)

    def _line(self, path: KeyPath) -> int:
        for end in range(len(path), 0, -1):
            if path[:end] in self._lines:
                return self._lines[path[:end]]
        return 1


def refuse(code: Code, problems: Sequence[Problem]) -> ArtratorError:
    """One error that tells every problem; ``details["problems"]`` has them as JSON.

    A single problem's cure is the error's; of several, each stands in its own line of the message with its cure. Of
    very many, the first are told.
    """
    told = [problem.to_json() for problem in problems[:MOST_TOLD]]
    if len(problems) == 1:
        return ArtratorError(code, f"{problems[0].place}: {problems[0].message}", cure=problems[0].cure, problems=told)
    return ArtratorError(code, "\n".join(in_lines(problems)), problems=told)


def in_lines(problems: Sequence[Problem]) -> list[str]:
    """A line for each problem; of very many, for the first ones, and one that counts the rest."""
    lines = [str(problem) for problem in problems[:MOST_TOLD]]
    return lines if len(problems) <= MOST_TOLD else [*lines, f"… and {len(problems) - MOST_TOLD} more like these."]


def dotted(path: KeyPath) -> str:
    """A path as a person writes it: ``samples[1].inputs.steps``."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or all of them where none is near."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known here: {', '.join(names)}." if names else "Take it out."
