"""``artrator plan``, ``pass`` and ``passes``, as a creator and a buyer type them, against a real registry process."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from registry_process import Server

from artrator.cli.main import main
from artrator.documents import Plan
from artrator.profile import Profile
from artrator_registry.cli import registry

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture(scope="module")
def server(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("passes") / "registry"
    shutil.copytree(fresh, data)
    made = Server(data)
    made.start()
    yield made
    made.end(signal.SIGKILL)


class Typist:
    """Somebody at a command line."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, server: Server, handle: str) -> None:
        self.folder = folder / handle
        self._patch = monkeypatch
        assert self.run("account", "use", server.url, "--handle", handle).exit_code == 0

    def run(self, *arguments: str) -> Result:
        self._patch.setenv("ARTRATOR_HOME", str(self.folder))
        return CliRunner().invoke(main, arguments)

    def told(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.exit_code == 0, done.output
        return done.output

    def json(self, *arguments: str) -> list[dict[str, object]]:
        answer: list[dict[str, object]] = json.loads(self.run(*arguments, "--json").stdout)
        return answer


def test_a_pass_is_sold_bought_renewed_stopped_and_withdrawn(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    creator = Typist(tmp_path, monkeypatch, server, "atelier")
    buyer = Typist(tmp_path, monkeypatch, server, "mina")
    assert "No pass is sold here." in buyer.told("plan", "list")
    assert "You have no pass." in buyer.told("passes")
    terms = ("--title", "Everything", "--title-ko", "전부", "--price", "9", "--allowance", "30")
    offered = creator.told("plan", "publish", "all", *terms)
    assert "atelier/all: 9 credits for 30 days; runs worth up to 30 credits of everything of atelier" in offered
    assert "8.55 (95 %) its creator, atelier" in offered
    assert "0.45 (5 %) the registry, Artrator" in offered
    assert "atelier/all: 9 credits" in buyer.told("plan", "list", "--creator", "atelier")
    (sold,) = buyer.json("plan", "list")
    assert Plan.verify(sold["document"], Profile(creator.folder).identity.public).title["ko"] == "전부"

    assert buyer.run("pass", "buy", "atelier/all").exit_code == 3  # nothing to pay with
    done = CliRunner().invoke(registry, ["grant", "mina", "20", "--data", str(server.data)])
    assert done.exit_code == 0, done.output
    assert buyer.run("pass", "buy", "atelier/all", "--max-price", "8.99").exit_code == 3
    assert "runs worth 30 credits until" in buyer.told("pass", "buy", "atelier/all", "--yes")
    refused = buyer.run("pass", "buy", "atelier/all", "--yes")
    assert (refused.exit_code, "pass_in_force" in refused.output) == (1, True)
    (bought,) = buyer.json("passes")
    assert "30 of 30" in buyer.told("passes")
    assert "renews itself then for 9 credits" in buyer.told("pass", "renew", "atelier/all")
    assert "ends then" in buyer.told("pass", "stop", str(bought["id"]))
    assert "pass_unknown" in buyer.run("pass", "stop", "atelier/none").output
    assert "plan_unknown" in buyer.run("pass", "buy", "atelier/none").output

    assert "not sold any more" in creator.told("plan", "withdraw", "all")
    assert "plan_unknown" in creator.run("plan", "withdraw", "all").output
    assert buyer.json("plan", "list") == []
    for wrong in (("--price", "0"), ("--price", "1,5"), ("--allowance", "x"), ("--days", "0")):
        assert creator.run("plan", "publish", "all", *terms, *wrong).exit_code == 2
    assert "plan_invalid" in creator.run("plan", "publish", "all", *terms, "--listing", "atelier/none").output
    assert "11 credits available" in buyer.told("balance")


def test_a_handle_that_nobody_chose_or_that_comes_too_late_is_told(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Typist(tmp_path, monkeypatch, server, "late")
    assert "your handle stays late." in late.told("account", "use", server.url, "--handle", "early")
    assert "handle" not in late.told("account", "use", server.url)
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "nameless"))
    assert "That handle was given to you" in CliRunner().invoke(main, ["account", "use", server.url]).output
