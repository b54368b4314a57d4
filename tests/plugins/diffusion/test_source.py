"""Pictures that come in: image to image and inpainting."""

from pathlib import Path

import numpy as np
import pytest

from artrator.errors import ArtratorError, Code, ModelError
from artrator.testing import PlainContext, run
from artrator_diffusion import DiffusionBackend

DATA = Path(__file__).parent / "data"
GIVEN = {"prompt": "a photo of a cat", "negative": "blurry", "seed": 11, "steps": 8}
CHANGED = dict(np.load(DATA / "image-to-image.npz"))
PAINTED = dict(np.load(DATA / "inpainting.npz"))
PICTURE, MASK = PAINTED["picture"], PAINTED["mask"]
FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
SAMPLERS = ["ddim", "euler", "euler-ancestral", "dpm++2m-karras", "lcm"]


def parts(name):
    """What a reference was made with: the model, the sampler and the strength."""
    model, rest = name.split("-", 1)
    sampler, strength = rest.rsplit("-", 1)
    return model, sampler, float(strength)


def pictures(package, context=None, **inputs):
    return run(DiffusionBackend(), package, {**GIVEN, **inputs}, context)["images"]


def patterned(height, width):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", [name for name in CHANGED if name != "picture"])
def test_a_changed_picture_is_that_of_diffusers_to_two_millionths(model, exact, name):
    network, sampler, strength = parts(name)
    package = model(network, scheduler=FLOW if sampler == "flow-euler" else None)
    pictures(package, picture=CHANGED["picture"], sampler=sampler, strength=strength)
    assert np.abs(exact[-1][0] - CHANGED[name]).max() <= 2e-6


@pytest.mark.parametrize("name", [name for name in PAINTED if name not in {"picture", "mask"}])
def test_a_painted_hole_is_that_of_diffusers_to_four_millionths(model, exact, name):
    """At the rim of a hole latents jump, and what single precision rounds away is felt more than elsewhere."""
    network, sampler, strength = parts(name)
    (made,) = pictures(model(network), picture=PICTURE, mask=MASK, sampler=sampler, strength=strength)
    assert np.abs(exact[-1][0] - PAINTED[name]).max() <= 4e-6
    assert np.array_equal(made[MASK == 0], PICTURE[MASK == 0])
    assert np.abs(made / 255.0 - PAINTED[name])[MASK == 255].max() <= 0.5 / 255 + 1e-5


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_no_strength_gives_the_picture_back_and_asks_the_network_nothing(model, sampler):
    context = PlainContext()
    made = pictures(model(), context, picture=PICTURE, sampler=sampler, strength=0.0, images=2)
    assert all("unet" not in name for name, _ in context.batches)
    assert np.array_equal(made[0], made[1])
    whole = pictures(model(), picture=PICTURE, mask=np.zeros_like(MASK), sampler=sampler, strength=0.0)
    assert np.array_equal(whole[0], PICTURE)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("strength", "steps"), [(0.01, 1), (0.5, 4), (0.99, 7), (1.0, 8)])
def test_strength_is_the_share_of_the_way_that_is_walked(model, sampler, strength, steps):
    context = PlainContext()
    pictures(model(), context, picture=PICTURE, sampler=sampler, strength=strength)
    assert context.reports == [(done, steps) for done in range(1, steps + 1)]


def test_more_strength_leads_further_from_the_picture(model, exact):
    for strength in (0.0, 0.25, 0.75):
        pictures(model(), picture=PICTURE, sampler="ddim", strength=strength, guidance=1.0)
    unchanged, little, much = exact
    assert np.abs(little - unchanged).mean() < np.abs(much - unchanged).mean()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_a_mask_leaves_out_stays_to_the_last_bit_and_the_rest_does_not(model, sampler):
    mask = np.zeros(PICTURE.shape[:2], np.uint8)
    mask[3:14, 5:27] = 255  # across latents
    (made,) = pictures(model(), picture=PICTURE, mask=mask, sampler=sampler, strength=1.0)
    assert np.array_equal(made[mask == 0], PICTURE[mask == 0])
    assert (made[mask == 255] != PICTURE[mask == 255]).any(axis=1).mean() > 0.9


