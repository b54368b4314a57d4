"""What went wrong is told in the language of the interface, and names what only the other party knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from artrator.errors import CATALOGUE, Code
from artrator_desktop import i18n
from artrator_desktop.state import Failure

#: What only programs and operators meet: keys for programs, webhooks of rails, ranges of files, preparing plugins.
NEVER_SHOWN = {
    Code.API_KEY_INVALID,
    Code.HTTP_INVALID,
    Code.METHOD_NOT_ALLOWED,
    Code.PLUGIN_NOT_PREPARED,
    Code.RANGE_INVALID,
    Code.WEBHOOK_INVALID,
}


@pytest.fixture
def korean(qapp: object) -> Iterator[None]:
    i18n.install("ko")
    yield
    i18n.install("en")


@pytest.mark.parametrize("code", sorted(set(Code) - NEVER_SHOWN))
def test_every_error_that_a_person_can_meet_is_told_in_korean(code: Code, korean: None) -> None:
    failure = Failure(code.value, "Said in English.", CATALOGUE[code].cure)
    sentence = failure.sentence.replace("(Said in English)", "")
    assert any("가" <= letter <= "힣" for letter in failure.happened)
    assert CATALOGUE[code].cure not in sentence
    assert "English" not in sentence
    assert sentence.rstrip().endswith(".")


def test_a_sentence_that_names_the_very_limit_is_kept_in_brackets(korean: None) -> None:
    failure = Failure("image_too_large", "The picture has 5000 pixels a side; 2048 are allowed.", "Make it smaller.")
    assert failure.happened == "그림이 너무 큽니다 (The picture has 5000 pixels a side; 2048 are allowed)."


def test_an_error_of_a_newer_party_is_told_as_it_is(korean: None) -> None:
    assert Failure("brand_new", "Something new.", "Do this.").sentence == "Something new. Do this."


def test_in_english_the_partys_own_words_are_shown_without_commands_for_a_terminal(qapp: object) -> None:
    i18n.install("en")
    assert Failure("no_node", "Nobody serves emoji.", "Try later.").sentence == "Nobody serves emoji. Try later."
    shown = Failure("pass_in_force", "You have it.", "Use the pass that you have; `artrator passes` shows it.")
    assert shown.sentence == "You have it. Use the one that you have."
