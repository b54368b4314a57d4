"""Models that crash, hang, swallow memory or paint nonsense: sold and bought, buyers hear, and get their money back."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_models import BACKEND, write_graph, write_toy
from federation import Federation, Person, federation
from packages import encoded, noise
from wheels import pack_base_wheels, write_wheel

from artrator.errors import ArtratorError
from artrator.messages.registry import OrderState
from artrator.worker.scratch import PREFIX

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a model may take is held by Linux")
PHOTO = {"image": encoded(noise(16, 16))}
GRAPHS = ("good", "endless", "huge", "bomb", "not-a-number")
#: Short, so that nobody waits for what never ends; and less memory than any of them wants.
SETTINGS = {"run_seconds": "2.0", "load_seconds": "5.0", "memory_mib": "1500", "prewarm": "false", "threads": "1"}


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Federation]:
    """A federation whose node sells one good model and many bad ones."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    wheel = write_wheel(tmp_path, "bad", {"bad.py": BACKEND}, entry_points={"bad": "bad"})
    wheelhouse = pack_base_wheels(tmp_path / "wheelhouse")
    with federation(tmp_path / "federation") as it:
        done = it.creator.run("plugins", "install", str(wheel), "--yes", "--find-links", str(wheelhouse))
        assert done.returncode == 0, done.stderr
        for name in GRAPHS:
            it.publish(write_graph(tmp_path / "packages", name), "--base", "2")
        it.publish(write_toy(tmp_path / "packages"), "--base", "2")
        settings = it.node_data / "node.toml"
        kept = [line for line in settings.read_text().splitlines() if line.partition(" =")[0] not in SETTINGS]
        settings.write_text("\n".join([*(f"{name} = {value}" for name, value in SETTINGS.items()), *kept]))
        it.start_node()
        yield it
    assert list(temporary.glob(f"{PREFIX}*")) == []


class Customer(threading.Thread):
    """Buys from the good model until told to stop."""

    def __init__(self, person: Person) -> None:
        super().__init__(daemon=True)
        self.person, self.bought = person, 0
        self.stop = threading.Event()
        self.error: ArtratorError | None = None

    def run(self) -> None:
        while not self.stop.wait(1.0):
            try:
                self.person.buy("atelier/good", {}, PHOTO)
            except ArtratorError as error:
                self.error = error
                return
            self.bought += 1


def refusal(person: Person, listing: str, do: str = "") -> tuple[str, str]:
    """Code and words of what a buyer hears instead of a picture."""
    with pytest.raises(ArtratorError) as caught:
        person.buy(f"atelier/{listing}", {"do": do}, PHOTO)
    assert caught.value.details.get("charged", 0) == 0
    return caught.value.code.value, caught.value.message


def children(pid: int) -> list[str]:
    """The processes that a process has, however they were started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


@pytest.mark.slow
@pytest.mark.timeout(900)  # a plugin is installed, and workers of every package started, on a machine that may be busy
def test_bad_models_cost_their_buyers_nothing_and_good_ones_serve_on(running: Federation) -> None:
    node = running.node
    assert node is not None
    customer = Customer(running.person("jun"))
    customer.start()
    mina, noa = running.person("mina"), running.person("noa")

    heard = {name: refusal(mina, name) for name in GRAPHS if name != "good"}
    assert {name: code for name, (code, _) in heard.items()} == {
        "endless": "worker_limit",
        "huge": "worker_limit",
        "bomb": "worker_limit",
        "not-a-number": "model_failed",
    }
    assert heard["endless"][1] == "The model did not finish within 2 seconds."
    assert heard["bomb"][1] == "bomb was not loaded within 5 seconds."
    assert "memory" in heard["huge"][1]
    assert "not numbers" in heard["not-a-number"][1]
    # A backend of a stranger's: the first ends its process, the second outgrows it, the third blocks it.
    assert refusal(mina, "bad", "segfault")[0] == "worker_died"
    assert refusal(noa, "bad", "gulp")[0] == "worker_limit"
    assert refusal(noa, "bad", "block")[0] == "worker_limit"

    customer.stop.set()
    customer.join(60)
    assert customer.error is None
    assert customer.bought > 2
    for person in (mina, noa):
        running.wait_for(lambda person=person: person.balance().held == 0, "a hold stayed")  # type: ignore[misc]
        assert person.balance().available == 100_000_000
        orders = person.ask(lambda client: client.orders()).items
        assert {order.state for order in orders} == {OrderState.RELEASED}
    assert "no difference" in running.audit()

    # The daemon is the same, and of those that died nothing is left.
    assert os.getpgid(node.pid) == node.pid
    dead = [child for child in children(node.pid) if "State:\tZ" in Path(f"/proc/{child}/status").read_text()]
    assert dead == []
    status = running.creator.run("node", "status", "--data", str(running.node_data)).stdout
    assert "good 1.0: warm" in status
    told = (running.folder / "logs" / "node.log").read_text(encoding="utf-8")
    assert "bomb was not loaded within 5 seconds." in told
    assert "was ended by SIGSEGV" in told
