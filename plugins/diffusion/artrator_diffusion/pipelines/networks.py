"""What a Stable Diffusion's denoiser wants to be fed, read from its graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artrator.backend import PackageFiles
from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime import GraphFacts, read_graph_of
from artrator_diffusion.guidance import DenoiserTensors

_SAMPLE: Final = "sample"
_TIME: Final = "timestep"
#: The prompt, one row a token.
HIDDEN: Final = "encoder_hidden_states"
#: The prompt in one row, and the size of the picture: SDXL.
POOLED: Final = "text_embeds"
SIZES: Final = "time_ids"
#: How strong the guidance is: networks distilled with it, as latent consistency models are.
GUIDANCE: Final = "timestep_cond"
#: The numbers of ``time_ids``: size at first, place in it, size wanted; two each.
SIZE_NUMBERS: Final = 6


@dataclass(frozen=True)
class Network:
    """A denoiser graph.

    Attributes:
        graph: The ONNX file.
        tensors: The names that every denoiser has.
        inpainting: Whether it sees mask and masked picture beside the sample.
        sized: Whether it is told the pooled prompt and the sizes, as SDXL is.
        guidance_width: Of the code that tells it the strength of guidance; None where it is guided by two predictions.
    """

    graph: str
    tensors: DenoiserTensors
    inpainting: bool
    sized: bool
    guidance_width: int | None


def read_network(package: PackageFiles, graph: str, channels: int, *, two_encoders: bool) -> Network:
    """Read and check a denoiser.

    Args:
        package: That holds it.
        graph: The ONNX file.
        channels: Of latents.
        two_encoders: Whether the package has the two text encoders of an SDXL.

    Raises:
        ArtratorError: ``package_invalid`` with the tensor at fault.
    """
    facts = read_graph_of(package, graph)
    wanted = {_SAMPLE, _TIME, HIDDEN}
    sized = {POOLED, SIZES} & set(facts.inputs)
    if sized:
        wanted |= {POOLED, SIZES}
    missing = [name for name in sorted(wanted) if name not in facts.inputs]
    stray = [str(facts.inputs[name]) for name in facts.inputs if name not in {*wanted, GUIDANCE}]
    if missing or stray:
        what = f"does not have the input {missing[0]}" if missing else f"has the input {stray[0]}, which is not known"
        raise fault(graph, f"{what}; its inputs are {', '.join(map(str, facts.inputs.values()))}")
    if sized and not two_encoders:
        raise fault(graph, f"wants {POOLED}, which text_encoder_2/model.onnx makes; the package has none")
    if two_encoders and not sized:
        raise fault(graph, f"does not take {POOLED}, which text_encoder_2 is there for")
    sizes = facts.inputs[SIZES].shape if sized else None
    if sizes is not None and isinstance(sizes[-1], int) and sizes[-1] != SIZE_NUMBERS:
        raise fault(graph, f"must take {SIZE_NUMBERS} numbers in {SIZES}: {facts.inputs[SIZES]}")
    return Network(
        graph=graph,
        tensors=DenoiserTensors(_SAMPLE, _TIME, _output(graph, facts)),
        inpainting=_is_inpainting(graph, facts, channels),
        sized=bool(sized),
        guidance_width=_guidance_width(graph, facts),
    )


def fault(file: str, problem: str) -> ArtratorError:
    """``package_invalid`` at a file of the package."""
    return ArtratorError(Code.PACKAGE_INVALID, f"{file}: {problem}.", cure="Export the model again with Optimum.")


def _output(graph: str, facts: GraphFacts) -> str:
    if "out_sample" in facts.outputs:
        return "out_sample"
    if len(facts.outputs) != 1:
        raise fault(graph, f"has no output out_sample; it has {', '.join(map(str, facts.outputs.values()))}")
    return next(iter(facts.outputs))


def _is_inpainting(graph: str, facts: GraphFacts, channels: int) -> bool:
    tensor = facts.inputs[_SAMPLE]
    shape = tensor.shape or ("", channels, "", "")
    beside = 2 * channels + 1  # the sample, the masked picture, and the mask
    seen = shape[1] if len(shape) == 4 else None
    if seen not in {channels, beside} and (isinstance(seen, int) or seen is None):
        raise fault(graph, f"must take {channels} channels, or {beside} to see mask and picture: {tensor}")
    return seen == beside


def _guidance_width(graph: str, facts: GraphFacts) -> int | None:
    tensor = facts.inputs.get(GUIDANCE)
    if tensor is None:
        return None
    width = tensor.shape[-1] if tensor.shape else None
    if not isinstance(width, int) or width < 2:
        raise fault(graph, f"must say how wide {GUIDANCE} is: {tensor}")
    return width
