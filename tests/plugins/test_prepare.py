"""The prepare step of a plugin: run once, confined to a folder of its own, and never in the way of using the plugin."""

import asyncio
import json
import logging
import os
import shutil
import socket
import stat
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from backend_source import backend_source
from click.testing import CliRunner

import artrator
from artrator import ArtratorError, Code
from artrator.cli.plugins import plugins as command
from artrator.plugins import Wants, discover, find_plugin, uninstall
from artrator.plugins.cache import cache_of, cache_place, folder_of, is_due, last_preparation, note_preparation
from artrator.plugins.wants import read_asked
from artrator.worker import prepare as parent_side
from artrator.worker.host import Limits, Worker
from artrator.worker.prepare import prepare_if_due, prepare_plugin
from artrator.worker.removal import remove_folder
from artrator.worker.sandbox import landlock
from artrator.worker.step import run_step
from artrator.worker.usage import folder_bytes

confined = pytest.mark.skipif(
    sys.platform != "linux" or landlock.version() < 6, reason="needs Linux with Landlock version 6"
)
HERE = Path(__file__).parent
HEAD = 'import os, pathlib\ncache = pathlib.Path(os.environ["ARTRATOR_PLUGIN_CACHE"])\n'
HARMLESS = HEAD + '(cache / "table").write_text("7")\n'
#: A backend that answers with what its cache holds, and tries to change it.
READER = backend_source("""
import os
from pathlib import Path

CACHE = os.environ.get("ARTRATOR_PLUGIN_CACHE")


def found():
    if CACHE is None:
        return "no cache"
    try:
        Path(CACHE, "table").write_text("8")
        return "written"
    except OSError:
        return Path(CACHE, "table").read_text()


def answer(held):
    return {"text": found()}
""")


@pytest.fixture
def make_preparing(make_plugin, profile):
    """A plugin whose prepare step is given as source text, as one that was installed."""

    def make(step, source=READER, **fields):
        location = profile / "plugins" / "toy"
        location.mkdir(parents=True, exist_ok=True)
        plugin = make_plugin(source, prepare="toy_step", location=location, **fields)
        (plugin.sys_path[0] / "toy_step.py").write_text(step, encoding="utf-8")
        return plugin

    return make


def prepare(plugin, **limits):
    return asyncio.run(prepare_plugin(plugin, Limits(**limits)))


def refusal(plugin, **limits):
    with pytest.raises(ArtratorError) as info:
        prepare(plugin, **limits)
    assert info.value.code == Code.PLUGIN_NOT_PREPARED
    assert info.value.message.startswith("toy was not prepared: ")
    return info.value.message


def answer(plugin, content, limits=Limits()):  # noqa: B008 - frozen
    async def main():
        worker = await Worker.start_verified(plugin, content, limits=limits)
        try:
            return (await worker.run("a", {}))["text"]
        finally:
            await worker.close()

    return asyncio.run(main())


def left_behind(plugin):
    return sorted(path.name for path in folder_of(plugin).iterdir())


def test_what_a_step_wrote_its_workers_read_and_cannot_change(make_preparing, text_content):
    plugin = make_preparing(HARMLESS)
    assert cache_of(plugin) is None
    done = prepare(plugin)
    assert (done.failure, done.version, left_behind(plugin)) == (None, "1.0", ["cache", "prepared.json"])
    assert 0 < done.size <= 8192
    assert answer(plugin, text_content) == ("7" if sys.platform == "linux" and landlock.version() else "written")


def test_the_first_worker_prepares_and_the_next_ones_do_not(make_preparing, text_content):
    step = HEAD + '(cache / "table").write_text(str(os.getpid()))\n'
    plugin = make_preparing(step)
    first = answer(plugin, text_content)
    assert first.isdigit()
    assert answer(plugin, text_content) == first


def test_workers_that_start_at_once_prepare_once(make_preparing, monkeypatch):
    plugin, steps = make_preparing(HARMLESS), []

    async def counted(step):
        steps.append(step)
        await run_step(step)

    monkeypatch.setattr(parent_side, "run_step", counted)

    async def main():
        await asyncio.gather(*(prepare_if_due(plugin, Limits()) for _ in range(3)))

    asyncio.run(main())
    assert len(steps) == 1
    assert last_preparation(plugin).failure is None


