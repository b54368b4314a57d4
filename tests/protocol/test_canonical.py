"""The canonical form: two parties digest the same request to the same number."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artrator.canonical import b64, canonical_json, request_digest, unb64

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)


@given(_VALUES)
def test_a_value_that_travelled_has_the_same_form(value: object) -> None:
    written = canonical_json(value)
    assert canonical_json(json.loads(written)) == written
    assert canonical_json(json.loads(json.dumps(value, indent=3))) == written


@given(st.dictionaries(st.text(max_size=6), st.integers(), max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"x": -float("inf")}, "\ud800"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # three different sentences of the standard library
        canonical_json(value)


def test_the_salt_changes_the_digest_and_has_32_bytes() -> None:
    request = {"prompt": "a cat"}
    assert request_digest(bytes(32), request) != request_digest(b"\x01" + bytes(31), request)
    with pytest.raises(ValueError, match="32 bytes"):
        request_digest(b"short", request)


@given(st.binary(max_size=50))
def test_base64_comes_back(data: bytes) -> None:
    assert unb64(b64(data)) == data
    assert unb64(b64(data) + "=" * (-len(b64(data)) % 4)) == data


@pytest.mark.parametrize("text", ["é", "a b", "a\nb", "?", "A", "====", "AA=A"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence is the standard library's
        unb64(text)
