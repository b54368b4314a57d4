"""Clips that are wrong: every complaint names the slot and the picture."""

import tracemalloc

import numpy as np
import pytest

from artrator.errors import ArtratorError, Code
from artrator_ebsynth.kernels import prepare
from artrator_ebsynth.video import ExtraGuide, Manner, make_clip, make_film, read_numbers
from artrator_ebsynth.video.memory import film_bytes, frame_bytes


@pytest.fixture
def frames(blobs):
    return [blobs(40, 48, 3) for _ in range(4)]


def refusal(work):
    with pytest.raises(ArtratorError) as found:
        work()
    assert found.value.code is Code.INPUT_INVALID
    return found.value.message


@pytest.mark.parametrize("text", ["1, 3", "1 3", " 1;3 ", "1,\n3,", "01, 3"])
def test_numbers_are_read_as_people_write_them(text):
    assert read_numbers(text, 4, 2) == [0, 2]


def test_keyframes_need_not_come_in_order():
    assert read_numbers("4, 1", 4, 2) == [3, 0]


@pytest.mark.parametrize(
    ("text", "keyframes", "says"),
    [
        ("1, x", 2, "'x' is no frame number."),
        ("1.5", 1, "'1.5' is no frame number."),
        ("-1", 1, "'-1' is no frame number."),
        ("٣", 1, "'٣' is no frame number."),
        ("0", 1, "0 is no frame; there are 4."),
        ("5", 1, "5 is no frame; there are 4."),
        ("99999999999999999999", 1, "is no frame number."),
        ("2, 2", 2, "2 is there twice."),
        ("1", 2, "names 1 frame, and keyframes has 2 pictures."),
        ("1, 2", 1, "names 2 frames, and keyframes has 1 picture."),
        ("", 1, "names 0 frames, and keyframes has 1 picture."),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_name(text, keyframes, says):
    message = refusal(lambda: read_numbers(text, 4, keyframes))
    assert message.startswith("keyframe numbers: ")
    assert says in message


def test_a_clip_without_frames_or_keyframes_is_refused(frames):
    assert refusal(lambda: make_clip([], {0: frames[0]})).startswith("frames: there is none")
    assert refusal(lambda: make_clip(frames, {})).startswith("keyframes: there is none")


def test_a_frame_of_another_size_is_named_by_its_number(frames, blobs):
    frames[2] = blobs(30, 48, 3)
    message = refusal(lambda: make_clip(frames, {0: frames[0]}))
    assert message == "frames 3: is 48 x 30 pixels, the first frame 48 x 40."


def test_keyframes_masks_and_guides_of_another_size_are_named(frames, blobs):
    small, right = blobs(30, 48, 3), frames[0]
    assert refusal(lambda: make_clip(frames, {1: small})).startswith("keyframes: is 48 x 30 pixels, the frames")
    assert refusal(lambda: make_clip(frames, {0: right, 1: small})).startswith("keyframes 2: is")
    assert refusal(lambda: make_clip(frames, {0: right}, [small])).startswith("masks: is 48 x 30")
    guide = ExtraGuide([right, right, small, right], 1.0, "depth")
    assert refusal(lambda: make_clip(frames, {0: right}, [], [guide])).startswith("depth 3: is 48 x 30")


def test_masks_and_guides_come_for_every_frame(frames):
    white = np.full((40, 48), 255, np.uint8)
    assert refusal(lambda: make_clip(frames, {0: frames[0]}, [white] * 3)) == "masks: has 3 pictures and frames 4."
    guide = ExtraGuide(frames[:2], 1.0, "depth")
    assert refusal(lambda: make_clip(frames, {0: frames[0]}, [], [guide])) == "depth: has 2 pictures and frames 4."


def test_a_mask_that_selects_nothing_of_a_keyframe_is_refused(frames):
    masks = [np.full((40, 48), 255, np.uint8) for _ in frames]
    masks[1] = np.zeros((40, 48), np.uint8)
    assert make_clip(frames, {0: frames[0]}, masks).inside(1) is not None
    assert "selects no pixel of frame 2" in refusal(lambda: make_clip(frames, {1: frames[1]}, masks))


def test_what_holds_floats_is_no_picture(frames):
    frames[1] = frames[1].astype(np.float32)
    assert refusal(lambda: make_clip(frames, {0: frames[0]})) == "frames 2: is no picture of 8 bits a channel."


def test_frames_are_in_three_colours(frames, blobs):
    assert refusal(lambda: make_clip(frames, {1: blobs(40, 48, 4)})) == "keyframes: is not in three colours."
    frames[1] = blobs(40, 48, 1)
    assert refusal(lambda: make_clip(frames, {0: frames[0]})) == "frames 2: is not in three colours."


@pytest.mark.parametrize("side", [1, 4, 5, 9])
def test_tiny_frames_are_made_or_refused_by_name(side, blobs):
    clip = make_clip([blobs(side, side, 3)] * 3, {0: blobs(side, side, 3)})
    if side < 5:
        assert refusal(lambda: make_film(clip, Manner())).startswith("style: is ")
    else:
        assert len(make_film(clip, Manner())) == 3


def test_an_extra_guide_may_be_called_like_an_automatic_one(frames):
    plain, named = (
        make_clip(frames, {0: frames[0]}, [], [ExtraGuide(frames, 1.0, name)]) for name in ("depth", "edges")
    )
    one, other = make_film(plain, Manner()), make_film(named, Manner())
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_pictures_may_be_views_of_others(frames):
    turned = [frame[:, ::-1] for frame in frames]
    assert len(make_film(make_clip(turned, {0: turned[0]}, [turned[0] // 255 * 255 + 255]), Manner())) == 4


def test_an_unknown_preset_is_refused(frames):
    message = refusal(lambda: make_film(make_clip(frames, {0: frames[0]}), Manner(preset="best")))
    assert message == "preset: is 'best'; use balanced or fast."


def test_a_film_keeps_to_the_memory_declared(blobs):
    """As far as Python's own allocator sees it: every array of the film."""
    frames = [np.ascontiguousarray(np.repeat(np.repeat(blobs(40, 60, 3), 4, 0), 4, 1)) for _ in range(6)]
    clip = make_clip(frames, {0: frames[0], 5: frames[5]})
    prepare()
    tracemalloc.start()
    make_film(clip, Manner(preset="fast", threads=2))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < film_bytes(6 * 160 * 240) + frame_bytes((160, 240), 0)
