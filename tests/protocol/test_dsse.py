"""DSSE envelopes: the standard's own example, and everything that must not pass."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artrator import dsse
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey

TYPE = "application/vnd.artrator.test+json"


def refused(value: object, key: PrivateKey) -> None:
    with pytest.raises(ArtratorError) as caught:
        dsse.verify(dsse.Envelope.from_json(value), TYPE, key.public)
    assert caught.value.code is Code.DOCUMENT_INVALID


def test_the_encoding_is_the_standards() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_type_and_payload_cannot_be_shifted_into_each_other() -> None:
    assert dsse.pae("a b", b"c") != dsse.pae("a", b"b c")


@given(st.binary(max_size=40))
def test_a_payload_comes_back(key: PrivateKey, payload: bytes) -> None:
    envelope = dsse.Envelope.from_json(dsse.sign(key, TYPE, payload).to_json())
    assert dsse.verify(envelope, TYPE, key.public) == payload


def test_another_type_or_key_is_refused(key: PrivateKey, other_key: PrivateKey) -> None:
    value = dsse.sign(key, TYPE, b"x").to_json()
    refused(value, other_key)
    refused(value | {"payloadType": TYPE + "x"}, key)
    refused(dsse.sign(key, "application/vnd.artrator.other+json", b"x").to_json() | {"payloadType": TYPE}, key)


def test_one_good_signature_among_others_is_enough(key: PrivateKey, other_key: PrivateKey) -> None:
    value = dsse.sign(key, TYPE, b"x").to_json()
    value["signatures"] = dsse.sign(other_key, TYPE, b"x").to_json()["signatures"] + value["signatures"]
    assert dsse.verify(dsse.Envelope.from_json(value), TYPE, key.public) == b"x"


@pytest.mark.parametrize(
    "change",
    [
        {"signatures": []},
        {"signatures": [{}] * 9},
        {"signatures": {}},
        {"signatures": [7]},
        {"signatures": [{"sig": 7}]},
        {"signatures": [{"sig": "?"}]},
        {"signatures": [{"sig": "", "keyid": 3}]},
        {"payload": None},
        {"payload": "a b"},
        {"payload": ["eA=="]},
        {"payloadType": None},
        {"payloadType": 7},
        {"unsigned": float("nan")},
        {"signatures": [{"sig": "", "keyid": "", "extra": 1}]},
    ],
)
def test_a_malformed_envelope_is_refused(key: PrivateKey, change: dict[str, Any]) -> None:
    refused(dsse.sign(key, TYPE, b"x").to_json() | change, key)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**12), st.booleans())
def test_one_changed_bit_is_refused(key: PrivateKey, at: int, in_payload: bool) -> None:
    value = dsse.sign(key, TYPE, b"the payload").to_json()
    raw = bytearray(base64.b64decode(value["payload"] if in_payload else value["signatures"][0]["sig"]))
    bit = at % (len(raw) * 8)
    raw[bit // 8] ^= 1 << (bit % 8)
    text = base64.b64encode(bytes(raw)).decode()
    refused(value | ({"payload": text} if in_payload else {"signatures": [{"sig": text}]}), key)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["payload", "payloadType", "signatures", "sig", "keyid", "x"]), inner, max_size=5
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_is_read_only_catalogue_errors_come_out(key: PrivateKey, value: object) -> None:
    refused(value, key)
