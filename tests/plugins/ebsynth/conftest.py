"""Small problems."""

import numpy as np
import pytest

from artrator_ebsynth.kernels import prepare


@pytest.fixture(scope="session", autouse=True)
def _compiled():
    """Compile once, before a test's time is taken."""
    prepare()


def smooth(random, height, width, channels):
    """Random blobs: neighbouring pixels alike, as in pictures."""
    coarse = random.integers(0, 256, (height // 4 + 2, width // 4 + 2, channels)).astype(float)
    rows, columns = np.arange(height) / 4, np.arange(width) / 4
    y, x = rows.astype(int), columns.astype(int)
    v, u = (rows - y)[:, None, None], (columns - x)[None, :, None]
    top = coarse[y][:, x] * (1 - u) + coarse[y][:, x + 1] * u
    bottom = coarse[y + 1][:, x] * (1 - u) + coarse[y + 1][:, x + 1] * u
    return np.rint(top * (1 - v) + bottom * v).astype(np.uint8)


@pytest.fixture
def random():
    return np.random.default_rng(7)


@pytest.fixture
def blobs(random):
    return lambda height, width, channels: smooth(random, height, width, channels)
