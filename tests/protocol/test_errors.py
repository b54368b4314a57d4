"""The catalogue of errors: complete, stable, sentences with cures, one shape that survives every journey."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artrator.errors import CATALOGUE, ArtratorError, Code, ModelError

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_every_code_is_in_the_catalogue_and_nothing_else() -> None:
    assert set(CATALOGUE) == set(Code)


def test_codes_are_kept_in_alphabetical_order() -> None:
    assert [code.name for code in Code] == sorted(code.name for code in Code)
    assert list(CATALOGUE) == list(Code)


@pytest.mark.parametrize("code", Code)
def test_each_code_has_a_name_a_status_and_a_cure(code: Code) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code.value)
    assert code.name == code.value.upper()
    assert 400 <= CATALOGUE[code].status < 600
    assert re.match(r"[A-Z]", CATALOGUE[code].cure)
    assert CATALOGUE[code].cure[-1] in ".…" or CATALOGUE[code].cure.endswith("uninstall.")


def test_the_reference_page_lists_each_code_with_status_and_cure() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    for code, entry in CATALOGUE.items():
        assert f"| `{code.value}` | {entry.status} | {entry.cure} |" in page, f"docs/reference/errors.md lacks {code}"
    listed = re.findall(r"^\| `([a-z_]+)` \|", page, flags=re.MULTILINE)
    assert listed == [code.value for code in Code]


def test_each_code_is_met_in_a_test() -> None:
    tests = Path(__file__).parents[1]
    text = "".join(
        path.read_text(encoding="utf-8") for path in tests.rglob("test_*.py") if path.name != Path(__file__).name
    )
    assert [code.value for code in Code if code.value not in text and code.name not in text] == []


@pytest.mark.parametrize("code", Code)
def test_an_error_survives_json_and_pickling(code: Code) -> None:
    error = ArtratorError(code, "It broke.", cure="Mend it.", price=12, input="x")
    for copy in (ArtratorError.from_json(error.to_json()), pickle.loads(pickle.dumps(error))):
        assert (copy.code, copy.message, copy.cure, copy.details) == (code, "It broke.", "Mend it.", error.details)
        assert copy.status == error.status
    assert ArtratorError(code, "It broke.").cure == CATALOGUE[code].cure


def test_a_models_words_survive_pickling() -> None:
    copy = pickle.loads(pickle.dumps(ModelError("The mask is empty.")))
    assert isinstance(copy, ModelError)
    assert copy.code is Code.MODEL_FAILED
    assert str(copy) == "The mask is empty."


def test_details_may_be_named_as_the_arguments_are() -> None:
    error = ArtratorError(Code.CONFLICT, "No.", code="x", message="y", self="z")
    assert error.details == {"code": "x", "message": "y", "self": "z"}
    assert ArtratorError.from_json(error.to_json()).details == error.details


@given(_JSON)
def test_whatever_a_server_answers_becomes_an_error(body: object) -> None:
    for answer in (body, {"error": body}):
        error = ArtratorError.from_json(answer, status=500)
        assert isinstance(error.code, Code)
        json.dumps(error.to_json())


@given(st.dictionaries(st.sampled_from(["cure", "code", "message", "self", "cls", "status", "x"]), _JSON))
def test_hostile_details_break_nothing(details: dict[str, object]) -> None:
    error = ArtratorError.from_json({"error": {"code": "conflict", "message": "m", "cure": "c", "details": details}})
    assert (error.code, error.message, error.cure) == (Code.CONFLICT, "m", "c")


def test_a_code_from_the_future_is_read_as_internal() -> None:
    error = ArtratorError.from_json({"error": {"code": "warp_core_breach", "message": "Run.", "cure": "Run faster."}})
    assert (error.code, error.message, error.cure) == (Code.INTERNAL, "Run.", "Run faster.")
