"""A worker on a card: it ends when the card answers no more, but not when a run fails, and keeps what was compiled."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from artrator import ArtratorError, Code, Device
from artrator.plugins import Wants
from artrator.worker.host import Limits, Worker

#: A runtime on a card that is lost for ever, to this process, once it was given too much.
RUNTIME = """
from types import SimpleNamespace

import numpy as np

__version__ = "9.9"
ExecutionMode = SimpleNamespace(ORT_SEQUENTIAL=0)
lost = False

class SessionOptions(SimpleNamespace):
    def add_session_config_entry(self, name, value): pass

def get_available_providers():
    return ["DmlExecutionProvider", "CPUExecutionProvider"]

class InferenceSession:
    def __init__(self, model, options, providers, enable_fallback):
        self.check()
    def check(self):
        if lost:
            raise RuntimeError("887A0005 The GPU device instance has been suspended.")
    def get_providers(self):
        return ["DmlExecutionProvider"]
    def run(self, outputs, feeds, options):
        global lost
        self.check()
        if feeds["x"].max() > 1:
            lost = feeds["x"].max() > 2
            raise RuntimeError("887A0006 The GPU will not respond to more commands.")
        sides = np.array([[2, 3, 3, 2]], np.float32)
        return [((sides.T @ sides) @ (sides.T @ sides))[None, None]]
"""
PLUGIN = """
import numpy as np

from artrator import Inspection, Kernel, hookimpl
from artrator.onnx_runtime import session
from artrator.worker.child.cards import _GRAPH

class Loaded:
    memory_bytes = 0

    def __init__(self, device):
        net = session(_GRAPH, device, name="net.onnx")
        self.kernel = Kernel("net", lambda feeds: net.run(feeds, ["y"]), max_batch=1)

    async def run(self, inputs, context):
        x = np.full((1, 1, 4, 4), inputs["x"], np.float32)
        made = await context.batch(self.kernel, {"x": x})
        picture = np.zeros((1, 1, 3), np.uint8)
        return {"text": "", "value": float(made["y"].sum()), "image": picture, "frames": [picture]}

    def close(self):
        pass

class Toy:
    name = "toy"

    def inspect(self, package):
        return Inspection(0)

    def load(self, package, device):
        return Loaded(device)

@hookimpl
def register_backends(register):
    register(Toy())
"""


@pytest.fixture
def plugin(make_plugin, tmp_path):
    (tmp_path / "shim" / "onnxruntime").mkdir(parents=True)
    (tmp_path / "shim" / "onnxruntime" / "__init__.py").write_text(RUNTIME)
    cards = Wants(gpu=True)
    bare = make_plugin(PLUGIN, wants=cards, allowed=cards)
    return replace(bare, sys_path=(tmp_path / "shim", *bare.sys_path))


@contextlib.asynccontextmanager
async def on_card(plugin, content, kept=""):
    limits = Limits(run_seconds=240, load_seconds=240)
    worker = await Worker.start_verified(plugin, content, device=Device("directml", compiled=kept), limits=limits)
    try:
        yield worker
    finally:
        await worker.close()


def test_a_run_that_fails_leaves_its_worker_where_the_card_still_answers(plugin, content):
    async def main():
        async with on_card(plugin, content) as worker:
            with pytest.raises(ArtratorError) as failed:
                await worker.run("bad", {"x": 2})
            assert failed.value.code is Code.MODEL_FAILED
            assert (await worker.run("good", {"x": 1}))["value"] == 2600

    asyncio.run(main())


def test_a_card_that_answers_no_more_ends_its_worker(plugin, content):
    async def main():
        async with on_card(plugin, content) as worker:
            assert (await worker.run("good", {"x": 1}))["value"] == 2600
            with pytest.raises(ArtratorError) as lost:
                await worker.run("last", {"x": 3})
            assert lost.value.code is Code.WORKER_DIED
            assert worker.death is not None
            assert worker.death.reason == "ended because its device answers no more"
            assert list(worker.death.inside) == ["last"]
        async with on_card(plugin, content) as worker:  # another process finds it again
            assert (await worker.run("good", {"x": 1}))["value"] == 2600

    asyncio.run(main())


def test_a_confined_worker_makes_a_folder_for_what_is_compiled_of_its_graph(plugin, content, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()

    async def main():
        async with on_card(plugin, content, str(kept)) as worker:
            assert (await worker.run("good", {"x": 1}))["value"] == 2600

    asyncio.run(main())
    assert [path.is_dir() for path in kept.iterdir()] == [True]