def test_another_version_of_the_plugin_or_of_python_is_prepared_again(make_preparing, monkeypatch):
    plugin = make_preparing(HARMLESS)
    prepare(plugin)
    assert not is_due(plugin)
    assert is_due(replace(plugin, version="1.1"))
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    assert is_due(plugin)
    assert cache_of(plugin) is None


def test_preparing_again_replaces_the_whole_cache(make_preparing):
    plugin = make_preparing(HEAD + '(cache / "old").write_text("1")\n')
    prepare(plugin)
    prepare(make_preparing(HARMLESS))
    assert [path.name for path in cache_place(plugin).iterdir()] == ["table"]
    assert left_behind(plugin) == ["cache", "prepared.json"]


def test_a_built_in_plugin_keeps_its_cache_in_the_profile(make_preparing, profile):
    plugin = make_preparing(HARMLESS, origin="built-in")
    plugin = replace(plugin, location=None)
    prepare(plugin)
    assert (profile / "built-in" / "toy" / "cache" / "table").read_text() == "7"
    assert cache_of(plugin) == profile / "built-in" / "toy" / "cache"


def test_a_step_runs_as_a_program_with_an_event_loop_if_it_wants_one(make_preparing):
    ends = 'if __name__ == "__main__":\n    import asyncio, sys\n    asyncio.run(asyncio.sleep(0))\n    sys.exit(0)\n'
    prepare(make_preparing(HARMLESS + ends))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import nothing_of_the_kind", "nothing_of_the_kind"),
        ("print('half way there')\nimport sys; sys.exit(3)", "toy_step ended with 3. It said: half way there"),
        ("print('dying', flush=True)\nimport os; os._exit(0)", "its process ended with status 0. It said: dying"),
        ("print(1)\nimport os, signal; os.kill(os.getpid(), signal.SIGKILL)", "its process was ended by SIGKILL"),
        ("this is no Python", "SyntaxError"),
    ],
)
def test_a_step_that_fails_is_named_and_the_plugin_works_without(make_preparing, text_content, step, reason):
    plugin = make_preparing(step)
    assert reason in refusal(plugin)
    assert left_behind(plugin) == ["prepared.json"]
    assert answer(plugin, text_content) == "no cache"


def test_a_step_that_failed_is_not_tried_at_every_start(make_preparing, text_content, caplog):
    plugin = make_preparing("raise RuntimeError('no luck')")
    with caplog.at_level(logging.WARNING):
        assert [answer(plugin, text_content) for _ in range(2)] == ["no cache", "no cache"]
    assert [record.getMessage().count("no luck") > 0 for record in caplog.records] == [True]


def test_a_step_that_fails_after_one_that_did_not_leaves_the_older_cache(make_preparing, text_content):
    prepare(make_preparing(HARMLESS))
    plugin = make_preparing("raise RuntimeError('no luck')")
    refusal(plugin)
    assert answer(plugin, text_content) == "7"


def test_a_step_that_never_ends_is_ended(make_preparing, text_content, monkeypatch):
    begun = "print('thinking', flush=True)\n(cache / 'begun').touch()\nimport time\nwhile True: time.sleep(1)"
    plugin = make_preparing(HEAD + begun)
    usual, clocks = asyncio.timeout, []

    def timeout(seconds):
        clocks.append(usual(seconds))
        return clocks[-1]

    monkeypatch.setattr(asyncio, "timeout", timeout)

    async def main():
        step = asyncio.create_task(prepare_plugin(plugin, Limits(prepare_seconds=1000)))
        while not list(folder_of(plugin).glob(".preparing-*/begun")):
            assert not step.done()
            await asyncio.sleep(0.01)
        now = asyncio.get_running_loop().time()
        (clock,) = [each for each in clocks if (each.when() or now) > now + 500]
        clock.reschedule(now)  # its time is over
        with pytest.raises(ArtratorError) as caught:
            await step
        return caught.value.message

    assert "it took longer than 1000 seconds. It said: thinking" in asyncio.run(main())
    assert answer(plugin, text_content) == "no cache"


