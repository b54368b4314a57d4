"""One node process for the tests that do not break it; those that do start their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registry_double import RegistryDouble
from toy_node import ToyNode


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyNode]:
    """A running node."""
    registry = RegistryDouble()
    registry.start()
    it = ToyNode(tmp_path_factory.mktemp("node"), registry, settings={"request_mib": 2})
    it.start()
    yield it
    it.stop()
    registry.stop()


@pytest.fixture
def make_node(tmp_path: Path) -> Iterator[Callable[..., ToyNode]]:
    """Makes nodes of this test's own, with other settings; they are started by the test."""
    made: list[ToyNode] = []

    def make(**settings: object) -> ToyNode:
        registry = RegistryDouble()
        registry.start()
        made.append(ToyNode(tmp_path / f"node-{len(made)}", registry, settings=settings))
        return made[-1]

    yield make
    for it in made:
        it.stop()
        it.registry.stop()
