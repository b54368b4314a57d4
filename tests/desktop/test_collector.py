"""Garbage is collected where widgets live."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from artrator_desktop.collector import Collector


class Knot:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def collector(qapp: Any) -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()
    gc.disable()  # as the other tests want it


def test_python_itself_no_longer_collects(collector: Collector) -> None:
    assert not gc.isenabled()


def test_cycles_are_collected_by_the_timer(qtbot: Any, collector: Collector) -> None:
    knot = Knot()
    gone = weakref.ref(knot)
    del knot
    kept = [[] for _ in range(gc.get_threshold()[0] + 100)]  # enough that a collection is due
    qtbot.waitUntil(lambda: gone() is None, timeout=60_000)
    assert kept


def test_nothing_is_done_when_nothing_is_due(collector: Collector) -> None:
    gc.collect()
    assert collector.collect() == -1


def test_collection_is_given_back_at_the_end(qapp: Any) -> None:
    made = Collector()
    made.stop()
    assert gc.isenabled()
    gc.disable()
