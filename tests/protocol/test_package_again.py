"""A folder that has not changed is not read again; one that has, in whatever way, is."""

import os
import time
from pathlib import Path

import pytest

from artrator import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.manifest import Manifest
from artrator.package import again, read_manifest, sign, verify
from artrator.package.again import verify_again
from artrator.worker.child import package_files
from artrator.worker.child.package_files import SignedFolder

MANIFEST = """
name = "thing"
version = "1.0"
title = "Thing"
summary = "A thing"
task = "text-to-image"
backend = "onnx"
license = "CC0-1.0"

[outputs]
image = { type = "image", label = "Picture" }
"""


@pytest.fixture
def key():
    return PrivateKey.generate()


@pytest.fixture
def folder(tmp_path, key, monkeypatch):
    """A signed folder that is old enough for its times to tell."""
    place = tmp_path / "thing"
    (place / "inner").mkdir(parents=True)
    (place / "artrator.toml").write_text(MANIFEST)
    (place / "inner" / "weights").write_bytes(b"weights")
    sign(place, key)
    monkeypatch.setattr(again, "_YOUNG_SECONDS", -1.0)
    monkeypatch.setattr(package_files, "_YOUNG_NS", -1)
    return place


@pytest.fixture
def reads(monkeypatch):
    """How often a whole folder was read."""
    count = []
    monkeypatch.setattr(again, "verify", lambda *how: count.append(1) or verify(*how))
    return count


def test_an_unchanged_folder_is_read_once(folder, key, reads):
    first = verify_again(folder, key.public)
    assert verify_again(folder, key.public) == first
    assert verify_again(Path(os.path.relpath(folder)), key.public) == first
    assert len(reads) == 1


def test_a_young_folder_is_read_again(folder, key, reads, monkeypatch):
    monkeypatch.setattr(again, "_YOUNG_SECONDS", 3.0)
    verify_again(folder, key.public)
    verify_again(folder, key.public)
    assert len(reads) == 2


def test_another_signer_is_not_the_one_who_was_seen(folder, key, reads):
    verify_again(folder, key.public)
    with pytest.raises(ArtratorError):
        verify_again(folder, PrivateKey.generate().public)


def rewrite(path, data):
    """Other bytes of the same length, with the times put back as far as anybody can."""
    found = path.stat()
    time.sleep(0.02)
    path.write_bytes(data)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: rewrite(folder / "inner" / "weights", b"WEIGHTS"),
        lambda folder: (folder / "inner" / "weights").write_bytes(b"other"),
        lambda folder: (folder / "more").write_bytes(b""),
        lambda folder: (folder / "inner" / "weights").unlink(),
        lambda folder: (folder / "inner").rename(folder / "outer"),
        lambda folder: (folder / "model.sig").write_text("{}"),
        lambda folder: (
            (folder / "inner" / "weights").rename(folder.parent / "w"),
            (folder / "inner" / "weights").symlink_to(folder.parent / "w"),
        ),
        lambda folder: os.link(folder / "inner" / "weights", folder.parent / "hard"),
    ],
    ids=["same size and time", "other size", "more", "fewer", "renamed", "signature", "link", "hard link"],
)
def test_whatever_changes_is_noticed(folder, key, reads, change):
    verify_again(folder, key.public)
    change(folder)
    with pytest.raises(ArtratorError) as caught:
        verify_again(folder, key.public)
    assert caught.value.code in {Code.PACKAGE_CHANGED, Code.PACKAGE_INVALID}


def test_what_was_put_back_is_read_and_accepted(folder, key, reads):
    first = verify_again(folder, key.public)
    rewrite(folder / "inner" / "weights", b"WEIGHTS")
    with pytest.raises(ArtratorError):
        verify_again(folder, key.public)
    rewrite(folder / "inner" / "weights", b"weights")
    assert verify_again(folder, key.public) == first
    assert len(reads) == 3


def test_a_worker_notices_a_change_between_two_reads_of_a_file(folder, key):
    verified = verify(folder, key.public)
    manifest: Manifest = read_manifest(MANIFEST)
    hashes = {name: file.sha256 for name, file in verified.files.items()}
    package = SignedFolder(folder, manifest, verified.digest, hashes)
    assert package.read("inner/weights") == package.read("inner/weights") == b"weights"
    rewrite(folder / "inner" / "weights", b"WEIGHTS")
    with pytest.raises(ArtratorError) as caught:
        package.read("inner/weights")
    assert caught.value.code is Code.PACKAGE_CHANGED


def test_only_so_many_folders_are_remembered(folder, key, reads, monkeypatch, tmp_path):
    monkeypatch.setattr(again, "_REMEMBERED", 1)
    other = tmp_path / "other"
    other.mkdir()
    (other / "artrator.toml").write_text(MANIFEST)
    sign(other, key)
    for place in (folder, other, folder):
        verify_again(place, key.public)
    assert len(reads) == 3
