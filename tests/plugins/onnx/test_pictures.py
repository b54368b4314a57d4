"""Pictures through the onnx backend: formats, sizes, tiles."""

import numpy as np
import pytest

from artrator.errors import ArtratorError, ModelError
from artrator.package.starter import write_starter
from artrator.testing import PlainContext, run
from artrator_onnx import ONNXBackend
from artrator_onnx.pixels import PixelFormat, pad_to, resize
from artrator_onnx.tiles import Axis

MANIFEST = """
[inputs.image]
type = "image"
label = "Picture"
[outputs.image]
type = "image"
label = "Picture"
[settings]
graph = "model.onnx"
{settings}
[settings.feeds.x]
input = "image"
{feed}
[settings.results.image]
tensor = "y"
{result}
{size}
"""


@pytest.fixture
def paint(make_package):
    """Run a graph with one picture in and one out."""

    def call(model, picture, *, context=None, **tables):
        texts = {"settings": "", "feed": "", "result": tables.get("feed", ""), "size": "", **tables}
        package = make_package(model, MANIFEST.format(**texts))
        return run(ONNXBackend(), package, {"image": picture}, context)["image"]

    return call


@pytest.fixture
def blur(make_graph):
    """The mean of 3 x 3 neighbours, mirrored at the edges."""
    weights = np.zeros((3, 3, 3, 3), np.float32)
    weights[range(3), range(3)] = 1 / 9

    def make(sides=("h", "w")):
        shape = ("float", ["n", 3, *sides])
        nodes = [
            ("Pad", ["x", "pads"], ["padded"], {"mode": "reflect"}),
            ("Conv", ["padded", "w"], ["y"]),
        ]
        pads = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)
        return make_graph(nodes, {"x": shape}, {"y": shape}, {"pads": pads, "w": weights})

    return make


@pytest.fixture
def double(make_graph):
    """Twice as large, by nearest neighbour."""

    def make(sides=("h", "w")):
        shape = ("float", ["n", 3, *sides])
        nodes = [("Resize", ["x", "", "scales"], ["y"], {"mode": "nearest", "nearest_mode": "floor",
                                                         "coordinate_transformation_mode": "asymmetric"})]  # fmt: skip
        scales = np.array([1, 1, 2, 2], np.float32)
        return make_graph(nodes, {"x": shape}, {"y": ("float", ["n", 3, "H", "W"])}, {"scales": scales})

    return make


@pytest.mark.parametrize(
    "feed",
    [
        "",
        'order = "BGR"',
        "range = [-1, 1]",
        "range = [0, 255]",
        "range = [255, 0]",
        "mean = [0.48, 0.45, 0.40]\nstd = [0.27, 0.26, 0.28]",
        'order = "BGR"\nmean = [0.1, 0.2, 0.3]\nrange = [-1, 1]',
    ],
)
def test_a_graph_that_changes_nothing_gives_the_same_picture(paint, identity, photo, feed):
    assert np.array_equal(paint(identity, photo, feed=feed), photo)


@pytest.mark.parametrize("kind", ["half", "uint8", "int64", "float"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_layouts_and_types_are_as_the_graph_wants_them(paint, make_graph, photo, kind, layout):
    shape = (kind, ["n", 3, "h", "w"] if layout == "NCHW" else ["n", "h", "w", 3])
    model = make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape})
    assert np.array_equal(paint(model, photo, feed=f'layout = "{layout}"'), photo)
    assert np.array_equal(paint(model, photo), photo)  # the graph says by itself where its channels are


def test_what_the_graph_sees_is_what_the_manifest_says():
    picture = np.array([[[255, 128, 0]]], np.uint8)
    bgr = PixelFormat("NHWC", -1, 1, "BGR")
    assert bgr.to_row(picture, np.float32).reshape(-1).tolist() == pytest.approx([-1, 128 / 127.5 - 1, 1], abs=1e-6)
    gray = PixelFormat("NCHW", 0, 255, "GRAY")
    assert gray.to_row(picture, np.float32).reshape(-1).tolist() == pytest.approx([0.299 * 255 + 0.587 * 128], rel=1e-5)
    opaque = PixelFormat("NCHW", 0, 1, "BGRA").to_row(picture, np.float32).reshape(-1).tolist()
    assert opaque == pytest.approx([0, 128 / 255, 1, 1])


