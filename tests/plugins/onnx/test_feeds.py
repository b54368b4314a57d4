"""Everything but plain pictures through the onnx backend; and jobs that share a run."""

import asyncio

import numpy as np
import pytest

from artrator.backend import Device
from artrator.errors import ArtratorError, Code, ModelError
from artrator.testing import PlainContext, run
from artrator.worker.child.batcher import Batcher
from artrator.worker.child.context import JobContext
from artrator_onnx import ONNXBackend

IMAGE_OUT = '[outputs.image]\ntype = "image"\nlabel = "P"\n'
NUMBER_OUT = '[outputs.number]\ntype = "number"\nlabel = "N"\n'


@pytest.fixture
def total(make_graph):
    """The weighted sum of one row: row * 1, 10, 100 …"""

    def make(shape, weights):
        nodes = [
            ("Cast", ["x"], ["f"], {"to": 1}),
            ("Mul", ["f", "w"], ["m"]),
            ("ReduceSum", ["m"], ["s"], {"keepdims": 1}),
            ("Reshape", ["s", "one"], ["y"]),
        ]
        stored = {"w": np.array(weights, np.float32), "one": np.array([1, 1], np.int64)}
        return make_graph(nodes, {"x": shape}, {"y": ("float", [1, 1])}, stored)

    return make


@pytest.fixture
def number(make_package, total):
    def call(shape, weights, inputs, feed, given, files=None):
        manifest = f"{inputs}\n{NUMBER_OUT}[settings]\ngraph = 'model.onnx'\n[settings.feeds.x]\n{feed}\n"
        manifest += "[settings.results.number]\ntensor = 'y'\n"
        return run(ONNXBackend(), make_package(total(shape, weights), manifest, files), given)["number"]

    return call


CHOICE = '[inputs.style]\ntype = "choice"\nlabel = "S"\nchoices = ["a", "b", "c"]\n'


@pytest.mark.parametrize("shape", [("float", [3]), ("float", [1, 3]), ("int64", ["n", 3])])
def test_a_choice_becomes_one_hot_in_the_order_of_the_package(number, shape):
    feed = 'input = "style"\none_hot = ["b", "a", "c"]'
    assert number(shape, [1, 10, 100], CHOICE, feed, {"style": "a"}) == 10


def test_a_choice_outside_the_one_hot_list_means_none(number):
    assert number(("float", [1, 2]), [1, 10], CHOICE, 'input = "style"\none_hot = ["b", "a"]', {"style": "c"}) == 0


@pytest.mark.parametrize("shape", [("int64", []), ("int64", [1]), ("float", ["n", 1])])
def test_a_choice_becomes_its_place(number, shape):
    feed = 'input = "style"\nindex = ["b", "a", "c"]'
    assert number(shape, [1], CHOICE, feed, {"style": "c"}) == 2


@pytest.mark.parametrize("shape", [("float", []), ("float", ["n"]), ("float", ["n", 1])])
def test_a_number_is_scaled_and_moved(number, shape):
    inputs = '[inputs.v]\ntype = "number"\nlabel = "V"\n'
    assert number(shape, [1], inputs, 'input = "v"\nscale = 4\noffset = -1', {"v": 2.5}) == 9


def test_a_switch_is_one_or_zero(number):
    inputs = '[inputs.v]\ntype = "boolean"\nlabel = "V"\ndefault = false\n'
    assert [number(("float", ["n"]), [1], inputs, 'input = "v"', {"v": value}) for value in (True, False)] == [1, 0]


@pytest.mark.parametrize(("part", "expected"), [("ids", 42300), ("mask", 11100), ("types", 0)])
def test_a_text_becomes_tokens_of_a_fixed_length(number, tokenizer, part, expected):
    inputs = '[inputs.prompt]\ntype = "text"\nlabel = "P"\n'
    feed = f'input = "prompt"\ntokenizer = "t.json"\nmax_length = 5\npad = true\npart = "{part}"'
    weights = [10000, 1000, 100, 10, 1]
    given = {"prompt": "red a cat"}
    made = number(("int64", ["n", "t"]), weights, inputs, feed, given, {"t.json": tokenizer})
    assert made == expected
    cut = number(("int64", ["n", 5]), weights, inputs, feed, {"prompt": "a a a a a a a"}, {"t.json": tokenizer})
    assert cut == {"ids": 22222, "mask": 11111, "types": 0}[part]


