"""A signed folder: whatever is changed, added, removed or linked is refused and named."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pluggy
import pytest
from packages import MANIFEST, write_package

from artrator import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.package import sign, verify
from artrator.package import tree as tree_module

needs_posix = pytest.mark.skipif(os.name != "posix", reason="Windows makes links only for administrators")


@pytest.fixture
def folder(tmp_path: Path, key: PrivateKey) -> Path:
    made = write_package(tmp_path / "model")
    sign(made, key)
    return made


def refusal(folder: Path, key: PrivateKey) -> ArtratorError:
    with pytest.raises(ArtratorError) as caught:
        verify(folder, key.public)
    return caught.value


def test_a_signed_folder_verifies(folder: Path, key: PrivateKey) -> None:
    verified = verify(folder, key.public)
    assert verified.signer == key.id
    assert verified.size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) - (
        (folder / "model.sig").stat().st_size
    )


def test_signing_again_gives_the_same_package(folder: Path, key: PrivateKey, other_key: PrivateKey) -> None:
    first = verify(folder, key.public).digest
    assert sign(folder, other_key) == first
    assert verify(folder, other_key.public).digest == first


def test_an_unsigned_folder_says_so(tmp_path: Path, key: PrivateKey) -> None:
    assert refusal(write_package(tmp_path / "model"), key).code is Code.PACKAGE_UNSIGNED


def _changed(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"\x08\x08" + bytes(range(199)) + b"!")


def _added(folder: Path) -> None:
    (folder / "data" / "more.txt").write_text("more")


def _hidden(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("[core]")


def _missing(folder: Path) -> None:
    (folder / "data" / "words.txt").unlink()


def _linked(folder: Path) -> None:
    words = folder / "data" / "words.txt"
    copy = folder.parent / "elsewhere.txt"
    copy.write_bytes(words.read_bytes())
    words.unlink()
    words.symlink_to(copy)


def _hard_linked(folder: Path) -> None:
    os.link(folder / "model.onnx", folder.parent / "another-name")


def _linked_folder(folder: Path) -> None:
    (folder / "data").rename(folder.parent / "data-elsewhere")
    (folder / "data").symlink_to(folder.parent / "data-elsewhere", target_is_directory=True)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "s"))


def _other_case(folder: Path) -> None:
    (folder / "MODEL.onnx").write_bytes(b"x")


@pytest.mark.parametrize(
    ("change", "name", "why"),
    [
        (_changed, "model.onnx", "changed after signing"),
        (_added, "data/more.txt", "added after signing"),
        (_hidden, ".git/config", "added after signing"),
        (_missing, "data/words.txt", "signed but missing"),
        pytest.param(_linked, "data/words.txt", "symbolic link", marks=needs_posix),
        pytest.param(_hard_linked, "model.onnx", "hard link", marks=needs_posix),
        pytest.param(_linked_folder, "data", "symbolic link", marks=needs_posix),
        pytest.param(_pipe, "pipe", "no plain file", marks=needs_posix),
        pytest.param(_socket, "s", "no plain file", marks=needs_posix),
        pytest.param(_other_case, "model.onnx", "ignore case", marks=needs_posix),
    ],
)
def test_each_change_is_refused_and_named(
    folder: Path, key: PrivateKey, change: Callable[[Path], None], name: str, why: str
) -> None:
    change(folder)
    error = refusal(folder, key)
    assert error.code is Code.PACKAGE_CHANGED
    problems = {problem["file"]: problem["message"] for problem in error.details["problems"]}
    assert why in problems[name]
    assert name in error.message


def test_every_change_is_told_at_once(folder: Path, key: PrivateKey) -> None:
    _changed(folder)
    _added(folder)
    _missing(folder)
    assert len(refusal(folder, key).details["problems"]) == 3


def test_another_creators_key_is_refused(folder: Path, other_key: PrivateKey) -> None:
    assert refusal(folder, other_key).code is Code.PACKAGE_CHANGED


@needs_posix
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_signature_that_is_no_file_is_refused_by_name(
    folder: Path, key: PrivateKey, make: Callable[[Path], None]
) -> None:
    (folder / "model.sig").unlink()
    make(folder / "model.sig")
    error = refusal(folder, key)
    assert error.code is Code.PACKAGE_CHANGED
    assert error.message.startswith("model.sig is no plain file")


@needs_posix
def test_a_device_is_never_read(folder: Path, key: PrivateKey) -> None:
    """One of zeros has no end."""
    try:
        os.mknod(folder / "model.bin", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")
    (problem,) = refusal(folder, key).details["problems"]
    assert problem["file"] == "model.bin"
    assert "no plain file" in problem["message"]


def test_a_file_that_says_it_is_larger_than_any_disk_is_not_read(
    folder: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(tree_module, "open_plain", lambda path, name: pytest.fail(f"{name} is read"))
    with (folder / "data" / "words.txt").open("r+b") as file:
        file.truncate(1 << 21)
    with pytest.raises(ArtratorError) as caught:
        tree_module.scan(folder)
    assert caught.value.code is Code.PACKAGE_INVALID


class _Growing(io.FileIO):
    """A file that somebody appends to whenever it is read."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with Path(str(self.name)).open("ab") as file:
            file.write(b"more")
        return super().readinto(buffer)


