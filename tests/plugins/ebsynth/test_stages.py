"""Every stage against a plain loop over all there is."""

import numpy as np
import pytest
from patch_energy import channel_weights, patch_distance

from artrator_ebsynth.atlas import Atlas
from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import pack, random_matches, refine
from artrator_ebsynth.level import Level, Pictures
from artrator_ebsynth.occupancy import patch_occupancy
from artrator_ebsynth.problem import state
from artrator_ebsynth.pyramid import dilate, level_count, shrink
from artrator_ebsynth.schedule import radii
from artrator_ebsynth.search import BandedSearch

NOTHING = {"mask": None, "source_mask": None, "modulation": None, "init": None}


@pytest.fixture
def crew():
    with Crew(2, None) as crew:
        yield crew


def level_of(crew, style, guides, random, patch=5, uniformity=0.0, **given):
    problem = state(style, guides, **{**NOTHING, **given}, patch=patch, uniformity=uniformity)
    level = Level(Pictures.full(problem), problem, crew)
    level.matches = random_matches(level.target_size, level.allowed, random)
    return level


@pytest.mark.parametrize("patch", [3, 5, 7])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_cost_of_a_match_is_the_energy(crew, random, blobs, patch, channels):
    style, target = blobs(20, 17, channels), blobs(13, 22, channels)
    guides = [(blobs(20, 17, 3), blobs(13, 22, 3), 2.0), (blobs(20, 17, 1), blobs(13, 22, 1), 0.25)]
    modulation = random.integers(0, 256, (13, 22), dtype=np.uint8)
    level = level_of(crew, style, guides, random, patch, init=target, modulation=modulation)
    level.measure(level.inside)
    source = np.concatenate([style, guides[0][0], guides[1][0]], axis=2)
    whole = np.concatenate([target, guides[0][1], guides[1][1]], axis=2)
    weights = channel_weights(style, guides)
    for y, x in [(0, 0), (0, 21), (12, 0), (12, 21), (6, 11), (1, 20)]:
        counted = weights.copy()
        counted[channels:] *= modulation[y, x] / 255
        match = level.matches[y, x]
        expected = patch_distance(whole, source, counted, (y, x), (match >> 16, match & 0xFFFF), patch)
        assert level.costs[y, x] * level.unit == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("patch", [3, 5, 7])
def test_a_vote_is_the_mean_of_what_the_patches_lay_over_a_pixel_at_borders_too(crew, random, blobs, patch):
    style, radius = blobs(19, 23, 3), patch // 2
    guides = [(blobs(19, 23, 1), blobs(11, 14, 1), 1.0)]
    mask = np.full((11, 14), 255, np.uint8)
    mask[4:7, 5:9] = 0
    level = level_of(crew, style, guides, random, patch, mask=mask)
    level.paint(np.ones((11, 14), np.uint8))
    made = level.image
    for y, x in np.ndindex(11, 14):
        found = []
        for j in range(-radius, radius + 1):
            for i in range(-radius, radius + 1):
                if 0 <= y + j < 11 and 0 <= x + i < 14 and mask[y + j, x + i]:
                    match = level.matches[y + j, x + i]
                    found.append(style[(match >> 16) - j, (match & 0xFFFF) - i].astype(float))
        if found:
            assert np.abs(made[y, x] - np.mean(found, axis=0)).max() <= 0.6


@pytest.mark.parametrize("patch", [3, 5, 7])
def test_occupancy_is_what_counting_says(crew, random, patch):
    r, height, width = patch // 2, 35, 18
    matches = pack(random.integers(r, height - r, (9, 8)), random.integers(r, width - r, (9, 8)))
    inside = (random.random((9, 8)) < 0.7).astype(np.uint8)
    found = patch_occupancy(matches, inside, (height, width), patch, crew)
    uses = np.zeros((height, width), int)
    for match in matches[inside != 0]:
        y, x = match >> 16, match & 0xFFFF
        uses[y - r : y + r + 1, x - r : x + r + 1] += 1
    for y, x in np.ndindex(height, width):
        if r <= y < height - r and r <= x < width - r:
            assert found[y + r, x + r] == uses[y - r : y + r + 1, x - r : x + r + 1].sum()


@pytest.mark.parametrize("patch", [3, 5, 7])
def test_occupancy_kept_by_a_sweep_is_the_one_built_anew(random, blobs, patch, monkeypatch):
    kept = []
    from artrator_ebsynth import search

    real = search.SWEEPS[patch]

    def watched(*arguments):
        real(*arguments)
        kept.append(arguments[12])

    monkeypatch.setitem(search.SWEEPS, patch, watched)
    with Crew(1, None) as crew:
        guides = [(blobs(24, 31, 3), blobs(17, 26, 3), 1.0)]
        level = level_of(crew, blobs(24, 31, 3), guides, random, patch, uniformity=1000.0)
        level.paint(np.ones(level.target_size, np.uint8))
        level.measure(level.inside)
        before = level.matches.copy()
        BandedSearch(crew, bands=1).improve(level, level.inside, [[8, 4, 2, 1]] * 2, random)
        assert (before != level.matches).mean() > 0.5
        rebuilt = patch_occupancy(level.matches, level.inside, level.source_size, patch, crew)
        assert (kept[-1] == rebuilt.reshape(-1)).all()


