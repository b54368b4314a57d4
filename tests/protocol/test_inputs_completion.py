"""Inputs: completed, bounded, measured exactly, and written as a request that both sides digest alike."""

from __future__ import annotations

import json
import math
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import MANIFEST, encoded, noise

from artrator import ArtratorError, Code
from artrator.canonical import canonical_json, request_digest, sha256
from artrator.inputs import complete, measure, parse_value, request_body
from artrator.messages.node import FileRef, JobBody
from artrator.package import read_manifest

MODEL = read_manifest(MANIFEST)
PACKAGE = "sha256:" + "0" * 64


def refusal(given: dict[str, Any]) -> ArtratorError:
    with pytest.raises(ArtratorError) as caught:
        complete(MODEL, {"prompt": "x"} | given)
    return caught.value


def test_defaults_are_filled_in_and_seeds_are_drawn() -> None:
    found = complete(MODEL, {"prompt": "a cat"})
    seed = found.pop("seed")
    assert found == {
        "prompt": "a cat",
        "steps": 25,
        "width": 256,
        "strength": 0.5,
        "style": "ink",
        "hd": False,
    }
    assert isinstance(seed, int)
    assert 0 <= seed < 2**32
    assert complete(MODEL, {"prompt": "a cat"})["seed"] != seed or complete(MODEL, {"prompt": "a cat"})["seed"] != seed


def test_completing_again_changes_nothing() -> None:
    once = complete(MODEL, {"prompt": "a cat", "steps": 3})
    assert complete(MODEL, once) == once


def test_none_counts_as_left_out() -> None:
    assert complete(MODEL, {"prompt": "x", "steps": None})["steps"] == 25
    assert refusal({"prompt": None}).code is Code.INPUT_INVALID


@pytest.mark.parametrize(
    ("name", "value", "sentence", "cure"),
    [
        ("steps", 99, "steps 99 is above maximum 50.", "Give at most 50."),
        ("steps", 0, "steps 0 is below minimum 1.", "Give at least 1."),
        ("steps", True, "steps is not a whole number.", "Give a number such as 20."),
        ("steps", "20", "steps is not a whole number.", "Give a number such as 20."),
        ("steps", 2.5, "steps is not a whole number.", "Give a number such as 20."),
        ("steps", 10**400, "steps is too large.", "Stay between"),
        ("width", 100, "width 100 is not 64 plus a multiple of 8.", "Give 96 or 104."),
        ("strength", math.nan, "strength nan is too large.", "Stay between"),
        ("strength", -math.inf, "strength -inf is too large.", "Stay between"),
        ("strength", 1.5, "strength 1.5 is above maximum 1.", "Give at most 1."),
        ("strength", "high", "strength is not a number.", "Give a number such as 0.5."),
        ("style", "wax", "style is not one of the choices.", "Choose one of: ink, oil."),
        ("style", ["ink"], "style is not one of the choices.", "Choose one of: ink, oil."),
        ("hd", 1, "hd is neither true nor false.", "Give true or false."),
        ("prompt", "x" * 101, "prompt has 101 characters, more than 100.", "Shorten it."),
        ("prompt", "a\ud800b", "prompt holds characters that are not text.", "Type it anew"),
        ("prompt", "a\x00b", "prompt holds characters that are not text.", "Type it anew"),
        ("prompt", 7, "prompt is not a text.", "Give a text."),
        ("start", "cat.png", "start is not an image.", "Send the image as a file."),
        ("start", {"sha256": "xyz", "size": 1, "media_type": "image/png"}, "start is not an image.", "Send the image"),
        ("start", {"sha256": "0" * 64, "size": 0, "media_type": ""}, "start is not an image.", "Send the image"),
        ("frames", b"x", "frames is not a list of images.", "Give at least one image."),
        ("frames", [], "frames is not a list of images.", "Give at least one image."),
        ("frames", [b"x"] * 4, "frames has 4 images, more than 3.", "Give at most 3."),
    ],
)
def test_each_wrong_value_has_a_sentence_and_a_cure(name: str, value: object, sentence: str, cure: str) -> None:
    error = refusal({name: value})
    assert error.code is Code.INPUT_INVALID
    assert error.message == sentence
    assert error.cure.startswith(cure)
    assert error.details == {"input": name}


def test_an_unknown_input_is_refused_with_the_nearest_name() -> None:
    error = refusal({"stepz": 3})
    assert error.code is Code.INPUT_UNKNOWN
    assert error.cure == "Did you mean steps?"


def test_numbers_take_one_form_so_that_digests_agree() -> None:
    found = complete(MODEL, {"prompt": "x", "steps": 3.0, "strength": 1})
    assert (type(found["steps"]), type(found["strength"])) == (int, float)
    assert canonical_json(complete(MODEL, {"prompt": "x", "strength": -0.0})["strength"]) == b"0.0"