def test_noise_is_that_of_the_seed_and_pictures_can_be_counted(make_graph, make_package):
    shape = ("float", ["n", 3, 8, 8])
    model = make_graph([("Identity", ["z"], ["y"])], {"z": shape}, {"y": shape})
    manifest = """
[inputs.seed]
type = "integer"
label = "Seed"
random = true
[inputs.images]
type = "integer"
label = "Pictures"
default = 1
minimum = 1
maximum = 4
[outputs.images]
type = "images"
label = "Pictures"
[settings]
graph = "model.onnx"
rows = "images"
[settings.feeds.z]
noise = "normal"
seed = "seed"
[settings.results.images]
tensor = "y"
range = [-3, 3]
"""
    package = make_package(model, manifest)
    many = run(ONNXBackend(), package, {"seed": 5, "images": 4})["images"]
    one = run(ONNXBackend(), package, {"seed": 5})["images"]
    other = run(ONNXBackend(), package, {"seed": 6})["images"]
    assert [picture.shape for picture in many] == [(8, 8, 3)] * 4
    small = make_package(model, manifest.replace('rows = "images"', 'rows = "images"\nbatch = 1'))
    context = PlainContext()
    apart = run(ONNXBackend(), small, {"seed": 5, "images": 4}, context)["images"]
    assert [np.array_equal(picture, other) for picture, other in zip(many, apart, strict=True)] == [True] * 4
    assert len(context.handed["images"]) == 4  # each leaves when it is made
    assert context.reports == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert np.array_equal(many[0], one[0])
    assert not np.array_equal(one[0], other[0])
    expected = np.random.Generator(np.random.PCG64(5)).standard_normal((3, 8, 8)).transpose(1, 2, 0)
    assert np.abs(one[0] - ((expected + 3) / 6 * 255).clip(0, 255)).max() <= 0.51


def test_constants_fill_what_no_buyer_is_asked_for(make_graph, make_package, photo):
    shape = ("float", ["n", 3, "h", "w"])
    inputs = {"x": shape, "a": ("float", []), "b": ("float", ["n", 3, 1, 1]), "c": ("float", [3])}
    nodes = [("Mul", ["x", "a"], ["p"]), ("Mul", ["p", "b"], ["q"]), ("Identity", ["q"], ["y"])]
    manifest = f"""
[inputs.image]
type = "image"
label = "P"
{IMAGE_OUT}
[settings]
graph = "model.onnx"
[settings.feeds]
x = {{ input = "image" }}
a = {{ constant = 0.5 }}
b = {{ constant = 1 }}
c = {{ constant = [1, 2, 3] }}
[settings.results.image]
tensor = "y"
"""
    package = make_package(make_graph(nodes, inputs, {"y": shape}), manifest)
    made = run(ONNXBackend(), package, {"image": photo})["image"]
    assert np.abs(made - photo / 2).max() <= 0.5


MASKED = """
[inputs.image]
type = "image"
label = "P"
[inputs.mask]
type = "mask"
label = "M"
[outputs.image]
type = "image"
label = "P"
[settings]
graph = "model.onnx"
[settings.feeds.x]
input = "image"
[settings.feeds.m]
input = "mask"
[settings.results.image]
tensor = "y"
"""


@pytest.mark.parametrize("size", ["", '[settings.size]\nmode = "tile"\ntile = 24\noverlap = 8'])
def test_a_mask_goes_with_its_picture_whole_or_in_tiles(make_graph, make_package, photo, size):
    shape = ("float", ["n", 3, "h", "w"])
    inputs = {"x": shape, "m": ("float", ["n", 1, "h", "w"])}
    package = make_package(make_graph([("Mul", ["x", "m"], ["y"])], inputs, {"y": shape}), MASKED + size)
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[10:50, 20:70] = 255
    made = run(ONNXBackend(), package, {"image": photo, "mask": mask})["image"]
    assert np.array_equal(made, photo * (mask > 0)[:, :, None])
    small = run(ONNXBackend(), package, {"image": photo, "mask": np.full((5, 9), 255, np.uint8)})["image"]
    assert np.array_equal(small, photo)


