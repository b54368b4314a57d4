"""A lock for one process: held once, free when its holder is gone, and said in a sentence when it cannot be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from artrator.errors import ArtratorError, Code
from artrator.one_process import only_one

TAKEN = ArtratorError(Code.CONFLICT, "It is taken.")
HOLDER = """
import sys
from pathlib import Path
from artrator.errors import ArtratorError, Code
from artrator.one_process import only_one
with only_one(Path(sys.argv[1]), ArtratorError(Code.CONFLICT, "It is taken.")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_is_held_once_and_free_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    for _ in range(2):
        with only_one(lock, TAKEN):
            with pytest.raises(ArtratorError) as refused, only_one(lock, TAKEN):
                pass
            assert refused.value is TAKEN
    with pytest.raises(ZeroDivisionError), only_one(lock, TAKEN):
        raise ZeroDivisionError
    with only_one(lock, TAKEN):
        pass


def test_a_holder_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ArtratorError) as refused, only_one(lock, TAKEN):
            pass
        assert refused.value is TAKEN
        other.kill()
    with only_one(lock, TAKEN):
        pass


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    for lock in (tmp_path, tmp_path / "none" / "lock"):
        with pytest.raises(ArtratorError, match="cannot be used") as refused, only_one(lock, TAKEN):
            pass
        assert refused.value.code is Code.REQUEST_INVALID
        assert str(lock) in str(refused.value)
