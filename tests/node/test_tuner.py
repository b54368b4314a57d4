"""A node that chooses by itself: it serves with a guess, measures while nobody waits, and remembers."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_engine import Catalogue, ScriptedWorker
from toy_node import ToyNode

from artrator.backend import Value
from artrator.clients.node import NodeClient
from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState
from artrator.package import read_manifest
from artrator.worker.outlast import outlast
from artrator_node.catalogue import ServedPackage
from artrator_node.engine.devices import Choice, Place, cores
from artrator_node.engine.trials import samples, trial
from artrator_node.engine.trials.tuner import Tuner


def trials(node: ToyNode) -> Mapping[str, Mapping[str, Any]]:
    connection = sqlite3.connect(f"{(node.data / 'journal.db').as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT choice, figures, measured_at FROM trials").fetchall()
        return {choice: {**json.loads(figures), "at": at} for choice, figures, at in rows}
    finally:
        connection.close()


def test_each_way_is_tried_once_and_remembered_over_a_restart(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(device="auto")
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    expected = len(cores.thread_counts())
    if expected > 1:
        node.wait_for(lambda: len(trials(node)) == expected, "the ways were not tried")
    before = trials(node)
    for figures in before.values():
        assert figures["out"] == ""
        assert figures["run_seconds"] > 0
        assert figures["rows"]["4"] > 0
        assert figures["difference"] == 0  # the same seed makes the same picture
    # It may be loaded anew at this moment, in the way that was better.
    node.wait_for(lambda: bool(node.ask(lambda client: client.health()).packages[0].workers), "it is not loaded")
    health = node.ask(lambda client: client.health())
    assert health.device == "auto"
    assert health.packages[0].workers[0].device.startswith("cpu")
    node.stop()
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    assert trials(node) == before


def test_a_job_that_comes_in_the_middle_of_a_trial_is_served_at_once(make_node: Callable[..., ToyNode]) -> None:
    if len(cores.thread_counts()) == 1:
        pytest.skip("there is one way only on this machine")
    node = make_node(device="auto")
    node.start()
    # Jobs come faster than the node can be idle, and then none comes.
    for _ in range(6):
        request = node.request({"steps": 1})

        async def work(client: NodeClient, request: Any = request) -> list[EventKind]:
            await node.submit(client, request)
            return [event.kind for event in await node.finished(client, request.job)]

        assert node.ask(work)[-1] is EventKind.DONE
    node.wait_for(lambda: len(trials(node)) == len(cores.thread_counts()), "no trial after all")


def test_who_stops_a_tuner_while_a_trial_gives_way_is_heard() -> None:
    """A node that was told to stop in that moment would else go on trying, and never stop."""

    async def main() -> None:
        leaving, may_leave = asyncio.Event(), asyncio.Event()

        async def start(_package: ServedPackage, _choice: Choice) -> ScriptedWorker:
            try:
                await asyncio.Event().wait()
            finally:
                leaving.set()
                await outlast(may_leave.wait())
            raise AssertionError

        nothing: Any = None
        tuner = Tuner(
            nothing, nothing, nothing, start, packages=list, idle=lambda: False, make_room=nothing, learnt=nothing
        )
        package = Catalogue().packages["a"]
        trying = asyncio.create_task(tuner._unless_disturbed(package, Choice(Place("cpu"), "cpu"), None))
        await leaving.wait()
        trying.cancel()
        asyncio.get_running_loop().call_later(0.1, may_leave.set)
        with pytest.raises(asyncio.CancelledError):
            await trying

    asyncio.run(main())


def test_devices_that_the_owner_named_are_never_tried(make_node: Callable[..., ToyNode]) -> None:
    node = make_node(device="cpu")
    node.start()
    assert node.run({"steps": 1}).state is JobState.DELIVERED
    assert not trials(node)
    worker = node.ask(lambda client: client.health()).packages[0].workers[0]
    assert worker.device == f"cpu, {cores.default_threads()} thread{'s' * (cores.default_threads() > 1)}"


# --- trials, with workers that do what the test says


class Painter(ScriptedWorker):
    """Paints a grey, and answers at once."""

    def __init__(self, package: ServedPackage, grey: Callable[[], int], error: ArtratorError | None = None) -> None:
        super().__init__(package, 1 << 20)
        self.grey = grey
        self.error = error

    async def run(
        self, job_id: str, values: Mapping[str, Value], on_progress: Any = None, on_output: Any = None, **_: Any
    ) -> Mapping[str, Value]:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return {"image": np.full((4, 4, 3), self.grey(), np.uint8)}


def tried(worker: Callable[[ServedPackage], Painter], reference: trial.Reference | None, **choice: Any) -> trial.Tried:
    package = Catalogue().packages["a"]

    async def start(package: ServedPackage, choice: Choice) -> Any:
        return worker(package)

    where = Choice(Place("gpu"), **{"kind": "cuda", **choice})
    return asyncio.run(trial.attempt(start, package, where, reference=reference, seconds=20))


def test_a_device_that_makes_other_pictures_is_out_and_says_how_far_off_it_is() -> None:
    reference = tried(lambda package: Painter(package, lambda: 100), None, kind="cpu").reference
    assert reference is not None
    near = tried(lambda package: Painter(package, lambda: 101), reference).figures
    assert (near.out, near.difference) == ("", 1.0)
    far = tried(lambda package: Painter(package, lambda: 105), reference).figures
    assert far.out == "It makes other pictures than the processor: 5.0 levels away."
    coarse = tried(lambda package: Painter(package, lambda: 105), reference, precision="fp16").figures
    assert (coarse.out, coarse.difference) == ("", 5.0)


def test_a_package_that_never_makes_the_same_picture_is_compared_with_nothing() -> None:
    shades = iter(range(0, 255, 20))
    found = tried(lambda package: Painter(package, lambda: next(shades, 0)), None, kind="cpu")
    assert found.reference is not None
    assert not found.reference.outputs
    other = tried(lambda package: Painter(package, lambda: 0), found.reference).figures
    assert (other.out, other.note) == ("", "It makes another picture every time.")


def test_a_device_that_fails_is_out_but_a_made_up_request_that_fails_is_not_its_fault() -> None:
    died = ArtratorError(Code.WORKER_DIED, "The worker was ended by SIGSEGV.")
    assert tried(lambda package: Painter(package, lambda: 0, died), None).figures.out == died.message
    refused = ArtratorError(Code.MODEL_FAILED, "The picture is too dark.")
    figures = tried(lambda package: Painter(package, lambda: 0, refused), None, kind="cpu").figures
    assert figures.out == ""
    assert "The picture is too dark." in figures.note
    # What the processor could do, a card has to do.
    reference = trial.Reference(1.0, {"image": np.zeros((4, 4, 3), np.uint8)})
    assert tried(lambda package: Painter(package, lambda: 0, refused), reference).figures.out == refused.message


def test_what_is_not_of_one_kind_is_infinitely_far_apart() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    assert trial.difference({"a": picture}, {"b": picture}) == float("inf")
    assert trial.difference({"a": picture}, {"a": picture[:1]}) == float("inf")
    assert trial.difference({"a": [picture]}, {"a": [picture, picture]}) == float("inf")
    assert trial.difference({"a": "cat"}, {"a": "dog"}) == float("inf")
    assert trial.difference({"a": "cat"}, {"a": "cat"}) == 0
    assert trial.difference({"a": 1.0}, {"a": 1.005}) < trial.TOLERANCE < trial.difference({"a": 1.0}, {"a": 1.02})


# --- inputs made up from manifests


@pytest.mark.parametrize("manifest", sorted(Path("examples").glob("*/package/artrator.toml")), ids=lambda p: p.parts[1])
def test_requests_are_made_up_that_the_manifest_allows(manifest: Path) -> None:
    from artrator.inputs import complete
    from artrator.values import FILE_TYPES

    read = read_manifest(manifest.read_text(encoding="utf-8"))
    for size in samples.SIZES:
        values = samples.inputs(read, size)
        plain = {name: value for name, value in values.items() if read.inputs[name].type not in FILE_TYPES}
        bare = replace(read, inputs={n: spec for n, spec in read.inputs.items() if spec.type not in FILE_TYPES})
        assert complete(bare, plain) == plain
        assert set(values) >= {name for name, spec in read.inputs.items() if spec.required}
    assert samples.growth(read, 0.0) == 1.0
    assert samples.growth(read, 1.0) >= samples.growth(read, 0.5) >= 1.0