def test_a_step_that_talks_nonsense_is_named(make_preparing):
    step = (
        "import os, socket, struct\n"
        "for number in range(3, 4096):\n"
        "    try:\n"
        "        end = socket.socket(fileno=number)\n"
        '        text = b\'{"op": "nonsense"}\'\n'
        "        end.setblocking(True); end.sendall(struct.pack('>IQ', len(text), 0) + text)\n"
        "    except OSError:\n"
        "        continue\n"
        "import time; time.sleep(120)\n"
    )
    assert "nonsense" in refusal(make_preparing(step), prepare_seconds=60)


@pytest.mark.parametrize(
    "step",
    [
        'for n in range(1000): (cache / str(n)).write_bytes(bytes(1 << 20))',
        'with (cache / "one").open("wb") as file:\n    while True: file.write(bytes(1 << 20))',
        'for n in range(6000): (cache / str(n)).touch()',
        '(cache / "one").touch()\nos.truncate(cache / "one", 8 << 20)',
    ],
)  # fmt: skip
def test_a_step_that_fills_the_disk_is_ended_and_leaves_nothing(make_preparing, step):
    plugin = make_preparing(HEAD + step)
    refusal(plugin, cache_bytes=4 << 20)
    assert left_behind(plugin) == ["prepared.json"]


@confined
def test_a_disk_cannot_be_reserved_at_once_nor_behind_the_end_of_a_file(make_preparing):
    reserve = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        'file = (cache / "table").open("wb")\n'
        "assert libc.fallocate(file.fileno(), 1, ctypes.c_long(0), ctypes.c_long(1 << 30)) == -1\n"
        "assert ctypes.get_errno() == 95\n"
        "assert libc.posix_fallocate(file.fileno(), ctypes.c_long(0), ctypes.c_long(1 << 16)) == 0\n"
    )
    prepare(make_preparing(HEAD + reserve))


