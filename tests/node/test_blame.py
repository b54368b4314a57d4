"""Whose fault a worker's death is: what puts a package into quarantine, and who is turned away instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_node import MANIFEST

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.package import read_manifest
from artrator_node.catalogue import ServedPackage
from artrator_node.engine.blame import MAX_CRASHES, Blame
from artrator_node.engine.estimates import Estimate
from artrator_node.engine.slot import Slot, SlotState
from artrator_node.journal.records import Measured


@pytest.fixture
def slot() -> Slot:
    """The place of a package that nobody has run."""
    manifest = read_manifest(MANIFEST.format(name="toy"))
    package = ServedPackage(Path("toy"), PrivateKey.generate().public, "sha256:1", manifest, "x/toy", 0)
    return Slot(package, Estimate(Measured("sha256:1")), 4)


def test_one_buyer_counts_once_however_often_the_worker_dies_for_them() -> None:
    blame = Blame()
    for second in range(10):
        blame.of_buyer("It died.", "mallory", float(second), counts=True)
    assert blame.in_a_row == 1
    assert not blame.is_enough


def test_three_buyers_or_three_deaths_without_anybody_are_enough() -> None:
    blame = Blame()
    for buyer in ("a", "b"):
        blame.of_buyer("It died.", buyer, 0.0, counts=True)
    assert not blame.is_enough
    blame.of_package("It died at rest.")
    assert blame.is_enough
    assert blame.last == "It died at rest."
    blame.survived()
    assert blame.in_a_row == 0


def test_a_death_with_several_buyers_inside_counts_for_nobody() -> None:
    blame = Blame()
    for _ in range(12):
        blame.of_nobody("It died.")
    assert blame.in_a_row == 0


def test_a_buyer_is_turned_away_for_longer_each_time_and_forgotten_after_a_day() -> None:
    blame = Blame()
    for _ in range(2):
        blame.of_buyer("It died.", "mallory", 0.0, counts=False)
    assert blame.seconds_left("mallory", 0.0) == 0
    blame.of_buyer("It died.", "mallory", 0.0, counts=False)
    assert blame.seconds_left("mallory", 0.0) == 600
    assert blame.seconds_left("somebody else", 0.0) == 0
    blame.survived()  # that a run of somebody's went well is no reason to trust this one
    blame.of_buyer("It died.", "mallory", 600.0, counts=False)
    assert blame.seconds_left("mallory", 600.0) == 1200
    for _ in range(20):
        blame.of_buyer("It died.", "mallory", 600.0, counts=False)
    assert blame.seconds_left("mallory", 600.0) == 86_400
    assert blame.seconds_left("mallory", 600.0 + 86_400) == 0
    blame.of_buyer("It died.", "mallory", 600.0 + 90_000, counts=False)
    assert blame.deaths_of("mallory") == 1


def test_grudges_do_not_grow_without_end() -> None:
    blame = Blame()
    for number in range(3000):
        blame.of_buyer("It died.", str(number), 0.0, counts=False)
    assert sum(1 for number in range(3000) if blame.deaths_of(str(number))) == 1000


def test_a_package_that_dies_while_it_loads_is_quarantined_with_its_last_words(slot: Slot) -> None:
    why = "The worker was ended by SIGSEGV while it loaded the model. about to fall"
    for _ in range(MAX_CRASHES):
        assert "quarantined" not in slot.state.value
        slot.loading()
        slot.load_failed(ArtratorError(Code.WORKER_DIED, why), 0.0)
    assert slot.state.value == "quarantined"
    assert slot.error is not None
    assert why in slot.error.message
    assert slot.refusal(1e9) is slot.error
    slot.release()
    assert slot.refusal(0.0) is None
    slot.load_failed(ArtratorError(Code.WORKER_DIED, why), 0.0)
    assert slot.state.value == "broken"


def test_a_package_that_takes_too_long_to_load_is_tried_again_ever_later(slot: Slot) -> None:
    for _ in range(12):
        slot.load_failed(ArtratorError(Code.WORKER_LIMIT, "toy was not loaded within 5 seconds."), 0.0)
        assert slot.state is SlotState.BROKEN
    assert slot.refusal(3599.0) is not None
    assert slot.refusal(3601.0) is None
