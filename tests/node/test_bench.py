"""``artrator node bench``, as an owner types it, on a real package."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import pytest
from toy_node import ToyNode

from artrator.demo.services import command, environment
from artrator_node.commands.bench import Bench, Row, render
from artrator_node.engine.devices import Choice, Figures, Place, cores


def bench(node: ToyNode, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("node", "bench", "--data", str(node.data), *arguments),
        env={**environment(node.creator.folder), "PYTHONPATH": str(node.site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def said(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, errors = process.communicate(timeout=240)
    return out, errors


def chosen(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in found["rows"] if row["chosen"]]


def test_every_way_is_shown_with_its_figures_and_what_is_chosen_is_kept_for_the_node(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node(device="auto")
    out, errors = said(bench(node, "--json"))
    found = json.loads(out)
    assert (found["rough"], found["whole"]) == (False, True), errors
    assert [row["threads"] for row in found["rows"]] == list(cores.thread_counts())
    for row in found["rows"]:
        assert (row["name"], row["device"], row["kind"], row["out"]) == ("toy", "cpu", "cpu", "")
        assert set(row["rows"]) == {"1", "4", "8"}
        assert row["load_seconds"] > 0
        assert row["memory_bytes"] > 0
    assert len(chosen(found)) == 1
    node.start()
    worker = node.ask(lambda client: client.health()).packages[0]
    node.wait_for(lambda: bool(node.ask(lambda client: client.health()).packages[0].workers), "it is not loaded")
    worker = node.ask(lambda client: client.health()).packages[0].workers[0]
    threads = chosen(found)[0]["threads"]
    assert worker.device == f"cpu, {threads} thread{'s' * (threads > 1)}"
    # While it serves, the same can be asked again; what comes out is said to be rough.
    port = node.url.rpartition(":")[2]
    settings = (node.data / "node.toml").read_text().replace("port = 8443", f"port = {port}")
    (node.data / "node.toml").write_text(settings)
    out, errors = said(bench(node, "toy"))
    assert "The node was serving meanwhile: these figures are rough." in out, errors
    assert node.run({"steps": 1}).outputs


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal and lists processes")
def test_ctrl_c_shows_what_is_known_until_then_and_leaves_no_worker_behind(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(device="cpu")
    process = bench(node)
    assert process.stderr is not None
    # One way only: it is tried, and Ctrl+C comes in the middle of it or at its end.
    while not (workers := psutil.Process(process.pid).children()):
        assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    out, errors = said(process)
    assert "Traceback" not in errors
    assert "Stopped before everything was tried." in out or "chosen" in out
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_a_name_that_is_not_served_is_refused_with_those_that_are(make_node: Callable[..., ToyNode]) -> None:
    process = bench(make_node(), "toi")
    _, errors = said(process)
    assert process.returncode == 1
    assert "does not serve 'toi'" in errors
    assert "It serves toy." in errors


def test_tables_fit_a_hundred_columns_and_say_why() -> None:
    from scripted_engine import Catalogue

    package = Catalogue().packages["a"]
    card = Place("gpu", 12, name="A card")
    rows = [
        Row(
            package,
            Choice(Place("cpu"), "cpu", 64),
            Figures(12.345, 1234.5, {1: 0.000123, 4: 1234.5, 8: 99999.0}, 99 << 30, 0.0),
        ),
        Row(package, Choice(card, "tensorrt", 8, "fp16"), Figures(100.0, 0.01, {1: 100.0}, 1 << 30, 1.25), chosen=True),
        Row(package, Choice(card, "cuda", 8), Figures(out="The worker was ended by SIGSEGV.", note="And more.")),
    ]
    text = render(Bench(rows, {"onnx": {"cuda:1": "no driver."}}, whole=False), serving=True)
    table = [line for line in text.splitlines() if "load s" in line or "threads" in line]
    assert table
    assert max(map(len, table)) <= 100
    assert "* gpu:12 by tensorrt, fp16 is chosen" in text
    assert "x gpu:12 by cuda is out: The worker was ended by SIGSEGV." in text
    assert "onnx: cuda:1 does not answer: no driver." in text
    assert "rough" in text
