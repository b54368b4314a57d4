"""`artrator package` from the command line: sentences for people, JSON for programs, exit codes for both."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper
from packages import MANIFEST, write_package

from artrator.cli import main
from artrator.keys import PrivateKey


@pytest.fixture(autouse=True)
def _own_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path / "profile"))


#: No backend here is called so: what is signed with it is signed without a worker, because nobody can be asked.
UNASKED = MANIFEST.replace('backend = "onnx"', 'backend = "tarot"')


def write_graph(path: Path) -> None:
    """The graph that the starter's manifest speaks of."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in ("image", "output")]
    graph = helper.make_graph([helper.make_node("Identity", ["image"], ["output"])], "graph", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def artrator(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["package", *map(str, arguments)])


def test_new_check_sign_verify_show_is_one_road(tmp_path: Path) -> None:
    assert artrator("new", "my-model", "--in", tmp_path).exit_code == 0
    folder = tmp_path / "my-model"
    line = (folder / "artrator.toml").read_text().splitlines().index('graph = "model.onnx"') + 1
    for command in ("check", "sign"):
        early = artrator(command, folder)
        assert early.exit_code == 1
        assert f"artrator.toml:{line}: settings.graph is 'model.onnx', which is not in the package" in early.output
    assert not (folder / "model.sig").exists()
    write_graph(folder / "model.onnx")
    checked = artrator("check", folder)
    assert checked.exit_code == 0, checked.output
    assert "ready to be signed" in checked.output
    signed = json.loads(artrator("sign", folder, "--json").output)
    verified = json.loads(artrator("verify", folder, "--json").output)
    assert signed["package"] == verified["package"]
    assert signed["signer"] == verified["signer"]
    shown = artrator("show", folder)
    assert "My model" in shown.output
    assert signed["package"] in shown.output


def test_a_wrong_manifest_names_line_and_cure_and_ends_with_1(tmp_path: Path) -> None:
    text = MANIFEST.replace("default = 25", "default = 99")
    folder = write_package(tmp_path / "model", text)
    line = text.splitlines().index("default = 99") + 1
    expected = f"artrator.toml:{line}: inputs.steps.default 99 is above maximum 50."
    for command in ("check", "sign", "show"):
        done = artrator(command, folder)
        assert done.exit_code == 1
        assert expected in done.output
        assert "Lower the default or raise maximum." in done.output


def test_a_changed_file_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model", UNASKED)
    artrator("sign", folder)
    (folder / "model.onnx").write_bytes(b"other")
    done = artrator("verify", folder)
    assert done.exit_code == 1
    assert "model.onnx: It was changed after signing." in done.output
    assert "package_changed" in done.output
    assert "NOT SIGNED" in artrator("show", folder).output


def test_a_key_file_signs_and_its_public_half_verifies(tmp_path: Path, key: PrivateKey) -> None:
    folder = write_package(tmp_path / "model", UNASKED)
    key.save(tmp_path / "key.pem")
    (tmp_path / "public.pem").write_bytes(key.public.to_pem())
    assert artrator("sign", folder, "--key", tmp_path / "key.pem").exit_code == 0
    assert artrator("verify", folder, "--key", tmp_path / "public.pem").exit_code == 0
    assert artrator("verify", folder, "--key", key.public.encode()).exit_code == 0
    assert artrator("verify", folder).exit_code == 1  # the profile's own key did not sign it


def test_what_is_no_key_is_a_usage_error(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model")
    (tmp_path / "bad.pem").write_text("no key")
    assert artrator("sign", folder, "--key", tmp_path / "bad.pem").exit_code == 2
    assert artrator("verify", folder, "--key", tmp_path / "bad.pem").exit_code == 2
    assert artrator("verify", folder, "--key", "AAAA").exit_code == 2


def test_check_as_json_has_every_problem(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model", **{"weights.pt": b"x", ".DS_Store": b"x"})
    done = artrator("check", folder, "--json")
    assert done.exit_code == 1
    assert {problem["file"] for problem in json.loads(done.output)["problems"]} == {"weights.pt", ".DS_Store"}


def test_a_backend_that_is_not_installed_is_said_so_with_its_cure(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "model", UNASKED)
    unasked = artrator("check", folder)
    assert unasked.exit_code == 0
    assert "[settings] were not checked: No plugin provides the backend tarot." in unasked.output
    done = artrator("check", folder, "--load")
    assert done.exit_code == 1
    assert "tarot" in done.output
    assert "backend_missing" in done.output


@pytest.mark.parametrize("name", ["My-Model", "a--b", "-a", "a/b", "..", "x" * 65])
def test_a_name_that_no_listing_could_have_is_refused(name: str, tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["package", "new", "--in", str(tmp_path), "--", name]).exit_code == 2
    assert list(tmp_path.glob("*")) == []
