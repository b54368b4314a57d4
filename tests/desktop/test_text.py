"""Numbers, times and names as people read them."""

from __future__ import annotations

import time

import pytest
from PySide6.QtWidgets import QApplication

from artrator_desktop import i18n
from artrator_desktop.ui import text


@pytest.mark.parametrize(
    ("micro", "written"),
    [(12_000_000, "12"), (1_786_432, "1.786432"), (-250_000, "−0.25"), (1_234_000_000, "1,234"), (0, "0")],
)
def test_amounts_are_exact(micro: int, written: str) -> None:
    assert text.amount(micro) == written


@pytest.mark.parametrize(
    ("micro", "written"),
    [
        (1_786_432, "1.79"),
        (2_000_000, "2"),
        (999_999, "1"),
        (123_456, "0.13"),
        (99_999, "0.1"),
        (1_234, "0.0013"),
        (10, "0.00001"),
        (1, "0.000001"),
        (0, "0"),
    ],
)
def test_a_short_price_is_never_lower_than_the_true_one_and_at_most_a_tenth_higher(micro: int, written: str) -> None:
    assert text.about(micro) == written
    assert micro <= text._short(micro) <= micro * 1.1


def test_the_exact_price_is_told_only_where_the_short_one_differs(qapp: QApplication) -> None:
    assert text.exactly(1_786_432) == "1.786432 credits"
    assert text.exactly(2_000_000) == ""


@pytest.mark.parametrize(("micro", "written"), [(1_999_999, "1.99"), (-1_999_999, "−1.99"), (5, "0")])
def test_a_short_balance_is_never_higher_than_the_true_one(micro: int, written: str) -> None:
    assert text.amount(micro, places=2) == written


def test_changes_carry_their_sign() -> None:
    assert [text.signed(value) for value in (5_000_000, -5_000_000, 0)] == ["+5", "−5", "0"]


def test_one_credit_is_singular() -> None:
    assert text.credits_text(1_000_000) == "1 credit"
    assert text.credits_text(2_000_000) == "2 credits"
    i18n.install("ko")
    assert text.credits_text(1_000_000) == "1크레딧"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (0.02, "0.1 s"),
        (0.42, "0.4 s"),
        (3.0, "3 s"),
        (12.3, "12 s"),
        (150, "2 min"),
        (7500, "2 h 5 min"),
        (273_000, "3 d 3 h"),
    ],
)
def test_lengths_of_time_are_short(seconds: float, written: str) -> None:
    assert text.duration(seconds) == written


def test_days_are_named_in_the_language_in_force() -> None:
    assert text.when(time.time() - 86_400) == "Yesterday"
    i18n.install("ko")
    assert text.when(time.time() - 86_400) == "어제"
    assert text.day(1_795_000_000).endswith("일")


def test_an_unknown_task_is_shown_as_its_creator_wrote_it() -> None:
    assert text.task_name("text-to-image") == "Text to image"
    assert text.task_name("knit-a-scarf") == "Knit a scarf"


def test_digests_are_shortened_for_the_eye() -> None:
    assert text.short_digest("sha256:" + "9f3c" * 16) == "sha256:9f3c9f3c…9f3c"
    assert text.short_digest("") == ""


def test_lines_of_a_file_become_paragraphs() -> None:
    assert text.paragraphs("One\ntwo.\n\nThree\n") == "One two.\n\nThree"
