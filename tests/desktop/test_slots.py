"""Which pictures of a package belong together, read from the packages that the examples ship."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from artrator.package import read_manifest
from artrator_desktop.state.inputs import Picture
from artrator_desktop.state.slots import Layout, layout, numbers_in_names, parse_numbers, size_problem

EXAMPLES = Path(__file__).parents[2] / "examples"


def of(name: str) -> Layout | None:
    return layout(read_manifest((EXAMPLES / name / "package" / "artrator.toml").read_text(encoding="utf-8")))


def picture(width: int, height: int) -> Picture:
    return Picture(b"", width, height, QImage())


@pytest.mark.parametrize("name", ["emoji", "painterly", "upscale-x4"])
def test_packages_of_words_or_of_one_picture_have_no_slots(name: str) -> None:
    assert of(name) is None


def test_a_film_is_painted_over_its_own_frames() -> None:
    film = of("stylise-video")
    assert film is not None
    assert film.target == "frames"
    assert film.keys is not None
    assert (film.keys.name, film.keys.numbers) == ("keyframes", "keyframe_numbers")
    assert {slot.name: slot.partner for slot in film.slots} == {
        "frames": "", "keyframes": "frames", "masks": "frames", "extra_guides": "frames",
    }  # fmt: skip


def test_a_photo_is_compared_with_the_one_that_is_painted() -> None:
    photo = of("stylise-photo")
    assert photo is not None
    assert (photo.target, photo.keys) == ("photo", None)
    assert {slot.name: slot.partner for slot in photo.slots if slot.partner} == {"painting": "example_photo"}


def test_every_guide_is_as_large_as_what_it_guides() -> None:
    render = of("stylise-render")
    assert render is not None
    assert render.target == "scene_light"
    partners = {slot.name: slot.partner for slot in render.slots}
    assert all(partners[name] == "painting" for name in partners if name.startswith("object_"))
    assert all(
        partners[name] == "scene_light" for name in partners if name.startswith("scene_") and name[6:] != "light"
    )


def test_a_size_that_differs_is_told_with_both_widths() -> None:
    assert size_problem([], [picture(4, 4)]) is None
    assert size_problem([picture(8, 4)], [picture(8, 4), picture(8, 4)]) is None
    problem = size_problem([picture(8, 4), picture(7, 4)], [])
    assert problem is not None
    assert (problem.kind, problem.bound, problem.found) == ("sizes", 8, 7)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", [1]),
        ("1, 24,48", [1, 24, 48]),
        (" 3 7 ", [3, 7]),
        ("", []),
        ("1, x", []),
        ("-1", []),
        ("1.5", []),
        ("²", []),
    ],
)
def test_numbers_are_read_or_refused_whole(text: str, numbers: list[int]) -> None:
    assert parse_numbers(text) == numbers


def test_numbers_stand_at_the_ends_of_file_names_or_are_not_guessed() -> None:
    assert numbers_in_names(["/a/painted_0001.png", "C:\\film\\b 24.webp"], 48) == [1, 24]
    assert numbers_in_names(["a_1.png", "b_1.png"], 48) == []
    assert numbers_in_names(["a_49.png"], 48) == []
    assert numbers_in_names(["cover.png", "a_2.png"], 48) == []
