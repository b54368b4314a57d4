"""Every sampler makes the picture that diffusers makes, the same one alone and among strangers."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from together import run_together

from artrator.backend import Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.testing import PlainContext, run
from artrator_diffusion import DiffusionBackend
from artrator_diffusion.schedulers import Samplers, State
from artrator_diffusion.schedulers.samplers import NOISE_SAMPLERS

DATA = Path(__file__).parent / "data"
SAMPLERS = ["default", *NOISE_SAMPLERS]
GIVEN = {"prompt": "a photo of a cat", "negative": "blurry", "seed": 11}
FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "num_train_timesteps": 1000}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


@pytest.fixture(scope="module")
def reference():
    return dict(np.load(DATA / "text-to-image.npz"))


@pytest.mark.parametrize("sampler", ["euler-karras", "euler-ancestral", "dpm++2m-karras", "lcm"])
def test_pictures_are_those_of_diffusers_to_two_millionths(model, reference, exact, sampler):
    run(DiffusionBackend(), model(), {**GIVEN, "sampler": sampler, "steps": 4 if sampler == "lcm" else 8})
    assert np.abs(exact[-1][0] - reference[sampler]).max() <= 2e-6


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("euler-karras", {"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True}),
        ("euler-ancestral", {"_class_name": "EulerAncestralDiscreteScheduler"}),
        ("dpm++2m-karras", {"_class_name": "DPMSolverMultistepScheduler", "use_karras_sigmas": True}),
        ("lcm", {"_class_name": "LCMScheduler", "original_inference_steps": 50}),
        ("flow-euler", FLOW),
    ],
)
def test_the_configuration_of_the_model_chooses_where_the_buyer_does_not(model, reference, exact, name, fields):
    steps = 4 if name == "lcm" else 8
    run(DiffusionBackend(), model(scheduler={**BETAS, **fields}), {**GIVEN, "steps": steps})
    assert np.abs(exact[-1][0] - reference[name]).max() <= 2e-6


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_picture_is_the_same_alone_in_a_set_and_among_strangers(model, sampler):
    """Fresh noise on the way comes from each picture's own generator, so company changes nothing."""
    jobs = [
        {**GIVEN, "sampler": sampler, "steps": 4},
        {**GIVEN, "sampler": sampler, "steps": 4, "seed": 10, "images": 2},
        {**GIVEN, "sampler": "euler-ancestral", "steps": 6, "seed": 5, "prompt": "a dog"},
    ]
    given = {"images": 1, "guidance": 7.5, "width": 48, "height": 32, "strength": 0.5}
    loaded = DiffusionBackend().load(model(), Device())
    alone = [run(DiffusionBackend(), model(), job)["images"] for job in jobs]

    for outputs, expected in zip(
        asyncio.run(run_together(loaded, [{**given, **job} for job in jobs])), alone, strict=True
    ):
        for made, same in zip(outputs["images"], expected, strict=True):
            assert np.abs(made.astype(int) - same).max() <= 1
    assert np.abs(alone[0][0].astype(int) - alone[1][1]).max() <= 1
    assert not np.array_equal(alone[1][0], alone[1][1])


def test_a_seed_decides_the_noise_that_is_added_on_the_way(model):
    pictures = [
        run(DiffusionBackend(), model(), {**GIVEN, "sampler": "euler-ancestral", "seed": seed})["images"][0]
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({**FLOW, "use_dynamic_shifting": True}, "use_dynamic_shifting is on"),
        ({**FLOW, "shift": 0}, "shift must be above 0"),
        ({**BETAS, "final_sigmas_type": "sigma_min"}, "final_sigmas_type is 'sigma_min'; only 'zero'"),
        ({**BETAS, "use_beta_sigmas": True}, "use_beta_sigmas is on"),
        ({**BETAS, "num_train_timesteps": 10**12}, "num_train_timesteps is 1000000000000"),
        ({**BETAS, "num_train_timesteps": "many"}, "'many'"),
        ({**BETAS, "steps_offset": 1000}, "steps_offset is 1000"),
        ({**BETAS, "beta_end": 1.5}, "must lie between 0 and 1"),
        ({**BETAS, "beta_start": float("nan")}, "must lie between 0 and 1"),
        ({**BETAS, "trained_betas": [0.1, 0.2]}, "must lie between 0 and 1"),
        ({**BETAS, "_class_name": {"of": "DDIM"}}, "_class_name must be a text"),
        ({**BETAS, "original_inference_steps": 5000}, "original_inference_steps is 5000"),
    ],
)
def test_what_a_configuration_asks_for_in_vain_is_named_with_its_file(model, fields, words):
    with pytest.raises(ArtratorError) as caught:
        DiffusionBackend().inspect(model(scheduler=fields))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert "scheduler/scheduler_config.json" in caught.value.message
    assert words in caught.value.message


def test_a_scheduler_that_is_not_known_is_replaced_and_the_creator_told(model):
    found = DiffusionBackend().inspect(model(scheduler={**BETAS, "_class_name": "PNDMScheduler"}))
    assert any("PNDMScheduler" in warning and "dpm++2m" in warning for warning in found.warnings)
    assert DiffusionBackend().inspect(model()).warnings == []
    strange = Samplers.from_config({"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++"})
    assert strange.stranger is not None
    assert "sde-dpmsolver++" in strange.stranger


def test_a_flow_is_sampled_as_a_flow_only_and_noise_never_is(model):
    for scheduler, offered in ((FLOW, "euler"), (BETAS, "flow-euler")):
        fixed = ('scheduler = "sampler"', f'scheduler = "{offered}"')
        with pytest.raises(ArtratorError, match=r"settings\.sampling\.scheduler"):
            DiffusionBackend().inspect(model("mini", fixed, scheduler=scheduler))
    with pytest.raises(ArtratorError, match="offers 'heun'"):
        DiffusionBackend().inspect(model("mini", ('"ddim", "euler",', '"ddim", "heun",')))


@pytest.mark.parametrize(("sampler", "most"), [("lcm", 50), ("ddim", 999), ("dpm++2m-karras", 999)])
def test_more_steps_than_a_model_has_times_are_refused(model, sampler, most):
    with pytest.raises(ModelError, match=f"at most {most} steps"):
        run(DiffusionBackend(), model(), {**GIVEN, "sampler": sampler, "steps": most + 1})


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_single_step_makes_a_picture(model, sampler):
    context = PlainContext()
    (picture,) = run(DiffusionBackend(), model(), {**GIVEN, "sampler": sampler, "steps": 1}, context)["images"]
    assert picture.shape == (32, 48, 3)
    assert context.reports == [(1, 1)]


@pytest.mark.parametrize("spacing", ["leading", "linspace", "trailing"])
@pytest.mark.parametrize("sampler", list(NOISE_SAMPLERS))
def test_every_number_of_steps_stays_within_the_times_of_the_model(sampler, spacing):
    samplers = Samplers.from_config({**BETAS, "timestep_spacing": spacing, "original_inference_steps": 999})

    async def predict(sample, time):
        assert 0 <= time <= 999
        return sample

    async def walk(scheduler):
        state, sample = State(lambda: np.zeros((1, 1), np.float32)), np.ones((1, 1), np.float32)
        for index in (0, scheduler.steps - 1):
            sample, outlook = await scheduler.step(index, sample, predict, state)
            assert np.isfinite(sample).all()
            assert np.isfinite(outlook()).all()
        assert scheduler.shares(scheduler.steps) == (1.0, 0.0)

    for steps in (1, 2, 3, 7, 333, 334, 500, 501, 998, 999):
        asyncio.run(walk(samplers.make(sampler, steps)))
