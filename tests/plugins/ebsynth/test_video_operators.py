"""What packages may ask of the operators: wrong settings are named with their line, and several styles work."""

import re
import subprocess
import sys

import numpy as np
import pytest

from artrator.backend import Device
from artrator.errors import ArtratorError, Code
from artrator.package import read_manifest
from artrator.testing import FolderFiles, PlainContext, run
from artrator_ebsynth import EBSynthBackend

HEAD = """
name = "thing"
version = "1.0"
title = "Thing"
summary = "A thing"
task = "image-to-image"
backend = "ebsynth"
license = "CC0-1.0"
"""
PICTURES = """
[inputs.{name}]
type = "{kind}"
label = "{name}"
max_pixels = 10000
"""
CLIP = (
    HEAD
    + "".join(PICTURES.format(name=name, kind="images") for name in ("frames", "painted", "where", "depth"))
    + """
[inputs.numbers]
type = "text"
label = "Numbers"
[inputs.still]
type = "image"
label = "Still"
alpha = true
required = false
[outputs.film]
type = "images"
label = "Film"
[settings]
operator = "video"
frames = "frames"
keyframes = "painted"
numbers = "numbers"
masks = "where"
output = "film"
[settings.weights]
edges = 2
[settings.guides.depth]
frames = "depth"
weight = 3
"""
)
SEVERAL = (
    HEAD
    + "".join(PICTURES.format(name=name, kind="images") for name in ("styles", "sources"))
    + PICTURES.format(name="target", kind="image")
    + """
[outputs.image]
type = "image"
label = "Image"
[settings]
style = "styles"
[settings.guides.map]
source = "sources"
target = "target"
"""
)


def package(text):
    return FolderFiles(read_manifest(text), {})


def test_a_package_of_clips_is_accepted_and_says_what_changes_nothing():
    found = EBSynthBackend().inspect(package(CLIP))
    assert found.warnings == ["The input 'still' changes nothing."]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('operator = "video"', 'operator = "film"', r"settings.operator is 'film'; use 'guided'"),
        ('frames = "frames"', 'frames = "still"', r"settings.frames is 'still', of type image; it must be images"),
        ('numbers = "numbers"', 'numbers = "frames"', r"settings.numbers is 'frames', of type images; it must be text"),
        ('keyframes = "painted"\n', "", r"settings.keyframes is missing"),
        ("edges = 2", "edges = -2", r"settings.weights.edges is -2.*; it must be at least 0"),
        ("edges = 2", "edge = 2", r"settings.weights.edge is not known to this backend; did you mean 'edges'"),
        ('frames = "depth"', 'frames = "still"', r"settings.guides.depth.frames is 'still', of type image"),
        ('masks = "where"', 'mask = "where"', r"settings.mask is not known to this backend; did you mean 'masks'"),
        ('output = "film"', 'output = "films"', r"settings.output is 'films'; use 'film'"),
        ("[settings.weights]", "patch = 4\n[settings.weights]", r"settings.patch is 4; use 3, 5 or 7"),
    ],
)
def test_a_mistake_in_the_settings_is_told_with_its_line(old, new, says):
    with pytest.raises(ArtratorError) as caught:
        EBSynthBackend().inspect(package(CLIP.replace(old, new)))
    assert caught.value.code is Code.PACKAGE_INVALID
    assert re.search(r"artrator.toml:\d+: " + says, caught.value.message), caught.value.message


def test_frames_with_alpha_are_refused_when_the_package_is_checked():
    text = CLIP.replace('label = "frames"\n', 'label = "frames"\nalpha = true\n')
    with pytest.raises(ArtratorError, match=r"settings.frames is 'frames', which has alpha"):
        EBSynthBackend().inspect(package(text))


def test_a_clip_over_the_memory_of_the_node_is_refused_before_it_begins(blobs):
    frames = [blobs(40, 48, 3)] * 3
    job = {"frames": frames, "painted": frames[:1], "numbers": "1"}
    with pytest.raises(ArtratorError, match=r"^frames: these sizes need \d+ MiB of memory, and this node gives 64"):
        run(EBSynthBackend(), package(CLIP), job, device=Device(memory_bytes=64 << 20))


def test_a_clip_within_what_was_declared_fits_into_what_was_declared(blobs):
    """What inspection says is enough for the largest clip that the manifest lets in."""
    declared = EBSynthBackend().inspect(package(CLIP)).memory_bytes
    frames = [blobs(100, 100, 3)] * 64
    job = {"frames": frames, "painted": frames, "numbers": " ".join(str(number) for number in range(1, 65))}
    made = run(EBSynthBackend(), package(CLIP), job, device=Device(memory_bytes=declared))
    assert len(made["film"]) == 64


def test_a_cancelled_film_ends_as_cancelled(blobs):
    context = PlainContext()
    context.progress = lambda *news: setattr(context, "cancelled", True)
    frames = [blobs(40, 48, 3) for _ in range(3)]
    with pytest.raises(ArtratorError) as caught:
        run(EBSynthBackend(), package(CLIP), {"frames": frames, "painted": frames[:1], "numbers": "1"}, context)
    assert caught.value.code is Code.JOB_CANCELLED


def test_a_picture_is_made_of_several_styles(blobs):
    """Each half of the target looks like the source of another style."""
    styles = [np.full((30, 30, 3), colour, np.uint8) for colour in ((250, 0, 0), (0, 0, 250))]
    sources = [np.full((30, 30, 3), grey, np.uint8) for grey in (20, 230)]
    target = np.full((32, 40, 3), 20, np.uint8)
    target[:, 20:] = 230
    made = run(EBSynthBackend(), package(SEVERAL), {"styles": styles, "sources": sources, "target": target})["image"]
    assert (made[:, :16] == (250, 0, 0)).all()
    assert (made[:, 24:] == (0, 0, 250)).all()


def test_several_styles_need_as_many_sources(blobs):
    job = {"styles": [blobs(30, 30, 3)] * 2, "sources": [blobs(30, 30, 3)], "target": blobs(30, 30, 3)}
    with pytest.raises(ArtratorError, match=r"guide map \(source\): holds 1 pictures, and there are 2 styles"):
        run(EBSynthBackend(), package(SEVERAL), job)


def test_a_single_source_beside_several_styles_is_refused_when_the_package_is_checked():
    text = SEVERAL.replace('source = "sources"', 'source = "target"')
    with pytest.raises(
        ArtratorError, match=r"settings.guides.map.source is 'target', of type image; it must be images"
    ):
        EBSynthBackend().inspect(package(text))


def test_who_makes_no_video_does_not_load_what_only_videos_need():
    program = "import sys, artrator_ebsynth; sys.exit('cv2' in sys.modules or 'scipy.fft' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
