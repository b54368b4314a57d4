"""Whatever is wrong is refused before any work, with the slot at fault in the message."""

import io

import numpy as np
import pytest
from PIL import Image

from artrator.errors import ArtratorError, Code
from artrator.inputs import decode_image
from artrator.manifest import InputSpec, InputType
from artrator_ebsynth import Guide, NeighbourField, synthesize


def grey(height, width, channels=3, value=90):
    return np.full((height, width, channels), value, np.uint8)


def still(height, width, source=0, y=9, x=9, kind=np.int32):
    shape = (height, width)
    return NeighbourField(np.full(shape, source, np.uint16), np.full(shape, y, kind), np.full(shape, x, kind))


GOOD = {"style": grey(20, 20), "guides": [Guide(grey(20, 20), grey(24, 30), 1.0, "light")]}


@pytest.mark.parametrize(
    ("wrong", "slot", "words"),
    [
        ({"style": np.zeros((0, 4, 3), np.uint8)}, "style", "empty"),
        ({"style": grey(1, 1)}, "style", "1 x 1"),
        ({"style": grey(20, 20).astype(np.uint16)}, "style", "uint16"),
        ({"style": grey(20, 20).astype(np.float32)}, "style", "8 bits"),
        ({"style": grey(20, 20, 5)}, "style", "1 to 4 channels"),
        ({"style": "style.png"}, "style", "no picture"),
        ({"style": []}, "style", "none"),
        ({"style": [grey(20, 20), grey(20, 20)]}, "guide light (source)", "1 pictures, and there are 2 styles"),
        ({"style": [grey(20, 20), grey(20, 4)]}, "style 2", "4 x 20"),
        ({"style": [grey(20, 20), grey(20, 20, 1)]}, "style 2", "1 channels and style 1 has 3"),
        ({"style": [grey(20, 20), "b.png"]}, "style 2", "no picture"),
        ({"style": [grey(17_000, 5)] * 2}, "style", "together higher than 32767"),
        ({"style": np.zeros((3, 40_000, 1), np.uint8)}, "style", "32767"),
        ({"guides": []}, "guides", "none"),
        ({"guides": [Guide(grey(20, 21), grey(9, 9), 1.0, "light")]}, "guide light (source)", "21 x 20"),
        ({"guides": [(grey(20, 20), grey(9, 9)), (grey(20, 20), grey(9, 8))]}, "guide 2 (target)", "8 x 9"),
        ({"guides": [(grey(20, 20), grey(9, 9, 1))]}, "guide 1", "3 channels and the target has 1"),
        ({"guides": [(grey(20, 20), grey(9, 9).astype(np.uint16))]}, "guide 1 (target)", "uint16"),
        ({"guides": [(None, grey(9, 9))]}, "guide 1 (source)", "no picture"),
        ({"guides": [(grey(20, 20), grey(9, 9), float("nan"))]}, "guide 1 (weight)", "nan"),
        ({"guides": [(grey(20, 20), grey(9, 9), -1.0)]}, "guide 1 (weight)", "-1.0"),
        ({"guides": [(grey(20, 20), grey(9, 9), "much")]}, "guide 1 (weight)", "number"),
        ({"guides": [([grey(20, 20)] * 2, grey(9, 9))]}, "guide 1 (source)", "2 pictures, and there are 1 styles"),
        ({"mask": grey(24, 31, 1)}, "mask", "31 x 24"),
        ({"mask": grey(24, 30, 3)}, "mask", "3 channels"),
        ({"mask": grey(24, 30, 1, 0)}, "mask", "selects no pixel"),
        ({"source_mask": grey(24, 30, 1)}, "source mask", "30 x 24"),
        ({"source_mask": np.eye(20, dtype=np.uint8) * 255}, "source mask", "no patch"),
        ({"modulation": grey(20, 20, 1)}, "modulation", "20 x 20"),
        ({"init": grey(20, 20)}, "init", "20 x 20"),
        ({"init": grey(24, 30, 1)}, "init", "1 channels"),
        ({"patch": 4}, "patch", "3, 5 or 7"),
        ({"preset": "best"}, "preset", "balanced or fast"),
        ({"uniformity": float("nan")}, "uniformity", "nan"),
        ({"uniformity": -1.0}, "uniformity", "-1.0"),
        ({"source_mask": [grey(20, 20, 1)] * 2}, "source mask", "2 pictures, and there are 1 styles"),
        ({"field": still(24, 31)}, "field", "31 x 24"),
        ({"field": still(24, 30, y=20)}, "field", "outside the style"),
        ({"field": still(24, 30, x=-1)}, "field", "outside the style"),
        ({"field": still(24, 30, source=1)}, "field", "names source 1, and there are 1 styles"),
        ({"field": still(24, 30, kind=np.float64)}, "field", "whole numbers"),
        ({"field_level": -1}, "field level", "-1"),
        ({"field_level": 0.5}, "field level", "0.5"),
    ],
)
def test_the_slot_at_fault_is_named(wrong, slot, words):
    given = {**GOOD, **wrong}
    with pytest.raises(ArtratorError) as found:
        synthesize(given.pop("style"), given.pop("guides"), **given)
    assert found.value.code is Code.INPUT_INVALID
    assert found.value.message.startswith(f"{slot}: ")
    assert words in found.value.message


