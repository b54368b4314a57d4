from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.profile import Profile, home, write_atomically


def test_the_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARTRATOR_HOME", str(tmp_path))
    assert home() == tmp_path


def test_the_identity_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    assert not profile.has_identity
    first = profile.identity
    assert profile.identity.id == first.id
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "identity.pem").stat().st_mode) == 0o600


def test_what_is_configured_is_remembered_and_the_environment_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profile(tmp_path).configure(registry_url="http://127.0.0.1:1", handle="mina")
    Profile(tmp_path).configure(display_name="미나")
    profile = Profile(tmp_path)
    assert (profile.registry_url, profile.handle, profile.display_name) == ("http://127.0.0.1:1", "mina", "미나")
    monkeypatch.setenv("ARTRATOR_REGISTRY", "http://127.0.0.1:2")
    assert profile.registry_url == "http://127.0.0.1:2"


def test_a_registry_that_changes_its_root_key_is_refused(tmp_path: Path) -> None:
    profile, url = Profile(tmp_path), "http://127.0.0.1:1"
    first = PrivateKey.generate().public
    assert profile.pin_root(url, first.encode()) == first
    assert profile.pin_root(url, first.encode()) == first
    with pytest.raises(ArtratorError) as caught:
        profile.pin_root(url, PrivateKey.generate().public.encode())
    assert caught.value.code is Code.DOCUMENT_INVALID
    assert "pins.json" in caught.value.cure


def test_a_creator_whose_key_changes_is_refused_by_name(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    key = PrivateKey.generate().public
    profile.pin_creator("r", "atelier", key)
    profile.pin_creator("r", "atelier", key)
    profile.pin_creator("r", "other", PrivateKey.generate().public)
    with pytest.raises(ArtratorError, match="atelier"):
        profile.pin_creator("r", "atelier", PrivateKey.generate().public)


def test_a_damaged_profile_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text("{")
    with pytest.raises(ArtratorError, match=r"profile\.json") as caught:
        _ = Profile(tmp_path).registry_url
    assert "backup" in caught.value.cure


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtratorError) as caught:
        write_atomically(path, b"new")
    assert caught.value.code is Code.DISK_FULL
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]
