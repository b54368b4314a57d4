"""Sealed packages: opened by their key only, in their place only; checked without it; and proven afterwards."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artrator.clients.sealed_download import SealedPackage
from artrator.errors import ArtratorError
from artrator.sealing import (
    CHUNK,
    SEALED_CHUNK,
    FileSeal,
    TableCheck,
    chunks,
    commitment,
    new_key,
    root,
    root_of,
    sealed_size,
)

KEY = bytes(range(32))
LARGE = bytes(range(256)) * (5 * CHUNK // 512)


def sealed(data: bytes, key: bytes = KEY) -> tuple[list[bytes], bytes]:
    seal = FileSeal(key, hashlib.sha256(data).hexdigest(), len(data))
    parts = [seal.seal(number, data[number * CHUNK : (number + 1) * CHUNK]) for number in range(chunks(len(data)))]
    return parts, b"".join(hashlib.sha256(part).digest() for part in parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, len(LARGE)])
def test_what_is_sealed_opens_to_what_it_was(size: int) -> None:
    data = LARGE[:size]
    parts, _ = sealed(data)
    assert sum(map(len, parts)) == sealed_size(size)
    seal = FileSeal(KEY, hashlib.sha256(data).hexdigest(), size)
    assert b"".join(seal.open(number, part) for number, part in enumerate(parts)) == data
    assert sealed(data) == sealed(data), "the same key seals the same bytes again"


def test_no_chunk_opens_in_another_place_file_or_purchase() -> None:
    parts, _ = sealed(LARGE)
    digest = hashlib.sha256(LARGE).hexdigest()
    seal = FileSeal(KEY, digest, len(LARGE))
    shorter = FileSeal(KEY, digest, 2 * CHUNK)  # the second chunk would be its last
    for other, number, part in [
        (seal, 1, parts[0]),
        (seal, 0, parts[0][:-1]),
        (seal, 0, parts[0][:-1] + bytes([parts[0][-1] ^ 1])),
        (shorter, 1, parts[1]),
        (FileSeal(KEY, "0" * 64, len(LARGE)), 0, parts[0]),
        (FileSeal(new_key(), digest, len(LARGE)), 0, parts[0]),
    ]:
        with pytest.raises(ArtratorError, match="cannot be opened"):
            other.open(number, part)


@given(cuts=st.lists(st.integers(1, len(LARGE)), max_size=6), spoilt=st.none() | st.integers(0, len(LARGE) - 1))
def test_a_table_finds_what_is_wrong_however_the_bytes_come(cuts: list[int], spoilt: int | None) -> None:
    parts, table = sealed(LARGE)
    stream = bytearray(b"".join(parts))
    if spoilt is not None:
        stream[spoilt] ^= 1
    check = TableCheck(table, len(LARGE))
    edges = [0, *sorted(set(cuts)), len(stream)]
    for begin, end in itertools.pairwise(edges):
        check.update(bytes(stream[begin:end]))
    assert check.whole == (spoilt is None)
    assert check.good == (len(stream) if spoilt is None else spoilt // SEALED_CHUNK * SEALED_CHUNK)


def test_bytes_behind_the_end_are_not_right() -> None:
    parts, table = sealed(LARGE)
    check = TableCheck(table, len(LARGE))
    check.update(b"".join(parts) + b"?")
    assert not check.whole


def test_whoever_has_package_and_key_makes_the_root_that_was_signed(tmp_path: Path) -> None:
    files = {"a": LARGE, "b": b"", "c": b"small"}
    tables, paths = {}, {}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        tables[digest] = sealed(data)[1]
        paths[digest] = (tmp_path / name, len(data))
    assert root_of(paths, KEY) == root(tables)
    assert root_of(paths, KEY[::-1]) != root(tables)
    (tmp_path / "c").write_bytes(b"smell")
    assert root_of(paths, KEY) != root(tables)
    assert commitment(KEY) != commitment(KEY[::-1])


@pytest.mark.parametrize(
    "facts",
    [b"", b"[]", b"null", b"{", b"{}", b'{"files": []}', b'{"files": {}}', b'{"files": {"a": 1}}', b"\xff"],
)
def test_a_note_of_a_finished_download_that_is_damaged_is_none(tmp_path: Path, facts: bytes) -> None:
    (tmp_path / "sealed.json").write_bytes(facts)
    assert SealedPackage.load(tmp_path) is None
