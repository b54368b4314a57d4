"""The folder layout of a Stable Diffusion model that Optimum exported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from artrator.backend import PackageFiles
from artrator.errors import ArtratorError, Code
from artrator.onnx_runtime import TensorFacts, TokenReader, read_graph_of
from artrator.settings import Settings
from artrator_diffusion.autoencoder import AutoencoderSettings
from artrator_diffusion.pipelines.networks import Network, fault, read_network
from artrator_diffusion.schedulers import Samplers
from artrator_diffusion.text import ClipPart

_NEEDED: Final = (
    "text_encoder/model.onnx",
    "unet/model.onnx",
    "vae_decoder/model.onnx",
    "scheduler/scheduler_config.json",
)
#: The longest side, in latents, that is decoded whole where the package does not say.
_TILE: Final = 128
#: Tokens of a prompt at most, whatever a configuration says.
_LONGEST: Final = 512
#: How often a network may halve a picture: more would be no picture any more, and its configuration a mistake.
_HALVINGS: Final = 8
#: Numbers beyond are a mistake; JSON's whole numbers have no end, and floats may be none.
_HUGE: Final = 1e100
_HIDDEN: Final = "hidden_states."


@dataclass(frozen=True)
class OptimumFolder:
    """What the graphs and configurations say.

    Attributes:
        texts: The text encoders; two of them in an SDXL.
        network: The denoiser.
        autoencoder: Decoder and, where the folder has one, encoder.
        samplers: The schedulers that fit, and how the network was trained.
        grain: Sizes of pictures that come from buyers are filled up to multiples of this, in pixels, so that the
            network can halve them as often as it wants to.
        zeros_for_empty: Whether zeros stand for no prompt, instead of the empty text.
    """

    texts: tuple[ClipPart, ...]
    network: Network
    autoencoder: AutoencoderSettings
    samplers: Samplers
    grain: int
    zeros_for_empty: bool

    @classmethod
    def read(cls, package: PackageFiles, settings: Settings) -> OptimumFolder:
        """Read and check the folder that ``folder`` names; "." is the package itself.

        Raises:
            ArtratorError: ``package_invalid`` with the file at fault.
        """
        place: str = settings.text("folder", ".")
        base = "" if place == "." else f"{place.rstrip('/')}/"
        names = frozenset(package.names())
        for name in _NEEDED:
            if base + name not in names:
                raise settings.error(
                    "folder", f"must hold {name}, as Optimum exports it; the package has no {base + name}."
                )
        model = _config(package, f"{base}model_index.json")
        large = f"{base}text_encoder_2/model.onnx" in names
        autoencoder = _autoencoder(package, base, settings)
        network = read_network(package, f"{base}unet/model.onnx", autoencoder.channels, two_encoders=large)
        halvings = _levels(package, f"{base}unet/config.json")
        return cls(
            # SDXL was trained on the last layer but one of its encoders.
            texts=(_text(package, base, "", large), _text(package, base, "_2", large))
            if large
            else (_text(package, base, "", large),),
            network=network,
            autoencoder=autoencoder,
            samplers=_samplers(package, f"{base}scheduler/scheduler_config.json"),
            grain=autoencoder.factor * 2**halvings,
            zeros_for_empty=large and bool(model.get("force_zeros_for_empty_prompt", True)),
        )

    def reader(self, part: ClipPart, package: PackageFiles) -> TokenReader:
        """A tokenizer: from ``tokenizer.json`` where there is no older pair of files."""
        names = frozenset(package.names())
        whole = f"{part.tokenizer}/tokenizer.json"
        vocabulary, merges = f"{part.tokenizer}/vocab.json", f"{part.tokenizer}/merges.txt"
        if vocabulary in names and merges in names:
            return TokenReader.from_clip(
                package.read(vocabulary),
                package.read(merges),
                name=part.tokenizer,
                max_length=part.max_length,
                filling=part.filling,
            )
        if whole not in names:
            raise ArtratorError(Code.PACKAGE_INVALID, f"{part.tokenizer} holds neither tokenizer.json nor vocab.json.")
        return TokenReader.from_json(
            package.read(whole), name=whole, max_length=part.max_length, pad=True, filling=part.filling
        )


def _text(package: PackageFiles, base: str, number: str, large: bool) -> ClipPart:
    graph = f"{base}text_encoder{number}/model.onnx"
    facts = read_graph_of(package, graph)
    if len(facts.inputs) != 1:
        shown = ", ".join(map(str, facts.inputs.values()))
        raise fault(graph, f"must take token numbers and nothing else; it has {shown}")
    hidden, pooled = "last_hidden_state", "text_embeds" if number else None
    if large:
        layers = [int(name.removeprefix(_HIDDEN)) for name in facts.outputs if _is_layer(name)]
        # Layer 0 is what goes into the first layer, so the last but one needs at least two.
        if len(layers) < 2:
            raise fault(graph, "must give out its layers hidden_states.0, hidden_states.1, …: export it as SDXL")
        hidden = f"{_HIDDEN}{max(layers) - 1}"
    for name in (hidden, pooled):
        if name is not None and name not in facts.outputs:
            raise fault(graph, f"has no output {name}; it has {', '.join(map(str, facts.outputs.values()))}")
    file = f"{base}tokenizer{number}/tokenizer_config.json"
    tokenizer = _config(package, file)
    return ClipPart(
        graph=graph,
        tokenizer=f"{base}tokenizer{number}",
        ids=next(iter(facts.inputs)),
        hidden=hidden,
        pooled=pooled,
        max_length=int(min(_number(tokenizer, "model_max_length", 77, file), _LONGEST)),
        filling=_token(tokenizer.get("pad_token"), "<|endoftext|>"),
    )


def _is_layer(name: str) -> bool:
    return name.startswith(_HIDDEN) and name.removeprefix(_HIDDEN).isdecimal()


def _autoencoder(package: PackageFiles, base: str, settings: Settings) -> AutoencoderSettings:
    file = f"{base}vae_decoder/config.json"
    config = _config(package, file)
    decoder, encoder = f"{base}vae_decoder/model.onnx", f"{base}vae_encoder/model.onnx"
    facts = read_graph_of(package, decoder)
    channels = _channels(decoder, facts.inputs, int(_number(config, "latent_channels", 4, file)), None)
    _channels(decoder, facts.outputs, 3, 3)
    known = encoder in package.names()
    if known:
        facts = read_graph_of(package, encoder)
        _channels(encoder, facts.inputs, 3, 3)
        # The middle of a latent, or the middle and how surely it lies there.
        if _channels(encoder, facts.outputs, channels, None) not in {channels, 2 * channels}:
            raise fault(encoder, f"must give {channels} or {2 * channels} channels: {_shown(facts.outputs)}")
    sampling: Settings = settings.table("sampling")
    tile: int = sampling.integer("tile", _TILE, minimum=8)
    if tile % 4:
        raise sampling.error("tile", f"is {tile}; it must be a multiple of 4.")
    return AutoencoderSettings(
        decoder=decoder,
        encoder=encoder if known else None,
        factor=2 ** _levels(package, file),
        channels=channels,
        scaling=_number(config, "scaling_factor", 1.0, file),
        shift=_number(config, "shift_factor", 0.0, file, signed=True),
        tile=tile,
    )


def _channels(file: str, tensors: Mapping[str, TensorFacts], usual: int, wanted: int | None) -> int:
    """The channels of the only tensor; ``usual`` where the graph leaves them open."""
    if len(tensors) != 1:
        raise fault(file, f"must have one input and one output; it has {_shown(tensors)}")
    (tensor,) = tensors.values()
    shape = tensor.shape if tensor.shape is not None else ("", usual, "", "")
    if len(shape) != 4 or (wanted is not None and shape[1] != wanted and isinstance(shape[1], int)):
        layout = f"[batch, {wanted or 'channels'}, height, width]"
        raise fault(file, f"must have the axes {layout}: {tensor}")
    return shape[1] if isinstance(shape[1], int) else usual


def _shown(tensors: Mapping[str, TensorFacts]) -> str:
    return ", ".join(map(str, tensors.values()))


def _samplers(package: PackageFiles, name: str) -> Samplers:
    try:
        return Samplers.from_config(_config(package, name))
    except (ValueError, TypeError, OverflowError) as error:
        raise fault(name, str(error)) from error


def _config(package: PackageFiles, name: str) -> Mapping[str, Any]:
    if name not in package.names():
        return {}
    try:
        found = json.loads(package.read(name))
    except (ValueError, RecursionError) as error:
        raise ArtratorError(Code.PACKAGE_INVALID, f"{name} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ArtratorError(Code.PACKAGE_INVALID, f"{name} is not a JSON object.")
    return found


def _number(config: Mapping[str, Any], key: str, default: float, file: str, *, signed: bool = False) -> float:
    """A number of a configuration; where it says nothing, the default."""
    value = config.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
        raise fault(file, f"{key} must be a number")
    if value <= 0 and not signed:
        raise fault(file, f"{key} is {value}; it must be above 0")
    return float(value)


def _levels(package: PackageFiles, file: str) -> int:
    """How often a network halves what it is given; as in Stable Diffusion 1 where its configuration does not say."""
    found = _config(package, file).get("block_out_channels", [0] * 4)
    if not isinstance(found, list) or not 1 <= len(found) <= _HALVINGS + 1:
        raise fault(file, f"block_out_channels must be a list of 1 to {_HALVINGS + 1} numbers")
    return len(found) - 1


def _token(value: object, default: str) -> str:
    """A token as text; older files wrap it into a table."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else default
