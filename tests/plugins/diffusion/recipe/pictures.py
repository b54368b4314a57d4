"""Runs the pipelines of diffusers over the tiny networks and keeps what they make: see README.md."""

import shutil
import sys
import tarfile
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from optimum import onnxruntime as pipelines

data, work = Path(sys.argv[1]), Path(sys.argv[2])
HEIGHT, WIDTH, SEED = 32, 48, 11
ASKED = {"prompt": "a photo of a cat", "guidance_scale": 7.5, "output_type": "np"}
random = np.random.default_rng(5)
# Colours that change softly, with grain on them: nothing that an edge or a flat would hide a mistake behind.
soft = np.mgrid[0:HEIGHT, 0:WIDTH].sum(0)[..., None] * np.array([2.0, 1.2, 2.8]) + random.normal(
    0, 12, (HEIGHT, WIDTH, 3)
)
PICTURE = np.clip(soft, 0, 255).astype(np.uint8)
MASK = np.zeros((HEIGHT, WIDTH), np.uint8)
MASK[8:24, 16:40] = 255  # along the edges of latents, where diffusers and this backend read masks alike
drawn = np.random.Generator(np.random.PCG64(SEED))


def noise(shape, generator=None, device=None, dtype=None, layout=None):
    return torch.from_numpy(drawn.standard_normal(tuple(shape[1:]), dtype=np.float32))[None]


class FlowScheduler(diffusers.FlowMatchEulerDiscreteScheduler):
    """With what the pipelines of Stable Diffusion ask of older schedulers."""

    init_noise_sigma = 1.0

    def scale_model_input(self, sample, timestep):
        return sample

    def add_noise(self, sample, noise, timestep):
        sigma = self.sigmas[(self.timesteps == timestep.flatten()[0]).nonzero()[0, 0]]
        return sigma * noise + (1.0 - sigma) * sample


BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
SCHEDULERS = {
    "ddim": lambda: diffusers.DDIMScheduler(**BETAS, clip_sample=False, set_alpha_to_one=False),
    "euler": lambda: diffusers.EulerDiscreteScheduler(**BETAS, timestep_spacing="leading"),
    "euler-karras": lambda: diffusers.EulerDiscreteScheduler(
        **BETAS, timestep_spacing="leading", use_karras_sigmas=True
    ),
    "euler-ancestral": lambda: diffusers.EulerAncestralDiscreteScheduler(**BETAS, timestep_spacing="leading"),
    "dpm++2m": lambda: diffusers.DPMSolverMultistepScheduler(**BETAS, timestep_spacing="leading"),
    "dpm++2m-karras": lambda: diffusers.DPMSolverMultistepScheduler(
        **BETAS, timestep_spacing="leading", use_karras_sigmas=True
    ),
    "lcm": lambda: diffusers.LCMScheduler(**BETAS),
    "flow-euler": lambda: FlowScheduler(shift=3.0),
}


def folder(name: str) -> Path:
    """A whole model: the tiny Stable Diffusion with some of its parts replaced."""
    if name == "mini":
        return work / "sd/mini-optimum"
    whole = work / f"{name}-whole"
    shutil.copytree(work / "sd/mini-optimum", whole, dirs_exist_ok=True)
    with tarfile.open(data / f"{name}.tar.xz") as archive:
        archive.extractall(work / f"{name}-parts", filter="data")
    shutil.copytree(work / f"{name}-parts" / name, whole, dirs_exist_ok=True)
    if name == "xl":
        shutil.copytree(whole / "tokenizer", whole / "tokenizer_2", dirs_exist_ok=True)
    return whole


def make(kind: str, model: str, sampler: str, steps: int, **more) -> np.ndarray:
    global drawn  # every picture begins at the seed
    drawn = np.random.Generator(np.random.PCG64(SEED))
    pipeline = getattr(pipelines, f"ORT{kind}Pipeline").from_pretrained(folder(model), provider="CPUExecutionProvider")
    pipeline.scheduler = SCHEDULERS[sampler]()
    pipeline.set_progress_bar_config(disable=True)
    for module in list(sys.modules.values()):
        if module.__name__.startswith("diffusers.") and hasattr(module, "randn_tensor"):
            module.randn_tensor = noise
    size = {} if "Img2Img" in kind else {"height": HEIGHT, "width": WIDTH}
    return pipeline(**{**ASKED, "negative_prompt": "blurry", **more}, **size, num_inference_steps=steps).images[0]


DiagonalGaussianDistribution.sample = lambda self, generator=None: self.mode()
image = torch.from_numpy(PICTURE.astype(np.float32) / 255).permute(2, 0, 1)[None]
mask = torch.from_numpy(MASK.astype(np.float32) / 255)[None, None]
masked = {"image": image, "mask_image": mask}
text = {
    **{
        name: make("StableDiffusion", "mini", name, 4 if name == "lcm" else 8)
        for name in ("euler-karras", "euler-ancestral", "dpm++2m-karras", "lcm", "flow-euler")
    },
    "distilled-lcm": make("StableDiffusion", "distilled", "lcm", 4),
    "xl-euler": make("StableDiffusionXL", "xl", "euler", 8),
    "xl-euler-no-negative": make("StableDiffusionXL", "xl", "euler", 8, negative_prompt=None),
}
changed = {
    f"{model}-{name}-{strength}": make(f"{kind}Img2Img", model, name, 8, image=image, strength=strength)
    for kind, model, name, strength in (
        ("StableDiffusion", "mini", "ddim", 1.0),
        ("StableDiffusion", "mini", "euler", 0.6),
        ("StableDiffusion", "mini", "dpm++2m-karras", 0.5),
        ("StableDiffusion", "mini", "euler-ancestral", 0.4),
        ("StableDiffusion", "mini", "flow-euler", 0.5),
        ("StableDiffusionXL", "xl", "euler", 0.6),
    )
}
painted = {
    f"{model}-{name}-{strength}": make(f"{kind}Inpaint", model, name, 8, **masked, strength=strength)
    for kind, model, name, strength in (
        ("StableDiffusion", "mini", "ddim", 1.0),
        ("StableDiffusion", "mini", "euler", 0.7),
        ("StableDiffusion", "mini", "dpm++2m", 0.7),
        ("StableDiffusion", "mini", "euler-ancestral", 0.7),
        ("StableDiffusion", "inpainting", "euler", 1.0),
        ("StableDiffusion", "inpainting", "euler", 0.6),
        ("StableDiffusionXL", "xl", "euler", 0.7),
    )
}
np.savez_compressed(data / "text-to-image.npz", **text)
np.savez_compressed(data / "image-to-image.npz", picture=PICTURE, **changed)
np.savez_compressed(data / "inpainting.npz", picture=PICTURE, mask=MASK, **painted)
for name, found in (*text.items(), *changed.items(), *painted.items()):
    print(name, found.shape, found.min(), found.max(), found.std())