def test_weights_of_nothing_at_all_still_make_a_picture():
    made = synthesize(grey(20, 20), [(grey(20, 20), grey(9, 9), 0.0)])
    assert (made.image == 90).all()


def test_weights_far_apart_overflow_nothing(blobs):
    style = blobs(24, 24, 3)
    guides = [(grey(24, 24, 3, 255), grey(20, 20, 3, 0), 1e6), (blobs(24, 24, 3), blobs(20, 20, 3), 1e-6)]
    made = synthesize(style, guides)
    assert np.isfinite(made.error).all()
    assert (made.error > 0).all()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "I;16", "P"])
@pytest.mark.parametrize("alpha", [False, True])
def test_files_of_every_kind_arrive_as_colour(mode, alpha):
    """The host decodes what a buyer sends; whatever the file holds, the plugin gets RGB, or RGBA where asked for."""
    if mode == "I;16":
        picture = Image.fromarray(np.full((20, 20), 30_000, np.uint16))
    else:
        picture = Image.new("RGB", (20, 20), (200, 30, 30))
        picture = picture.quantize(4) if mode == "P" else picture.convert(mode)
    file = io.BytesIO()
    picture.save(file, "JPEG" if mode == "CMYK" else "PNG")
    spec = InputSpec("style", InputType.IMAGE, {"en": "Style"}, alpha=alpha)
    style = decode_image(file.getvalue(), spec)
    assert style.shape == (20, 20, 4 if alpha else 3)
    made = synthesize(style, [(grey(20, 20), grey(9, 9), 1.0)])
    assert made.image.shape[2] == style.shape[2]
    assert np.abs(made.image.astype(int) - style[0, 0]).max() <= 6


SECOND = {
    "style": [grey(20, 20), grey(30, 16)],
    "guides": [Guide([grey(20, 20), grey(30, 16)], grey(24, 30), 1.0, "light")],
}


@pytest.mark.parametrize(
    ("wrong", "slot", "words"),
    [
        ({"guides": [([grey(20, 20), grey(30, 17)], grey(9, 9))]}, "guide 1 (source 2)", "17 x 30 pixels"),
        ({"guides": [([grey(20, 20), grey(30, 16, 1)], grey(9, 9))]}, "guide 1", "source 2 has 1 channels"),
        ({"guides": [(grey(20, 20), grey(9, 9))]}, "guide 1 (source)", "1 pictures, and there are 2 styles"),
        ({"source_mask": [None, grey(20, 20, 1)]}, "source mask 2", "20 x 20 pixels"),
        ({"source_mask": [grey(20, 20, 1, 0), grey(30, 16, 1, 0)]}, "source mask", "selects no patch"),
    ],
)
def test_of_several_the_one_at_fault_is_named(wrong, slot, words):
    given = {**SECOND, **wrong}
    with pytest.raises(ArtratorError) as found:
        synthesize(given.pop("style"), given.pop("guides"), **given)
    assert found.value.code is Code.INPUT_INVALID
    assert found.value.message.startswith(f"{slot}: ")
    assert words in found.value.message
