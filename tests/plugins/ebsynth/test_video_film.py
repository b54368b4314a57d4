"""Films: what comes back of keyframes, masks, motion and cuts; the same at any number of threads; cancelled at once."""

import threading

import numpy as np
import pytest

from artrator.errors import ArtratorError, Code
from artrator_ebsynth.guides import Motion, positions, sample
from artrator_ebsynth.video import ExtraGuide, Manner, make_clip, make_film
from artrator_ebsynth.video.film import legs
from artrator_ebsynth.video.propagation import propagate

HEIGHT, WIDTH = 64, 88


@pytest.fixture
def land(blobs):
    return blobs(HEIGHT, WIDTH + 60, 3)


@pytest.fixture
def painted_land(land, random):
    """The land with strokes: what an artist would do to it."""
    rough = np.clip(land[:, :, ::-1].astype(int) + random.integers(-40, 40, land.shape), 0, 255)
    return rough.astype(np.uint8)


def passing(picture, count, step=3):
    """Frames of a picture that moves to the left."""
    return [np.ascontiguousarray(picture[:, step * number : step * number + WIDTH]) for number in range(count)]


def flicker(frames, made):
    motion = Motion()
    changes = []
    for place in range(1, len(frames)):
        moved = sample(made[place - 1], motion.places(frames[place], frames[place - 1]))
        changes.append(np.abs(made[place].astype(int) - moved)[12:-12, 12:-12].mean())
    return np.mean(changes)


def test_motion_of_a_known_shift_is_found(land):
    first, second = land[:, 5 : 5 + WIDTH], land[:, 2 : 2 + WIDTH]
    motion = Motion()
    places = motion.places(first, second)
    moved = (places - positions(HEIGHT, WIDTH))[10:-10, 10:-10]
    assert np.abs(np.median(moved, axis=(0, 1)) - (3, 0)).max() < 0.25
    assert np.abs(sample(second, places).astype(int) - first)[10:-10, 10:-10].mean() < 4
    lost = motion.lost(first, second, places)
    assert lost[:, -1].all()
    assert lost[10:-10, 10:-14].mean() < 0.05


@pytest.mark.parametrize("shape", [(32, 32), (33, 200), (200, 35)])
def test_motion_is_found_in_small_and_narrow_frames(shape, blobs):
    frame = blobs(*shape, 3)
    moved = Motion().places(frame, frame) - positions(*shape)
    assert np.abs(moved).mean() < 0.2


def test_legs_lie_between_keyframes_and_leave_none_out():
    found = legs(16, [4, 9])
    assert [(leg.before, leg.after, list(leg.places)) for leg in found] == [
        (None, 4, [0, 1, 2, 3]),
        (4, 9, [5, 6, 7, 8]),
        (9, None, [10, 11, 12, 13, 14, 15]),
    ]
    assert legs(3, [0, 1, 2]) == []
    assert [list(leg.places) for leg in legs(2, [1])] == [[0]]


def test_keyframes_come_back_as_they_were_painted_and_the_rest_is_made_of_them(land, painted_land):
    frames, painted = passing(land, 5), passing(painted_land, 5)
    made = make_film(make_clip(frames, {0: painted[0], 4: painted[4]}), Manner(seed=1))
    assert len(made) == 5
    assert np.array_equal(made[0], painted[0])
    assert np.array_equal(made[4], painted[4])
    for place in (1, 2, 3):
        near = np.abs(made[place].astype(int) - painted[place]).mean()
        assert near < 0.5 * np.abs(frames[place].astype(int) - painted[place]).mean()


def test_a_painting_of_what_stands_still_stays_itself(land, painted_land):
    frames = passing(land, 4, step=0)
    painted = passing(painted_land, 1)[0]
    made = make_film(make_clip(frames, {0: painted}), Manner())
    # A patch keeps off the border of its source, so the outermost pixels are made of others.
    assert all(np.abs(frame.astype(int) - painted)[4:-4, 4:-4].mean() < 1 for frame in made)


def test_forwards_and_backwards_are_alike_where_nothing_moves(land, painted_land):
    frames, painted = passing(land, 5, step=0), passing(painted_land, 1)[0]
    clip = make_clip(frames, {0: painted, 4: painted})
    ignore = lambda place: lambda share, preview: None  # noqa: E731 - one line is enough to do nothing
    forwards = list(propagate(clip, 0, range(1, 4), Manner(), ignore))
    backwards = list(propagate(clip, 4, range(3, 0, -1), Manner(), ignore))
    for one, other in zip(forwards, backwards, strict=True):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.error, other.error)


def test_the_same_film_at_any_number_of_threads(land, painted_land):
    frames, painted = passing(land, 4), passing(painted_land, 4)
    clip = make_clip(frames, {0: painted[0], 3: painted[3]})
    one, three = (make_film(clip, Manner(seed=5, threads=threads)) for threads in (1, 3))
    assert all(np.array_equal(a, b) for a, b in zip(one, three, strict=True))
    other = make_film(clip, Manner(seed=6, threads=3))
    assert not np.array_equal(one[1], other[1])


