# SPDX-License-Identifier: Apache-2.0
"""The emoji model: its captions, and what the exported networks draw. Needs neither torch nor a network."""

import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before onnxruntime loads

import numpy as np
import pytest

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "emoji"
STEPS, GUIDANCE = 16, 2.5


def load(name: str) -> ModuleType:
    """Import a file of the recipe, which is no package, under a name of its own."""
    specification = importlib.util.spec_from_file_location(f"emoji_recipe_{name}", EXAMPLE / "recipe" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


concepts = load("concepts")


# --- which emoji, under which captions ---


def entry(label: str, group: int, subgroup: int = 0, tags: tuple[str, ...] = ()) -> dict[str, object]:
    return {"label": label, "hexcode": "1F600", "group": group, "subgroup": subgroup, "tags": tags}


@pytest.mark.parametrize(
    ("label", "group"),
    [("frog", 3), ("pizza", 4), ("red apple", 4), ("grinning cat", 0), ("rocket", 5), ("guitar", 7), ("tooth", 1)],
)
def test_nameable_objects_are_kept(label: str, group: int) -> None:
    assert concepts.is_kept(entry(label, group))


@pytest.mark.parametrize(
    ("label", "group"),
    [
        ("flag: France", 9),
        ("woman teacher", 1),
        ("dark skin tone", 2),
        ("up arrow", 8),
        ("keycap: 1", 8),
        ("ten-thirty", 5),
        ("two o’clock", 5),
        ("waxing gibbous moon", 5),
        ("oncoming bus", 5),
    ],
)
def test_variants_and_writing_are_left_out(label: str, group: int) -> None:
    assert not concepts.is_kept(entry(label, group))


def test_a_letter_outside_every_group_is_left_out() -> None:
    assert not concepts.is_kept({"label": "regional indicator A", "hexcode": "1F1E6"})


def test_staples_are_drawn_more_often_than_ordinary_objects() -> None:
    pizza, bat, stapler = entry("pizza", 4, 44), entry("bat", 3, 34), entry("clipboard", 7, 76)
    assert concepts.sampling_weight(pizza) > concepts.sampling_weight(bat) > concepts.sampling_weight(stapler)


def test_captions_hold_everyday_words() -> None:
    found = dict(concepts.captions(entry("grinning cat", 0, 12, ("animal", "smile"))))
    assert {"a smiling cat", "grinning cat", "an emoji of a happy cat", "grinning cat, animal"} <= found.keys()


def test_names_weigh_more_than_a_lone_tag() -> None:
    found = dict(concepts.captions(entry("rocket", 5, 56, ("launch", "space"))))
    assert found["a rocket"] > found["launch"] > 0


def test_the_colour_of_a_drawing_is_named_once() -> None:
    assert "a green frog" in dict(concepts.captions(entry("frog", 3), "green"))
    assert not any("orange red" in caption for caption, _ in concepts.captions(entry("red apple", 4), "orange"))


def test_an_animal_face_is_also_called_by_the_animal() -> None:
    assert concepts.names(entry("wolf face", concepts.ANIMALS)) == ["wolf face", "wolf"]
    assert concepts.names(entry("angry face", concepts.SMILEYS)) == ["angry face"]


@pytest.mark.parametrize(("noun", "phrase"), [("apple", "an apple"), ("Owl", "an Owl"), ("cat", "a cat")])
def test_articles(noun: str, phrase: str) -> None:
    assert concepts.with_article(noun) == phrase


# --- what the exported networks draw ---


@cache
def denoiser() -> object:
    return onnxruntime.InferenceSession(EXAMPLE / "package" / "denoiser.onnx", providers=["CPUExecutionProvider"])


@cache
def embedding(prompt: str) -> np.ndarray:
    text = load("text")
    return _encoder(text).encode([prompt])[0]


@cache
def _encoder(text: ModuleType) -> object:
    return text.TextEncoder(EXAMPLE / "package" / "text_encoder.onnx", EXAMPLE / "package" / "tokenizer.json")


def draw(conditions: np.ndarray, styles: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Euler steps with guidance; all arguments and the result have the batch as first axis."""
    sample, count = noise, len(noise)
    condition = np.concatenate([conditions, np.zeros_like(conditions)])
    style = np.concatenate([styles, np.zeros_like(styles)])
    for step in range(STEPS):
        time = np.full(2 * count, step / STEPS, np.float32)
        feeds = {"sample": np.concatenate([sample, sample]), "time": time, "condition": condition, "style": style}
        velocity = denoiser().run(["velocity"], feeds)[0]  # type: ignore[attr-defined]
        guided, unguided = velocity[:count], velocity[count:]
        sample = sample + (unguided + GUIDANCE * (guided - unguided)) / np.float32(STEPS)
    return sample.clip(-1, 1)


@cache
def pictures(prompt: str) -> np.ndarray:
    """One picture of the prompt in each of the three styles: ``[3, 32, 32, 3]`` in 0..1."""
    noise = np.random.default_rng(7).standard_normal((3, 3, 32, 32), dtype=np.float32)
    drawn = draw(np.tile(embedding(prompt), (3, 1)), np.eye(3, dtype=np.float32), noise)
    return (drawn.transpose(0, 2, 3, 1) + 1) / 2


def test_the_interface_is_the_one_in_the_model_card() -> None:
    inputs = {i.name: (i.type, i.shape[1:]) for i in denoiser().get_inputs()}  # type: ignore[attr-defined]
    assert inputs == {
        "sample": ("tensor(float)", [3, 32, 32]),
        "time": ("tensor(float)", []),
        "condition": ("tensor(float)", [384]),
        "style": ("tensor(float)", [3]),
    }
    (output,) = denoiser().get_outputs()  # type: ignore[attr-defined]
    assert output.name == "velocity"


def test_every_file_stays_below_25_megabytes() -> None:
    assert all(path.stat().st_size < 25_000_000 for path in (EXAMPLE / "package").rglob("*") if path.is_file())


def test_embeddings_have_unit_length() -> None:
    vector = embedding("a smiling cat")
    assert vector.shape == (384,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_picture_does_not_depend_on_its_batch_mates() -> None:
    noise = np.random.default_rng(3).standard_normal((3, 3, 32, 32), dtype=np.float32)
    conditions = np.stack([embedding(prompt) for prompt in ("red apple", "pizza", "a green frog")])
    styles = np.eye(3, dtype=np.float32)
    together = draw(conditions, styles, noise)
    for index in range(3):
        one = slice(index, index + 1)
        np.testing.assert_allclose(draw(conditions[one], styles[one], noise[one]), together[one], atol=1e-5)


def test_prompts_change_the_picture() -> None:
    assert np.abs(pictures("pizza") - pictures("a green frog")).mean() > 0.1


@pytest.mark.parametrize("prompt", ["red apple", "a green frog", "pizza", "a smiling cat"])
def test_the_object_stands_on_white(prompt: str) -> None:
    drawn = pictures(prompt)
    corners = drawn[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    # Ears of the cat or the point of the slice may cover the others.
    assert (corners.min(axis=-1).max(axis=1) > 0.9).all()
    assert drawn[:, 10:22, 10:22].min(axis=-1).mean() < 0.7


def test_a_red_apple_is_red_in_the_middle() -> None:
    red, green, blue = np.moveaxis(pictures("red apple")[:, 14:26, 10:22].mean(axis=(1, 2)), -1, 0)
    assert (red > 0.6).all()
    assert (red > green + 0.3).all()
    assert (red > blue + 0.25).all()


def test_a_green_frog_is_green() -> None:
    drawn = pictures("a green frog")[:, 8:26, 6:26].mean(axis=(1, 2))
    assert (drawn[:, 1] > drawn[:, 0]).all()
    assert (drawn[:, 1] > drawn[:, 2] + 0.1).all()


@pytest.mark.parametrize("prompt", ["pizza", "a smiling cat"])
def test_pizza_and_cats_are_warm_coloured(prompt: str) -> None:
    red, green, blue = np.moveaxis(pictures(prompt)[:, 8:24, 8:24].mean(axis=(1, 2)), -1, 0)
    assert (red >= green).all()
    assert (green > blue).all()