def test_a_second_picture_may_have_a_size_of_its_own(make_graph, make_package, photo):
    shape = ("float", ["n", 3, "h", "w"])
    nodes = [("GlobalAveragePool", ["s"], ["g"]), ("Mul", ["x", "zero"], ["o"]), ("Add", ["o", "g"], ["y"])]
    inputs = {"x": shape, "s": ("float", ["n", 3, 16, 16])}
    model = make_graph(nodes, inputs, {"y": shape}, {"zero": np.zeros(1, np.float32)})
    manifest = MASKED.replace('type = "mask"', 'type = "image"').replace("feeds.m]", "feeds.s]\nsize = [16, 16]")
    style = np.full((40, 70, 3), (200, 100, 50), np.uint8)
    made = run(ONNXBackend(), make_package(model, manifest), {"image": photo, "mask": style})["image"]
    assert np.array_equal(made, np.broadcast_to(style[0, 0], photo.shape))


def test_frames_go_through_one_by_one_and_come_out_in_order(identity, make_package, photo):
    manifest = (
        MASKED.split("[inputs.mask]", maxsplit=1)[0].replace('"image"', '"images"')
        + """
[outputs.image]
type = "images"
label = "P"
[settings]
graph = "model.onnx"
[settings.feeds.x]
input = "image"
[settings.results.image]
tensor = "y"
"""
    )
    frames = [photo, photo[::-1], photo[:20, :30]]
    context = PlainContext()
    made = run(ONNXBackend(), make_package(identity, manifest), {"image": frames}, context)["image"]
    assert all(np.array_equal(a, b) for a, b in zip(made, frames, strict=True))
    assert context.reports == [(1, 3), (2, 3), (3, 3)]


def test_scores_become_a_label(make_graph, make_package, photo):
    shape = ("float", ["n", 3, "h", "w"])
    nodes = [("GlobalAveragePool", ["x"], ["g"]), ("Flatten", ["g"], ["y"])]
    manifest = """
[inputs.image]
type = "image"
label = "P"
[outputs.colour]
type = "text"
label = "C"
[settings]
graph = "model.onnx"
[settings.feeds.x]
input = "image"
[settings.results.colour]
tensor = "y"
labels = ["red", "green", "blue"]
"""
    package = make_package(make_graph(nodes, {"x": shape}, {"y": ("float", ["n", 3])}), manifest)
    green = np.full((4, 4, 3), (9, 200, 30), np.uint8)
    assert run(ONNXBackend(), package, {"image": green})["colour"] == "green"

    # The largest of what is no number is no choice.
    nodes = [*nodes[:1], ("Flatten", ["g"], ["f"]), ("Log", ["zero"], ["none"]), ("Mul", ["f", "none"], ["y"])]
    wrong = make_graph(nodes, {"x": shape}, {"y": ("float", ["n", 3])}, {"zero": np.zeros(1, np.float32)})
    with pytest.raises(ModelError, match="not numbers"):
        run(ONNXBackend(), make_package(wrong, manifest), {"image": green})


@pytest.mark.parametrize(("strength", "expected"), [(0.0, 200), (0.25, 150), (1.0, 0)])
def test_strength_mixes_the_result_into_the_picture(make_graph, make_package, strength, expected):
    shape = ("float", ["n", 3, "h", "w"])
    model = make_graph([("Mul", ["x", "zero"], ["y"])], {"x": shape}, {"y": shape}, {"zero": np.zeros(1, np.float32)})
    manifest = MASKED.replace('[inputs.mask]\ntype = "mask"', '[inputs.mix]\ntype = "number"\ndefault = 1.0')
    manifest = manifest.replace('[settings.feeds.m]\ninput = "mask"\n', "") + 'strength = "mix"\n'
    made = run(
        ONNXBackend(), make_package(model, manifest), {"image": np.full((6, 6, 3), 200, np.uint8), "mix": strength}
    )
    assert np.unique(made["image"]).tolist() == [expected]