def test_a_warm_start_flickers_less_than_a_cold_one(blobs, random):
    """Wide even surfaces with strokes: a frame that begins anew puts other strokes there."""
    even = np.repeat(np.repeat(blobs(HEIGHT // 4, (WIDTH + 60) // 4, 3), 4, 0), 4, 1) // 3 + 80
    strokes = np.clip(even.astype(int) + random.integers(-40, 40, even.shape), 0, 255).astype(np.uint8)
    frames, painted = passing(even, 5), passing(strokes, 1)[0]
    clip = make_clip(frames, {0: painted})
    cold, warm = (flicker(frames, make_film(clip, Manner(warm=warm))) for warm in (False, True))
    assert warm < 0.84 * cold


def test_what_a_mask_leaves_out_stays_as_filmed_and_costs_nothing(land, painted_land):
    frames, painted = passing(land, 4), passing(painted_land, 4)
    masks = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in frames]
    for number, mask in enumerate(masks):
        mask[16:48, 20 - 3 * number : 60 - 3 * number] = 255
    made = make_film(make_clip(frames, {0: painted[0], 3: painted[3]}, masks), Manner())
    for frame, result, mask in zip(frames, made, masks, strict=True):
        outside = mask[:, :, 0] == 0
        assert np.array_equal(result[outside], frame[outside])
        assert not np.array_equal(result[~outside], frame[~outside])


def test_a_soft_edge_fades_inwards_and_leaves_the_outside_alone():
    frames = [np.full((40, 40, 3), 100, np.uint8) for _ in range(3)]
    painted = np.full((40, 40, 3), 200, np.uint8)
    mask = np.zeros((40, 40), np.uint8)
    mask[10:30, 10:30] = 255
    for keyframes in ({0: painted}, {0: painted, 2: painted}):
        for made in make_film(make_clip(frames, keyframes, [mask]), Manner(feather=4)):
            assert (made[mask == 0] == 100).all()
            row = made[20, 10:16, 0].astype(int)
            assert (np.diff(row) > 0)[:4].all()
            assert row[0] == 120
            assert (made[15:25, 15:25] == 200).all()


def test_a_thing_that_leaves_the_picture_leaves_the_frame_alone(land, painted_land):
    frames, painted = passing(land, 4), passing(painted_land, 4)
    masks = [np.zeros((HEIGHT, WIDTH), np.uint8) for _ in frames]
    masks[0][10:40, 10:40] = masks[3][10:40, 10:40] = 255
    made = make_film(make_clip(frames, {0: painted[0]}, masks), Manner())
    assert np.array_equal(made[1], frames[1])
    assert np.array_equal(made[2], frames[2])
    assert not np.array_equal(made[3], frames[3])


def test_a_mask_too_thin_for_a_patch_still_makes_a_film(land, painted_land):
    frames, painted = passing(land, 3), passing(painted_land, 3)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[30:32] = 255
    made = make_film(make_clip(frames, {0: painted[0]}, [mask]), Manner())
    assert np.array_equal(made[2][:30], frames[2][:30])
    assert made[2].shape == frames[2].shape


def test_after_a_cut_a_frame_is_not_made_of_the_motion_that_was_not_there(land, painted_land, blobs):
    frames, painted = passing(land, 3), passing(painted_land, 1)[0]
    frames[2] = 255 - blobs(HEIGHT, WIDTH, 3)
    made = make_film(make_clip(frames, {0: painted}), Manner())
    assert made[2].shape == frames[2].shape


def test_an_extra_guide_leads(land, painted_land, blobs):
    """Frames without anything to see: only the extra guide says where things are."""
    grey = [np.full((HEIGHT, WIDTH, 3), 128, np.uint8) for _ in range(2)]
    guides = passing(land, 2, step=0)
    guides[1] = np.ascontiguousarray(guides[0][:, ::-1])
    painted = passing(painted_land, 1)[0]
    weak, strong = (
        make_film(make_clip(grey, {0: painted}, [], [ExtraGuide(guides, weight)]), Manner(warm=False))
        for weight in (0.0, 20.0)
    )
    wanted = painted[:, ::-1].astype(int)
    assert np.abs(strong[1] - wanted).mean() < 0.7 * np.abs(weak[1] - wanted).mean()


def test_progress_counts_every_pass_and_shows_every_frame(land, painted_land):
    frames, painted = passing(land, 4), passing(painted_land, 4)
    news = []
    make_film(make_clip(frames, {1: painted[1], 3: painted[3]}), Manner(), lambda *n: news.append(n))
    assert {total for _, total, _ in news} == {300}
    done = [number for number, _, _ in news]
    assert done == sorted(done)
    assert done[-1] == 300
    assert len(news) > 12
    assert all(preview.dtype == np.uint8 and preview.shape[2] == 3 for *_, preview in news)


def test_a_cancelled_film_ends_within_a_frame(land, painted_land):
    wide = np.repeat(np.repeat(land, 4, 0), 4, 1)
    frames = [np.ascontiguousarray(wide[:, 8 * number : 8 * number + 352]) for number in range(6)]
    painted = np.ascontiguousarray(np.repeat(np.repeat(painted_land, 4, 0), 4, 1)[:, :352])
    stop, told = threading.Event(), []

    def progress(done, total, preview):
        told.append((done, total))
        stop.set()

    with pytest.raises(ArtratorError) as found:
        make_film(make_clip(frames, {0: painted}), Manner(), progress, stop.is_set)
    assert found.value.code is Code.JOB_CANCELLED
    done, total = told[-1]
    assert done <= total / 2, "it had most of it still to do"