def test_files_that_were_unlinked_while_open_end_it_before_the_disk_is_full(make_preparing, monkeypatch):
    """No folder shows them; what is left on the disk does."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1 << 29))
    plugin = make_preparing("import time; time.sleep(600)")
    with pytest.raises(ArtratorError, match="left on the disk") as info:
        prepare(plugin)
    assert info.value.code == Code.DISK_FULL
    assert is_due(plugin), "the next disk may have room"


def test_a_step_that_takes_too_much_memory_is_ended(make_preparing):
    step = "held = bytearray(b'x') * (700 << 20)\nimport time; time.sleep(600)"
    assert "MB of memory" in refusal(make_preparing(step), memory_bytes=300 << 20)


def test_what_one_package_may_take_does_not_limit_the_step(make_preparing, text_content):
    step = HARMLESS + "held = bytearray(b'x') * (400 << 20)\nimport time; time.sleep(0.5)"
    assert answer(make_preparing(step), text_content, Limits(memory_bytes=300 << 20)) == "7"


def test_a_step_whose_plugin_is_removed_meanwhile_is_ended(make_preparing):
    plugin = make_preparing("import time; time.sleep(600)")

    async def main():
        step = asyncio.create_task(prepare_plugin(plugin))
        while not list(plugin.location.glob(".preparing-*")):
            await asyncio.sleep(0.01)
        plugin.location.rename(plugin.location.with_name(".removed"))
        with pytest.raises(ArtratorError, match="toy was not prepared"):
            await asyncio.wait_for(step, 240)

    asyncio.run(main())
    assert not plugin.location.exists()


@confined
def test_folders_deeper_than_a_path_may_be_long_are_refused_and_removed(make_preparing):
    step = HEAD + 'os.chdir(cache)\nfor n in range(2100):\n    os.mkdir("d"); os.chdir("d")\n'
    plugin = make_preparing(step)
    refusal(plugin)
    assert left_behind(plugin) == ["prepared.json"]


def test_a_folder_that_is_deeper_than_a_path_may_be_long_counts_as_full_and_can_be_removed(tmp_path):
    folder, place = tmp_path / "deep", Path.cwd()
    folder.mkdir()
    kept = tmp_path / "kept"
    kept.write_text("kept")
    try:
        os.chdir(folder)
        for _ in range(2100):
            Path("d").mkdir()
            os.chdir("d")
        Path("bottom").write_text("x")
        Path("link").symlink_to(kept)
    finally:
        os.chdir(place)
    assert folder_bytes(folder, 1 << 40) > 1 << 40
    remove_folder(folder)
    assert not folder.exists()
    assert kept.read_text() == "kept"


@confined
def test_a_hostile_step_achieves_nothing_but_writing_to_its_cache(make_preparing, tmp_path, profile):
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "id_ed25519").write_text("secret")
    everything = Wants(network=True, files=True, gpu=True)
    step = (HERE / "hostile_prepare.py").read_text(encoding="utf-8")
    plugin = make_preparing(step, wants=everything, allowed=everything)
    (profile / "identity.pem").write_text("secret")
    (plugin.location / "plugin.json").write_text("{}")
    site = plugin.sys_path[0]
    shutil.copy(HERE / "hostile_backend.py", site / "hostile_backend_copy.py")
    with socket.create_server(("127.0.0.1", 0)) as server:
        request = {
            "secret": str(home / "id_ed25519"),
            "key": str(profile / "identity.pem"),
            "outside": str(tmp_path / "outside"),
            "port": server.getsockname()[1],
            "parent": os.getpid(),
            "host": str(Path(artrator.__file__).parent),
        }
        (site / "request.json").write_text(json.dumps(request))
        before = sorted(path.name for path in site.iterdir())
        prepare(plugin)
    cache = cache_place(plugin)
    assert json.loads((cache / "achieved.json").read_text()) == ["lock a file", "start a thread", "read itself"]
    assert sorted(path.name for path in site.iterdir()) == before
    assert (plugin.location / "plugin.json").read_text() == "{}"
    assert not (tmp_path / "outside").exists()
    assert [stat.S_IMODE(path.stat().st_mode) for path in sorted(cache.iterdir())] == [0o600, 0o600]


@confined
def test_the_caches_of_others_cannot_be_read(make_preparing, profile):
    other = profile / "plugins" / "other" / "cache"
    other.mkdir(parents=True)
    (other / "table").write_text("secret")
    step = HEAD + f"print(pathlib.Path({str(other)!r}, 'table').read_text())"
    assert "PermissionError" in refusal(make_preparing(step))


def test_nothing_that_a_cache_holds_is_imported_or_run_by_the_host(make_preparing, tmp_path, profile):
    marker = tmp_path / "marker"
    code = f"import pathlib; pathlib.Path({str(marker)!r}).write_text('ran')\\n"
    planted = "".join(
        f"(cache / {name!r}).write_text({code!r})\n"
        for name in ("evil.pth", "sitecustomize.py", "usercustomize.py", "numpy.py", "artrator.py", "conftest.py")
    )
    dist = '(cache / "evil-1.dist-info").mkdir()\n(cache / "evil-1.dist-info" / "METADATA").write_text("Name: evil")\n'
    plugin = make_preparing(HEAD + planted + dist)
    prepare(plugin)
    assert (cache_place(plugin) / "evil.pth").exists()
    assert not any(str(cache_place(plugin)) in entry for entry in [*sys.path, *map(str, plugin.sys_path)])
    assert "evil" not in {each.name for each in discover()}
    assert "evil" not in {each.metadata["Name"] for each in metadata.distributions()}
    asyncio.run(check(plugin))
    assert not marker.exists()


async def check(plugin):
    from artrator.worker.check import check_plugin

    return await check_plugin(plugin)


def test_a_record_that_is_no_record_makes_the_step_due(make_preparing):
    plugin = make_preparing(HARMLESS)
    done = prepare(plugin)
    for text in ("", "[]", "{}", '{"version": 1}', "\udcff".encode("utf-8", "surrogateescape")):
        (folder_of(plugin) / "prepared.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        assert is_due(plugin)
    note_preparation(plugin, done)
    assert not is_due(plugin)


def test_a_cache_that_somebody_removed_is_no_cache(make_preparing, text_content):
    plugin = make_preparing(HARMLESS)
    prepare(plugin)
    shutil.rmtree(cache_place(plugin))
    assert answer(plugin, text_content) == "no cache"


def test_what_a_power_cut_left_is_swept_away(make_preparing):
    plugin = make_preparing(HARMLESS)
    leftover = folder_of(plugin) / ".preparing-dead"
    leftover.mkdir()
    os.utime(leftover, (0, 0))
    fresh = folder_of(plugin) / ".preparing-live"
    fresh.mkdir()
    prepare(plugin)
    assert left_behind(plugin) == [".preparing-live", "cache", "prepared.json"]


@pytest.mark.parametrize(
    "text", ["prepare = true", 'prepare = ""', 'prepare = "a b"', 'prepare = "../x"', 'prepare = "é"']
)
def test_only_a_module_can_be_prepared(text):
    with pytest.raises(ArtratorError, match="name of a module"):
        read_asked(text)


@pytest.mark.parametrize("text", ["gpu = " + "9" * 5_000, "a." * 40 + "a = 1", "a = " + "[" * 3_000])
def test_a_file_that_cannot_be_read_is_a_broken_plugin_and_no_failure_of_all(text):
    with pytest.raises(ArtratorError) as caught:
        read_asked(text)
    assert caught.value.code is Code.PLUGIN_INVALID


@confined
def test_the_kernels_of_ebsynth_are_compiled_once_and_read_by_workers(make_preparing, text_content):
    """From its code as a wheel has it: nothing compiled lies beside it."""
    kernels = pytest.importorskip("artrator_ebsynth.kernels")
    code = Path(kernels.__file__).parents[1]
    probe = READER.replace('return {"text": found()}', 'return {"text": str(prepare(5))}')
    plugin = make_preparing("", "from artrator_ebsynth.kernels import prepare\n" + probe)
    site = plugin.sys_path[0]
    shutil.copytree(code, site / "artrator_ebsynth", ignore=shutil.ignore_patterns("__pycache__"))
    plugin = replace(plugin, prepare=read_asked((code / "artrator-plugin.toml").read_text()).prepare)
    assert prepare(plugin).size > 100_000
    assert answer(plugin, text_content) == "True"
    for number, file in enumerate(sorted(cache_place(plugin).iterdir())):
        file.write_bytes(file.read_bytes()[:100] if number % 2 else b"damaged")
    assert answer(plugin, text_content) == "False"
    assert not list(site.rglob("*.nb?"))


def invoke(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=True)


@pytest.fixture
def installed(make_wheel, wheelhouse):
    """Install a plugin with this step by the command."""

    def run(step, *options):
        wheel = make_wheel(
            "toy-plug",
            {
                "toy_plug/__init__.py": READER,
                "toy_plug/step.py": step,
                "toy_plug/artrator-plugin.toml": 'prepare = "toy_plug.step"\n',
            },
            requires=("artrator",),
            entry_points={"toy": "toy_plug"},
        )
        return invoke("install", wheel, "--yes", "--find-links", wheelhouse, *options)

    return run


@confined
def test_the_command_prepares_what_it_installed_and_again_when_asked(installed, text_content):
    done = installed(HARMLESS)
    assert done.exit_code == 0, done.output
    assert "It runs toy_plug.step once to prepare" in done.output
    assert "Prepared it in" in done.output
    plugin = find_plugin("toy-plug")
    assert answer(plugin, text_content) == "7"
    assert json.loads(invoke("info", "toy-plug", "--json").output)["prepared"] is True
    again = invoke("prepare", "toy-plug", "--json")
    assert [row["name"] for row in json.loads(again.output)["prepared"]] == ["toy-plug"]
    assert installed(HARMLESS.replace("7", "9"), "--json").exit_code == 0
    assert answer(find_plugin("toy-plug"), text_content) == "9"
    uninstall("toy-plug")
    assert not folder_of(plugin).exists()


@confined
def test_the_command_installs_what_cannot_be_prepared_and_says_so(installed, text_content):
    done = installed("print('half way there')\nraise RuntimeError('no luck')")
    assert done.exit_code == 0, done.output
    assert "toy-plug was not prepared" in done.output
    assert "half way there" in done.output
    assert "It can be used all the same." in done.output
    assert "no luck" in json.loads(invoke("info", "toy-plug", "--json").output)["not_prepared_because"]
    again = invoke("prepare", "toy-plug")
    assert (again.exit_code, "no luck" in again.output) == (1, True)
    assert answer(find_plugin("toy-plug"), text_content) == "no cache"


def test_where_nothing_confines_the_step_installing_does_not_run_it(installed, monkeypatch, tmp_path):
    monkeypatch.setenv("ARTRATOR_CONFINEMENT", "off")
    marker = tmp_path / "marker"
    done = installed(f"import pathlib; pathlib.Path({str(marker)!r}).write_text('ran')")
    assert done.exit_code == 0, done.output
    assert "artrator plugins prepare toy-plug" in done.output
    assert not marker.exists()
