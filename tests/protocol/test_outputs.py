from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from artrator.cli._outputs import try_place, write_outputs
from artrator.clients.news import Delivered
from artrator.errors import ArtratorError, Code
from artrator.messages.node import Output


def delivered(media_type: str, data: bytes = b"x") -> Delivered:
    return Delivered(Output(index=0, name="o", media_type=media_type, sha256="0" * 64, size=len(data)), data)


def refusal(path: Path, folder: Path) -> ArtratorError:
    before = sorted(folder.rglob("*"))
    with pytest.raises(ArtratorError) as caught:
        try_place(path)
    assert sorted(folder.rglob("*")) == before
    assert caught.value.cure
    return caught.value


def test_each_kind_of_output_has_its_own_ending_and_several_are_numbered(tmp_path: Path) -> None:
    kinds = ["image/webp", "text/plain; charset=utf-8", "application/json", "image/png"]
    written = write_outputs([delivered(kind) for kind in kinds], None, default=tmp_path / "fox-1")
    assert [path.name for path in written] == ["fox-1.webp", "fox-1-2.txt", "fox-1-3.json", "fox-1-4.png"]
    named = write_outputs(
        [delivered("image/jpeg", b"a"), delivered("image/jpeg", b"b")], tmp_path / "x.y", default=Path()
    )
    assert [path.name for path in named] == ["x.y", "x-2.y"]
    assert [path.read_bytes() for path in named] == [b"a", b"b"]


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(b"old")
    try_place(tmp_path / "old.png")
    try_place(tmp_path / "new" / "deeper" / "picture.png")
    assert [path.name for path in tmp_path.rglob("*")] == ["old.png"]
    assert (tmp_path / "old.png").read_bytes() == b"old"


def test_a_folder_a_pipe_and_a_device_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert "is a folder" in refusal(tmp_path / "in", tmp_path).message
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "no plain file" in refusal(tmp_path / "pipe", tmp_path).message
        with pytest.raises(ArtratorError, match="/dev/null is no plain file"):
            try_place(Path("/dev/null"))


def test_a_file_in_the_way_and_a_name_too_long_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "x.png", tmp_path / "made" / ("x" * 250 + ".png")):
        error = refusal(path, tmp_path)
        assert error.code is Code.REQUEST_INVALID
        assert str(path) in error.message
        assert "nothing has been made or paid" in error.cure


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "Permission denied" in refusal(tmp_path / "closed" / "x.png", tmp_path).message


def test_a_disk_without_room_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 << 20))
    error = refusal(tmp_path / "x.png", tmp_path)
    assert error.code is Code.DISK_FULL
    assert "3 MiB" in error.message