def test_a_hole_owes_nothing_to_what_was_there_at_full_strength(model):
    other = np.where(MASK[..., None] == 255, 255 - PICTURE, PICTURE)
    # Its surroundings are encoded from a picture with the hole in it, so the network that sees them is told nothing.
    one, two = (pictures(model("inpainting"), picture=p, mask=MASK, strength=1.0)[0] for p in (PICTURE, other))
    assert np.abs(one.astype(int) - two).max() <= 1


def test_a_soft_mask_fades_between_the_two(model):
    soft = np.where(MASK == 255, 255, 0).astype(np.uint8)
    soft[8:24, 14:16] = 100
    (hard,) = pictures(model(), picture=PICTURE, mask=MASK)
    (faded,) = pictures(model(), picture=PICTURE, mask=soft)
    seam = soft == 100
    assert np.array_equal(faded[~seam], hard[~seam])
    assert not np.array_equal(faded[seam], PICTURE[seam])


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (50, 31), (64, 128)])
@pytest.mark.parametrize("network", ["mini", "inpainting", "xl"])
def test_pictures_of_odd_sizes_keep_their_size(model, network, size):
    picture, mask = patterned(*size), np.zeros(size, np.uint8)
    mask[: size[0] // 2 + 1, : size[1] // 2 + 1] = 255
    (made,) = pictures(model(network), picture=picture, mask=mask, steps=2)
    assert made.shape == picture.shape
    assert np.array_equal(made[mask == 0], picture[mask == 0])


def test_without_a_picture_the_same_package_makes_one_from_nothing(model):
    for network in ("mini", "inpainting"):
        assert pictures(model(network), height=48, width=64, steps=2)[0].shape == (48, 64, 3)


def test_pictures_of_a_set_differ_and_each_can_be_made_again_alone(model):
    given = {"picture": PICTURE, "mask": MASK, "sampler": "euler-ancestral", "strength": 0.6}
    many = pictures(model(), **given, images=3)
    for place, picture in enumerate(many):
        (alone,) = pictures(model(), **given, seed=11 + place)
        assert np.abs(picture.astype(int) - alone).max() <= 1
    assert not np.array_equal(many[0], many[1])


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"mask": MASK}, "'mask' needs a picture in 'picture'"),
        ({"picture": PICTURE, "mask": MASK[:-1]}, "'mask' is 48 x 31 pixels, the picture 48 x 32"),
        ({"picture": PICTURE, "strength": 1.5}, "'strength' must lie between 0 and 1"),
        ({"picture": PICTURE, "strength": float("nan")}, "'strength' must lie between 0 and 1"),
    ],
)
def test_inputs_that_do_not_fit_together_are_told(model, inputs, words):
    with pytest.raises(ModelError, match=words):
        pictures(model(), **inputs)


@pytest.mark.parametrize(
    ("network", "old", "new", "words"),
    [
        ("mini", 'mask = "mask"\n', 'mask = "picture"\n', "settings.image.mask is 'picture'"),
        ("mini", 'input = "picture"', 'input = "prompt"', "settings.image.input is 'prompt'"),
        ("mini", 'strength = "strength"', "strength = 2", "settings.image.strength is 2.0"),
        ("mini", "max_side = 128 }", "max_side = 128, alpha = true }", "which has a fourth channel"),
        ("inpainting", 'mask = "mask"\n', "", "unet/model.onnx sees both"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_its_line(model, network, old, new, words):
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().inspect(model(network, (old, new)))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert words in caught.value.message
    assert "artrator.toml" in caught.value.message


def test_a_package_that_takes_pictures_must_hold_the_encoder(model):
    with pytest.raises(ArtratorError, match=r"vae_encoder/model\.onnx"):
        DiffusionBackend().inspect(model(without="vae_encoder"))
