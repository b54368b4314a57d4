"""What the documentation of plugins says is true."""

import asyncio
import dataclasses
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from artrator import hookspecs
from artrator.plugins import Wants, find_backend
from artrator.worker.limits import Limits

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "plugins.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "write-a-backend.md").read_text(encoding="utf-8")


def hooks():
    return [
        (name, function)
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if hasattr(function, "artrator_spec")
    ]


def test_every_hook_is_documented_with_its_signature():
    assert [name for name, _ in hooks()] == ["register_backends", "register_rails"]
    for name, function in hooks():
        assert f"\n{name}({', '.join(inspect.signature(function).parameters)})\n" in REFERENCE


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Limits)])
def test_every_limit_is_documented(field):
    assert f"| `{field}` |" in REFERENCE


def test_every_want_is_documented():
    for field in dataclasses.fields(Wants):
        assert f"`{field.name} = true`" in REFERENCE or f"`[{field.name}]`" in REFERENCE


def test_the_first_backend_of_the_how_to_works():
    source = next(block for block in re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL) if "class Sepia" in block)
    module = {}
    exec(source, module)
    registered = []
    module["register_backends"](registered.append)
    model = registered[0].load(None, None)
    outputs = asyncio.run(model.run({"image": np.zeros((2, 2, 3), np.uint8)}, None))
    assert (outputs["image"] == 255).all()


def test_the_built_in_backends_ask_for_the_gpu_and_nothing_else():
    assert [find_backend(name).wants.names() for name in ("onnx", "diffusion")] == [["gpu"], ["gpu"]]
