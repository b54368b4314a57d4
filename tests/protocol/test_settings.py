"""The settings reader that backends use: typed, strict, with the line."""

import pytest

from artrator.errors import ArtratorError, Code
from artrator.settings import Settings, line_of

TEXT = """name = "x"

[settings]
graph = "model.onnx"
size = { mode = "tile", tile = [1, 2] }
ratio = 0.5

[settings."odd name".inner]
key = 1
"""


def settings(**values):
    return Settings(values, ("settings",), TEXT)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("settings",), 3),
        (("settings", "graph"), 4),
        (("settings", "size", "mode"), 5),
        (("settings", "size", "missing"), 5),
        (("settings", "odd name", "inner", "key"), 9),
        (("settings", "missing"), 3),
        (("elsewhere",), None),
    ],
)
def test_the_line_is_that_of_the_key_or_of_the_nearest_table(path, line):
    assert line_of(TEXT, path) == line


def test_values_come_as_their_types():
    table = settings(text="a", flag=True, count=3, ratio=1, numbers=[1, 2.5], sides=[1, 2], words=["a"])
    assert table.text("text", choices=("a", "b")) == "a"
    assert table.boolean("flag") is True
    assert table.integer("count", minimum=3) == 3
    ratio = table.number("ratio")
    assert (ratio, type(ratio)) == (1.0, float)
    assert table.numbers("numbers", length=2) == (1.0, 2.5)
    assert table.integers("sides", length=2) == (1, 2)
    assert table.texts("words") == ("a",)
    assert (table.text("none", None), table.table("none", None), table.numbers("none", None)) == (None, None, None)
    table.done()


@pytest.mark.parametrize(
    ("value", "ask", "words"),
    [
        (3, lambda t: t.text("graph"), "must be a text"),
        ("c", lambda t: t.text("graph", choices=("a", "b")), "use 'a' or 'b'"),
        ("true", lambda t: t.boolean("graph"), "true or false"),
        (True, lambda t: t.integer("graph"), "whole number"),
        (1.5, lambda t: t.integer("graph"), "whole number"),
        (0, lambda t: t.integer("graph", minimum=1), "at least 1"),
        (True, lambda t: t.number("graph"), "must be a number"),
        (float("nan"), lambda t: t.number("graph"), "must be a number"),
        (float("inf"), lambda t: t.number("graph"), "must be a number"),
        (10**400, lambda t: t.number("graph"), "must be a number"),
        ([1, "a"], lambda t: t.numbers("graph"), "must be a number"),
        ([1], lambda t: t.numbers("graph", length=2), "list of 2 numbers"),
        ([1, 0], lambda t: t.integers("graph", length=2), "at least 1"),
        ([1, True], lambda t: t.integers("graph"), "whole numbers"),
        (1 << 63, lambda t: t.integer("graph"), "64 bits"),
        ([1, 1 << 63], lambda t: t.integers("graph"), "64 bits"),
        ([], lambda t: t.texts("graph"), "list of texts"),
        ("x", lambda t: t.table("graph"), "must be a table: [settings.graph]"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(value, ask, words):
    with pytest.raises(ArtratorError) as caught:
        ask(settings(graph=value))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert caught.value.message.startswith("artrator.toml:4: settings.graph ")
    assert words in caught.value.message
    assert caught.value.details["line"] == 4


def test_a_missing_key_names_the_table_that_lacks_it():
    with pytest.raises(ArtratorError, match=r"artrator\.toml:3: settings\.missing is missing"):
        settings().text("missing")


def test_what_nobody_asked_for_is_refused_with_a_guess():
    table = settings(graph="a", inner={"layuot": 1})
    table.text("graph")
    table.table("inner").text("layout", None)
    with pytest.raises(ArtratorError, match=r"settings\.inner\.layuot is not known .* did you mean 'layout'"):
        table.done()


def test_a_table_asked_for_twice_remembers_both_questions():
    table = settings(inner={"a": 1, "b": 2})
    table.table("inner").integer("a")
    table.table("inner").integer("b")
    table.done()
