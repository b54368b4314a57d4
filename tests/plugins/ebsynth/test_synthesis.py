"""The whole way: what must hold whatever the pictures are."""

import threading
import tracemalloc

import numpy as np
import pytest
from patch_energy import distances, mean_occupancy

from artrator.errors import ArtratorError, Code
from artrator_ebsynth import memory_bytes, synthesize


@pytest.fixture
def scene(blobs):
    """A style, one guide pair; 40 x 44 to 36 x 50."""
    return blobs(40, 44, 3), [(blobs(40, 44, 3), blobs(36, 50, 3), 2.0)]


@pytest.mark.parametrize(("patch", "channels"), [(3, 1), (5, 3), (7, 4), (5, 2)])
def test_the_error_map_is_the_energy_of_the_final_picture(blobs, patch, channels):
    style = blobs(33, 26, channels)
    guides = [(blobs(33, 26, 3), blobs(22, 29, 3), 1.0), (blobs(33, 26, 1), blobs(22, 29, 1), 0.5)]
    made = synthesize(style, guides, patch=patch)
    assert made.image.shape == (22, 29, channels)
    expected = distances(style, guides, made, patch)
    assert made.error.mean() == pytest.approx(expected.mean(), rel=0.02)
    radius = patch // 2
    assert made.field.y.min() >= radius
    assert made.field.x.min() >= radius
    assert made.field.y.max() < 33 - radius
    assert made.field.x.max() < 26 - radius
    assert made.field.source.max() == 0


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_the_bytes_do_not_depend_on_the_number_of_threads(scene, preset):
    style, guides = scene
    mask = np.full((36, 50), 255, np.uint8)
    mask[10:20, 12:30] = 0
    one, two, five = (synthesize(style, guides, preset=preset, mask=mask, threads=n, seed=3) for n in (1, 2, 5))
    for other in (two, five):
        assert one.image.tobytes() == other.image.tobytes()
        assert one.error.tobytes() == other.error.tobytes()
        assert one.field.y.tobytes() == other.field.y.tobytes()


def test_another_seed_makes_another_picture(scene):
    style, guides = scene
    assert (synthesize(style, guides, seed=1).image != synthesize(style, guides, seed=2).image).any()


@pytest.mark.parametrize("patch", [3, 5, 7])
def test_guides_that_are_the_same_on_both_sides_give_the_source_back(blobs, patch):
    style, guide = blobs(60, 52, 3), blobs(60, 52, 3)
    made = synthesize(style, [(guide, guide, 4.0)], patch=patch)
    inner = np.s_[patch:-patch, patch:-patch]  # near the edge no patch of the source is centred
    assert (np.abs(made.image[inner].astype(int) - style[inner]).max(axis=2) <= 1).mean() > 0.97


def test_pixels_outside_the_mask_are_those_of_init_or_black(scene, random):
    style, guides = scene
    init = random.integers(0, 256, (36, 50, 3), dtype=np.uint8)
    mask = np.zeros((36, 50), np.uint8)
    mask[5:25, 9:40] = 255
    made = synthesize(style, guides, mask=mask, init=init)
    assert (made.image[mask == 0] == init[mask == 0]).all()
    assert (made.image[mask == 255] != init[mask == 255]).any()
    assert (made.error[mask == 0] == 0).all()
    assert (synthesize(style, guides, mask=mask).image[mask == 0] == 0).all()


def test_parts_of_the_style_outside_its_mask_are_never_used(blobs):
    style = blobs(40, 40, 3) // 2
    style[:, 20:] = 255
    usable = np.zeros((40, 40), np.uint8)
    usable[:, :20] = 255
    made = synthesize(style, [(blobs(40, 40, 3), blobs(30, 30, 3), 2.0)], source_mask=usable)
    assert made.image.max() < 200
    assert made.field.x.max() < 18


