"""Money: exact whole micro-credits, whatever is typed, priced or split."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from artrator.money import MAX_AMOUNT, MICRO, format_credits, parse_credits, price, split

amounts = st.integers(0, MAX_AMOUNT)


@given(st.integers(0, 10**15 - 1))
def test_what_is_written_is_read_back(amount: int) -> None:
    assert parse_credits(format_credits(amount)) == amount


@given(st.integers(-(10**15), 10**15))
def test_a_shown_amount_is_exact(amount: int) -> None:
    assert Fraction(format_credits(amount).replace(",", "")) * MICRO == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [("12", 12 * MICRO), ("0.25", 250_000), (" 1.000001 ", 1_000_001), ("1,234", 1234 * MICRO), ("0", 0)],
)
def test_credits_are_read(text: str, amount: int) -> None:
    assert parse_credits(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1.0000001", "1e3", ".5", "5.", "1,5", "1,2,3", "12,34", "1.2.3", "0x10", "NaN", "١٢", "1 000"],
)
def test_what_could_be_meant_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_credits(text)


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(0, 10**12))
def test_a_price_is_the_exact_quotient_rounded_up(amount: int, per: int, measure: int) -> None:
    exact = Fraction(amount * measure, per)
    assert 0 <= price(amount, per, measure) - exact < 1


@given(amounts, st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_a_split_hands_out_every_micro_credit_and_is_fair(total: int, weights: list[int]) -> None:
    assume(sum(weights) > 0)
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert part >= 0
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part == 0 or weight > 0


@given(amounts, st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_a_split_does_not_depend_on_chance(total: int, weights: list[int]) -> None:
    assume(sum(weights) > 0)
    assert split(total, weights) == split(total, weights)


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0, 0]), (1, [2, -1]), (-1, [1])])
def test_a_senseless_split_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="split"):
        split(total, weights)


@pytest.mark.parametrize(("amount", "per", "measure"), [(-1, 1, 1), (1, 0, 1), (1, 1, -1)])
def test_a_senseless_price_is_refused(amount: int, per: int, measure: int) -> None:
    with pytest.raises(ValueError, match="price"):
        price(amount, per, measure)
