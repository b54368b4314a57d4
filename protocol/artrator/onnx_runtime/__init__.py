"""onnxruntime for backends: telemetry off, the right device or an honest refusal, weights as bytes.

onnxruntime itself is imported only when a session is made, so that reading a graph needs nothing but this package.
"""

from __future__ import annotations

import os

# onnxruntime reads this once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from artrator.onnx_runtime.gate import check_graph
from artrator.onnx_runtime.graph import GraphFacts, TensorFacts, read_graph
from artrator.onnx_runtime.graphs import GraphChange, load_graph, read_graph_of
from artrator.onnx_runtime.sessions import Session, session
from artrator.onnx_runtime.tokens import TokenReader
from artrator.onnx_runtime.wheels import Wheel, describe, installed_wheels, require_runtime

__all__ = [
    "GraphChange",
    "GraphFacts",
    "Session",
    "TensorFacts",
    "TokenReader",
    "Wheel",
    "check_graph",
    "describe",
    "installed_wheels",
    "load_graph",
    "read_graph",
    "read_graph_of",
    "require_runtime",
    "session",
]
