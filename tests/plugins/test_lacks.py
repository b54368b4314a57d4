"""What a sandbox says of a platform has a code: an interface in another language has words for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from artrator.worker import lacks, sandbox

SOURCES = [*Path(sandbox.__file__).parent.glob("*.py"), Path(lacks.__file__)]


def sentences(source: Path) -> Iterator[str]:
    """Every text of a source that is a sentence and no docstring, with an x for what is put into it."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    skipped = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    skipped |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if text.endswith(".") and " " in text:
            yield text


FOUND = sorted({text for source in SOURCES for text in sentences(source)})


def test_there_is_something_to_say() -> None:
    assert len(FOUND) > 9


@pytest.mark.parametrize("said", FOUND)
def test_each_sentence_has_a_code(said: str) -> None:
    assert lacks.code_of(said)[0] != "confinement"


def test_what_a_sentence_names_is_a_fact() -> None:
    assert lacks.code_of("macOS: memory and threads of a worker are not limited here.") == (
        "limits_missing",
        {"system": "macOS"},
    )
    code, facts = lacks.code_of("The worker is not fully confined: [Errno 1] Operation not permitted.")
    assert (code, facts) == ("confinement_partial", {"reason": "[Errno 1] Operation not permitted"})


def test_a_sentence_of_a_later_worker_has_the_general_code() -> None:
    assert lacks.code_of("This kernel has no Portcullis.") == ("confinement", {})
