"""Pixel flow matching: the same seed, the same picture, whatever else runs."""

import asyncio

import numpy as np
import pytest
from together import run_together

from artrator.backend import Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.onnx_runtime import session
from artrator.testing import PlainContext, run
from artrator_diffusion import DiffusionBackend

GIVEN = {"prompt": "a red cat", "seed": 3}


def pictures(package, context=None, **inputs):
    return run(DiffusionBackend(), package, {**GIVEN, **inputs}, context)["images"]


def by_hand(files, *, steps, guidance, seed, style, tokens):
    """The same sampling written out: one picture, two runs a step."""
    network = session(files["denoiser.onnx"])
    table = session(files["text.onnx"]).run({"input_ids": np.array([tokens])}, ["hidden"])["hidden"][0]
    condition = table.mean(0) / np.linalg.norm(table.mean(0))
    x = np.random.Generator(np.random.PCG64(seed)).standard_normal((3, 8, 8), dtype=np.float32)[None]
    for step in range(steps):
        time = np.array([step / steps], np.float32)
        both = [
            network.run({"sample": x, "time": time, "condition": c, "style": s}, ["velocity"])["velocity"]
            for c, s in ((condition[None], style), (np.zeros((1, 4), np.float32), np.zeros((1, 2), np.float32)))
        ]
        x = x + (both[1] + guidance * (both[0] - both[1])) / steps
    return np.rint((x[0].transpose(1, 2, 0).clip(-1, 1) + 1) * 127.5).astype(np.uint8)


def test_the_picture_is_the_one_that_the_formula_gives(doodle, files):
    style = np.array([[0, 1]], np.float32)
    expected = by_hand(files, steps=6, guidance=2.5, seed=3, style=style, tokens=[2, 4, 3])
    (made,) = pictures(doodle(), style="two")
    assert np.abs(made.astype(int) - expected).max() <= 1


def test_conditional_and_unconditional_rows_share_one_run_a_step(doodle):
    context = PlainContext()
    pictures(doodle(), context, images=3)
    assert context.batches == [("text.onnx", 1)] + [("denoiser.onnx", 6)] * 6
    assert context.reports == [(done, 6) for done in range(1, 7)]
    assert [preview.shape for preview in context.previews] == [(8, 24, 3)] * 2


def test_without_guidance_the_unconditional_rows_are_left_out(doodle):
    context = PlainContext()
    pictures(doodle(), context, guidance=1.0)
    assert ("denoiser.onnx", 1) in context.batches
    assert ("denoiser.onnx", 2) not in context.batches


def test_each_picture_of_a_set_can_be_made_again_alone(doodle):
    many = pictures(doodle(), images=4)
    for place, picture in enumerate(many):
        (alone,) = pictures(doodle(), seed=3 + place)
        assert np.abs(picture.astype(int) - alone).max() <= 1
    assert not np.array_equal(many[0], many[1])


def test_pictures_beyond_one_run_of_the_network_leave_in_groups(doodle):
    whole, grouped = PlainContext(), PlainContext()
    many = pictures(doodle(), whole, images=4, steps=6)
    small = doodle(("[settings.denoiser]\n", "[settings.denoiser]\nbatch = 4\n"))
    for picture, other in zip(pictures(small, grouped, images=4, steps=6), many, strict=True):
        assert np.abs(picture.astype(int) - other).max() <= 1
    # With guidance each picture takes two rows, so that two pictures leave before the others begin.
    assert grouped.reports == [(done, 12) for done in range(1, 13)]

    class Stopped(PlainContext):
        def output(self, name, picture):
            super().output(name, picture)
            self.cancelled = len(self.handed[name]) == 2

    stopped = Stopped()
    with pytest.raises(ArtratorError, match="cancelled"):
        pictures(small, stopped, images=4, steps=6)
    for picture, other in zip(stopped.handed["images"], many[:2], strict=True):
        assert np.abs(picture.astype(int) - other).max() <= 1


def test_prompt_style_and_seed_all_matter(doodle):
    base = pictures(doodle())[0]
    for change in ({"prompt": "apple"}, {"style": "two"}, {"style": "any"}, {"seed": 4}, {"guidance": 5.0}):
        assert not np.array_equal(base, pictures(doodle(), **change)[0]), change


