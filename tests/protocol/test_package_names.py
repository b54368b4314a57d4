"""File names in a package mean the same file everywhere, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artrator.package.names import collision, name_fault


@pytest.mark.parametrize(
    "name",
    ["artrator.toml", "samples/one cat.png", "weights/층.onnx", "a-b_c.d", "é.png", "x/y/z.bin", "model..onnx"],
)
def test_ordinary_names_are_taken(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../secret",
        "a/../../b",
        "a/./b",
        "a//b",
        "a/",
        "a\\b",
        "C:evil",
        "a:stream",
        "a\x00b",
        "a\nb",
        "con",
        "CON.txt",
        "folder/NUL.onnx",
        "lpt1",
        "com¹",
        "trailing.",
        "trailing ",
        "dir /x",
        " leading",
        "e\u0301.png",  # the same letter as é in another encoding
        "gpj.\u202egnp.exe",  # reads as exe.png
        "zero\u200bwidth",
        "no\u00a0break",
        "soft\u00adhyphen",
        "\ud800",
        "private\ue000",
        "x" * 201,
        "what?",
        "a*b",
    ],
)
def test_names_that_could_deceive_are_refused(name: str) -> None:
    assert name_fault(name) is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.png", "A.png"),
        ("straße", "STRASSE"),
        ("Data/x", "data/y"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("a/b/c", "a/B"),
        ("ﬁle", "file"),
        ("K.onnx", "\u212a.onnx"),  # the Kelvin sign
    ],
)
def test_names_that_are_one_file_on_some_system_are_found(first: str, second: str) -> None:
    assert collision([first, second]) is not None
    assert collision([second, first]) is not None


def test_names_that_differ_are_left_alone() -> None:
    assert collision(["a", "b", "c/a", "c/b", "d/c/a", "a.b", "c.d"]) is None


@given(st.text(max_size=30))
def test_a_name_that_is_taken_stays_below_its_folder(name: str) -> None:
    if name_fault(name) is None:
        assert ".." not in name.split("/")
        assert not name.startswith("/")
        assert "\\" not in name
        assert name.isprintable()
