"""A package looked at by a verifier, and served by a second node of its creator: commands against real processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from federation import Federation, artrator, copy_example, federation, free_port

from artrator.demo.services import Service
from artrator.package import verify


def _operator(running: Federation, *words: str) -> str:
    return artrator("registry", *words, "--data", str(running.registry_data), home=running.folder / "operator")


@pytest.mark.slow
def test_a_verifier_may_look_and_nobody_else_and_the_creator_sees_it(tmp_path: Path) -> None:
    with federation(tmp_path / "federation") as running:
        running.publish(copy_example("upscale-x4", tmp_path / "packages"), "--base", "1", "--price", "pixel=8/1000000")
        running.start_node()
        auditor, place = running.person("auditor", 0), tmp_path / "seen"
        look = ("package", "fetch", "atelier/upscale-x4", str(place), "--verify")

        refused = auditor.run(*look)
        assert refused.returncode != 0
        assert "Traceback" not in refused.stderr
        assert not place.exists()

        _operator(running, "verifiers", "add", "auditor")
        assert "auditor" in _operator(running, "verifiers", "list")
        seen = auditor.run(*look)
        assert seen.returncode == 0, seen.stderr
        found = verify(place, running.creator.profile.identity.public)
        assert found.digest in seen.stdout
        assert "is there already" in auditor.run(*look).stderr
        assert auditor.run("package", "check", str(place)).returncode == 0

        looks = running.creator.run("package", "looks")
        assert looks.returncode == 0, looks.stderr
        assert "auditor" in looks.stdout

        _operator(running, "verifiers", "remove", "auditor")
        assert auditor.run(*look[:3], str(tmp_path / "again"), "--verify").returncode != 0
        assert not (tmp_path / "again").exists()
        assert "no difference" in running.audit()


@pytest.mark.slow
def test_a_second_node_of_the_creator_fetches_the_package_and_sells_it_when_the_first_is_gone(tmp_path: Path) -> None:
    with federation(tmp_path / "federation") as running:
        running.publish(copy_example("emoji", tmp_path / "packages"), "--price", "image=2")
        first = running.start_node()
        creator, data = running.creator, tmp_path / "second"
        port = free_port()
        made = creator.run(
            *("node", "init", "--name", "Second", "--registry", running.url, "--data", str(data)),
            *("--host", "127.0.0.1", "--port", str(port)),
        )
        assert made.returncode == 0, made.stderr
        fetched = creator.run("node", "fetch", "atelier/emoji", str(tmp_path / "copy"), "--data", str(data))
        assert fetched.returncode == 0, fetched.stderr
        assert verify(tmp_path / "copy", creator.profile.identity.public).digest in fetched.stdout

        first.stop()
        second = Service(
            "second",
            *("node", "serve", "--data", str(data), "--port", str(port)),
            home=creator.profile.folder,
            log=running.folder / "logs" / "second.log",
        )
        try:
            second.wait(240)

            def serves() -> bool:
                return any(node.name == "Second" for node in creator.ask(lambda client: client.nodes("atelier/emoji")))

            running.wait_for(serves, "the second node does not serve the model", 60)
            result = running.person("mina", 10).buy("atelier/emoji", {"prompt": "a green frog", "steps": 4})
            assert result.settled
            assert "no difference" in running.audit()
        finally:
            second.stop()
