"""Encoding: our PNG is what Pillow reads back, every output is checked, and each picture says where it comes from."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artrator.canonical import sha256
from artrator.encoding import Provenance, encode_outputs, encode_png, encode_preview
from artrator.errors import ArtratorError, Code
from artrator.manifest import Cost, Manifest, OutputSpec, OutputType

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
PROVENANCE = Provenance(
    software="Artrator node 0",
    model="toy@1.0",
    package="sha256:" + "a" * 64,
    listing="atelier/toy",
    order="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    node="sha256:" + "b" * 64,
    created=1_700_000_000.0,
)


def manifest(**outputs: OutputType) -> Manifest:
    return Manifest(
        name="toy",
        version="1.0",
        title={"en": "Toy"},
        summary={"en": "Toy"},
        task="x",
        backend="toy",
        license="MIT",
        inputs={},
        outputs={name: OutputSpec(name, kind, {"en": name}) for name, kind in outputs.items()},
        cost=Cost(()),
    )


def random_image(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([0, 1, 2, 3, 4]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_png_decodes_to_the_same_pixels(height: int, width: int, channels: int, flat: bool) -> None:
    shape = (height, width, channels) if channels else (height, width)
    image = np.full(shape, 200, np.uint8) if flat else random_image(*shape)
    picture = Image.open(io.BytesIO(encode_png(image)))
    picture.load()
    assert picture.mode == MODES[channels or 1]
    assert (np.asarray(picture).reshape(shape) == image).all()


def test_a_view_into_a_larger_picture_is_encoded_as_itself() -> None:
    image = random_image(20, 20, 4)[2:9, 3:17, :3]
    assert (np.asarray(Image.open(io.BytesIO(encode_png(image)))) == image).all()


def test_a_smooth_picture_is_compressed() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (256, 256, 3))
    assert len(encode_png(ramp)) < 256 * 256 * 3 / 20


@pytest.mark.parametrize("shape", [(0, 4, 3), (4,), (4, 4, 5), (2, 2, 2, 2)])
def test_what_is_no_picture_is_not_encoded(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="picture"):
        encode_png(np.zeros(shape, np.uint8))


def test_texts_survive_in_any_language() -> None:
    picture = Image.open(io.BytesIO(encode_png(random_image(4, 4, 3), {"Software": "Artrator", "Model": "그림@1"})))
    assert (picture.info["Software"], picture.info["Model"]) == ("Artrator", "그림@1")
    with pytest.raises(ValueError, match="keyword"):
        encode_png(random_image(4, 4, 3), {"x" * 80: "y"})


@pytest.mark.parametrize(
    ("image_format", "media_type"), [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp")]
)
@pytest.mark.parametrize("shape", [(24, 20), (24, 20, 3), (24, 20, 4)])
def test_pictures_say_what_made_them_in_every_format(
    image_format: str, media_type: str, shape: tuple[int, ...]
) -> None:
    image = np.full(shape, 120, np.uint8)
    (made,) = encode_outputs(manifest(image=OutputType.IMAGE), {"image": image}, image_format, PROVENANCE)
    assert (made.output.media_type, made.output.width, made.output.height) == (media_type, 20, 24)
    assert (made.output.sha256, made.output.size) == (sha256(made.data), len(made.data))
    picture = Image.open(io.BytesIO(made.data))
    picture.load()
    assert picture.size == (20, 24)
    for fact in (PROVENANCE.order, PROVENANCE.package, "toy@1.0", "trainedAlgorithmicMedia"):
        assert fact.encode() in made.data


def test_hostile_names_cannot_break_out_of_the_metadata() -> None:
    nasty = replace(PROVENANCE, listing="a</rdf:RDF><x>&")
    assert "</rdf:RDF><x>" not in nasty.xmp()


def test_outputs_come_in_the_manifests_order_with_a_number_for_each_member_of_a_set() -> None:
    of = manifest(frames=OutputType.IMAGES, caption=OutputType.TEXT, score=OutputType.NUMBER)
    values = {"score": 0.5, "caption": "고양이", "frames": [random_image(4, 4, 3), random_image(4, 6)]}
    made = encode_outputs(of, values, "png", PROVENANCE)
    assert [(item.output.index, item.output.name, item.file) for item in made] == [
        (0, "frames-1", "0.png"),
        (1, "frames-2", "1.png"),
        (2, "caption", "2.txt"),
        (3, "score", "3.json"),
    ]
    assert made[2].data.decode() == "고양이"
    assert made[3].data == b"0.5"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (OutputType.IMAGE, None),
        (OutputType.IMAGE, "text"),
        (OutputType.IMAGE, np.full((4, 4, 3), np.nan, np.float32)),
        (OutputType.IMAGE, np.zeros((4, 4, 2), np.uint8)),
        (OutputType.IMAGE, np.zeros((4, 0, 3), np.uint8)),
        (OutputType.IMAGE, np.zeros((20_000, 1), np.uint8)),
        (OutputType.IMAGES, []),
        (OutputType.IMAGES, np.zeros((2, 4, 4, 3), np.uint8)),
        (OutputType.TEXT, 5),
        (OutputType.TEXT, "x" * 1_000_001),
        (OutputType.NUMBER, float("nan")),
        (OutputType.NUMBER, True),
    ],
)
def test_an_output_that_is_none_fails_the_model_by_name(kind: OutputType, value: object) -> None:
    values = {} if value is None else {"out": value}
    with pytest.raises(ArtratorError) as caught:
        encode_outputs(manifest(out=kind), values, "png", PROVENANCE)  # type: ignore[arg-type]
    assert caught.value.code is Code.MODEL_FAILED
    assert "'out'" in caught.value.message


def test_previews_are_small_jpegs() -> None:
    picture = Image.open(io.BytesIO(encode_preview(random_image(900, 500, 4))))
    assert (picture.format, max(picture.size)) == ("JPEG", 320)
