"""The backend: checks a package without running it, and loads it."""

from __future__ import annotations

from typing import Final

from artrator.backend import Device, Inspection, Model, PackageFiles
from artrator.manifest import InputType
from artrator.onnx_runtime import GraphFacts, TokenReader, load_graph
from artrator.onnx_runtime.providers import at_least
from artrator_onnx.model import ONNXModel
from artrator_onnx.reader import read_spec
from artrator_onnx.spec import PictureFeed, Spec, TokenFeed

#: What onnxruntime, numpy and the interpreter take before anything is loaded.
_RUNTIME_BYTES: Final = 160 << 20
#: Weights are held as read, as parsed and once more as packed for the processor.
_COPIES_OF_WEIGHTS: Final = 3
#: How many of the widest layer's arrays live at once: in, out, a branch that waits, and what the arena keeps.
_LIVE_LAYERS: Final = 4
#: A side that a picture may have where neither the manifest nor the graph says so.
_UNBOUNDED_PIXELS: Final = 4096 * 4096


class ONNXBackend:
    """Runs any package that is one ONNX graph, as its ``[settings]`` say."""

    name = "onnx"

    def inspect(self, package: PackageFiles) -> Inspection:
        """Check settings, graph and tokenizers."""
        spec, facts = read_spec(package)
        _readers(package, spec)
        used = {getattr(feed, "input", None) for feed in spec.feeds.values()} | {spec.rows}
        used |= {getattr(feed, "seed", None) for feed in spec.feeds.values()}
        used |= {getattr(result, "strength", None) for result in spec.results.values()}
        warnings = [f"The input '{name}' changes nothing." for name in package.manifest.inputs if name not in used]
        return Inspection(_memory_bound(package, spec, facts), warnings)

    def load(self, package: PackageFiles, device: Device) -> Model:
        """Load the graph."""
        spec, _ = read_spec(package)
        device = at_least(device, spec.precision)
        return ONNXModel(spec, load_graph(package, spec.graph, device), _readers(package, spec))


def _readers(package: PackageFiles, spec: Spec) -> dict[str, TokenReader]:
    """A tokenizer for each tensor of tokens."""
    return {
        tensor: TokenReader.from_json(
            package.read(feed.tokenizer), name=feed.tokenizer, max_length=feed.max_length, pad=feed.pad
        )
        for tensor, feed in spec.feeds.items()
        if isinstance(feed, TokenFeed)
    }


def _memory_bound(package: PackageFiles, spec: Spec, facts: GraphFacts) -> int:
    """Weights, plus the widest layer at full size a few times over, plus the buyer's pictures."""
    weights = facts.weight_bytes * _COPIES_OF_WEIGHTS
    largest = _largest_picture(package, spec)
    size = spec.size
    if size.mode == "dynamic":
        at_once = min(largest, size.max_pixels) if size.max_pixels else largest
        at_once = max(at_once, size.multiple**2)  # to which the smallest picture is grown
        rows = 1
    else:
        at_once = size.height * size.width
        rows = spec.batch if size.mode == "tile" else 1
    layer = at_once * rows * max(facts.widest, 3) * 4
    # In and out as bytes and as floats; what comes out may be larger, which the widest layer covers per tile.
    pictures = largest * 3 * (1 + 4) * 2
    return _RUNTIME_BYTES + weights + layer * _LIVE_LAYERS + pictures


def _largest_picture(package: PackageFiles, spec: Spec) -> int:
    """Pixels of the largest picture that the manifest lets in."""
    largest = 0
    for feed in spec.feeds.values():
        if not isinstance(feed, PictureFeed):
            continue
        declared = package.manifest.inputs[feed.input]
        bounds = [_UNBOUNDED_PIXELS]
        if declared.max_pixels is not None:
            bounds.append(declared.max_pixels)
        if declared.max_side is not None:
            bounds.append(declared.max_side**2)
        count = declared.max_items or 1 if declared.type is InputType.IMAGES else 1
        largest += min(bounds) * count
    return largest
