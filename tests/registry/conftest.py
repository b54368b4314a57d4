"""A world for each test."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from registry_world import World

from artrator_registry import Settings
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, SCHEMA
from artrator_registry.storage import migrate


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry: copying it costs less than making one for each test."""
    settings = Settings(data=tmp_path_factory.mktemp("fresh") / "registry")
    migrate(settings.database, MIGRATIONS, SCHEMA)
    Authority(settings.keys).prepare(time.time())
    return settings.data


@pytest.fixture
def data(fresh: Path, tmp_path: Path) -> Path:
    """The folder of a fresh registry."""
    shutil.copytree(fresh, tmp_path / "registry")
    return tmp_path / "registry"


@pytest.fixture
async def world(data: Path) -> AsyncIterator[World]:
    async with World(Settings(data=data)) as opened:
        yield opened
