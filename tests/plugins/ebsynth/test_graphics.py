"""The search on a graphics card: its kernels run by a serial stand-in and compiled by NVIDIA's compiler."""

import importlib.util
import sys

import numpy as np
import pytest
from patch_energy import distances, mean_occupancy
from serial_card import COMPILER, SerialCard

from artrator.errors import ArtratorError, Code
from artrator_ebsynth import synthesize
from artrator_ebsynth.crew import Crew
from artrator_ebsynth.field import random_matches
from artrator_ebsynth.graphics import GraphicsLevel, missing
from artrator_ebsynth.graphics.device import KERNELS, compile_kernels
from artrator_ebsynth.guides import edges
from artrator_ebsynth.level import Level, Pictures
from artrator_ebsynth.occupancy import patch_occupancy
from artrator_ebsynth.problem import state
from artrator_ebsynth.video.renewal import Renewal

with_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler on this machine")
with_nvrtc = pytest.mark.skipif(
    importlib.util.find_spec("cuda") is None or importlib.util.find_spec("cuda.core") is None,
    reason="the extra gpu (cuda-core, NVRTC) is not installed",
)
with_card = pytest.mark.skipif(missing() is not None, reason=f"no graphics card: {missing()}")


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    return SerialCard(tmp_path_factory.mktemp("card"))


def energy(made, source, patch, uniformity):
    return made.error.mean() + uniformity * mean_occupancy(made, source, patch)


@with_compiler
@pytest.mark.parametrize("patch", [3, 5, 7])
def test_measuring_and_voting_are_the_same_to_the_last_bit(card, random, blobs, patch):
    style = [blobs(19, 23, 4), blobs(26, 20, 4)]
    guides = [
        ([blobs(19, 23, 3), blobs(26, 20, 3)], blobs(17, 14, 3), 0.7),
        ([blobs(19, 23, 1), blobs(26, 20, 1)], blobs(17, 14, 1), 2.0),
    ]
    mask = np.full((17, 14), 255, np.uint8)
    mask[4:7, 5:9] = 0
    modulation = random.integers(0, 256, (17, 14), dtype=np.uint8)
    given = {"mask": mask, "modulation": modulation, "source_mask": None, "init": blobs(17, 14, 4)}
    problem = state(style, guides, patch=patch, uniformity=1000.0, **given)
    with Crew(1, None) as crew:
        ours = Level(Pictures.full(problem), problem, crew)
        theirs = GraphicsLevel(Pictures.full(problem), problem, crew, card)
        ours.matches = random_matches(ours.target_size, ours.allowed, random)
        theirs.matches = ours.matches.copy()
        for stale in (np.ones((17, 14), np.uint8), random.integers(0, 2, (17, 14), dtype=np.uint8)):
            ours.measure(ours.inside)
            theirs.measure(theirs.inside)
            assert (ours.costs == theirs.costs).all()
            assert (ours.paint(stale) == theirs.paint(stale)).all()
            assert (ours.image == theirs.image).all()


@with_compiler
def test_what_comes_into_view_in_a_film_is_looked_up_on_the_card_too(card, blobs):
    frame = blobs(64, 72, 3)
    renewal = Renewal(frame, edges(frame), frame, None, 5)
    wanted = np.zeros((64, 72), bool)
    wanted[20:40, 30:50] = True
    before = sum(card.launched.values())
    y, x = renewal.matches(frame, wanted, 1, 1, None, card)
    assert sum(card.launched.values()) > before
    # The frame is the keyframe itself, so most of what is looked up lies where it was.
    found = np.abs(frame[y, x].astype(int) - frame[wanted].astype(int)).mean()
    assert found < np.abs(frame[::-1][wanted].astype(int) - frame[wanted].astype(int)).mean() / 3


