"""The rule that ties pictures to money: what fewer pictures measure, and what a node may charge for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_sets import manifest

from artrator.errors import ArtratorError
from artrator.inputs import Counted, measure
from artrator.package import read_manifest


def counted(*factors: str, count: int = 4) -> Counted:
    found = Counted.of(read_manifest(manifest(*factors)), {"count": count, "steps": 5})
    assert found is not None
    return found


@given(ordered=st.integers(1, 8), made=st.integers(0, 8), steps=st.integers(1, 50))
def test_what_fewer_pictures_measure_is_what_an_order_of_so_many_measures(ordered: int, made: int, steps: int) -> None:
    package = read_manifest(manifest("steps", "count"))
    found = Counted.of(package, {"count": ordered, "steps": steps})
    assert found is not None
    whole = measure(package, {"count": ordered, "steps": steps}, {})
    assert found.measures(whole, made) == measure(package, {"count": made, "steps": steps}, {})


@pytest.mark.parametrize(
    ("pictures", "claimed", "fault"),
    [
        (4, {"step": 20}, ""),
        (3, {"step": 15}, ""),
        (3, {"step": 14}, ""),
        (3, {}, "charges for more"),
        (2, {"step": 20}, "charges for more"),
        (2, {"step": 11}, "charges for more"),
        (2, {"step": 10, "other": 1}, "charges for more"),
        (0, {"step": 0}, "0 pictures"),
        (5, {"step": 20}, "5 pictures"),
    ],
)
def test_a_node_can_charge_for_what_it_delivered_and_no_more(
    pictures: int, claimed: dict[str, int], fault: str
) -> None:
    names = [f"images-{number}" for number in range(1, pictures + 1)]
    said = counted("steps", "count").fault({"step": 20}, claimed, names)
    assert fault in said
    assert bool(fault) == bool(said)


def test_files_of_other_names_are_no_pictures_of_the_list() -> None:
    said = counted("steps", "count").fault({"step": 20}, {"step": 20}, ["images-1", "images-2", "images-3", "image"])
    assert "3 of 4" in said


def test_where_a_part_costs_as_much_as_the_whole_there_is_no_part() -> None:
    found = counted("steps")
    assert not found.divisible
    assert "3 pictures" in found.fault({"step": 5}, {"step": 5}, ["images-1", "images-2", "images-3"])


@pytest.mark.parametrize("wrong", ['count = "do"', 'count = "nothing"', "count = 4"])
def test_a_manifest_counts_by_an_integer_input(wrong: str) -> None:
    with pytest.raises(ArtratorError, match="integer input"):
        read_manifest(manifest("count").replace('count = "count"', wrong))


def test_only_lists_are_counted() -> None:
    with pytest.raises(ArtratorError, match="type images"):
        read_manifest(manifest("count").replace('type = "images"', 'type = "image"'))
