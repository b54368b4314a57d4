"""What `artrator package check` finds."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from packages import MANIFEST, encoded, noise, write_package

from artrator import ArtratorError, Code
from artrator.package import check
from artrator.package import tree as tree_module
from artrator.package.starter import write_starter

SAMPLE = '[[samples]]\nfile = "samples/one.png"\ncaption = "One"\n'
WITH_SAMPLE = MANIFEST.replace("[settings]", SAMPLE + "[settings]")


def problems(folder: Path) -> dict[str, str]:
    return {problem.file: f"{problem.message} {problem.cure}" for problem in check(folder).problems}


def test_a_good_folder_has_no_problem_and_is_advised(tmp_path: Path) -> None:
    report = check(write_package(tmp_path / "model"))
    assert report.ok
    assert report.accepted().name == "test-model"
    assert any("no samples" in warning.message for warning in report.warnings)
    assert report.to_json()["files"]["model.onnx"] == 202


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ArtratorError) as caught:
        check(tmp_path / "nothing")
    assert caught.value.code is Code.PACKAGE_INVALID


@pytest.mark.skipif(os.name != "posix", reason="pipes of the file system are of POSIX")
def test_a_manifest_that_is_no_file_is_told_once(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model")
    (folder / "artrator.toml").unlink()
    os.mkfifo(folder / "artrator.toml")
    (problem,) = check(folder).problems
    assert "no plain file" in problem.message


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model")
    (folder / "artrator.toml").unlink()
    assert "artrator package new" in problems(folder)["artrator.toml"]


def test_a_manifest_that_is_not_text_is_named(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model")
    (folder / "artrator.toml").write_bytes(b"\xff\xfe")
    assert "UTF-8" in problems(folder)["artrator.toml"]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("weights.pt", b"anything", "pickle"),
        ("weights.pkl", b"anything", "pickle"),
        ("weights.ckpt", b"anything", "pickle"),
        ("innocent.bin", pickle.dumps({"a": [1]}), "pickle"),
        ("innocent.onnx", b"PK\x03\x04" + bytes(26) + b"archive/data.pkl", "pickle"),
        ("tool.bin", b"\x7fELF\x02\x01", "program"),
        ("tool.onnx", b"MZ\x90\x00", "program"),
        ("lib.so", b"", "program"),
        (".DS_Store", b"x", "left over"),
        ("data/Thumbs.db", b"x", "left over"),
        (".git/config", b"x", "left over"),
        ("__pycache__/a.txt", b"x", "left over"),
        ("notes.txt~", b"x", "left over"),
        ("._model.onnx", b"x", "left over"),
    ],
)
def test_what_does_not_belong_in_a_package_is_named(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    folder = write_package(tmp_path / "model", **{name: data})
    assert why in problems(folder)[name]


def test_scripts_are_left_in_but_pointed_at(tmp_path: Path) -> None:
    report = check(write_package(tmp_path / "model", **{"recipe/train.py": b"print()"}))
    assert report.ok
    assert any(warning.file == "recipe/train.py" for warning in report.warnings)


def test_a_sample_that_is_right_is_taken(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model", WITH_SAMPLE, **{"samples/one.png": encoded(noise())})
    assert check(folder).ok


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (encoded(noise(700, 700)), "KiB. Save it as WebP"),
        (encoded(noise(2200, 4).convert("1")), "2200 x 4 pixels"),
        (encoded(noise())[:900], "cut off"),
        (b"not a picture", "is not a PNG"),
        (b"", "is empty"),
    ],
)
def test_a_sample_that_a_registry_would_refuse_is_named(tmp_path: Path, data: bytes, why: str) -> None:
    folder = write_package(tmp_path / "model", WITH_SAMPLE, **{"samples/one.png": data})
    assert why in problems(folder)["samples/one.png"]


def test_files_that_the_manifest_names_must_be_there(tmp_path: Path) -> None:
    manifest = WITH_SAMPLE.replace('"Apache-2.0"', '"LicenseRef-Mine"\nlicense_file = "license.txt"')
    folder = write_package(tmp_path / "model", manifest, **{"LICENSE.txt": b"All rights are yours to keep.\n"})
    lines = [str(problem) for problem in check(folder).problems]
    number = manifest.splitlines().index('license_file = "license.txt"') + 1
    assert any(
        line.startswith(f"artrator.toml:{number}:") and "Write LICENSE.txt, as the file is named." in line
        for line in lines
    )
    assert any("no file samples/one.png" in line for line in lines)


def test_a_starter_passes_as_it_is(tmp_path: Path) -> None:
    write_starter(tmp_path / "my-model", "my-model")
    report = check(tmp_path / "my-model")
    assert report.ok, report.problems
    assert "Its summary is the starter's." in [warning.message for warning in report.warnings]
    with pytest.raises(ArtratorError, match="not empty"):
        write_starter(tmp_path / "my-model", "my-model")


@pytest.mark.parametrize("make", ["file", "bad name", "folder", "folder in folders"])
def test_a_folder_of_very_much_is_not_looked_at_to_its_end(
    make: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "MAX_FILES", 20)
    folder = write_package(tmp_path / "model")
    for number in range(40):
        match make:
            case "file":
                (folder / f"f{number}").write_bytes(b"x")
            case "bad name":
                (folder / f"a:{number}").write_bytes(b"x")
            case "folder":
                (folder / f"d{number}").mkdir()
            case _:
                (folder / f"d{number % 7}" / f"d{number}").mkdir(parents=True)
    looked = []
    real = os.lstat
    monkeypatch.setattr(tree_module.os, "lstat", lambda path: looked.append(path) or real(path))  # type: ignore[func-returns-value]
    with pytest.raises(ArtratorError, match="more than 20 files and folders") as caught:
        check(folder)
    assert caught.value.code is Code.PACKAGE_INVALID
    assert len(looked) <= 21


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
def test_of_many_problems_the_first_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model")
    for number in range(130):
        (folder / f"a:{number:03}").write_bytes(b"x")
    report = check(folder)
    assert len(report.problems) == 130
    with pytest.raises(ArtratorError) as caught:
        report.accepted()
    lines = caught.value.message.splitlines()
    assert (len(lines), len(caught.value.details["problems"])) == (101, 100)
    assert lines[0].startswith("a:000: ")
    assert lines[-1] == "… and 30 more like these."
