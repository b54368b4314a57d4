"""Tensors become pictures, or are refused: what an autoencoder overflows to is not black."""

import numpy as np
import pytest

from artrator.errors import ModelError
from artrator_diffusion.pictures import PictureFormat


def test_a_tensor_becomes_a_picture_for_each_row():
    tensor = np.stack([np.full((3, 2, 4), value, np.float32) for value in (-1, 0, 1, 7)])
    pictures = PictureFormat().pictures(tensor)
    assert [picture.shape for picture in pictures] == [(2, 4, 3)] * 4
    assert [int(picture.max()) for picture in pictures] == [0, 128, 255, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_no_number_refuses_the_picture(value):
    tensor = np.zeros((1, 3, 8, 8), np.float16)
    tensor[0, 1, 2, 3] = value
    with pytest.raises(ModelError, match="not numbers"):
        PictureFormat().pictures(tensor)