def test_uniformity_limits_reuse(blobs):
    style = blobs(40, 40, 3)
    flat = np.full((40, 40, 1), 128, np.uint8)
    guides = [(flat, np.full((40, 40, 1), 128, np.uint8), 1.0)]
    uses = [mean_occupancy(synthesize(style, guides, uniformity=u), (40, 40), 5) for u in (0.0, 3500.0, 15000.0)]
    assert uses[0] > 1.3 * uses[1]
    assert uses[2] <= uses[1] * 1.05


def test_modulation_turns_the_guides_off(blobs):
    style = blobs(40, 40, 3)
    guides = [(blobs(40, 40, 3), blobs(40, 40, 3), 8.0)]
    off = np.zeros((40, 40), np.uint8)
    free, led = synthesize(style, guides, modulation=off), synthesize(style, guides)
    assert free.error.mean() < led.error.mean() / 4
    assert free.error.mean() == pytest.approx(distances(style, guides, free, 5, off).mean(), rel=0.05, abs=5)


def test_init_decides_where_nothing_else_does(blobs):
    style = blobs(20, 20, 3)
    guides = [(np.zeros((20, 20, 1), np.uint8), np.zeros((20, 20, 1), np.uint8), 1.0)]
    near = synthesize(style, guides, init=style, uniformity=0.0).image.astype(int)
    far = synthesize(style, guides, uniformity=0.0).image.astype(int)
    assert np.abs(near - style).mean() < np.abs(far - style).mean() / 2


@pytest.mark.parametrize(
    ("source", "target", "patch"),
    [((3, 3), (9, 8), 3), ((5, 9), (1, 1), 5), ((7, 8), (30, 3), 7), ((9, 60), (44, 2), 5), ((64, 6), (6, 64), 3)],
)
def test_pictures_smaller_than_two_patches_and_odd_shapes_work(blobs, source, target, patch):
    style = blobs(*source, 3)
    guides = [(blobs(*source, 2), blobs(*target, 2), 1.0)]
    made = synthesize(style, guides, patch=patch)
    assert made.image.shape == (*target, 3)
    expected = distances(style, guides, made, patch)
    assert made.error.mean() == pytest.approx(expected.mean(), rel=0.03, abs=2)


def test_a_style_of_one_colour_gives_that_colour_exactly(blobs):
    style = np.broadcast_to(np.array([10, 200, 33], np.uint8), (20, 20, 3)).copy()
    made = synthesize(style, [(blobs(20, 20, 3), blobs(25, 21, 3), 1.0)])
    assert (made.image == style[0, 0]).all()


def test_a_list_of_one_style_is_that_style(scene):
    style, guides = scene
    assert (synthesize([style], guides).image == synthesize(style, guides).image).all()


def test_progress_counts_up_to_the_end_with_pictures_that_get_finer(scene):
    style, guides = scene
    told = []
    made = synthesize(style, guides, progress=lambda *news: told.append(news))
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert told[-1][0] == told[-1][1]
    off = [
        np.abs(news[2][:36, :50].astype(int) - made.image[: news[2].shape[0], : news[2].shape[1]]).mean()
        for news in told
    ]
    assert off[-1] == 0
    assert off[0] > 5


@pytest.mark.parametrize("asked", [1, 4, 25])
def test_a_cancelled_synthesis_leaves_between_and_inside_levels(scene, asked):
    style, guides = scene
    left = [asked]

    def cancelled():
        left[0] -= 1
        return left[0] < 0

    before = threading.active_count()
    with pytest.raises(ArtratorError) as found:
        synthesize(style, guides, cancelled=cancelled)
    assert found.value.code is Code.JOB_CANCELLED
    assert threading.active_count() == before


def test_memory_stays_under_what_was_declared_and_near_it(blobs):
    style = blobs(300, 300, 3)
    guides = [(blobs(300, 300, 3), blobs(280, 330, 3), 1.0), (blobs(300, 300, 3), blobs(280, 330, 3), 1.0)]
    tracemalloc.start()
    try:
        synthesize(style, guides, preset="fast")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    declared = memory_bytes((300, 300), (280, 330), 3, 6)
    assert peak < declared < 3 * peak
