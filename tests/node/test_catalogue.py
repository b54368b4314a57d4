"""What is served is written in small files, which an owner's hand can reach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from artrator.keys import PrivateKey
from artrator_node.catalogue import Catalogue

pytestmark = pytest.mark.anyio

ENTRY: dict[str, Any] = {
    "package": "sha256:" + "0" * 64,
    "folder": "/nowhere/at/all",
    "signer": PrivateKey.generate().public.encode(),
    "listing": "atelier/emoji",
    "offers": [],
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "[" * 100_000,
        "{}",
        *(json.dumps({**ENTRY, name: wrong}) for name in ENTRY for wrong in (None, 7, {})),
        json.dumps({**ENTRY, "signer": "ed25519:no key"}),
    ],
    ids=lambda text: text[:20] + str(len(text)),
)
async def test_a_file_that_is_no_entry_is_passed_over(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    catalogue = Catalogue(tmp_path)
    await catalogue.refresh()
    assert not catalogue.packages
    assert not catalogue.broken


@pytest.mark.parametrize("changes", [{}, {"offers": [7, None, {}]}, {"package": "x"}])
async def test_an_entry_whose_package_cannot_be_opened_is_named_as_broken(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**ENTRY, **changes}))
    catalogue = Catalogue(tmp_path)
    await catalogue.refresh()
    (broken,) = catalogue.broken.values()
    assert broken.reason
