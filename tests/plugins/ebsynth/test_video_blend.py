"""Blending two passes: the cosine solve against a sparse one, and what a blend must keep."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from artrator_ebsynth.video.blend import blend, choose
from artrator_ebsynth.video.poisson import solve


def differences(height, width):
    """Matrices that take a flat picture to its differences down and to the right."""

    def step(length):
        return sparse.diags([-np.ones(length - 1), np.ones(length - 1)], [0, 1], shape=(length - 1, length))

    return sparse.kron(step(height), sparse.identity(width)), sparse.kron(sparse.identity(height), step(width))


@pytest.mark.parametrize(("height", "width"), [(2, 2), (7, 5), (16, 16), (13, 31)])
def test_the_cosine_solve_is_the_solution_of_the_sparse_system(height, width, random):
    weights = (2.5, 0.5, 0.0)
    values = random.normal(0, 50, (3, height, width)).astype(np.float32)
    down = random.normal(0, 20, (3, height - 1, width)).astype(np.float32)
    right = random.normal(0, 20, (3, height, width - 1)).astype(np.float32)
    below, beside = differences(height, width)
    expected = []
    for weight, value, d, r in zip(weights, values, down, right, strict=True):
        matrix = sparse.identity(height * width) + weight**2 * (below.T @ below + beside.T @ beside)
        wanted = value.ravel() + weight**2 * (below.T @ d.ravel() + beside.T @ r.ravel())
        expected.append(spsolve(matrix.tocsc(), wanted).reshape(height, width))
    found = solve(values.copy(), down.copy(), right.copy(), weights)
    assert np.abs(found - expected).max() < 1e-3


def test_the_solve_is_the_same_with_any_number_of_threads(random):
    given = [random.normal(0, 50, shape).astype(np.float32) for shape in ((3, 41, 57), (3, 40, 57), (3, 41, 56))]
    one, four = (solve(*(part.copy() for part in given), (2.5, 0.5, 0.5), threads) for threads in (1, 4))
    assert np.array_equal(one, four)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 90), (1, 254, 128)])
def test_a_blend_keeps_constants(colour, random):
    flat = np.full((20, 33, 3), colour, np.uint8)
    assert np.array_equal(blend(flat, flat, random.random((20, 33)) > 0.5, 0.3), flat)


def test_a_blend_of_a_picture_with_itself_is_that_picture(blobs, random):
    picture = blobs(40, 50, 3)
    made = blend(picture, picture, random.random((40, 50)) > 0.5, 0.7)
    assert np.abs(made.astype(int) - picture).max() <= 1


def test_a_blend_does_not_know_which_pass_is_which(blobs, random):
    first, second, chosen = blobs(32, 48, 3), blobs(32, 48, 3), random.random((32, 48)) > 0.5
    one, other = blend(first, second, chosen, 0.25), blend(second, first, ~chosen, 0.75)
    assert np.abs(one.astype(int) - other).max() <= 1


def test_a_blend_takes_its_details_from_the_chosen_pass_and_shows_no_seam(blobs):
    """Left rough, right smooth; one is darker, and still no step is left where they meet."""
    random = np.random.default_rng(1)
    rough = np.clip(110 + random.normal(0, 25, (64, 64, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    smooth = np.full((64, 64, 3), 150, np.uint8)
    right = np.zeros((64, 64), bool)
    right[:, 32:] = True
    made = blend(rough, smooth, right, 0.5).astype(float)
    assert made[:, :28].std() > 3 * made[:, 36:].std()
    step = abs(made[:, 29:32].mean() - made[:, 32:35].mean())
    assert step < 0.4 * abs(rough[:, :32].mean() - smooth.mean())


def test_the_spread_of_colours_is_not_lost_in_the_mix():
    """Half of two unrelated pictures alone has 0.7 of their contrast."""
    random = np.random.default_rng(2)
    first, second = random.integers(40, 216, (2, 64, 64, 3), np.uint8)
    made = blend(first, second, np.zeros((64, 64), bool), 0.5)
    assert made.std() > 0.9 * first.std()


def test_the_better_pass_is_chosen_and_the_nearer_keyframe_is_trusted_more():
    forward, backward = np.full((40, 40), 10, np.float32), np.full((40, 40), 10, np.float32)
    backward[:, :20] = 1
    assert choose(forward, backward, 0.5)[:, :10].all()
    assert not choose(forward, np.full_like(forward, 20), 0.5).any()
    even = np.full((40, 40), 10, np.float32)
    assert not choose(even, even, 0.1).any()
    assert choose(even, even, 0.9).all()
