"""What a shelf remembers of files: within bounds, and what was used last for the longest."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from artrator.errors import ArtratorError, Code
from artrator_node.catalogue import ServedPackage
from artrator_node.config import Settings
from artrator_node.fetching import shelf as module
from artrator_node.fetching.shelf import Item, Shelf


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read whole, one after the other."""
    names: list[str] = []
    real = module._digests

    def noting(item: Item) -> bytes:
        names.append(item.name)
        return real(item)

    monkeypatch.setattr(module, "_digests", noting)
    return names


async def taken(shelf: Shelf, folder: Path, name: str) -> bytes:
    """A file that holds its own name, as a buyer of a licence gets it."""
    served = cast("ServedPackage", SimpleNamespace(digest="sha256:toy", folder=folder))
    item = Item(served, name, hashlib.sha256(name.encode()).hexdigest(), len(name))
    return b"".join([block async for block in shelf.blocks(item, 0, len(name))])


def shelf_of(folder: Path, *names: str) -> Shelf:
    for name in names:
        (folder / name).write_text(name)
    return Shelf(Settings(name="toy", urls=("https://127.0.0.1:8443",), registry="http://127.0.0.1:8750"))


def test_tables_are_forgotten_by_their_size_and_the_longest_unused_first(
    tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 3 * (module._TABLE_ITSELF + 32))
    shelf = shelf_of(tmp_path, "one", "two", "three", "four")

    async def work() -> None:
        for name in ("one", "two", "three", "one", "four", "one", "two"):
            assert await taken(shelf, tmp_path, name) == name.encode()

    asyncio.run(work())
    shelf.close()
    assert hashed == ["one", "two", "three", "four", "two"]


def test_a_file_that_could_not_be_hashed_is_hashed_again(tmp_path: Path, hashed: list[str]) -> None:
    shelf = shelf_of(tmp_path, "one")
    (tmp_path / "one").write_text("eno")

    async def work() -> None:
        with pytest.raises(ArtratorError) as caught:
            await taken(shelf, tmp_path, "one")
        assert caught.value.code is Code.PACKAGE_CHANGED
        (tmp_path / "one").write_text("one")
        assert await taken(shelf, tmp_path, "one") == b"one"

    asyncio.run(work())
    shelf.close()
    assert hashed == ["one", "one"]
