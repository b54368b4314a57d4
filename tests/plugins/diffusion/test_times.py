"""Jobs at different steps share a run, whatever form the exported denoiser wants its time in; or are kept apart."""

import asyncio

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from artrator import Device
from artrator.testing import run
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.context import JobContext
from artrator_diffusion.backend import DiffusionBackend
from artrator_diffusion.times import with_times

UNET = "unet/model.onnx"
JOBS = [
    {"prompt": "a cat", "seed": 1, "steps": 5, "sampler": "ddim"},
    {"prompt": "a dog", "seed": 2, "steps": 7, "sampler": "dpm++2m"},
    {"prompt": "a cat", "seed": 3, "steps": 4, "sampler": "euler"},
]


def changed_time(data, shape, *, expand=True):
    """The exported denoiser with its time in another form."""
    model = onnx.load_from_string(data)
    graph = model.graph
    time = next(value for value in graph.input if value.name == "timestep")
    time.CopyFrom(helper.make_tensor_value_info("timestep", time.type.tensor_type.elem_type, shape))
    for node in graph.node:
        if "timestep" in node.input:
            assert node.op_type == "Unsqueeze"
            output = node.output[0]
            node.Clear()
            node.CopyFrom(helper.make_node("Identity", ["timestep"], [output]))
            break
    if not expand:  # a careless export: the time of the first row is everybody's
        first = helper.make_tensor("zero", TensorProto.INT64, [1], [0])
        graph.initializer.append(first)
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == "timestep":
                    node.input[place] = "time_of_the_first"
        graph.node.insert(0, helper.make_node("Gather", ["timestep", "zero"], ["time_of_the_first"]))
    return model.SerializeToString()


def together(loaded):
    """Each job's picture when all go at once, and the rows of each run of the denoiser."""
    runs = []
    session = loaded._denoiser._session
    inner = session.run

    def noted(feeds, *arguments, **more):
        runs.append(len(feeds["sample"]))
        return inner(feeds, *arguments, **more)

    session.run = noted

    async def work():
        batcher = Batcher()
        try:
            contexts = [JobContext(str(place), batcher, lambda *_: None) for place in range(len(JOBS))]
            given = {"negative": "", "guidance": 7.5, "width": 48, "height": 32, "images": 1, "strength": 0.5}
            return await asyncio.gather(
                *[loaded.run({**given, **job}, context) for job, context in zip(JOBS, contexts, strict=True)]
            )
        finally:
            await batcher.close()

    return asyncio.run(work()), runs


@pytest.mark.parametrize(
    ("name", "form"),
    [("mini", "number"), ("mini", "one"), ("mini", "steps"), ("xl", "number"), ("distilled", "number")],
)
def test_jobs_at_different_steps_share_a_run(networks, model, exact, name, form):
    """Same pictures, before they are rounded, as each job made alone."""
    unet = networks[name][UNET]
    if form != "number":
        unet = changed_time(unet, [1] if form == "one" else ["steps"])
    package = model(name, **{UNET: unet})
    for job in JOBS:
        run(DiffusionBackend(), package, job)
    alone, exact[:] = [pictures.copy() for pictures in exact], []
    loaded = DiffusionBackend().load(package, Device())
    _, runs = together(loaded)
    alone_rows = 1 if name == "distilled" else 2
    assert max(runs) > alone_rows  # rows of several jobs, which are at different times
    assert sum(runs) / len(runs) > alone_rows
    assert len(exact) == len(JOBS)
    for pictures in alone:
        assert min(np.abs(pictures - other).max() for other in exact) <= 2e-6


def test_a_denoiser_that_takes_the_first_time_for_all_rows_is_found_out(networks, model, exact):
    careless = model("mini", **{UNET: changed_time(networks["mini"][UNET], ["steps"], expand=False)})
    for job in JOBS:
        run(DiffusionBackend(), model("mini"), job)
    alone, exact[:] = [pictures.copy() for pictures in exact], []
    loaded = DiffusionBackend().load(careless, Device())
    assert loaded._denoiser._single_time
    together(loaded)
    for pictures in alone:
        assert min(np.abs(pictures - other).max() for other in exact) <= 2e-6


def test_a_denoiser_that_mixes_its_rows_gets_one_at_a_time(networks, model):
    """Such as one whose normalisation was exported as if it still learnt."""
    graph = onnx.load_from_string(networks["mini"][UNET])
    (output,) = [value.name for value in graph.graph.output]
    graph.graph.initializer.append(helper.make_tensor("rows", TensorProto.INT64, [1], [0]))
    for node in graph.graph.node:
        for place, name in enumerate(node.output):
            if name == output:
                node.output[place] = "unmixed"
    graph.graph.node.extend(
        [
            helper.make_node("ReduceMean", ["unmixed", "rows"], ["middle"], keepdims=1),
            helper.make_node("Sub", ["unmixed", "middle"], ["apart"]),
            helper.make_node("Add", ["apart", "unmixed"], [output]),
        ]
    )
    loaded = DiffusionBackend().load(model("mini", **{UNET: graph.SerializeToString()}), Device())
    assert loaded._denoiser._kernel.max_batch == 1


def test_a_graph_of_another_form_is_left_as_it_is(networks):
    assert with_times(networks["mini"][UNET], "elsewhere") == networks["mini"][UNET]
    assert with_times(networks["mini"][UNET], "sample") == networks["mini"][UNET]
