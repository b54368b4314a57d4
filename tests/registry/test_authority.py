"""The registry's keys: made once, rotated in time, and never half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from artrator.documents import KeySet
from artrator.errors import ArtratorError
from artrator.keys import PrivateKey
from artrator_registry.authority import Authority

NOW = 1_800_000_000.0
DAY = 86_400


def made(folder: Path, now: float = NOW) -> Authority:
    authority = Authority(folder)
    authority.prepare(now)
    return authority


def test_the_same_folder_is_the_same_registry(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path)
    assert first.id == second.id
    assert first.document() == second.document()
    assert first.signer(NOW).id == second.signer(NOW).id


def test_the_first_key_signs_at_once_and_is_good_on_clocks_that_are_behind(tmp_path: Path) -> None:
    authority = made(tmp_path)
    keys = KeySet.verify(authority.document(), authority.root.public)
    assert set(keys.valid_keys(NOW - 200)) == {authority.signer(NOW).id}


def test_a_key_is_replaced_a_week_before_it_ends(tmp_path: Path) -> None:
    authority = made(tmp_path)
    authority.prepare(NOW + 82 * DAY)
    assert authority.keyset().serial == 1
    authority.prepare(NOW + 84 * DAY)
    assert authority.keyset().serial == 2
    authority.prepare(NOW + 84 * DAY)
    assert authority.keyset().serial == 2


def test_a_registry_that_slept_past_the_end_of_its_keys_signs_again_at_once(tmp_path: Path) -> None:
    authority = made(tmp_path)
    later = NOW + 400 * DAY
    authority.prepare(later)
    assert authority.keyset().serial == 2
    signer = authority.signer(later)
    assert set(authority.keyset().valid_keys(later)) == {signer.id}
    assert [path.name for path in tmp_path.glob("ticket-*.pem")] == ["ticket-2.pem"]


def test_a_rotation_by_another_process_is_noticed(tmp_path: Path) -> None:
    running, admin = made(tmp_path), made(tmp_path)
    old = running.signer(NOW).id
    assert admin.rotate(NOW) == 2
    assert running.keyset().serial == 2
    assert running.signer(NOW).id == old  # nodes have not heard of the new one yet
    assert running.signer(NOW + 130).id != old
    assert set(running.keyset().valid_keys(NOW + 3_700)) >= {running.signer(NOW + 130).id, old}
    assert old not in running.keyset().valid_keys(NOW + 3_800)


def test_a_power_cut_before_the_set_is_written_leaves_the_old_set_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = made(tmp_path)

    def cut(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("artrator_registry.authority.os.fsync", cut)
        with pytest.raises(OSError, match="power cut"):
            authority.rotate(NOW)
    again = made(tmp_path)
    assert again.keyset().serial == 1
    assert again.rotate(NOW) == 2


def test_a_clock_outside_every_keys_time_still_gets_a_signer(tmp_path: Path) -> None:
    authority = made(tmp_path)
    assert authority.signer(NOW - 1000 * DAY).id == authority.signer(NOW).id


def test_a_key_set_that_another_root_signed_is_not_believed(tmp_path: Path) -> None:
    authority = made(tmp_path)
    forged = authority.keyset().sign(PrivateKey.generate())
    (tmp_path / "keyset.json").write_text(json.dumps(forged) + " ")
    with pytest.raises(ArtratorError):
        authority.keyset()


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    made(tmp_path / "keys")
    for path in (tmp_path / "keys").glob("*.pem"):
        assert path.stat().st_mode & 0o077 == 0