def test_jobs_of_one_moment_share_a_run_and_get_their_own_pictures(identity, make_package, photo):
    manifest = MASKED.replace('[inputs.mask]\ntype = "mask"\nlabel = "M"\n', "")
    manifest = manifest.replace('[settings.feeds.m]\ninput = "mask"\n', "")
    model = ONNXBackend().load(make_package(identity, manifest), Device())
    pictures = [np.roll(photo, shift, axis=0) for shift in range(6)]

    async def together():
        batcher = Batcher()
        rows = []
        kernel = model._kernel
        count = lambda feeds: (rows.append(len(feeds["x"])), run_kernel(feeds))[1]  # noqa: E731
        run_kernel = kernel.run
        object.__setattr__(kernel, "run", count)
        jobs = [
            model.run({"image": picture}, JobContext(str(place), batcher, lambda *_: None))
            for place, picture in enumerate(pictures)
        ]
        try:
            return await asyncio.gather(*jobs), rows
        finally:
            await batcher.close()

    made, rows = asyncio.run(together())
    assert all(np.array_equal(outputs["image"], picture) for outputs, picture in zip(made, pictures, strict=True))
    assert sum(rows) == 6
    assert max(rows) > 1


def test_a_number_for_a_tensor_of_several_is_refused(number):
    inputs = '[inputs.v]\ntype = "number"\nlabel = "V"\n'
    with pytest.raises(ArtratorError, match=r"settings\.feeds\.x is given one number, but the graph wants more: x"):
        number(("float", [1, 3]), [1, 10, 100], inputs, 'input = "v"', {"v": 1})


