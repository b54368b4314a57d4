"""What a backend says of a package that nobody has signed, however large the numbers in it are."""

import asyncio
import shutil
from pathlib import Path

import pytest

from artrator.package import check
from artrator.worker.trial import ask_backend, try_loading

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("example", "setting", "huge"),
    [("upscale-x4", "tile = 160", "tile = 2_000_000_000"), ("painterly", "multiple = 4", "multiple = 2_000_000_000")],
)
def test_a_package_that_fits_into_no_machine_is_said_to_need_the_most_there_is(example, setting, huge, tmp_path):
    """A number of more than 64 bits ended the worker, and nobody was told why."""
    folder = shutil.copytree(EXAMPLES / example / "package", tmp_path / example)
    manifest = folder / "artrator.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(setting, huge), encoding="utf-8")
    report = asyncio.run(ask_backend(folder, check(folder)))
    assert report.ok, report.problems
    assert asyncio.run(try_loading(folder, report)).inspection.memory_bytes == (1 << 63) - 1