def test_a_graph_without_a_batch_axis_runs_one_at_a_time(paint, make_graph, photo):
    shape = ("float", [3, "h", "w"])
    model = make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape})
    assert np.array_equal(paint(model, photo), photo)


def test_sides_are_grown_to_a_multiple_and_cut_back(paint, make_graph, double, photo):
    shape = ("float", ["n", 3, "h", "w"])
    pool = {"kernel_shape": [8, 8], "strides": [8, 8]}
    up = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    nodes = [("AveragePool", ["x"], ["p"], pool), ("Resize", ["p", "", "s"], ["y"], up)]
    scales = np.array([1, 1, 8, 8], np.float32)
    model = make_graph(nodes, {"x": shape}, {"y": shape}, {"s": scales})
    made = paint(model, photo, size='[settings.size]\nmode = "dynamic"\nmultiple = 8')
    assert made.shape == photo.shape
    assert np.abs(made[:8, :8].astype(int) - photo[:8, :8].reshape(64, 3).mean(0)).max() <= 1
    assert paint(double(), photo, size='[settings.size]\nmode = "dynamic"\nmultiple = 8').shape == (122, 166, 3)


@pytest.mark.parametrize("tile", [16, 24, 61, 200])
@pytest.mark.parametrize("fixed", [False, True])
def test_tiles_join_to_what_the_whole_would_be(paint, blur, photo, tile, fixed):
    whole = paint(blur(), photo)
    context = PlainContext()
    model = blur((tile, tile)) if fixed else blur()
    made = paint(model, photo, context=context, size=f'[settings.size]\nmode = "tile"\ntile = {tile}\noverlap = 8')
    assert np.abs(made.astype(int) - whole).max() <= 1
    done, total = context.reports[-1]
    assert done == total == sum(rows for _, rows in context.batches)


def test_tiles_that_come_out_larger_are_joined_as_well(paint, double, photo):
    made = paint(double(), photo, size='[settings.size]\nmode = "tile"\ntile = [16, 20]\noverlap = 6')
    assert np.array_equal(made, photo.repeat(2, 0).repeat(2, 1))


def test_only_pictures_above_the_limit_are_cut(paint, identity, photo):
    size = '[settings.size]\nmode = "dynamic"\nmax_pixels = {}\ntile = 32\noverlap = 8'
    whole, cut = PlainContext(), PlainContext()
    paint(identity, photo, context=whole, size=size.format(61 * 83))
    made = paint(identity, photo, context=cut, size=size.format(61 * 83 - 1))
    assert whole.reports == [(1, 1)]
    assert cut.reports[-1][1] == 12
    assert np.array_equal(made, photo)


def test_memory_does_not_grow_with_the_picture(paint, identity):
    context = PlainContext()
    paint(identity, np.zeros((40, 900, 3), np.uint8), context=context, settings="batch = 3",
          size='[settings.size]\nmode = "tile"\ntile = 32\noverlap = 8')  # fmt: skip
    assert max(rows for _, rows in context.batches) == 3


