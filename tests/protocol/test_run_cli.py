"""`artrator run` on a folder of one's own, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from toy_node import install_backend, write_toy

from artrator.cli import main
from artrator.keys import PrivateKey


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A creator's folder, with the package `toy` in it and its backend installed."""
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(install_backend(tmp_path / "site")))
    monkeypatch.chdir(tmp_path)
    write_toy(tmp_path / "toy", PrivateKey.generate())


def artrator(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


def test_the_result_lies_beside_the_folder_that_has_the_same_name(tmp_path: Path) -> None:
    done = artrator("toy", "--json")
    assert done.exit_code == 0, done.output
    files = json.loads(done.stdout)["files"]
    assert [Path(name).suffix for name in files] == [".png"]
    assert (tmp_path / files[0]).read_bytes().startswith(b"\x89PNG")


def test_what_fails_here_speaks_of_no_money() -> None:
    failed = artrator("toy", "--set", "do=complain")
    assert failed.exit_code == 1
    assert "The picture is too dark." in failed.stderr
    assert "Try other settings" in failed.stderr
    assert "charged" not in failed.stderr


@pytest.mark.parametrize("name", ["toys", "./toys", "home"])
def test_what_is_no_folder_and_no_listing_is_told_before_a_registry_is_asked(name: str) -> None:
    refused = artrator(name)
    assert refused.exit_code == 1
    assert f"{name} is no folder with an artrator.toml" in refused.stderr
