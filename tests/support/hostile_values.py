"""What strangers put in place of a value: for tests that ask with anything."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [0, -1, 1, 10**12, 10**15, 10**15 + 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400]
    ),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "0", "sha256:" + "0" * 64, "../../x", "a\0b", "\ud800", "💸" * 50, "x" * 5000]),
    st.text(max_size=30),
    st.sampled_from([[], {}, [[]], [{}], {"": None}, [0] * 2000]),
)

NO_JSON = [b"", b"{", b"[" * 100_000, b'{"a":' * 500, b"NaN", b'{"code":"\\ud800"}', b'{"code":1e999}', b"\xff"]
