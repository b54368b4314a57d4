"""Commands that move money: the same wish whose answer was lost is asked again under the same id, and only then."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artrator.cli._errands import errand
from artrator.errors import ArtratorError, Code


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path))
    monkeypatch.delenv("ARTRATOR_API_KEY", raising=False)
    return tmp_path


def ask(amount: int = 5, problem: Code | None = None, kind: str = "transfer") -> str:
    """The id that is sent; ``problem`` is what the registry answers."""
    asked = []
    with contextlib.suppress(ArtratorError), errand(kind, amount=amount) as made:
        asked.append(made)
        if problem is not None:
            raise ArtratorError(problem, "No.")
    return asked[0]


@pytest.mark.parametrize("lost", [Code.REGISTRY_UNREACHABLE, Code.INTERNAL, Code.STORAGE_BUSY])
def test_a_wish_whose_answer_was_lost_keeps_its_id_until_there_is_one(lost: Code) -> None:
    first = ask(problem=lost)
    assert ask(problem=lost) == first
    assert ask() == first
    assert ask() != first


def test_a_refusal_is_an_answer() -> None:
    first = ask(problem=Code.EARNINGS_INSUFFICIENT)
    assert ask() != first


def test_another_wish_another_registry_and_another_key_have_ids_of_their_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [ask(problem=Code.REGISTRY_UNREACHABLE)]
    made.append(ask(amount=6, problem=Code.REGISTRY_UNREACHABLE))
    made.append(ask(kind="payout", problem=Code.REGISTRY_UNREACHABLE))
    monkeypatch.setenv("ARTRATOR_REGISTRY", "https://other.example")
    made.append(ask(problem=Code.REGISTRY_UNREACHABLE))
    monkeypatch.setenv("ARTRATOR_API_KEY", "secret")
    made.append(ask(problem=Code.REGISTRY_UNREACHABLE))
    assert len(set(made)) == 5
    assert "secret" not in "".join(file.name + file.read_text() for file in (home / "errands").iterdir())


def test_a_wish_of_yesterday_is_a_new_one_and_is_not_kept(home: Path) -> None:
    first = ask(problem=Code.REGISTRY_UNREACHABLE)
    (file,) = (home / "errands").iterdir()
    os.utime(file, (time.time() - 86_401, time.time() - 86_401))
    assert ask(amount=7) != first
    assert list((home / "errands").iterdir()) == []


def test_a_command_that_is_killed_has_left_its_id_behind(home: Path) -> None:
    program = (
        "import os\nfrom artrator.cli._errands import errand\n"
        "with errand('transfer', amount=5) as made:\n    print(made, flush=True)\n    os._exit(1)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=240)
    assert ask() == killed.stdout.strip()


def test_what_a_hand_has_written_there_is_no_id(home: Path) -> None:
    ask(problem=Code.REGISTRY_UNREACHABLE)
    (file,) = (home / "errands").iterdir()
    file.write_text("../../etc")
    assert len(ask()) == 36
