"""Large pictures are decoded and encoded in tiles: seamless, bounded in memory, and left between two of them."""

import asyncio

import numpy as np
import pytest

from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime import session
from artrator.testing import PlainContext, run
from artrator_diffusion import DiffusionBackend
from artrator_diffusion.autoencoder import Autoencoder, AutoencoderSettings
from artrator_diffusion.tiles import in_tiles

GIVEN = {"prompt": "a photo of a cat", "seed": 11, "steps": 1, "guidance": 1.0}
TILED = ('scheduler = "sampler"', 'scheduler = "sampler"\ntile = 8')


def tiled(array, run, **sizes):
    return asyncio.run(in_tiles(run, array, **sizes))


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (16, 40), (61, 23), (200, 7)])
@pytest.mark.parametrize(("side", "overlap"), [(8, 2), (16, 4), (12, 0)])
def test_tiles_of_what_needs_no_neighbours_give_the_whole(size, side, overlap):
    array = np.random.default_rng(1).standard_normal((2, 3, *size)).astype(np.float32)
    seen = []

    async def stretch(tile):
        seen.append(tile.shape)
        return tile.repeat(4, axis=2).repeat(4, axis=3) * 2

    made = tiled(array, stretch, side=side, overlap=overlap, grow=4)
    assert np.allclose(made, array.repeat(4, axis=2).repeat(4, axis=3) * 2, atol=1e-6)
    assert len(set(seen)) == 1, "a runtime that plans for shapes plans once"
    assert max(seen[0][2:]) <= side


def test_tiles_that_differ_in_tone_fade_into_each_other():
    tones = iter([0.0, 1.0])

    async def flat(tile):
        return np.full_like(tile, next(tones))

    made = tiled(np.zeros((1, 1, 8, 28), np.float32), flat, side=16, overlap=4)[0, 0]
    along = made[0]
    assert np.allclose(made, along, atol=1e-6)
    assert (along[:12] == 0).all()
    assert (along[16:] == 1).all()
    assert (np.diff(along[11:17]) > 0).all()
    assert np.diff(along).max() < 0.25


def test_a_large_picture_never_reaches_the_decoder_whole(model):
    """Rows of the decoder are tiles: as many as the overlap asks for, each a run of its own."""
    context = PlainContext()
    (made,) = run(DiffusionBackend(), model("mini", TILED), {**GIVEN, "width": 160, "height": 96}, context)["images"]
    assert made.shape == (96, 160, 3)
    decodes = [rows for name, rows in context.batches if "vae_decoder" in name]
    assert decodes == [1] * 6  # 12 x 20 latents in tiles of 8 with 2 over each other: 2 x 3


def test_tiles_leave_hardly_a_trace_in_the_picture(model):
    """Layers that look at the whole picture see only a tile, so tones differ a little; nothing else does."""
    sizes = {"width": 160, "height": 96, "steps": 4}
    (whole,) = run(DiffusionBackend(), model(), {**GIVEN, **sizes})["images"]
    (made,) = run(DiffusionBackend(), model("mini", TILED), {**GIVEN, **sizes})["images"]
    difference = np.abs(made.astype(int) - whole)
    assert difference.mean() < 6
    assert np.corrcoef(made.ravel(), whole.ravel())[0, 1] > 0.98


def test_a_picture_is_encoded_in_tiles_as_well(model):
    context = PlainContext()
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    inputs = {**GIVEN, "picture": picture, "strength": 0.5}
    (made,) = run(DiffusionBackend(), model("mini", TILED), inputs, context)["images"]
    assert made.shape == picture.shape
    assert [rows for name, rows in context.batches if "vae_encoder" in name] == [1] * 6


def test_encoded_and_decoded_again_in_tiles_a_picture_comes_back(averaging):
    """An autoencoder that only averages and repeats: what tiles do to it would be seen at once."""
    encoder, decoder = (session(data) for data in averaging)
    settings = AutoencoderSettings("decoder", "encoder", 4, 3, scaling=0.5, shift=0.25, tile=8)
    autoencoder = Autoencoder(settings, decoder, encoder)
    blocks = np.random.default_rng(2).uniform(-1, 1, (2, 3, 11, 29)).astype(np.float32)
    pictures = blocks.repeat(4, axis=2).repeat(4, axis=3)

    async def there_and_back():
        context = PlainContext()
        latents = await autoencoder.encode(pictures, context)
        return latents, await autoencoder.decode(latents, context)

    latents, back = asyncio.run(there_and_back())
    assert np.allclose(latents, (blocks - 0.25) * 0.5, atol=1e-6)
    assert np.allclose(back, pictures, atol=1e-5)


def test_an_encoder_that_does_not_shrink_as_its_decoder_grows_is_named(averaging):
    decoder = session(averaging[1])
    settings = AutoencoderSettings("decoder", "encoder", 4, 3, scaling=1.0, shift=0.0, tile=8)
    Autoencoder(settings, decoder, session(averaging[0])).check()
    with pytest.raises(ArtratorError, match=r"encoder makes \[1, 3, 128, 128\]"):
        Autoencoder(settings, decoder, decoder).check()


def test_a_cancelled_job_leaves_between_two_tiles(model):
    class Impatient(PlainContext):
        async def batch(self, kernel, feeds):
            made = await super().batch(kernel, feeds)
            self.cancelled = "vae_decoder" in kernel.name
            return made

    context = Impatient()
    with pytest.raises(ArtratorError) as caught:
        run(DiffusionBackend(), model("mini", TILED), {**GIVEN, "width": 160, "height": 96}, context)
    assert caught.value.code is Code.JOB_CANCELLED
    assert [name for name, _ in context.batches].count("vae_decoder/model.onnx") == 1


def test_smaller_tiles_are_reckoned_with_less_memory(model):
    bounds = [
        DiffusionBackend().inspect(model("mini", ('scheduler = "sampler"', f'scheduler = "sampler"\ntile = {tile}')))
        for tile in (8, 64)
    ]
    assert bounds[0].memory_bytes < bounds[1].memory_bytes


@pytest.mark.parametrize("tile", [4, 30])
def test_a_tile_that_cannot_be_is_named(model, tile):
    with pytest.raises(ArtratorError, match=r"settings\.sampling\.tile"):
        DiffusionBackend().inspect(model("mini", ('scheduler = "sampler"', f'scheduler = "sampler"\ntile = {tile}')))
