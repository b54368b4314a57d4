"""Wheels that are bombs, lies or traps, and installs that end in the middle: nothing is ever half-installed.

Paths with ``..``, absolute ones and links are what uv refuses; that nothing of a wheel is run, ``test_install`` has.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import zipfile

import pytest
from backend_source import backend_source

from artrator import ArtratorError, Code
from artrator.plugins import confined, discover, find_plugin, install, uninstall
from artrator.plugins.environment import plugins_folder
from artrator.worker.sandbox import can_confine_programs

#: Longer than anything here takes on a busy machine.
_PATIENCE = 120

linux = pytest.mark.skipif(not can_confine_programs(), reason="uv is confined on Linux with Landlock only")
posix = pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")

BACKEND = backend_source("def answer(held):\n    return {'text': 'hello'}\n", name="evil", hook="register_backends")


@pytest.fixture
def wheel(make_wheel):
    """A wheel of the plugin ``evil``, with what a test puts into it."""

    def make(files=(), *, requires=("artrator",), version="1.0"):
        everything = {"evil/__init__.py": BACKEND, **dict(files)}
        return make_wheel("evil", everything, requires=requires, entry_points={"evil": "evil"}, version=version)

    return make


def put_in(source, wheelhouse):
    return install(str(source), consent=lambda plan: True, find_links=wheelhouse)


def refusal(source, wheelhouse):
    """How the wheel is refused; it leaves nothing."""
    with pytest.raises(ArtratorError) as caught:
        put_in(source, wheelhouse)
    assert list(plugins_folder().iterdir()) == []
    return caught.value


def bomb(wheel, size):
    """The wheel with so many zeros in it; they take a thousandth of that in the file."""
    with zipfile.ZipFile(wheel, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("evil/zeros.bin", "w") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return wheel


def rewritten(wheel, name, data):
    """The wheel with another file of its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for each, content in {**files, f"evil-1.0.dist-info/{name}": data}.items():
            archive.writestr(each, content)
    return wheel


def test_a_wheel_that_unpacks_to_more_than_a_disk_holds_is_stopped(wheel, light_wheelhouse, monkeypatch):
    monkeypatch.setattr(confined, "MOST_BYTES", 16 << 20)
    error = refusal(bomb(wheel(), 200 << 20), light_wheelhouse)
    assert (error.code, error.message) == (Code.PLUGIN_INVALID, "Unpacked, it takes more than 0.015625 GiB.")
    assert "nothing was installed" in error.cure


def test_a_wheel_of_very_many_files_is_stopped(wheel, light_wheelhouse, monkeypatch):
    monkeypatch.setattr(confined, "MOST_FILES", 500)
    error = refusal(wheel({f"evil/{number}": b"" for number in range(600)}), light_wheelhouse)
    assert (error.code, error.message) == (Code.PLUGIN_INVALID, "Unpacked, it has more than 500 files and folders.")


