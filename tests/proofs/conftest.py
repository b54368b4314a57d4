"""What the proofs share: how long they run, and an empty registry to begin with."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from effort import Effort

from artrator_registry import Settings
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, SCHEMA
from artrator_registry.storage import migrate


@pytest.fixture(scope="session")
def effort() -> Effort:
    return Effort()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a fresh registry."""
    settings = Settings(data=tmp_path / "registry")
    migrate(settings.database, MIGRATIONS, SCHEMA)
    Authority(settings.keys).prepare(time.time())
    return settings.data
