"""A toy plugin and a package for it, so that workers are tested without a model."""

import base64
import contextlib
import hashlib
import http.server
import importlib.metadata
import os
import re
import sysconfig
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

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

    def make(name, files, *, version="1.0", requires=(), entry_points=None, folder=None):
        folder = folder or tmp_path / "wheels"
        folder.mkdir(exist_ok=True)
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A {name}."]
        metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
        everything = {
            **files,
            f"{info}/METADATA": "\n".join(metadata) + "\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if entry_points:
            lines = [f"{point} = {target}" for point, target in entry_points.items()]
            everything[f"{info}/entry_points.txt"] = "\n".join(["[artrator.backends]", *lines]) + "\n"
        return write_archive(folder / f"{module}-{version}-py3-none-any.whl", everything, info)

    return make


@pytest.fixture
def text_content(content):
    """The same package with a text as its only output."""
    manifest = replace(content.manifest, outputs={"text": content.manifest.outputs["text"]})
    return replace(content, manifest=manifest)


def write_archive(path, files, info):
    """A wheel with a true RECORD."""
    record = [f"{name},{record_hash(data)},{len(encoded(data))}" for name, data in files.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, encoded(data))
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path


def encoded(data):
    return data.encode() if isinstance(data, str) else data


def record_hash(data):
    digest = hashlib.sha256(encoded(data)).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def base_wheels(tmp_path_factory):
    """The host's numpy and pluggy packed as wheels again, so that installing needs no network."""
    folder = tmp_path_factory.mktemp("base-wheels")
    for name in ("numpy", "pluggy"):
        distribution = importlib.metadata.distribution(name)
        info = f"{name}-{distribution.version}.dist-info"
        files = {}
        for file in distribution.files:
            text = str(file)
            if (
                any(f"/{part}/" in text for part in ("tests", "f2py", "testing"))
                or text.startswith("..")
                or text.endswith(("RECORD", ".pyc", ".a"))
            ):
                continue
            if text.startswith(info) and not text.endswith(("METADATA", "WHEEL")):
                continue
            files[text] = Path(file.locate()).read_bytes()
        tag = re.search(r"^Tag: (\S+)", distribution.read_text("WHEEL"), re.MULTILINE)[1]
        write_archive(folder / f"{name}-{distribution.version}-{tag}.whl", files, info)
    return folder


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
