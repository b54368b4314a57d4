"""A worker reads signed files, and nothing that took their place since."""

import hashlib
import os

import pytest

from artrator import ArtratorError, Code
from artrator.package import from_validated
from artrator.worker.child.package_files import SignedFolder


@pytest.fixture
def folder(tmp_path, content):
    """A package with a file in a folder, and a secret beside it."""
    (tmp_path / "secret").write_bytes(b"weights")
    inside = tmp_path / "package" / "parts"
    inside.mkdir()
    (inside / "a.bin").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    names = ("parts/a.bin", "gone.bin", "../secret", "/etc/passwd")
    return SignedFolder(inside.parent, from_validated(content.manifest.text), "sha256:0", dict.fromkeys(names, digest))


def test_a_signed_file_is_read(folder):
    assert folder.read("parts/a.bin") == b"weights"
    assert "parts/a.bin" in folder.names()


@pytest.mark.parametrize("bad", [b"", b"weight", b"weightsx", bytes(7)], ids=["empty", "cut", "longer", "other"])
def test_a_file_that_changed_is_never_handed_out(folder, tmp_path, bad):
    folder.read("parts/a.bin")
    (tmp_path / "package" / "parts" / "a.bin").write_bytes(bad)
    with pytest.raises(ArtratorError, match=r"parts/a\.bin is not the file that was signed") as info:
        folder.read("parts/a.bin")
    assert info.value.code == Code.PACKAGE_CHANGED


@pytest.mark.parametrize("name", ["other.bin", "", ".", "../secret", "/etc/passwd", "parts"])
def test_what_is_not_signed_or_leads_outside_is_not_there(folder, name):
    with pytest.raises(ArtratorError) as info:
        folder.read(name)
    assert info.value.code == Code.PACKAGE_INVALID


def replace_by_symlink(path, secret):
    path.unlink()
    path.symlink_to(secret)


def replace_by_hard_link(path, secret):
    path.unlink()
    os.link(secret, path)


def replace_folder_by_symlink(path, secret):
    path.parent.rename(path.parents[1] / "elsewhere")
    path.parent.symlink_to(path.parents[1] / "elsewhere")


def replace_by_pipe(path, secret):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links and pipes of POSIX")
@pytest.mark.parametrize(
    "change", [replace_by_symlink, replace_by_hard_link, replace_folder_by_symlink, replace_by_pipe]
)
def test_a_link_or_pipe_in_the_place_of_a_file_is_refused_though_its_bytes_are_right(folder, tmp_path, change):
    change(tmp_path / "package" / "parts" / "a.bin", tmp_path / "secret")
    with pytest.raises(ArtratorError) as info:
        folder.read("parts/a.bin")
    assert info.value.code == Code.PACKAGE_CHANGED
    assert "parts/a.bin" in info.value.message


def test_a_missing_file_is_named(folder):
    with pytest.raises(ArtratorError, match=r"gone\.bin cannot be read") as info:
        folder.read("gone.bin")
    assert info.value.code == Code.PACKAGE_CHANGED
