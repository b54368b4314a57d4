"""Refuses graphs that nobody should load: foreign operators, weights outside the package, sizes that lie.

This is a gate, not a sandbox: loading runs in a confined worker all the same, and endless loops or huge tensors are
stopped there. What can be seen without running is refused here, with a sentence that names it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime.graph import GraphFacts, read_graph

#: ONNX's own operators, its classical machine learning, and onnxruntime's own.
DOMAINS: Final = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})


def check_graph(model: bytes, name: str, files: Collection[str]) -> GraphFacts:
    """Read ``model`` and refuse it if it is not safe to load.

    Args:
        model: The bytes of the ONNX file.
        name: Its path in the package.
        files: Every signed file of the package; weights in other files must be among them.

    Raises:
        ArtratorError: ``package_invalid`` with what is wrong.
    """
    facts = read_graph(model, name)
    foreign = sorted(f"{domain}.{operator}" for domain, operator in facts.operators if domain not in DOMAINS)
    if foreign:
        raise _refuse(
            f"{name} uses the operator {foreign[0]}, which onnxruntime does not bring along.",
            "Export the model again with standard ONNX operators only.",
        )
    if facts.functions:
        raise _refuse(
            f"{name} defines functions of its own.",
            "Inline them before you sign: onnx.inliner.inline_local_functions.",
        )
    if facts.problems:
        raise _refuse(f"{name} {facts.problems[0]}.", "Export the model again; the file is damaged or forged.")
    for location in sorted(facts.external):
        if external_path(name, location) not in files:
            raise _refuse(
                f"{name} keeps weights in '{location}', which is not a signed file of the package.",
                "Put that file beside the model, inside the package, and sign again.",
            )
    return facts


def external_path(model: str, location: str) -> str:
    """Where in the package a model's external file lies: beside the model. Paths that climb out lead nowhere."""
    path = PurePosixPath(location)
    if path.is_absolute() or ".." in path.parts or "\\" in location or ":" in location:
        return ""
    return str(PurePosixPath(model).parent / path)


def _refuse(message: str, cure: str) -> ArtratorError:
    return ArtratorError(Code.PACKAGE_INVALID, message, cure=cure)