def test_jobs_of_one_moment_are_merged_and_stay_the_same(doodle):
    model = DiffusionBackend().load(doodle(), Device())
    defaults = {"images": 1, "guidance": 2.5, "steps": 6, "style": "one"}
    jobs = [
        {**defaults, "prompt": prompt, "seed": seed, "steps": 4 + seed}
        for seed, prompt in enumerate(["cat", "apple", "a"])
    ]
    alone = [run(DiffusionBackend(), doodle(), job)["images"][0] for job in jobs]

    for outputs, expected in zip(asyncio.run(run_together(model, jobs)), alone, strict=True):
        assert np.abs(outputs["images"][0].astype(int) - expected).max() <= 1


def test_a_cancelled_job_leaves_between_steps(doodle):
    class Impatient(PlainContext):
        def progress(self, done, total, preview=None):
            super().progress(done, total, preview)
            self.cancelled = done == 2

    context = Impatient()
    with pytest.raises(ArtratorError) as caught:
        pictures(doodle(), context)
    assert caught.value.code is Code.JOB_CANCELLED
    assert context.reports[-1] == (2, 6)


def test_time_may_run_the_other_way(doodle, files):
    backwards = doodle(("noise_time = 0.0\npicture_time = 1.0", "noise_time = 1.0\npicture_time = 0.0"))
    assert pictures(backwards)[0].shape == (8, 8, 3)
    assert not np.array_equal(pictures(backwards)[0], pictures(doodle())[0])


def test_heun_comes_nearer_to_many_steps_than_euler_does(doodle):
    fine = pictures(doodle(), steps=50)[0].astype(int)
    heun = pictures(doodle(("picture_time = 1.0", 'picture_time = 1.0\nsolver = "heun"')))[0]
    euler = pictures(doodle())[0]
    assert np.abs(heun - fine).mean() < np.abs(euler - fine).mean()


def test_an_image_output_takes_one_picture(doodle):
    package = doodle(('[outputs.images]\ntype = "images"', '[outputs.image]\ntype = "image"'))
    assert run(DiffusionBackend(), package, GIVEN)["image"].shape == (8, 8, 3)


def test_no_steps_are_refused(doodle):
    with pytest.raises(ModelError, match="at least 1"):
        pictures(doodle(), steps=0)


def test_inspection_bounds_memory_and_names_idle_inputs(doodle):
    found = DiffusionBackend().inspect(doodle(('guidance = "guidance"', "guidance = 3")))
    assert found.warnings == ["The input 'guidance' changes nothing."]
    assert found.memory_bytes > 100 << 20


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('pipeline = "flow"', 'pipeline = "flwo"', ["settings.pipeline", "'flow' or 'stable-diffusion'"]),
        ('graph = "denoiser.onnx"', 'graph = "denoise.onnx"', ["did you mean 'denoiser.onnx'"]),
        ('graph = "denoiser.onnx"', 'graph = "denoiser.onnx"\ntime = "t"', ["settings.denoiser.time", "time: float32"]),
        ("[settings.denoiser.conditions.style]", "[settings.denoiser.conditions.stile]", ["stile", "no tensor"]),
        ('input = "style"\none_hot = ["one", "two"]', 'input = "seed"', ["of type choice"]),
        ('one_hot = ["one", "two"]', 'one_hot = ["one", "three"]', ["'three'", "no choice of 'style'"]),
        ('steps = "steps"', 'steps = "prompt"', ["settings.sampling.steps", "integer"]),
        ('steps = "steps"', 'steps = "steps"\nstep = 3', ["settings.sampling.step", "did you mean 'steps'"]),
        ('output = "hidden"', 'output = "hiden"', ["settings.text.output", "hidden: float32"]),
        ('pooling = "mean"', 'pooling = "max"', ["'none', 'mean', 'first' or 'last'"]),
        ("picture_time = 1.0", "picture_time = 0.0", ["time of noise as well"]),
        ("picture_time = 1.0", "picture_time = 1.0\nsize = [16, 16]", ["settings.denoiser.size", "[16, 16]"]),
        ("range = [-1, 1]", "range = [1, 1]", ["settings.picture.range"]),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_its_line(doodle, old, new, words):
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().inspect(doodle((old, new)))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert "artrator.toml:" in caught.value.message
    assert all(word in caught.value.message for word in words), caught.value.message


def test_a_tensor_that_nothing_goes_into_is_named(doodle):
    with pytest.raises(ArtratorError, match="what goes into the tensor 'style'"):
        DiffusionBackend().inspect(
            doodle(('[settings.denoiser.conditions.style]\ninput = "style"\none_hot = ["one", "two"]\n', ""))
        )