def test_a_refusal_never_quotes_the_prompt() -> None:
    secret = "my secret " * 20
    assert "secret" not in json.dumps(refusal({"prompt": secret}).to_json())


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("steps", "12", 12),
        ("steps", "many", "many"),
        ("strength", "0.25", 0.25),
        ("hd", "yes", True),
        ("hd", "Off", False),
        ("hd", "perhaps", "perhaps"),
        ("prompt", "12", "12"),
        ("style", "ink", "ink"),
    ],
)
def test_what_a_person_types_is_read_by_type(name: str, typed: str, value: object) -> None:
    assert parse_value(MODEL.inputs[name], typed) == value


def test_measures_are_products_of_whole_numbers() -> None:
    inputs = complete(MODEL, {"prompt": "x", "steps": 10, "width": 512})
    sizes = {"start": [(100, 200)], "frames": [(1, 1), (2, 2)]}
    assert measure(MODEL, inputs, sizes) == {"step": 10, "work": 5120, "seen": 20_000, "frame": 20}
    assert measure(MODEL, inputs, {})["seen"] == 0


def test_a_measure_beyond_every_price_is_refused() -> None:
    with pytest.raises(ArtratorError) as caught:
        measure(MODEL, complete(MODEL, {"prompt": "x"}), {"start": [(10**6, 10**6), (1, 1)]})
    assert caught.value.code is Code.INPUT_INVALID


def test_a_request_names_its_files_by_digest_and_measures_them() -> None:
    picture, frame = encoded(noise()), encoded(noise(seed=2), "JPEG")
    request = request_body(MODEL, PACKAGE, {"prompt": "x"}, {"start": picture, "frames": [frame, frame]})
    assert request.files == {sha256(picture): picture, sha256(frame): frame}
    assert request.sizes == {"start": [(48, 32)], "frames": [(48, 32)] * 2}
    assert request.measures == {"step": 25, "work": 25 * 256, "seen": 48 * 32, "frame": 50}
    assert request.body.inputs["start"] == {
        "sha256": sha256(picture),
        "size": len(picture),
        "media_type": "image/png",
    }
    assert request.body.inputs["frames"][0]["media_type"] == "image/jpeg"


def test_a_node_digests_what_the_buyer_digested() -> None:
    request = request_body(MODEL, PACKAGE, {"prompt": "고양이 🐈", "strength": 1}, {"start": encoded(noise())})
    salt = bytes(32)
    received = JobBody.model_validate_json(request.body.model_dump_json())
    assert request_digest(salt, received.model_dump(mode="json")) == request_digest(
        salt, request.body.model_dump(mode="json")
    )
    again = complete(MODEL, received.inputs)
    assert isinstance(again["start"], FileRef)
    assert again["seed"] == request.body.inputs["seed"]
    assert again["strength"] == 1.0


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", '"\\ud800"', "[" * 500 + "]" * 500, "9" * 5000])
def test_a_request_that_cannot_be_digested_is_refused(value: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        JobBody.model_validate_json(f'{{"package": "p", "inputs": {{"x": {value}}}}}')


def test_a_picture_beyond_its_input_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ArtratorError) as caught:
        request_body(MODEL, PACKAGE, {"prompt": "x"}, {"start": encoded(noise(1025, 2))})
    assert caught.value.code is Code.IMAGE_TOO_LARGE
    assert "at most 1024" in caught.value.message


def test_the_pictures_of_one_input_are_bounded_together() -> None:
    model = read_manifest(MANIFEST.replace("max_items = 3", "max_items = 3\nmax_total_pixels = 3072"))
    frame = encoded(noise())
    assert len(request_body(model, PACKAGE, {"prompt": "x"}, {"frames": [frame] * 2}).sizes["frames"]) == 2
    with pytest.raises(ArtratorError, match=r"^frames has 3 images of 4608 pixels together; at most 3072") as caught:
        request_body(model, PACKAGE, {"prompt": "x"}, {"frames": [frame] * 3})
    assert (caught.value.code, caught.value.details["input"]) == (Code.IMAGE_TOO_LARGE, "frames")


def test_a_reference_without_bytes_cannot_be_sent() -> None:
    reference = {"sha256": "0" * 64, "size": 5, "media_type": "image/png"}
    with pytest.raises(ArtratorError, match="start has no bytes"):
        request_body(MODEL, PACKAGE, {"prompt": "x", "start": reference})


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ArtratorError) as caught:
        request_body(MODEL, PACKAGE, {"prompt": "x"}, image_format="gif")
    assert caught.value.code is Code.INPUT_INVALID


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*MODEL.inputs, "other", "a\ud800"]), _ANYTHING, max_size=6))
def test_whatever_is_sent_only_catalogue_errors_come_out(inputs: dict[str, object]) -> None:
    try:
        found = complete(MODEL, inputs)
    except ArtratorError as error:
        caught: ArtratorError | None = error
    else:
        caught = None
    if caught is None:
        assert complete(MODEL, found) == found
        assert all(value >= 0 for value in measure(MODEL, found, {}).values())
    else:
        assert caught.code in (Code.INPUT_INVALID, Code.INPUT_UNKNOWN)
        json.dumps(caught.to_json())
