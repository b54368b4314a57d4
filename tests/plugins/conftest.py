"""A toy plugin and a package for it, so that workers are tested without a model."""

import contextlib
import hashlib
import http.server
import os
import sysconfig
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from wheels import pack_base_wheels, write_wheel

from artrator.package import read_manifest
from artrator.plugins import PluginInfo
from artrator.plugins.environment import interpreter
from artrator.worker.host import SignedContent

MANIFEST = """
name = "toy"
version = "1.0"
title = "Toy"
summary = "A toy"
task = "image-to-image"
backend = "toy"
license = "Apache-2.0"

[outputs]
text = { type = "text", label = "Text" }
value = { type = "number", label = "Number" }
image = { type = "image", label = "Picture" }
frames = { type = "images", label = "Film" }
"""
TOY = Path(__file__).parent / "toy_backend.py"


@pytest.fixture(autouse=True)
def profile(tmp_path, monkeypatch):
    """A profile of this test's own."""
    home = tmp_path / "profile"
    monkeypatch.setenv("ARTRATOR_HOME", str(home))
    return home


@pytest.fixture
def make_plugin(tmp_path):
    """A plugin from source text, as discovery would describe one in an environment."""

    def make(source=None, *, backend="toy", **fields):
        folder = tmp_path / f"plugin-{backend}"
        folder.mkdir(exist_ok=True)
        (folder / f"{backend}_plugin.py").write_text(source or TOY.read_text(encoding="utf-8"), encoding="utf-8")
        known = {
            "name": backend,
            "version": "1.0",
            "distribution": backend,
            "origin": "environment",
            "entry_points": {backend: f"{backend}_plugin"},
            "interpreter": interpreter(),
            "sys_path": (folder, Path(sysconfig.get_path("purelib"))),
        }
        return PluginInfo(**{**known, **fields})

    return make


@pytest.fixture
def content(tmp_path):
    """A package as if its signature had been verified."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"\x03weights")
    hashes = {"weights.bin": hashlib.sha256(b"\x03weights").hexdigest()}
    manifest = read_manifest(MANIFEST)
    return SignedContent(folder, manifest, "sha256:" + "0" * 64, hashes)


@pytest.fixture
def make_wheel(tmp_path):
    """Write a wheel by hand: no build tool, no network."""

    def make(name, files, *, folder=None, **fields):
        return write_wheel(folder or tmp_path / "wheels", name, files, **fields)

    return make


@pytest.fixture
def text_content(content):
    """The same package with a text as its only output."""
    manifest = replace(content.manifest, outputs={"text": content.manifest.outputs["text"]})
    return replace(content, manifest=manifest)


@pytest.fixture(scope="session")
def base_wheels(tmp_path_factory):
    """The host's numpy and pluggy packed as wheels again, so that installing needs no network."""
    return pack_base_wheels(tmp_path_factory.mktemp("base-wheels"))


@pytest.fixture
def wheelhouse(tmp_path, base_wheels):
    """A folder of wheels that stands for an index."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    for wheel in base_wheels.iterdir():
        os.link(wheel, folder / wheel.name)
    return folder


@pytest.fixture
def light_wheelhouse(tmp_path, make_wheel):
    """The same with numpy and pluggy in name only: enough for whatever is installed and never run."""
    folder = tmp_path / "light-wheelhouse"
    for name in ("numpy", "pluggy"):
        make_wheel(name, {f"{name}.py": ""}, version="2.9", folder=folder)
    return folder


@pytest.fixture
def serve_index():
    """Serve a folder of wheels as a package index on this machine."""

    @contextlib.contextmanager
    def serve(folder):
        class Index(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=str(folder))

            def do_GET(self):
                if not self.path.startswith("/simple/"):
                    super().do_GET()
                    return
                name = self.path.split("/")[2]
                links = [
                    f'<a href="/{p.name}">{p.name}</a>' for p in folder.glob("*.whl") if p.name.startswith(f"{name}-")
                ]
                body = "".join(links).encode()
                self.send_response(200 if links else 404)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/simple"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return serve