def test_what_a_disk_has_no_room_for_is_said_so(wheel, light_wheelhouse, monkeypatch):
    put_in(wheel(), light_wheelhouse)
    monkeypatch.setattr(confined, "SPARE_BYTES", 1 << 60)
    with pytest.raises(ArtratorError) as caught:
        put_in(wheel(version="2.0"), light_wheelhouse)
    assert caught.value.code == Code.DISK_FULL
    assert "Free some disk space" in caught.value.cure
    assert [path.name for path in plugins_folder().iterdir()] == ["evil"]
    assert find_plugin("evil").version == "1.0"
    assert uninstall("evil") == "evil"  # which is how there comes to be room


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("entry_points.txt", b"[artrator.backends]\nevil = evil\n   more\n", "metadata cannot be read"),
        ("METADATA", b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\nSummary: \xff\n", "cannot be read (Unicode"),
        (
            "METADATA",
            b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\nRequires-Dist: artrator>=0.1.*\n",
            "no version of artrator",
        ),
        ("METADATA", b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n\n" + b"x\n" * (1 << 20), "more than 1 MiB"),
        ("artrator-plugin.toml", b"gpu = true # \xff", "artrator-plugin.toml is not UTF-8 text."),
        ("METADATA", b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n", "name does not match"),
        ("entry_points.txt", b"[artrator.backends]\n\x1b[2J = evil\n", "cannot be the name of a backend"),
    ],
)
def test_metadata_of_any_shape_is_refused_in_a_sentence(name, data, words, wheel, light_wheelhouse):
    error = refusal(rewritten(wheel(), name, data), light_wheelhouse)
    assert error.code == Code.PLUGIN_INVALID
    assert words in error.message
    assert error.message.isprintable()


def test_metadata_of_others_is_never_opened(wheel, light_wheelhouse):
    names = ("zzz.egg-info", "aaa.egg-info/PKG-INFO", "AAA-1.0.DIST-INFO/METADATA")
    names += ("evil-1.0.data/purelib/a-1.dist-info/METADATA",)
    put_in(wheel(dict.fromkeys(names, b"\xff" * 100)), light_wheelhouse)
    assert find_plugin("evil").error is None


def test_two_claims_to_be_the_plugin_are_none(wheel, light_wheelhouse):
    error = refusal(
        wheel(
            {"evil-1.0.data/purelib/evil-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 2.0\n"}
        ),
        light_wheelhouse,
    )
    assert error.message == "evil was not among what was installed."


def test_notes_are_few_however_many_files_there_are_to_note(wheel, light_wheelhouse):
    seen = []
    files = {f"{number:03}.pth": "import os\n" for number in range(50)}
    install(str(wheel(files)), consent=lambda plan: seen.append(plan) or False, find_links=light_wheelhouse)
    assert len(seen[0].notes) == 4
    assert seen[0].notes[-1] == "And 47 more like these."


def test_the_plan_says_what_it_takes_on_the_disk(wheel, light_wheelhouse):
    seen = []
    made = wheel({"evil/weights.bin": os.urandom(3 << 20)})
    install(str(made), consent=lambda plan: seen.append(plan) or False, find_links=light_wheelhouse)
    assert 3 << 20 < seen[0].size < 4 << 20


def test_neither_settings_nor_the_cache_of_the_owner_have_a_part(tmp_path, wheel, light_wheelhouse, monkeypatch):
    cache = tmp_path / "the-owners-cache"
    (tmp_path / "uv.toml").write_text('index-url = "http://127.0.0.1:1/nowhere"\nlink-mode = "symlink"\n')
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("UV_CACHE_DIR", str(cache))
    monkeypatch.setenv("UV_LINK_MODE", "symlink")
    plugin = put_in(wheel(), light_wheelhouse)
    assert not cache.exists()
    code = plugin.location / "site" / "evil" / "__init__.py"
    assert not code.is_symlink()
    assert code.stat().st_nlink == 1


@linux
def test_a_wheel_cannot_have_a_file_of_the_owners_read(tmp_path, make_wheel, wheel, light_wheelhouse):
    private = make_wheel("private", {"private.py": ""}, folder=tmp_path / "private")
    error = refusal(wheel(requires=["artrator", f"private @ {private.as_uri()}"]), light_wheelhouse)
    assert "Permission denied" in error.message


def test_what_is_not_asked_of_artrator_itself_is_uvs_to_judge(wheel, light_wheelhouse):
    put_in(
        rewritten(
            wheel(), "METADATA", b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\nRequires-Dist: numpy>=2.0,\n"
        ),
        light_wheelhouse,
    )
    assert find_plugin("evil").error is None


def test_a_plugin_that_no_longer_fits_the_host_is_named(wheel, light_wheelhouse):
    plugin = put_in(wheel(requires=["artrator<99"]), light_wheelhouse)
    metadata = plugin.location / "site" / "evil-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("artrator<99", "artrator<0.0.1"))
    assert "needs artrator <0.0.1; this is " in find_plugin("evil").error


def test_what_is_built_in_is_refused_before_anything_is_unpacked(make_wheel, light_wheelhouse):
    wheel = make_wheel("artrator-onnx", {"evil.py": BACKEND})
    wheel.write_bytes(b"no archive at all")
    error = refusal(wheel, light_wheelhouse)
    assert error.message == "artrator-onnx is part of this environment already."
    assert "pip or uv" in error.cure


def test_a_wheel_that_cannot_be_read_is_no_full_disk(tmp_path, light_wheelhouse, wheel, monkeypatch):
    made = wheel()

    def denied(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(made), "open", denied)
    error = refusal(made, light_wheelhouse)
    assert error.code == Code.PLUGIN_INVALID
    assert "cannot be read: Permission denied" in error.message


@pytest.fixture
def asking(wheel, light_wheelhouse):
    """An update by the command line that has unpacked everything and asks whether to install it."""
    put_in(wheel(), light_wheelhouse)
    command = [sys.executable, "-m", "artrator", "plugins", "install", str(wheel(version="2.0"))]
    process = subprocess.Popen(
        [*command, "--find-links", str(light_wheelhouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = b""
    while b"Install it?" not in said:
        assert select.select([process.stdout], [], [], _PATIENCE)[0], said
        part = os.read(process.stdout.fileno(), 1 << 16)
        assert part, said
        said += part
    yield process
    process.kill()
    process.communicate()


@posix
def test_one_install_at_a_time_and_one_that_is_killed_leaves_the_old_version(asking, wheel, light_wheelhouse):
    for attempt in (lambda: put_in(wheel(version="3.0"), light_wheelhouse), lambda: uninstall("evil")):
        with pytest.raises(ArtratorError, match="Another plugin is being installed or removed") as caught:
            attempt()
        assert caught.value.code == Code.CONFLICT
    asking.kill()
    asking.wait()
    assert any(path.name.startswith(".making-") for path in plugins_folder().iterdir())
    assert [(plugin.version, plugin.error) for plugin in discover() if plugin.name == "evil"] == [("1.0", None)]
    assert put_in(wheel(version="3.0"), light_wheelhouse).version == "3.0"
    assert [path.name for path in plugins_folder().iterdir()] == ["evil"]


@posix
def test_an_interrupted_install_tidies_up(asking):
    asking.send_signal(signal.SIGINT)
    asking.communicate()
    assert asking.returncode == 130
    assert [path.name for path in plugins_folder().iterdir()] == ["evil"]
    assert find_plugin("evil").version == "1.0"


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_uv_ends_with_whoever_started_it(how):
    """The index never answers, so that uv waits when its parent ends; its connection then ends, too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(_PATIENCE)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        command = [sys.executable, "-m", "artrator", "plugins", "install", "evil", "--yes", "--index", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            connection = server.accept()[0]
            with connection:
                connection.settimeout(_PATIENCE)
                assert connection.recv(1 << 16)
                process.send_signal(how)
                process.wait()
                assert connection.recv(1 << 16) == b""
    if how == signal.SIGINT:
        assert list(plugins_folder().iterdir()) == []