def test_what_one_match_adds_is_a_tent(crew):
    one = patch_occupancy(pack(np.array([[10]]), np.array([[9]])), np.ones((1, 1), np.uint8), (20, 20), 5, crew)
    around = one[10 + 2 - 4 : 10 + 2 + 5, 9 + 2 - 4 : 9 + 2 + 5]
    tent = [1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert (around == np.outer(tent, tent)).all()
    assert one.sum() == around.sum()


def test_a_long_search_finds_what_an_exhaustive_one_finds(crew, random, blobs):
    style = random.integers(0, 256, (16, 18, 3), dtype=np.uint8)
    guides = [(random.integers(0, 256, (16, 18, 3), dtype=np.uint8), blobs(14, 15, 3), 1.0)]
    start = blobs(14, 15, 3)
    level = level_of(crew, style, guides, random, init=start)
    level.measure(level.inside)
    BandedSearch(crew).improve(level, level.inside, [[9, 9, 9, 9, 4, 4, 2, 1]] * 60, random)
    source, target = np.concatenate([style, guides[0][0]], axis=2), np.concatenate([start, guides[0][1]], axis=2)
    weights = channel_weights(style, guides)
    for y, x in [(0, 0), (13, 14), (7, 7), (3, 12), (10, 0)]:
        every = [patch_distance(target, source, weights, (y, x), (v, u), 5) for v in range(2, 14) for u in range(2, 16)]
        assert level.costs[y, x] * level.unit <= min(every) * 1.02


def test_matches_never_get_worse_and_never_leave_what_is_allowed(crew, random, blobs):
    usable = np.zeros((30, 30), np.uint8)
    usable[3:20, 8:28] = 255
    guides = [(blobs(30, 30, 3), blobs(40, 33, 3), 1.0)]
    level = level_of(crew, blobs(30, 30, 3), guides, random, source_mask=usable)
    level.paint(np.ones(level.target_size, np.uint8))
    level.measure(level.inside)
    before = level.costs.copy()
    BandedSearch(crew).improve(level, level.inside, [[15, 7, 3, 1]] * 4, random)
    assert (level.costs <= before).all()
    y, x = level.matches >> 16, level.matches & 0xFFFF
    assert (y >= 5).all()
    assert (y < 18).all()
    assert (x >= 10).all()
    assert (x < 26).all()


def test_shrinking_takes_the_mean_of_areas(crew, random):
    picture = random.integers(0, 256, (11, 14, 3), dtype=np.uint8)
    assert (shrink(np.full((11, 14, 1), 77, np.uint8), 5, 7, crew) == 77).all()
    by_half = picture[:10].reshape(5, 2, 7, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrink(picture[:10], 5, 7, crew) - by_half).max() <= 0.51
    assert shrink(picture, 5, 7).mean() == pytest.approx(picture.mean(), abs=0.5)


@pytest.mark.parametrize("side", [3, 5, 7])
def test_dilation_reaches_half_a_patch(crew, random, side):
    mask = (random.random((40, 11)) < 0.02).astype(np.uint8) * 200
    expected = np.zeros((40, 11), np.uint8)
    for y, x in np.argwhere(mask):
        expected[max(0, y - side // 2) : y + side // 2 + 1, max(0, x - side // 2) : x + side // 2 + 1] = 1
    assert (dilate(mask, side, crew) == expected).all()
    assert (dilate(np.ones((1, 1), np.uint8), 7, crew) == 1).all()


def test_refining_doubles_positions_and_keeps_blocks_together(random):
    allowed = np.zeros((40, 41), np.uint8)
    allowed[2:38, 2:39] = 1
    coarse = pack(random.integers(2, 18, (6, 7)), random.integers(2, 18, (6, 7)))
    atlases = Atlas(((20, 20),)), Atlas(((40, 41),))
    fine = refine(coarse, (13, 15), atlases, allowed, 2, random)
    assert (fine[4, 6] >> 16, fine[4, 6] & 0xFFFF) == ((coarse[2, 3] >> 16) * 2, (coarse[2, 3] & 0xFFFF) * 2)
    assert fine[5, 7] - fine[4, 6] == (1 << 16) + 1
    assert allowed[fine >> 16, fine & 0xFFFF].all()


def test_levels_end_where_two_patches_no_longer_fit():
    assert level_count((256, 256, 256, 256), 5) == 5
    assert level_count((10, 300), 5) == 1
    assert level_count((22, 300), 5) == 2
    assert level_count((1, 1), 7) == 1


def test_every_radius_or_a_few_and_one_large_in_turn():
    assert radii((100, 40), None, 0) == [50, 25, 12, 6, 3, 1]
    assert radii((100, 40), 4, 0) == [50, 12, 6, 3, 1]
    assert radii((100, 40), 4, 1) == [25, 12, 6, 3, 1]
    assert radii((1, 1), 4, 0) == []
