"""The whole way: what must hold whatever the pictures are."""

import threading
import tracemalloc

import numpy as np
import pytest
from patch_energy import channel_weights, distances, mean_occupancy, patch_distance, stacked

from artrator.errors import ArtratorError, Code
from artrator_ebsynth import NeighbourField, memory_bytes, synthesize


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


def several(blobs, target=(31, 36)):
    """Three styles of different sizes and brightness, and a guide that asks for each in a third of the target."""
    sizes = [(40, 44), (24, 52), (33, 20)]
    styles = [blobs(*size, 3) // 4 + np.uint8(60 * place) for place, size in enumerate(sizes)]
    sources = [np.full((*size, 1), 100 * place, np.uint8) for place, size in enumerate(sizes)]
    wanted = np.zeros((*target, 1), np.uint8)
    wanted[:, 12:24], wanted[:, 24:] = 100, 200
    return styles, [(sources, wanted, 4.0)], sizes


@pytest.mark.parametrize("preset", ["fast", "balanced"])
def test_of_several_styles_each_pixel_takes_the_one_its_guide_asks_for(blobs, preset):
    styles, guides, sizes = several(blobs)
    made = synthesize(styles, guides, preset=preset, uniformity=0.0)
    for place, columns in enumerate([np.s_[:, 4:8], np.s_[:, 16:20], np.s_[:, 28:32]]):
        assert (made.field.source[columns] == place).mean() > 0.95
        assert abs(np.median(made.image[columns]) - np.median(styles[place])) < 30
    for place, (height, width) in enumerate(sizes):
        chosen = made.field.source == place
        assert chosen.any()
        assert made.field.y[chosen].min() >= 2
        assert made.field.x[chosen].min() >= 2
        assert made.field.y[chosen].max() < height - 2
        assert made.field.x[chosen].max() < width - 2


def test_the_error_map_of_several_styles_is_the_energy_of_the_final_picture(blobs):
    styles, guides, _ = several(blobs)
    made = synthesize(styles, guides, patch=3)
    expected = np.zeros(made.error.shape)
    for place, style in enumerate(styles):
        one = [(guides[0][0][place], guides[0][1], guides[0][2])]
        source, target = stacked(style, one, made.image)
        for y, x in np.argwhere(made.field.source == place):
            at = made.field.y[y, x], made.field.x[y, x]
            expected[y, x] = patch_distance(target, source, channel_weights(style, one), (y, x), at, 3)
    assert made.error.mean() == pytest.approx(expected.mean(), rel=0.02)


def test_several_styles_give_the_same_bytes_at_any_number_of_threads(blobs):
    styles, guides, _ = several(blobs)
    one, three = (synthesize(styles, guides, threads=n, seed=2) for n in (1, 3))
    assert one.image.tobytes() == three.image.tobytes()
    assert one.field.source.tobytes() == three.field.source.tobytes()


def test_a_style_that_is_masked_away_is_never_used(blobs):
    styles, guides, _ = several(blobs)
    made = synthesize(styles, guides, source_mask=[None, np.zeros((24, 52), np.uint8), None])
    assert set(np.unique(made.field.source)) == {0, 2}


def test_a_field_from_before_saves_the_way_from_the_coarsest_level(scene):
    style, guides = scene
    cold = synthesize(style, guides, uniformity=500.0)
    told = []
    warm = synthesize(
        style, guides, uniformity=500.0, field=cold.field, progress=lambda *news: told.append(news), seed=5
    )
    assert told[-1][0] == told[-1][1] == len(told) * 36 * 50  # the finest level only
    assert warm.error.mean() <= cold.error.mean()
    assert np.abs(warm.image.astype(int) - cold.image).mean() < 8


@pytest.mark.parametrize("level", [1, 9])
def test_a_field_can_be_the_start_of_a_coarser_level(scene, level):
    style, guides = scene
    cold = synthesize(style, guides)
    warm = synthesize(style, guides, field=cold.field, field_level=level)
    expected = distances(style, guides, warm, 5)
    assert warm.error.mean() == pytest.approx(expected.mean(), rel=0.02)
    assert warm.error.mean() == pytest.approx(cold.error.mean(), rel=0.1)


def test_a_field_may_name_places_near_the_border_or_masked_away(blobs):
    styles, guides, sizes = several(blobs)
    source = np.arange(31 * 36).reshape(31, 36) % 3
    y, x = np.array(sizes)[source, 0] - 1, np.array(sizes)[source, 1] - 1
    field = NeighbourField(source.astype(np.uint16), y.astype(np.int32), x.astype(np.int32))
    mask = [None, np.zeros((24, 52), np.uint8), None]
    made = synthesize(styles, guides, field=field, source_mask=mask)
    assert set(np.unique(made.field.source)) == {0, 2}


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


@pytest.mark.parametrize(("patch", "channels"), [(3, 1), (7, 4)])
def test_memory_stays_under_what_was_declared_with_masks_and_several_styles_too(blobs, patch, channels):
    sizes, target = [(150, 260), (190, 100)], (240, 250)
    styles = [blobs(*size, channels) for size in sizes]
    guides = [([blobs(*size, 3) for size in sizes], blobs(*target, 3), 1.0)] * 2
    half = np.where(np.arange(target[1]) < 100, 255, 0).astype(np.uint8)[None].repeat(target[0], 0)
    given = {
        "mask": half, "modulation": half, "init": blobs(*target, channels),
        "source_mask": [np.full(size, 255, np.uint8) for size in sizes],
    }  # fmt: skip
    tracemalloc.start()
    try:
        synthesize(styles, guides, patch=patch, preset="fast", progress=lambda *_: None, **given)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < memory_bytes(sizes, target, channels, 6, patch) < 3 * peak