@pytest.mark.parametrize(("shape", "scores"), [([1, 4], 4), ([1, 4, 1, 1], 4), ([4], 4), (["n", "c"], None)])
def test_as_many_labels_as_scores(make_graph, make_package, shape, scores):
    graph = make_graph([("Identity", ["x"], ["y"])], {"x": ("float", ["n", 3, "h", "w"])}, {"y": ("float", shape)})
    manifest = MASKED.split("[outputs")[0].replace('[inputs.mask]\ntype = "mask"\nlabel = "M"\n', "")
    manifest += '[outputs.label]\ntype = "text"\nlabel = "L"\n[settings]\ngraph = "model.onnx"\n'
    manifest += '[settings.feeds.x]\ninput = "image"\n[settings.results.label]\ntensor = "y"\nlabels = '
    ONNXBackend().inspect(make_package(graph, manifest + '["a", "b", "c", "d"]'))
    if scores is not None:
        with pytest.raises(ArtratorError, match="has 3 entries, but the tensor has 4 scores"):
            ONNXBackend().inspect(make_package(graph, manifest + '["a", "b", "c"]'))


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('graph = "model.onnx"', 'graph = "modle.onnx"', ["artrator.toml:18", "did you mean model.onnx"]),
        (
            "[settings.feeds.x]",
            "[settings.feeds.y]",
            ["artrator.toml:19", "feeds.y is no input of the graph", "x: float"],
        ),
        ('input = "image"', 'input = "imagge"', ["artrator.toml:20", "did you mean image"]),
        ('input = "image"', 'input = "image"\nlayout = "NCWH"', ["artrator.toml:21", "'NCHW' or 'NHWC'"]),
        ('input = "image"', 'input = "image"\nlayuot = "NCHW"', ["artrator.toml:21", "did you mean 'layout'"]),
        ('input = "image"', 'input = "image"\nrange = [0, 0]', ["artrator.toml:21", "same number"]),
        ('input = "image"', 'input = "image"\nrange = [0]', ["artrator.toml:21", "2 numbers"]),
        ('input = "image"', 'input = "image"\norder = "GRAY"', ["artrator.toml:19", "3 channels", "'GRAY' has 1"]),
        ('input = "image"', 'input = "image"\nstd = [1, 0, 1]', ["artrator.toml:21", "zero"]),
        ('input = "image"', "", ["artrator.toml:19", "exactly one of 'input', 'noise' and 'constant'"]),
        ('input = "image"', 'input = "image"\n[settings.size]\nmode = "tile"', ["artrator.toml:21", "'tile' = "]),
        ('input = "image"', 'input = "image"\n[settings.size]\nmode = "tiles"', ["artrator.toml:22", "'tile'"]),
        (
            'input = "image"',
            'input = "image"\n[settings.size]\nmode = "tile"\ntile = 32\noverlap = 17',
            ["artrator.toml:24", "half of the tile"],
        ),
        (
            'input = "image"',
            'input = "image"\n[settings.size]\nmode = "tile"\ntile = 30\nmultiple = 4',
            ["artrator.toml:23", "multiple of 4"],
        ),
        ("[settings.results.image]", "[settings.results.imag]", ["artrator.toml:21", "is no output"]),
        ('tensor = "y"', 'tensor = "z"', ["artrator.toml:22", "the graph makes y: float32"]),
        ('tensor = "y"', 'tensor = "y"\nstrength = "image"', ["artrator.toml:23", "must be of type number"]),
        ("[settings]\n", "[settings]\nbatch = 0\n", ["artrator.toml:18", "at least 1"]),
        ("[settings]\n", '[settings]\nrows = "image"\n', ["artrator.toml:18", "integer"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_line_and_what_may_stand_there(identity, make_package, old, new, words):
    manifest = """
[inputs.image]
type = "image"
label = "P"
[outputs.image]
type = "image"
label = "P"

[settings]
graph = "model.onnx"
[settings.feeds.x]
input = "image"
[settings.results.image]
tensor = "y"
"""
    with pytest.raises(ArtratorError) as caught:
        ONNXBackend().inspect(make_package(identity, manifest.replace(old, new)))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert all(word in caught.value.message for word in words), caught.value.message


def test_a_tensor_that_nothing_goes_into_is_named(make_graph, make_package):
    shape = ("float", ["n", 3, "h", "w"])
    model = make_graph([("Mul", ["x", "m"], ["y"])], {"x": shape, "m": shape, "late": ("float", [])}, {"y": shape})
    with pytest.raises(ArtratorError, match=r"settings\.feeds does not say what goes into the tensor 'late'"):
        ONNXBackend().inspect(make_package(model, MASKED))


def test_an_input_that_changes_nothing_is_a_warning(identity, make_package):
    manifest = MASKED.replace('[settings.feeds.m]\ninput = "mask"\n', "")
    found = ONNXBackend().inspect(make_package(identity, manifest))
    assert found.warnings == ["The input 'mask' changes nothing."]
    assert found.memory_bytes > 0


def test_a_graph_that_takes_three_rows_exactly_is_refused(make_graph, make_package):
    shape = ("float", [3, 3, "h", "w"])
    model = make_graph([("Mul", ["x", "m"], ["y"])], {"x": shape, "m": shape}, {"y": shape})
    with pytest.raises(ArtratorError, match="takes exactly 3 rows"):
        ONNXBackend().load(make_package(model, MASKED), Device())


def test_a_file_that_is_no_tokenizer_is_refused(make_graph, make_package):
    model = make_graph([("Cast", ["x"], ["y"], {"to": 1})], {"x": ("int64", ["n", "t"])}, {"y": ("float", ["n", "t"])})
    manifest = f"""
[inputs.prompt]
type = "text"
label = "P"
{NUMBER_OUT}
[settings]
graph = "model.onnx"
[settings.feeds.x]
input = "prompt"
tokenizer = "t.json"
[settings.results.number]
tensor = "y"
"""
    with pytest.raises(ArtratorError, match=r"t\.json is not a tokenizer"):
        ONNXBackend().inspect(make_package(model, manifest, {"t.json": b'{"a": 1}'}))
