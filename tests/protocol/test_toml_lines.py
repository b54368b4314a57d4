"""The line of every key is found, however TOML allows it to be written."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from artrator.package.toml_lines import locate

TEXT = '''\
# a comment with = and [brackets]
top = 1
dotted.key . "quoted \\u0041" = "x"

[a]
text = """
not = a key
[nor.a.table] \\""" still inside""""
other = \'\'\'
also = 'not'
\'\'\'
after = 2 # comment

[a.b]
list = [
  1,  # one
  [2, 3],
  { x = 1, y = "}" },
]
inline = { p.q = 1, r = [ "#", "," ] }

[[rows]]
n = 1
[rows.sub]
m = 1
[[rows]]
n = 2
[rows.sub]
m = 2
[["odd name".rows]]
k = 2001-01-01T00:00:00Z
'''


def test_every_key_is_found_on_its_line() -> None:
    lines = locate(TEXT)
    rows = TEXT.splitlines()

    def line(*path: str | int) -> str:
        return rows[lines[path] - 1]

    assert line("top") == "top = 1"
    assert line("dotted", "key", "quoted A").startswith("dotted")
    assert line("a", "text") == 'text = """'
    assert line("a", "other") == "other = '''"
    assert line("a", "after").startswith("after")
    assert line("a", "b") == "[a.b]"
    assert line("a", "b", "list", 1, 0) == "  [2, 3],"
    assert line("a", "b", "list", 2, "y") == '  { x = 1, y = "}" },'
    assert line("a", "b", "inline", "p", "q").startswith("inline")
    assert lines["rows", 0, "sub", "m"] + 4 == lines["rows", 1, "sub", "m"]
    assert line("rows", 1, "n") == "n = 2"
    assert line("odd name", "rows", 0, "k").startswith("k = 2001")


def test_windows_line_ends_count_as_one_line() -> None:
    assert locate("a = 1\r\nb = 2\r\n") == {("a",): 1, ("b",): 2}


def _keys(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= _keys(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            found |= _keys(item, (*path, i))
    return found


_SCALARS = st.sampled_from(
    ["1", "-0.5e3", "true", '"a"', "'a # b'", '"\\"] = "', '"""x\n[y]\n= 1"""', "'''q\n'''", "1979-05-27 07:32:00"]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ " + ",\n ".join(items) + " ]"),
        st.lists(inner, max_size=3).map(
            lambda items: "{ " + ", ".join(f"k{i} = {item}" for i, item in enumerate(items)) + " }"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["[t{n}]", "[[u]]", "['t{n}'.x]", "# [c]", ""]), st.lists(_VALUES, max_size=3)),
        max_size=6,
    )
)
def test_every_key_that_tomllib_reads_has_a_line(blocks: list[tuple[str, list[str]]]) -> None:
    text = ""
    for n, (header, values) in enumerate(blocks):
        text += header.format(n=n) + "\n"
        text += "".join(f"v{n}_{i} = {value}\n" for i, value in enumerate(values))
    try:
        values_read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = locate(text)
    # An array of tables has no line of its own for each place, but every place has a header.
    assert _keys(values_read) <= lines.keys()
