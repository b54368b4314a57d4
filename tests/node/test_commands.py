"""``artrator node init``, ``publish`` and ``serve``, as an owner types them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from packages import write_package
from registry_double import RegistryDouble
from toy_node import ToyNode, write_toy

from artrator.cli.main import main
from artrator.documents import Offer, document_digest
from artrator.messages.node import JobState
from artrator.package import sign
from artrator.profile import Profile


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def registry() -> RegistryDouble:
    it = RegistryDouble()
    it.start()
    yield it
    it.stop()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["node", *arguments])


def test_init_makes_keys_that_only_their_owner_can_read_and_pins_the_registry(
    home: Path, registry: RegistryDouble
) -> None:
    done = run(
        "init", "--name", "Desk", "--registry", registry.url, "--port", "9000", "--url", "https://desk.example:9000"
    )
    assert done.exit_code == 0, done.output
    data = home / "node"
    for key in ("receipt.pem", "tls.pem"):
        assert (data / "keys" / key).stat().st_mode & 0o077 == 0
    assert 'urls = ["https://desk.example:9000"]' in (data / "node.toml").read_text()
    assert Profile().root_key(registry.url) == registry.root.public
    again = run("init", "--name", "Desk", "--registry", registry.url)
    assert again.exit_code == 1
    assert "already" in again.output


@pytest.mark.parametrize("url", ["not a url", "http://gpu.example.org", "https://gpu.example.org:port", "https://x/y"])
def test_init_takes_no_address_at_which_no_buyer_could_be(home: Path, registry: RegistryDouble, url: str) -> None:
    done = run("init", "--name", "Mina's desk", "--registry", registry.url, "--url", url)
    assert done.exit_code == 1
    assert "The setting urls is wrong" in done.output
    assert not (home / "node" / "node.toml").exists()


def test_init_without_a_registry_that_answers_makes_nothing(home: Path) -> None:
    done = run("init", "--name", "Desk", "--registry", "http://127.0.0.1:9")
    assert done.exit_code == 4
    assert "registry_unreachable" in done.output
    assert not (home / "node" / "node.toml").exists()


def test_publish_offers_and_serves_and_keeps_older_offers(home: Path, registry: RegistryDouble, tmp_path: Path) -> None:
    assert run("init", "--name", "Desk", "--registry", registry.url).exit_code == 0
    key = Profile().identity
    package = tmp_path / "toy"
    digest = write_toy(package, key)
    for price in ("step=0.01", "step=0.02"):
        done = run("publish", str(package), "--price", price, "--base", "0.5")
        assert done.exit_code == 0, done.output
        assert digest in done.output
    publication = registry.publications["atelier/toy"]
    offer = Offer.verify(publication["offer"], key.public)
    assert (offer.base, offer.units["step"].amount, offer.package) == (500_000, 20_000, digest)
    (entry,) = (home / "node" / "served").glob("*.json")
    offers = [document_digest(document) for document in json.loads(entry.read_text())["offers"]]
    assert len(offers) == 2
    assert document_digest(publication["offer"]) == offers[1]


def test_publish_asks_the_backend_first_and_tells_nobody_of_what_it_refuses(
    home: Path, registry: RegistryDouble, tmp_path: Path
) -> None:
    assert run("init", "--name", "Desk", "--registry", registry.url).exit_code == 0
    package = write_package(tmp_path / "test-model")  # its model.onnx is none
    sign(package, Profile().identity)
    done = run("publish", str(package), "--base", "1")
    assert done.exit_code == 1
    assert "test-model was not published, because the backend onnx refuses it: " in done.output
    assert "model.onnx" in done.output
    assert "[package_invalid]" in done.output
    assert "atelier/test-model" not in registry.publications
    assert not list((home / "node").glob("served/*"))


def test_publish_says_if_nobody_here_can_ask_the_backend(home: Path, registry: RegistryDouble, tmp_path: Path) -> None:
    assert run("init", "--name", "Desk", "--registry", registry.url).exit_code == 0
    package = tmp_path / "toy"
    write_toy(package, Profile().identity)
    done = run("publish", str(package), "--base", "1")
    assert done.exit_code == 0, done.output
    assert "[settings] were not checked: No plugin provides the backend node-toy." in done.output


def test_publish_says_what_else_is_offered_and_who_gets_what(
    home: Path, registry: RegistryDouble, tmp_path: Path
) -> None:
    assert run("init", "--name", "Desk", "--registry", registry.url).exit_code == 0
    package = tmp_path / "toy"
    write_toy(package, Profile().identity)
    more = ("--free-runs", "3", "--royalty", "mina/base=2.5", "--royalty", "root/base=10%", "--licence", "40")
    done = run("publish", str(package), "--base", "0.5", *more)
    assert done.exit_code == 0, done.output
    assert "82.5 % you, 5 % the registry, 2.5 % mina/base, 10 % root/base" in done.output
    offer = Offer.verify(registry.publications["atelier/toy"]["offer"], Profile().identity.public)
    assert (offer.free_runs, offer.licence) == (3, 40_000_000)
    assert [(each.listing, each.basis_points) for each in offer.royalties] == [("mina/base", 250), ("root/base", 1000)]
    assert run("publish", str(package), "--free-runs", "20").exit_code == 0  # free, so many times a day


def test_publish_refuses_prices_that_mean_nothing_and_packages_that_are_not_whole(
    home: Path, registry: RegistryDouble, tmp_path: Path
) -> None:
    assert run("init", "--name", "Desk", "--registry", registry.url).exit_code == 0
    package = tmp_path / "toy"
    write_toy(package, Profile().identity)
    for arguments, code in (
        ((), "request_invalid"),
        (("--base", "x"), "request_invalid"),
        (("--price", "banana=1"), "offer_invalid"),
        (("--price", "step"), "request_invalid"),
        (("--base", "1", "--licence", "-4"), "request_invalid"),
        (("--base", "1", "--royalty", "mina/base"), "request_invalid"),
        (("--base", "1", "--royalty", "mina/base=0"), "request_invalid"),
        (("--base", "1", "--royalty", "mina/base=0.001"), "request_invalid"),
        (("--base", "1", "--royalty", "mina/base=NaN"), "request_invalid"),
        (("--base", "1", "--royalty", "base=1"), "request_invalid"),
    ):
        done = run("publish", str(package), *arguments)
        assert done.exit_code == 1
        assert code in done.output
    (package / "weights.bin").write_bytes(b"changed")
    done = run("publish", str(package), "--base", "1")
    assert done.exit_code == 1
    assert "weights.bin" in done.output
    (package / "model.sig").unlink()
    assert "package_unsigned" in run("publish", str(package), "--base", "1").output


def test_a_second_node_on_a_folder_refuses_to_start(node: ToyNode) -> None:
    """It would start the other's jobs again, and sweep away what they need."""
    done = node.command("serve", "--port", "0")
    assert done.returncode == 1
    assert f"A node is serving from {node.data} already." in done.stderr
    assert node.run({"steps": 1}).state is JobState.DELIVERED


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminal tells of its end")
def test_a_node_whose_terminal_is_closed_stops_in_order(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    assert node.service is not None
    os.kill(node.service.pid, signal.SIGHUP)
    node.wait_for(lambda: '"stopped"' in node.log, "it did not stop")
    assert '"draining"' in node.log


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("node.toml", b"\xff\xfe", "is not TOML"),
        ("node.toml", b'name = "n"\nregistry = "http://127.0.0.1:1"\nurls = ["not a url"]', "The setting urls"),
        ("keys/receipt.pem", b"", "receipt.pem is damaged. Bring it back from a backup"),
        ("keys/tls.pem", b"-----BEGIN", "tls.pem is damaged."),
        ("keys/tls.crt", b"", "tls.crt is damaged. Delete it"),
        ("journal.db", b"no database" * 1000, "journal.db is damaged"),
    ],
)
def test_a_damaged_file_stops_the_start_with_its_name(
    make_node: Callable[..., ToyNode], file: str, content: bytes, says: str
) -> None:
    node = make_node()
    (node.data / file).write_bytes(content)
    done = node.command("serve", "--port", "0")
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_serve_without_a_node_says_how_to_make_one(home: Path) -> None:
    done = run("serve")
    assert done.exit_code == 1
    assert "artrator node init" in done.output
