"""One federation for all end-to-end tests that do not break it; those that do start their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from federation import Federation, Person, copy_example, federation
from registry_world import World

from artrator_registry import Settings


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A federation that serves every example package."""
    folder = tmp_path_factory.mktemp("federation")
    with federation(folder) as it:
        it.publish(copy_example("emoji", folder / "packages"), "--price", "image=2")
        it.publish(copy_example("painterly", folder / "packages"), "--base", "1", "--price", "pixel=3/1000000")
        it.publish(copy_example("upscale-x4", folder / "packages"), "--base", "1", "--price", "pixel=8/1000000")
        it.start_node()
        yield it


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A registry in this process, whose books are audited at the end."""
    async with World(Settings(data=tmp_path / "registry")) as opened:
        yield opened


@pytest.fixture(scope="session")
def buyer(running: Federation) -> Person:
    """A buyer with credits."""
    return running.person("mina", 1000)


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A picture to work on."""
    return (Path(__file__).parents[2] / "examples" / "painterly" / "photo.png").read_bytes()
