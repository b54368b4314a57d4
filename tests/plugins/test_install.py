"""Third-party plugins: installed, used, broken, hostile. None of them stops anything; each is named with its reason."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from backend_source import backend_source
from click.testing import CliRunner

from artrator import ArtratorError, Code
from artrator.cli.plugins import plugins as command
from artrator.keys import PrivateKey
from artrator.package import sign
from artrator.plugins import discover, find_backend, find_plugin, install, uninstall
from artrator.plugins.environment import plugins_folder
from artrator.worker.check import check_plugin
from artrator.worker.host import Worker

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples" / "plugin-template"


def backend(name, answer='"hello"', imports="", hook="register_backends"):
    code = f"{imports}\n\n\ndef answer(held):\n    return {{'text': {answer}}}\n"
    return backend_source(code, name=name, hook=hook)


def put_in(source, wheelhouse, **options):
    return install(str(source), consent=lambda plan: True, find_links=wheelhouse, **options)


@pytest.fixture
def plugin_wheel(make_wheel):
    """A wheel of a plugin with one backend."""

    def make(name, source, *, requires=("artrator",), files=None, **fields):
        module = name.replace("-", "_")
        return make_wheel(
            name,
            {f"{module}/__init__.py": source, **(files or {})},
            requires=requires,
            entry_points={name: module},
            **fields,
        )

    return make


def run_text(plugin, content, name):
    """Load a package of the backend ``name`` in a worker and run it once."""
    text = content.manifest.text.replace('backend = "toy"', f'backend = "{name}"')
    manifest = replace(content.manifest, backend=name, text=text)

    async def main():
        worker = await Worker.start_verified(plugin, replace(content, manifest=manifest))
        try:
            return (await worker.run("a", {}))["text"]
        finally:
            await worker.close()

    return asyncio.run(main())


def test_the_template_is_built_installed_and_used_from_outside_the_workspace(tmp_path, wheelhouse):
    source = shutil.copytree(TEMPLATE, tmp_path / "elsewhere" / "sepia")
    plugin = put_in(source, wheelhouse, trust_build=True)
    assert (plugin.name, plugin.version, plugin.origin) == ("artrator-sepia", "1.0.0", "environment")
    assert find_backend("sepia") == plugin
    assert "artrator_sepia" not in sys.modules
    assert sorted(path.name for path in plugins_folder().iterdir()) == ["artrator-sepia"]

    package = shutil.copytree(TEMPLATE / "package", tmp_path / "package")
    key = PrivateKey.generate()
    sign(package, key)

    async def main():
        worker = await Worker.start(plugin, package, key.public)
        try:
            return await worker.run("a", {"image": np.full((8, 9, 3), 100, np.uint8), "strength": 1.0})
        finally:
            await worker.close()

    red, green, blue = asyncio.run(main())["image"][0, 0]
    assert red > green > blue


def test_the_tests_of_the_template_pass(tmp_path):
    source = shutil.copytree(TEMPLATE, tmp_path / "sepia")
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_folder_is_built_only_when_its_author_is_trusted(tmp_path, light_wheelhouse):
    with pytest.raises(ArtratorError) as info:
        put_in(TEMPLATE, light_wheelhouse)
    assert info.value.code == Code.PLUGIN_INVALID
    assert "--trust-build" in info.value.cure
    assert list(plugins_folder().iterdir()) == []


def test_a_folder_that_holds_the_profile_is_not_built(tmp_path, profile, light_wheelhouse):
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(ArtratorError, match="holds your profile with its keys"):
        put_in(tmp_path, light_wheelhouse, trust_build=True)


@pytest.mark.skipif(sys.platform != "linux", reason="builds are confined on Linux only")
def test_a_build_cannot_read_a_key_or_write_elsewhere(tmp_path, profile, light_wheelhouse):
    profile.mkdir()
    (profile / "identity.pem").write_text("secret")
    project = tmp_path / "project"
    project.mkdir()
    os.mkfifo(project / "pipe")  # whoever copies this waits for ever
    (project / "pyproject.toml").write_text(
        '[project]\nname = "spy"\nversion = "1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "spy_build"\nbackend-path = ["."]\n'
    )
    (project / "spy_build.py").write_text(
        "import pathlib, sys\n"
        "def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n"
        "    for attempt in (\n"
        f"        lambda: pathlib.Path({str(profile / 'identity.pem')!r}).read_text(),\n"
        f"        lambda: pathlib.Path({str(tmp_path / 'outside')!r}).write_text('x'),\n"
        "    ):\n"
        "        try:\n"
        "            print('ACHIEVED', attempt())\n"
        "        except PermissionError:\n"
        "            print('denied', file=sys.stderr)\n"
        "    sys.exit('the end of the build')\n"
    )
    with pytest.raises(ArtratorError) as info:
        put_in(project, light_wheelhouse, trust_build=True)
    assert "denied denied the end of the build" in info.value.message
    assert "ACHIEVED" not in info.value.message
    assert not (tmp_path / "outside").exists()


def test_without_consent_nothing_is_installed(plugin_wheel, light_wheelhouse):
    seen = []
    wants = "network = true\n[reasons]\nnetwork = 'It fetches styles.'\n"
    wheel = plugin_wheel("styles", backend("styles"), files={"styles/artrator-plugin.toml": wants})
    assert install(str(wheel), consent=lambda plan: seen.append(plan) or False, find_links=light_wheelhouse) is None
    assert seen[0].plugin.wants.names() == ["network"]
    assert seen[0].plugin.wants.reasons == {"network": "It fetches styles."}
    assert {file.name for file in seen[0].wheels} == {"styles", "numpy", "pluggy"}
    assert all(len(file.sha256) == 64 for file in seen[0].wheels)
    assert list(plugins_folder().iterdir()) == []


def test_clashing_dependencies_live_side_by_side(plugin_wheel, make_wheel, wheelhouse, text_content):
    source = "import brush\n"
    for version in ("1.0", "2.0"):
        make_wheel("brush", {"brush.py": f"STROKE = '{version}'\n"}, version=version, folder=wheelhouse)
    old = plugin_wheel("oldie", backend("oldie", "brush.STROKE", source), requires=["artrator", "brush<2"])
    new = plugin_wheel("newie", backend("newie", "brush.STROKE", source), requires=["artrator", "brush>=2"])
    strokes = [run_text(put_in(wheel, wheelhouse), text_content, wheel.name[:5]) for wheel in (old, new)]
    assert strokes == ["1.0", "2.0"]
    assert "brush" not in sys.modules


@pytest.mark.slow
def test_broken_plugins_are_named_with_their_reason_and_stop_nothing(plugin_wheel, wheelhouse, text_content):
    put_in(plugin_wheel("good", backend("good")), wheelhouse)
    put_in(plugin_wheel("raises", "raise RuntimeError('no luck today')\n"), wheelhouse)
    put_in(plugin_wheel("leaves", "import sys\nsys.exit('bye')\n"), wheelhouse)
    put_in(plugin_wheel("typo", backend("typo", hook="register_backend")), wheelhouse)
    newer = backend("newer").replace("(register):", "(register, palette):")
    put_in(plugin_wheel("newer", newer), wheelhouse)
    put_in(plugin_wheel("other", backend("another")), wheelhouse)
    (plugins_folder() / "ruined").mkdir()

    found = {plugin.name: plugin for plugin in discover()}
    assert {"artrator-onnx", "artrator-diffusion", "good", "ruined"} <= found.keys()
    assert "its record is missing" in found["ruined"].error
    reasons = {}
    for name in ("raises", "leaves", "typo", "newer", "other", "ruined"):
        with pytest.raises(ArtratorError) as info:
            asyncio.run(check_plugin(found[name]))
        assert info.value.code == Code.PLUGIN_BROKEN
        assert name in info.value.message
        reasons[name] = info.value.message
    assert "RuntimeError: no luck today (raises/__init__.py:1)" in reasons["raises"]
    assert "SystemExit: bye" in reasons["leaves"]
    assert "register_backend" in reasons["typo"]
    assert "palette" in reasons["newer"]
    assert "announces the backend other but registers ['another']" in reasons["other"]
    assert run_text(found["good"], text_content, "good") == "hello"


def test_a_hostile_pth_file_never_runs(tmp_path, plugin_wheel, wheelhouse, text_content):
    marker = tmp_path / "marker"
    hostile = f"import pathlib; pathlib.Path({str(marker)!r}).write_text('ran')\n"
    seen = []
    wheel = plugin_wheel("sneaky", backend("sneaky"), files={"aaa_sneaky.pth": hostile, "sitecustomize.py": hostile})
    install(str(wheel), consent=lambda plan: seen.append(plan) or True, find_links=wheelhouse)
    put_in(plugin_wheel("good", backend("good")), wheelhouse)
    assert any("aaa_sneaky.pth" in note for note in seen[0].notes)
    assert run_text(find_backend("sneaky"), text_content, "sneaky") == "hello"
    assert run_text(find_backend("good"), text_content, "good") == "hello"
    discover()
    assert not marker.exists()


def test_a_plugin_cannot_bring_an_artrator_or_an_interpreter_of_its_own(plugin_wheel, wheelhouse, text_content):
    import artrator

    files = {
        "artrator/__init__.py": "raise SystemExit('hijacked')\n",
        "json/__init__.py": "raise SystemExit('hijacked')\n",
        "thief-1.0.data/scripts/uv": "#!/bin/sh\nexit 1\n",
    }
    source = backend("thief", "sys.modules['artrator'].__file__", "import sys, json")
    plugin = put_in(plugin_wheel("thief", source, files=files), wheelhouse)
    assert run_text(plugin, text_content, "thief") == artrator.__file__


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"requires": ["artrator>=99"]}, "needs artrator >=99"),
        ({"requires": ["artrator", "nowhere-to-be-found"]}, "nowhere-to-be-found"),
        ({"files": {"bad/artrator-plugin.toml": "camera = true"}}, "asks for camera"),
        ({"files": {"bad/artrator-plugin.toml": "network = 'yes'"}}, "true or false"),
        ({"points": {}}, "is no plugin"),
        ({"points": {"Bad\x1b[2J": "bad"}}, "cannot be the name of a backend"),
        ({"points": {"bad": "../../etc:x"}}, "names nothing to import"),
        ({"files": {"bad/artrator-plugin.toml": "x = " + "[" * 9000}}, "is not TOML"),
        ({"files": {"bad/artrator-plugin.toml": "#" * 20_000}}, "is longer than"),
        ({"files": {"bad-1.0.dist-info/artrator-plugin.toml": "#" * 2_000_000}}, "metadata of more than 1 MiB"),
        ({"points": {"onnx": "bad"}}, "artrator-onnx provides already"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_nothing(options, words, make_wheel, light_wheelhouse):
    files = {"bad/__init__.py": backend("bad"), **options.get("files", {})}
    points = options.get("points", {"bad": "bad"})
    wheel = make_wheel("bad", files, requires=options.get("requires", ["artrator"]), entry_points=points)
    with pytest.raises(ArtratorError) as info:
        put_in(wheel, light_wheelhouse)
    assert info.value.code == Code.PLUGIN_INVALID
    assert words in info.value.message
    assert list(plugins_folder().iterdir()) == []


@pytest.mark.parametrize(
    "source", ["missing-1.0-py3-none-any.whl", "https://example.org/x", "a b c", "x @ https://a/b.whl"]
)
def test_a_source_that_is_none_is_refused(source, light_wheelhouse):
    with pytest.raises(ArtratorError) as info:
        put_in(source, light_wheelhouse)
    assert info.value.code == Code.PLUGIN_INVALID


def test_source_distributions_are_never_built(tmp_path, light_wheelhouse):
    import tarfile

    project = tmp_path / "sdist-1.0"
    project.mkdir()
    (project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: sdist\nVersion: 1.0\n")
    (project / "setup.py").write_text("raise SystemExit('ran')\n")
    with tarfile.open(light_wheelhouse / "sdist-1.0.tar.gz", "w:gz") as archive:
        archive.add(project, "sdist-1.0")
    with pytest.raises(ArtratorError) as info:
        put_in("sdist", light_wheelhouse)
    assert "ran" not in info.value.message.split()


@pytest.mark.slow
def test_an_update_replaces_and_uninstall_removes(plugin_wheel, wheelhouse, text_content):
    put_in(plugin_wheel("brush", backend("brush", '"one"')), wheelhouse)
    seen = []
    second = plugin_wheel("brush", backend("brush", '"two"'), version="2.0")
    install(str(second), consent=lambda plan: seen.append(plan.replaces) or True, find_links=wheelhouse)
    assert seen == ["1.0"]
    assert run_text(find_backend("brush"), text_content, "brush") == "two"
    (find_plugin("brush").location / "plugin.json").write_text("{}")
    assert find_plugin("brush").error is not None
    assert uninstall("brush") == "brush"
    assert list(plugins_folder().iterdir()) == []
    with pytest.raises(ArtratorError):
        uninstall("brush")


@pytest.mark.slow
def test_a_power_cut_in_an_update_leaves_the_old_version(plugin_wheel, wheelhouse, light_wheelhouse, text_content):
    put_in(plugin_wheel("brush", backend("brush")), wheelhouse)
    (plugins_folder() / "brush").rename(plugins_folder() / ".old-brush")
    assert run_text(find_backend("brush"), text_content, "brush") == "hello"
    put_in(plugin_wheel("other", backend("other")), light_wheelhouse)
    assert sorted(path.name for path in plugins_folder().iterdir()) == ["brush", "other"]
    assert find_plugin("brush").error is None


def test_a_worker_goes_on_with_a_plugin_that_is_removed(plugin_wheel, wheelhouse, text_content):
    plugin = put_in(plugin_wheel("brush", backend("brush")), wheelhouse)
    text = text_content.manifest.text.replace('backend = "toy"', 'backend = "brush"')

    async def main():
        manifest = replace(text_content.manifest, backend="brush", text=text)
        async with contextlib.AsyncExitStack() as stack:
            worker = await Worker.start_verified(plugin, replace(text_content, manifest=manifest))
            stack.push_async_callback(worker.close)
            uninstall("brush")
            return (await worker.run("a", {}))["text"]

    assert asyncio.run(main()) == "hello"
    with pytest.raises(ArtratorError) as caught:
        find_backend("brush")
    assert caught.value.code == Code.BACKEND_MISSING


def test_a_plugin_comes_from_an_index_by_name(tmp_path, plugin_wheel, make_wheel, light_wheelhouse, serve_index):
    plugin_wheel("byname", backend("byname"), folder=light_wheelhouse)
    with serve_index(light_wheelhouse) as address:
        plugin = install("byname", consent=lambda plan: True, index=address)
    assert plugin.backends == ("byname",)


@pytest.mark.slow
def test_the_command_line_installs_lists_checks_and_uninstalls(plugin_wheel, wheelhouse, light_wheelhouse):
    wants = "network = true\n[reasons]\nnetwork = 'It fetches styles.'\n"
    wheel = plugin_wheel("brush", backend("brush"), files={"brush/artrator-plugin.toml": wants})
    run = CliRunner().invoke
    links = ["--find-links", str(wheelhouse)]
    refused = run(command, ["install", str(wheel), "--find-links", str(light_wheelhouse)], input="n\n")
    assert "It fetches styles." in refused.output
    assert refused.exit_code == 1
    assert run(command, ["install", str(wheel), *links, "--yes"]).exit_code == 0
    put_in(plugin_wheel("raises", "raise RuntimeError('no luck today')\n"), wheelhouse)
    assert json.loads(run(command, ["info", "brush", "--check", "--json"]).output)["hooks"] == ["register_backends"]
    assert "no luck today" in json.loads(run(command, ["info", "raises", "--check", "--json"]).output)["error"]
    listed = json.loads(run(command, ["list", "--json"]).output)["plugins"]
    assert {"artrator-onnx", "artrator-diffusion", "brush", "raises"} <= {plugin["name"] for plugin in listed}
    assert "artrator-onnx" in run(command, ["list"]).output
    info = json.loads(run(command, ["info", "brush", "--json"]).output)
    assert {"brush", "numpy", "pluggy"} == {wheel["name"] for wheel in info["wheels"]}
    assert run(command, ["uninstall", "brush"]).exit_code == 0
    assert "brush" not in [plugin.name for plugin in discover()]
