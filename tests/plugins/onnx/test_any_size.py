"""Pictures of any size, cut in any way, come back as they were from a graph that changes nothing."""

import asyncio

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from artrator.backend import Device
from artrator.testing import PlainContext
from artrator_onnx import ONNXBackend

MANIFEST = """
[inputs.image]
type = "image"
label = "Picture"
[outputs.image]
type = "image"
label = "Picture"
[settings]
graph = "model.onnx"
batch = {batch}
[settings.size]
{size}
[settings.feeds.x]
input = "image"
[settings.results.image]
tensor = "y"
"""
SIDES = st.integers(1, 150)


@st.composite
def cuts(draw):
    """A table of sizes, and whether the graph takes that one size only."""
    multiple = draw(st.sampled_from([1, 2, 8]))
    tile = draw(st.integers(1, 8)) * 8
    overlap = draw(st.integers(0, tile // 2))
    common = f"multiple = {multiple}\ntile = {tile}\noverlap = {overlap}\n"
    if draw(st.booleans()):
        return f'mode = "tile"\n{common}', tile if draw(st.booleans()) else None
    return f'mode = "dynamic"\nmax_pixels = {draw(st.integers(1, 20_000))}\n{common}', None


@settings(max_examples=40, deadline=None)
@given(height=SIDES, width=SIDES, cut=cuts(), batch=st.integers(1, 4))
def test_nothing_is_lost_added_or_moved(make_graph, make_package, height, width, cut, batch):
    size, fixed = cut
    shape = ("float", ["n", 3, fixed or "h", fixed or "w"])
    package = make_package(
        make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape}), MANIFEST.format(size=size, batch=batch)
    )
    picture = np.random.default_rng(height * 151 + width).integers(0, 256, (height, width, 3), np.uint8)
    model = ONNXBackend().load(package, Device())
    context = PlainContext()

    async def paint():
        return await model.run({"image": picture}, context)

    assert np.array_equal(asyncio.run(paint())["image"], picture)
    assert context.reports[-1][0] == context.reports[-1][1]
    assert max(rows for _, rows in context.batches) <= batch