@with_compiler
@pytest.mark.parametrize("patch", [3, 5])
def test_what_a_search_leaves_is_consistent_and_never_worse(card, random, blobs, patch):
    usable = np.zeros((30, 30), np.uint8)
    usable[3:24, 5:28] = 255
    guides = [(blobs(30, 30, 3), blobs(33, 27, 3), 1.0)]
    nothing = {"mask": None, "modulation": None, "init": None}
    problem = state(blobs(30, 30, 3), guides, patch=patch, uniformity=2000.0, source_mask=usable, **nothing)
    with Crew(1, None) as crew:
        level = GraphicsLevel(Pictures.full(problem), problem, crew, card)
        level.matches = random_matches(level.target_size, level.allowed, random)
        level.paint(np.ones(level.target_size, np.uint8))
        level.measure(level.inside)
        before, costs = level.matches.copy(), level.costs.copy()
        occupancy = patch_occupancy(before, level.inside, level.source_size, patch, crew)
        level.search([[15, 7, 3, 1]] * 2, random)
        kept = np.zeros(occupancy.shape, np.int32)
        level._memory("occupancy").read(kept.reshape(-1))
        assert (kept == patch_occupancy(level.matches, level.inside, level.source_size, patch, crew)).all()
        level.measure(level.inside)
    assert (level.allowed[level.matches >> 16, level.matches & 0xFFFF] == 1).all()
    assert (before != level.matches).mean() > 0.5
    assert level.costs.mean() < costs.mean()


@with_compiler
@pytest.mark.parametrize(("patch", "preset"), [(5, "balanced"), (5, "fast"), (3, "balanced")])
def test_the_energy_is_that_of_the_processor_within_one_percent(card, blobs, patch, preset):
    style = blobs(72, 80, 3)
    guides = [(blobs(72, 80, 3), blobs(76, 70, 3), 1.0)]
    shared = {"patch": patch, "preset": preset, "uniformity": 1500.0}
    found = {}
    for device in ("cpu", card):
        runs = [synthesize(style, guides, device=device, seed=seed, **shared) for seed in range(4)]
        found[device] = np.mean([energy(made, (72, 80), patch, 1500.0) for made in runs])
    assert found[card] == pytest.approx(found["cpu"], rel=0.01) or found[card] < found["cpu"]
    assert all(card.launched.values())
    assert runs[0].error.mean() == pytest.approx(distances(style, guides, runs[0], patch).mean(), rel=0.02)


@with_compiler
def test_masks_progress_and_cancel_hold_there_too(card, blobs):
    guides = [(blobs(40, 40, 3), blobs(33, 37, 3), 1.0)]
    mask = np.zeros((33, 37), np.uint8)
    mask[5:20, 8:30] = 255
    init = blobs(33, 37, 3)
    told = []
    made = synthesize(
        blobs(40, 40, 3), guides, device=card, mask=mask, init=init, progress=lambda *news: told.append(news[:2])
    )
    assert (made.image[mask == 0] == init[mask == 0]).all()
    assert (made.error[mask == 0] == 0).all()
    assert told[-1][0] == told[-1][1]
    with pytest.raises(ArtratorError) as found:
        synthesize(blobs(40, 40, 3), guides, device=card, cancelled=lambda: len(told) > 0)
    assert found.value.code is Code.JOB_CANCELLED


@with_nvrtc
@pytest.mark.parametrize(("patch", "channels", "style"), [(3, 6, 3), (5, 15, 3), (7, 2, 1), (5, 44, 4)])
def test_nvidias_compiler_takes_the_kernels_without_a_card(patch, channels, style):
    macros = {"PATCH": patch, "CHANNELS": channels, "STYLE": style, "MEANS": -(-channels // 16) * 16}
    module = compile_kernels(macros, "sm_80")
    for name in KERNELS:
        assert name.encode() in bytes(module.code)


@pytest.mark.skipif(missing() is None, reason="a graphics card answers here")
def test_without_a_card_that_answers_cuda_is_refused_in_words():
    style = np.zeros((12, 12, 3), np.uint8)
    with pytest.raises(ArtratorError, match=r"extra gpu|No NVIDIA card answers") as found:
        synthesize(style, [(style, style)], device="cuda")
    assert found.value.code is Code.BACKEND_RUNTIME_BROKEN
    assert found.value.cure


def test_a_machine_without_the_extra_is_told_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.core", None)
    assert "extra gpu" in missing()


def test_another_device_is_refused_by_name():
    style = np.zeros((12, 12, 3), np.uint8)
    with pytest.raises(ArtratorError, match="device: is 'tpu'"):
        synthesize(style, [(style, style)], device="tpu")


@with_card
def test_a_card_reaches_the_energy_of_the_processor(blobs):
    style, guides = blobs(160, 170, 3), [(blobs(160, 170, 3), blobs(150, 180, 3), 1.0)]
    found = [
        np.mean([energy(synthesize(style, guides, device=device, seed=s), (160, 170), 5, 3500.0) for s in range(3)])
        for device in ("cpu", "cuda")
    ]
    assert found[1] <= found[0] * 1.01
