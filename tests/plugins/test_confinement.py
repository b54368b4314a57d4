"""What a hostile plugin achieves on Linux: nothing but computing."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from backend_source import backend_source

from artrator import Device
from artrator.plugins import Wants
from artrator.worker.host import Limits, Worker
from artrator.worker.sandbox import landlock

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or landlock.version() < 6, reason="needs Linux with Landlock version 6"
)
HOSTILE = (Path(__file__).parent / "hostile_backend.py").read_text(encoding="utf-8")


def once(plugin, content, inputs, **options):
    async def main():
        worker = await Worker.start_verified(plugin, content, **options)
        try:
            return worker.info, await worker.run("a", inputs)
        finally:
            await worker.close()

    return asyncio.run(main())


@pytest.fixture
def request_of_hostile(tmp_path, profile):
    """Secrets to steal and a server to reach."""
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "id_ed25519").write_text("secret")
    profile.mkdir()
    (profile / "identity.pem").write_text("secret")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
    ):
        named.bind(f"{tmp_path / 'outside'}.sock")
        abstract.bind(f"\0{tmp_path / 'outside'}")
        port = server.getsockname()[1]
        yield f"{home / 'id_ed25519'}|{profile / 'identity.pem'}|{tmp_path / 'outside'}|{port}|{os.getpid()}"


def test_a_hostile_plugin_achieves_nothing_but_computing(make_plugin, text_content, request_of_hostile):
    info, outputs = once(make_plugin(HOSTILE), text_content, {"request": request_of_hostile})
    assert list(info.confinement) == []
    assert outputs["text"].split("|") == ["start a thread", "read itself"]


def test_a_plugin_that_asks_in_vain_gets_nothing(make_plugin, text_content, request_of_hostile):
    greedy = make_plugin(HOSTILE, wants=Wants(network=True, files=True, gpu=True))
    _, outputs = once(greedy, text_content, {"request": request_of_hostile})
    assert outputs["text"].split("|") == ["start a thread", "read itself"]


def test_a_plugin_gets_what_was_allowed_and_no_more(make_plugin, text_content, request_of_hostile):
    everything = Wants(network=True, files=True)
    _, outputs = once(
        make_plugin(HOSTILE, wants=everything, allowed=everything), text_content, {"request": request_of_hostile}
    )
    assert outputs["text"].split("|") == [
        "write to scratch",
        "connect",
        "send a datagram",
        "pass a descriptor",
        "lock a file",
        "start a thread",
        "read itself",
    ]


def test_what_a_worker_writes_is_gone_with_it(make_plugin, text_content, request_of_hostile):
    async def main():
        wants = Wants(files=True)
        plugin = make_plugin(HOSTILE, wants=wants, allowed=wants)
        worker = await Worker.start_verified(plugin, text_content)
        await worker.run("a", {"request": request_of_hostile})
        scratch = worker._process.scratch
        there = (scratch / "note").exists()
        await worker.close()
        return there, scratch.exists()

    assert asyncio.run(main()) == (True, False)


ONNX = backend_source("""
import numpy as np
import onnxruntime


def load(package, device):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = device.threads
    return onnxruntime.InferenceSession(package.read("weights.bin"), options, providers=["CPUExecutionProvider"])


def answer(session):
    x = np.ones((64, 512), np.float32)
    return {"text": str(int(session.run(None, {"x": x})[0].sum()))}
""")


def test_onnxruntime_computes_with_threads_inside(make_plugin, text_content, monkeypatch):
    import hashlib
    from dataclasses import replace

    from onnx import TensorProto, helper

    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    weights = helper.make_tensor(
        "w", TensorProto.FLOAT, [512, 512], np.ones((512, 512), np.float32).tobytes(), raw=True
    )
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 512])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 512])],
        [weights],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    (text_content.folder / "weights.bin").write_bytes(data)
    text_content = replace(text_content, files={"weights.bin": hashlib.sha256(data).hexdigest()})
    info, outputs = once(
        make_plugin(ONNX), text_content, {}, device=Device(threads=2), limits=Limits(memory_bytes=2 << 30)
    )
    assert outputs["text"] == str(64 * 512 * 512)
    assert info.runtime.startswith("onnxruntime ")


def test_confinement_that_was_switched_off_is_told(make_plugin, text_content, request_of_hostile, monkeypatch):
    monkeypatch.setenv("ARTRATOR_CONFINEMENT", "off")
    harmless = HOSTILE.replace("def attempts(", "def attempts(*_):\n    return {}\n\n\ndef _unused(")
    info, _ = once(make_plugin(harmless), text_content, {"request": request_of_hostile})
    assert any("switched confinement off" in sentence for sentence in info.confinement)


def test_when_memory_runs_out_the_worker_goes_first(make_plugin, text_content):
    async def main():
        worker = await Worker.start_verified(make_plugin(HOSTILE), text_content)
        score = Path(f"/proc/{worker.pid}/oom_score_adj").read_text(encoding="ascii")
        await worker.close()
        return int(score)

    assert asyncio.run(main()) == 1000


def test_a_worker_ends_with_its_parent(make_plugin, text_content, tmp_path):
    """Also when the parent is killed, which gives it no chance to say goodbye."""
    plugin = make_plugin()
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, sys, sysconfig\n"
        "from pathlib import Path\n"
        "from artrator.plugins import PluginInfo\n"
        "from artrator.plugins.environment import interpreter\n"
        "from artrator.worker.check import Process\n"
        "from artrator.worker.policy import *\n"
        "from artrator.backend import Device\n"
        "from artrator.worker.limits import Limits\n"
        "async def main():\n"
        f"    plugin = PluginInfo('toy', '1', 'toy', 'environment', {dict(plugin.entry_points)!r}, interpreter(),\n"
        f"                        tuple(map(Path, {[str(path) for path in plugin.sys_path]!r})))\n"
        "    sandbox = lambda scratch: {'sys_path': [str(path) for path in plugin.sys_path],\n"
        "        'sandbox': sandbox_settings(plugin, Device(), Limits(), readable=[], scratch=scratch)}\n"
        "    process = await Process.start(plugin.interpreter, sandbox, lambda s: environment(plugin, Device(), s))\n"
        "    await asyncio.sleep(1)\n"
        "    print(process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    for _ in range(1200):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
