"""The folder layout of a Stable Diffusion model that Optimum exported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from artrator.backend import PackageFiles
from artrator.errors import ArtratorError, Code
from artrator.manifest import InputType, Manifest
from artrator.onnx_runtime import TokenReader
from artrator.settings import Settings
from artrator_diffusion.guidance import DenoiserTensors
from artrator_diffusion.packages import read_graph_of
from artrator_diffusion.schedulers.noise import NoiseSchedule
from artrator_diffusion.text.encoder import TextSettings

#: What goes into the denoiser of this family; larger families want more, and are refused by name.
_DENOISER_INPUTS: Final = {"sample", "timestep", "encoder_hidden_states"}


@dataclass(frozen=True)
class OptimumFolder:
    """What the configurations say.

    Attributes:
        text_encoder, unet, decoder: The graphs.
        tokenizer: The folder of the tokenizer.
        factor: Pixels a latent, in each direction.
        channels: Of latents.
        scaling, shift: From the sampler's latents to the decoder's: divide, then add.
        max_length, filling: Tokens of a prompt, and the one that fills up.
    """

    text_encoder: str
    unet: str
    decoder: str
    tokenizer: str
    factor: int
    channels: int
    scaling: float
    shift: float
    schedule: NoiseSchedule
    max_length: int
    filling: str
    tensors: DenoiserTensors = DenoiserTensors("sample", "timestep", "out_sample")  # noqa: RUF009 - frozen

    @classmethod
    def read(cls, package: PackageFiles, settings: Settings) -> OptimumFolder:
        """Read and check the folder that ``folder`` names; "." is the package itself.

        Raises:
            ArtratorError: ``package_invalid`` with the file at fault.
        """
        place: str = settings.text("folder", ".")
        base = "" if place == "." else f"{place.rstrip('/')}/"
        names = frozenset(package.names())
        needed = (
            "text_encoder/model.onnx",
            "unet/model.onnx",
            "vae_decoder/model.onnx",
            "scheduler/scheduler_config.json",
        )
        for name in needed:
            if base + name not in names:
                raise settings.error(
                    "folder", f"must hold {name}, as Optimum exports it; the package has no {base + name}."
                )
        unet = read_graph_of(package, f"{base}unet/model.onnx")
        if set(unet.inputs) != _DENOISER_INPUTS or "out_sample" not in unet.outputs:
            shown = ", ".join(map(str, unet.inputs.values()))
            raise settings.error(
                "pipeline", f"wants the denoiser inputs {sorted(_DENOISER_INPUTS)}; this one has {shown}."
            )
        vae = _config(package, f"{base}vae_decoder/config.json")
        tokenizer = _config(package, f"{base}tokenizer/tokenizer_config.json")
        scheduler = f"{base}scheduler/scheduler_config.json"
        try:
            schedule = NoiseSchedule.from_config(_config(package, scheduler))
        except (ValueError, TypeError) as error:
            raise ArtratorError(Code.PACKAGE_INVALID, f"{scheduler}: {error}.") from error
        channels = (unet.inputs["sample"].shape or ("", 4))[1]
        return cls(
            text_encoder=f"{base}text_encoder/model.onnx",
            unet=f"{base}unet/model.onnx",
            decoder=f"{base}vae_decoder/model.onnx",
            tokenizer=f"{base}tokenizer",
            factor=2 ** (len(vae.get("block_out_channels", [0] * 4)) - 1),
            channels=channels if isinstance(channels, int) else int(vae.get("latent_channels", 4)),
            scaling=float(vae.get("scaling_factor") or 1.0),
            shift=float(vae.get("shift_factor") or 0.0),
            schedule=schedule,
            max_length=min(int(tokenizer.get("model_max_length", 77)), 512),
            filling=_token(tokenizer.get("pad_token"), "<|endoftext|>"),
        )

    def text(self, settings: Settings, manifest: Manifest) -> TextSettings:
        """Read ``[settings.text]``: only which inputs hold the prompt and what is not wanted."""
        table: Settings = settings.table("text")
        for key in ("input", "negative"):
            name = table.text(key, None) if key == "negative" else table.text(key)
            spec = manifest.inputs.get(name) if name else None
            if name and (spec is None or spec.type is not InputType.TEXT):
                raise table.error(key, f"is '{name}'; it must be an input of type text.")
        return TextSettings(
            graph=self.text_encoder,
            tokenizer=self.tokenizer,
            prompt=table.text("input"),
            negative=table.text("negative", None),
            max_length=self.max_length,
            pad=True,
        )

    def reader(self, package: PackageFiles) -> TokenReader:
        """The tokenizer: from ``tokenizer.json`` where there is one, else from the two older files."""
        names = frozenset(package.names())
        whole = f"{self.tokenizer}/tokenizer.json"
        vocabulary, merges = f"{self.tokenizer}/vocab.json", f"{self.tokenizer}/merges.txt"
        if vocabulary in names and merges in names:
            return TokenReader.from_clip(
                package.read(vocabulary),
                package.read(merges),
                name=self.tokenizer,
                max_length=self.max_length,
                filling=self.filling,
            )
        if whole not in names:
            raise ArtratorError(Code.PACKAGE_INVALID, f"{self.tokenizer} holds neither tokenizer.json nor vocab.json.")
        return TokenReader.from_json(
            package.read(whole), name=whole, max_length=self.max_length, pad=True, filling=self.filling
        )


def _config(package: PackageFiles, name: str) -> Mapping[str, Any]:
    if name not in package.names():
        return {}
    try:
        found = json.loads(package.read(name))
    except ValueError as error:
        raise ArtratorError(Code.PACKAGE_INVALID, f"{name} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ArtratorError(Code.PACKAGE_INVALID, f"{name} is not a JSON object.")
    return found


def _token(value: object, default: str) -> str:
    """A token as text; older files wrap it into a table."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else default