def test_a_file_that_grows_while_it_is_read_has_no_digest(
    folder: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "open_plain", lambda path, name: _Growing(path))
    with pytest.raises(ArtratorError, match="was written to while it was read") as caught:
        tree_module.hash_file(folder / "model.onnx", "model.onnx")
    assert caught.value.code is Code.PACKAGE_CHANGED


@needs_posix
def test_a_linked_signature_is_refused(folder: Path, key: PrivateKey) -> None:
    (folder / "model.sig").rename(folder.parent / "model.sig")
    (folder / "model.sig").symlink_to(folder.parent / "model.sig")
    assert refusal(folder, key).code is Code.PACKAGE_CHANGED


class _BrokenDisk(io.FileIO):
    def readinto(self, buffer: object) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_fails_is_told_by_file(folder: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "open_plain", lambda path, name: _BrokenDisk(path))
    with pytest.raises(ArtratorError, match=r"artrator\.toml cannot be read: Input/output error") as caught:
        verify(folder, key.public)
    assert caught.value.code is Code.PACKAGE_CHANGED


def test_a_file_that_vanishes_while_it_is_looked_at_is_named(
    folder: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.lstat

    def vanishing(path: Path) -> os.stat_result:
        if path.name == "words.txt":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return real(path)

    monkeypatch.setattr(tree_module.os, "lstat", vanishing)
    assert [problem["file"] for problem in refusal(folder, key).details["problems"]] == ["data/words.txt"]


def test_a_package_that_does_not_pass_its_check_is_not_signed(tmp_path: Path, key: PrivateKey) -> None:
    folder = write_package(tmp_path / "model", manifest=MANIFEST.replace("default = 25", "default = 99"))
    with pytest.raises(ArtratorError) as caught:
        sign(folder, key)
    assert caught.value.code is Code.MANIFEST_INVALID
    assert not (folder / "model.sig").exists()
    (folder / "artrator.toml").write_text(MANIFEST)
    (folder / "weights.pt").write_bytes(b"PK")
    with pytest.raises(ArtratorError) as caught:
        sign(folder, key)
    assert caught.value.code is Code.PACKAGE_INVALID
    assert not (folder / "model.sig").exists()


def test_a_large_file_is_hashed_as_it_streams(tmp_path: Path, key: PrivateKey) -> None:
    folder = write_package(tmp_path / "model", **{"big.bin": os.urandom(1 << 20) * 5 + b"end"})
    sign(folder, key)
    file = verify(folder, key.public).files["big.bin"]
    assert file.size == 5 * (1 << 20) + 3
    assert file.sha256 == hashlib.sha256((folder / "big.bin").read_bytes()).hexdigest()


def test_a_worker_reads_a_package_with_numpy_and_pluggy_alone(folder: Path, key: PrivateKey) -> None:
    """A plugin's environment has no cryptography, no pydantic and no Pillow."""
    verified = verify(folder, key.public)
    files = {name: file.sha256 for name, file in verified.files.items()}
    libraries = {str(Path(module.__file__ or "").parent.parent) for module in (np, pluggy)}
    program = textwrap.dedent(f"""
        import importlib.abc, sys
        from pathlib import Path

        class OnlyThese(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                top = name.partition(".")[0]
                if top in sys.stdlib_module_names or top in ("numpy", "pluggy", "artrator"):
                    return None
                raise ModuleNotFoundError(f"not in a worker: {{name}}")

        sys.path[:0] = {sorted(libraries)!r}
        sys.meta_path.insert(0, OnlyThese())
        import artrator
        from artrator.package import from_validated
        from artrator.worker.child.package_files import SignedFolder

        manifest = from_validated({verified.manifest.text!r})
        package = SignedFolder(Path({str(folder)!r}), manifest, {verified.digest!r}, {files!r})
        assert package.manifest.name == "test-model"
        assert package.read("data/words.txt") == b"one\\ntwo\\n"
        assert "cryptography" not in sys.modules and "pydantic" not in sys.modules
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