@pytest.mark.parametrize("length", [1, 7, 31, 32, 33, 57, 100, 1000, 1023])
def test_weights_of_all_tiles_add_up_to_one_everywhere(length):
    axis = Axis.cut(length, min(32, length), min(8, length // 2))
    total = np.zeros(length * 3)
    for index, start in enumerate(axis.starts):
        total[start * 3 : (start + axis.tile) * 3] += axis.weights(index, 3)
    assert np.abs(total - 1).max() < 1e-6
    assert axis.starts[-1] + axis.tile == length


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_a_fixed_size_is_met_by_resizing_and_back(paint, make_graph, photo, fit):
    shape = ("float", ["n", 3, 48, 64])
    model = make_graph([("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape})
    smooth = resize(photo, 30, 40).astype(np.uint8)
    made = paint(model, smooth, size=f'[settings.size]\nmode = "resize"\nfit = "{fit}"')
    assert made.shape == smooth.shape
    assert np.abs(made.astype(int) - smooth).mean() < 2
    kept = paint(model, smooth, size='[settings.size]\nmode = "resize"\nrestore = false')
    assert kept.shape == (48, 64, 3)
    assert paint(model, smooth).shape == smooth.shape  # a graph of one size needs no table at all


def test_resizing_keeps_flat_areas_and_does_not_alias():
    flat = np.full((37, 53, 3), 200, np.uint8)
    assert np.allclose(resize(flat, 100, 20), 200, atol=1e-3)
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    assert np.abs(resize(stripes, 8, 8) - 127.5).max() < 15
    assert np.allclose(resize(stripes, 64, 64), stripes)


def test_mirroring_reaches_further_than_the_picture_is_long():
    row = np.array([[[1], [2], [3]]], np.uint8)
    assert pad_to(row, 1, 9)[0, :, 0].tolist() == [1, 2, 3, 2, 1, 2, 3, 2, 1]
    assert pad_to(row[:, :1], 2, 3).shape == (2, 3, 1)


def test_a_cancelled_job_leaves_between_two_rows_of_tiles(paint, identity):
    class Impatient(PlainContext):
        def progress(self, done, total, preview=None):
            super().progress(done, total, preview)
            self.cancelled = True

    context = Impatient()
    with pytest.raises(ArtratorError, match="cancelled"):
        paint(identity, np.zeros((300, 300, 3), np.uint8), context=context, settings="batch = 2",
              size='[settings.size]\nmode = "tile"\ntile = 32\noverlap = 8')  # fmt: skip
    assert len(context.batches) == 1


def test_numbers_that_are_none_become_an_error_and_no_picture(paint, make_graph, photo):
    shape = ("float", ["n", 3, "h", "w"])
    model = make_graph([("Div", ["x", "zero"], ["y"])], {"x": shape}, {"y": shape}, {"zero": np.zeros(1, np.float32)})
    with pytest.raises(ModelError, match="not numbers"):
        paint(model, np.zeros_like(photo))


def test_one_channel_becomes_a_gray_picture(paint, make_graph, photo):
    shape = ("float", ["n", 3, "h", "w"])
    nodes = [("ReduceMean", ["x"], ["y"], {"axes": [1], "keepdims": 1})]
    model = make_graph(nodes, {"x": shape}, {"y": ("float", ["n", 1, "h", "w"])})
    made = paint(model, photo)
    assert made.shape == photo.shape
    assert np.abs(made[:, :, 0] - photo.mean(2)).max() <= 0.5
    tiled = paint(model, photo, size='[settings.size]\nmode = "tile"\ntile = 32\noverlap = 8')
    assert np.array_equal(tiled, made)


def test_the_starter_package_runs_as_soon_as_its_model_is_there(make_graph, photo, tmp_path):
    write_starter(tmp_path / "mine", "mine")
    shape = ("float", ["n", 3, "h", "w"])
    nodes = [("Sub", ["one", "image"], ["output"])]
    model = make_graph(nodes, {"image": shape}, {"output": shape}, {"one": np.ones(1, np.float32)})
    (tmp_path / "mine" / "model.onnx").write_bytes(model.SerializeToString())
    assert np.array_equal(run(ONNXBackend(), tmp_path / "mine", {"image": photo})["image"], 255 - photo)


def test_what_is_done_of_a_large_picture_is_shown(paint, identity, photo):
    context = PlainContext()
    paint(identity, photo, context=context, size='[settings.size]\nmode = "tile"\ntile = 32\noverlap = 8')
    first, *_, last = context.previews
    assert np.array_equal(last[:28], photo[:28])
    assert not first[40:].any()
    assert context.reports[-1] == (12, 12)
