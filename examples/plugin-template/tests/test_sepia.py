"""A backend is a plain object: it is tested without a node, a worker or a package."""

import asyncio

import numpy as np

from artrator_sepia import Sepia


def test_grey_becomes_brown():
    image = np.full((2, 3, 3), 100, np.uint8)
    outputs = asyncio.run(Sepia().run({"image": image, "strength": 1.0}, context=None))
    red, green, blue = outputs["image"][0, 0]
    assert red > green > blue
    assert outputs["image"].dtype == np.uint8


def test_no_strength_changes_nothing():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    outputs = asyncio.run(Sepia().run({"image": image, "strength": 0.0}, context=None))
    assert (outputs["image"] == image).all()
