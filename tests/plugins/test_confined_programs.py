"""Programs that work on what strangers made: what they may take, and how their end is told."""

import errno
import os
import time
from pathlib import Path

import pytest

from artrator import ArtratorError, Code
from artrator.plugins import confined, uv
from artrator.worker.sandbox import can_confine_programs

#: Longer than anything here takes on a busy machine.
_PATIENCE = 120

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these programs are lines for a shell of POSIX")
linux = pytest.mark.skipif(not can_confine_programs(), reason="confined on Linux with Landlock only")


def refusal(line, folder):
    with pytest.raises(ArtratorError) as caught:
        confined.run(["/bin/sh", "-c", line], folder)
    return caught.value


def test_the_last_words_of_what_fails_are_told_as_one_printable_line(tmp_path):
    error = refusal("for i in $(seq 9999); do echo line $i; done; printf '\\033[2Jthe end\\n\\n'; exit 3", tmp_path)
    assert error.code == Code.PLUGIN_INVALID
    assert error.message.endswith("line 9999 [2Jthe end")
    assert len(error.message) < 1000


def test_where_it_was_tried_is_left_out(tmp_path):
    assert refusal(f"echo {tmp_path}/cache/x and {tmp_path.as_uri()}/y; exit 1", tmp_path).message == (
        "sh says: cache/x and y"
    )


def test_what_the_kernel_ended_is_said_so(tmp_path):
    assert "It was ended by SIGKILL" in refusal("kill -9 $$", tmp_path).message


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(errno.ENOSPC, Code.DISK_FULL, "The disk is full."), (errno.EFBIG, Code.PLUGIN_INVALID, "it takes more than")],
)
def test_what_the_disk_does_not_take_is_not_the_authors_mistake(number, code, words, tmp_path):
    error = refusal(f"echo 'os error: {os.strerror(number)}'; exit 1", tmp_path)
    assert error.code == code
    assert words in error.message


def test_one_that_talks_or_writes_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(confined, "MOST_BYTES", 1 << 20)
    assert "it takes more than" in refusal("yes > more & yes; sleep 600", tmp_path).message


def test_one_that_hangs_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(confined, "_SECONDS", 0.2)
    assert "was not installed within" in refusal("sleep 600", tmp_path).message


def test_what_it_left_running_ends_with_it(tmp_path):
    refusal("sleep 600 & echo $! > pid; exit 1", tmp_path)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + _PATIENCE
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@linux
def test_it_takes_no_more_memory_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(confined, "_MEMORY_BYTES", 64 << 20)
    python = str(confined.interpreter())
    line = f"{python} -I -S -c 'import mmap; mmap.mmap(-1, 6 << 30, flags=34)'; exit 1"
    assert "Cannot allocate memory" in refusal(line, tmp_path).message


@linux
def test_it_sees_nothing_of_the_owners(tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    message = refusal(f"env; cat {secret}; echo x > {tmp_path}/outside; exit 1", scratch).message
    assert message.count("Permission denied") + message.count("cannot create") >= 2
    assert "a secret" not in message
    assert not (tmp_path / "outside").exists()


def test_it_knows_how_to_reach_an_index(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://index.example/simple")
    message = refusal("env; exit 1", tmp_path).message
    assert "https_proxy=http://proxy.example:3128" in message
    assert "UV_DEFAULT_INDEX=https://index.example/simple" in message


def test_a_file_of_two_names_counts_once(tmp_path):
    (tmp_path / "one").write_bytes(os.urandom(1 << 20))
    once = confined.measure(tmp_path)
    os.link(tmp_path / "one", tmp_path / "two")
    assert confined.measure(tmp_path) == once


def test_a_lock_that_lists_millions_of_files_is_not_read(tmp_path):
    with (tmp_path / "pylock.toml").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ArtratorError, match="more files than anybody needs"):
        uv.read_lock(tmp_path / "pylock.toml")


def test_the_wheel_that_fits_best_is_the_one_that_is_noted(tmp_path):
    (tmp_path / "pylock.toml").write_text(
        '[[packages]]\nname = "a"\nversion = "1"\nwheels = [\n'
        '{ url = "https://x/a-1-py2-none-any.whl", hashes = { sha256 = "02" } },\n'
        '{ url = "https://x/a-1-py3-none-any.whl", hashes = { sha256 = "03" } },\n'
        '{ url = "https://x/no-wheel.whl", hashes = { sha256 = "04" } },\n'
        '{ url = "https://x/a-1-py3-none-any.whl" },\n]\n'
    )
    (file,) = uv.read_lock(tmp_path / "pylock.toml")
    assert (file.file, file.sha256) == ("a-1-py3-none-any.whl", "03")
