"""Exports the tiny random networks that ``mini-stable-diffusion.tgz`` lacks: see README.md."""

import io
import json
import shutil
import sys
import tarfile
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from optimum.exporters.onnx import main_export
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

data, work = Path(sys.argv[1]), Path(sys.argv[2])
with tarfile.open(data / "mini-stable-diffusion.tgz") as archive:
    archive.extractall(work, filter="data")
mini = work / "sd/mini-optimum"
tokenizer = CLIPTokenizer.from_pretrained(mini / "tokenizer")
WORDS = len(tokenizer)
UNET = {
    "block_out_channels": (4, 8),
    "norm_num_groups": 2,
    "layers_per_block": 1,
    "sample_size": 32,
    "out_channels": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": 4,
}
SCHEDULER = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)


def text_config(width: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        bos_token_id=WORDS - 2, eos_token_id=WORDS - 1, pad_token_id=WORDS - 1, hidden_size=width,
        intermediate_size=2 * width, num_attention_heads=2, num_hidden_layers=3, vocab_size=WORDS,
        max_position_embeddings=77, projection_dim=width,
    )  # fmt: skip


def autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=[4] * 4, norm_num_groups=2, latent_channels=4,
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
    )  # fmt: skip


def export(pipeline: object, name: str, parts: list[str]) -> None:
    pipeline.save_pretrained(work / f"{name}-torch")
    shutil.rmtree(work / name, ignore_errors=True)
    main_export(str(work / f"{name}-torch"), str(work / name), task="text-to-image", library_name="diffusers")
    with tarfile.open(data / f"{name}.tar.xz", "w:xz") as archive:
        for file in [
            "model_index.json",
            *(f"{part}/{file}" for part in parts for file in ("config.json", "model.onnx")),
        ]:
            content = (work / name / file).read_bytes()
            if file.endswith(".json"):
                config = json.loads(content)
                config.pop("_name_or_path", None)  # where it lay on the machine that made it
                content = json.dumps(config, indent=1).encode()
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


for name, more in (("inpainting", {"in_channels": 9}), ("distilled", {"in_channels": 4, "time_cond_proj_dim": 8})):
    torch.manual_seed(1)
    unet = UNet2DConditionModel(**UNET, **more, cross_attention_dim=16)
    pipeline = StableDiffusionPipeline(
        vae=autoencoder(), text_encoder=CLIPTextModel(text_config(16)), tokenizer=tokenizer, unet=unet,
        scheduler=SCHEDULER, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    export(pipeline, name, ["unet"])
torch.manual_seed(2)
unet = UNet2DConditionModel(
    **UNET, in_channels=4, cross_attention_dim=20, addition_embed_type="text_time", addition_time_embed_dim=4,
    projection_class_embeddings_input_dim=12 + 6 * 4, use_linear_projection=True, transformer_layers_per_block=1,
)  # fmt: skip
pipeline = StableDiffusionXLPipeline(
    vae=autoencoder(), text_encoder=CLIPTextModel(text_config(8)),
    text_encoder_2=CLIPTextModelWithProjection(text_config(12)), tokenizer=tokenizer, tokenizer_2=tokenizer,
    unet=unet, scheduler=SCHEDULER, add_watermarker=False,
)  # fmt: skip
export(pipeline, "xl", ["unet", "text_encoder", "text_encoder_2"])
