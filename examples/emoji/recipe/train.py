# SPDX-License-Identifier: Apache-2.0
"""Trains the denoiser as a rectified flow on one CPU core, within a given time.

Run ``python train.py --data emoji.npz --output RUN --hours 2``; the same command resumes a stopped run.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from network import STYLES, Denoiser, NetworkConfig

STYLE_WEIGHTS = (1.0, 1.0, 0.7)
"""How often each style is drawn; the shaded 3D style gains least from 32 pixels."""


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one run."""

    batch_size: int = 64
    learning_rate: float = 1.5e-3
    final_learning_rate: float = 1e-5
    warmup_steps: int = 300
    weight_decay: float = 0.01
    average_decay: float = 0.999
    drop_everything: float = 0.1
    drop_style: float = 0.15
    text_noise: float = 0.012


@dataclass(frozen=True)
class Batch:
    """One training batch: pictures ``[n, 3, 32, 32]`` in -1..1, text ``[n, 384]``, style ``[n, 3]``."""

    pictures: Tensor
    condition: Tensor
    style: Tensor


class EmojiData:
    """The training set in memory, sampled by weight."""

    def __init__(self, path: Path, seed: int) -> None:
        saved = np.load(path)
        self.images = torch.from_numpy(saved["images"])
        self.style = torch.from_numpy(saved["style"])
        self.embeddings = torch.from_numpy(saved["embeddings"].astype(np.float32))
        self._caption_ids: np.ndarray = saved["caption_ids"]
        self._random = np.random.default_rng(seed)
        weight = saved["weight"].astype(np.float64) * np.array(STYLE_WEIGHTS)[saved["style"]]
        self._probability = weight / weight.sum()
        caption_weights = saved["caption_weights"].astype(np.float64)
        self._caption_cumulative = np.cumsum(caption_weights / caption_weights.sum(axis=1, keepdims=True), axis=1)

    def _random_text(self, rows: np.ndarray) -> Tensor:
        """Embedding of one random caption of each picture, ``[n, 384]``."""
        draws = self._random.random((len(rows), 1))
        column = (self._caption_cumulative[rows] < draws).sum(axis=1).clip(max=self._caption_ids.shape[1] - 1)
        return self.embeddings[torch.from_numpy(self._caption_ids[rows, column])]

    def batch(self, config: TrainingConfig) -> Batch:
        """Draw a random batch, with text and style dropped at random for classifier-free guidance."""
        count = config.batch_size
        rows = self._random.choice(len(self._probability), count, p=self._probability)
        pictures = self.images[torch.from_numpy(rows)].permute(0, 3, 1, 2).float() / 127.5 - 1
        # Points between two captions of one picture, and noise around them, stand for wordings never seen.
        mix = torch.rand(count, 1) * (torch.rand(count, 1) < 0.5)
        condition = torch.lerp(self._random_text(rows), self._random_text(rows), mix)
        condition = functional.normalize(condition + config.text_noise * torch.randn_like(condition), dim=1)
        style = functional.one_hot(self.style[torch.from_numpy(rows)], len(STYLES)).float()
        keep = (torch.rand(count, 1) >= config.drop_everything).float()
        keep_style = (torch.rand(count, 1) >= config.drop_style).float()
        return Batch(pictures, condition * keep, style * keep * keep_style)


def flow_times(count: int) -> Tensor:
    """Random flow times ``[count]``: logit-normal, a fifth uniform so that both ends are visited."""
    middle = torch.sigmoid(torch.randn(count))
    return torch.where(torch.rand(count) < 0.2, torch.rand(count), middle)


def flow_loss(denoiser: Callable[..., Tensor], batch: Batch) -> Tensor:
    """Mean squared error of the velocity at random points between noise and data."""
    noise = torch.randn_like(batch.pictures)
    flow_time = flow_times(len(noise))
    weight = flow_time[:, None, None, None]
    sample = (1 - weight) * noise + weight * batch.pictures
    velocity = denoiser(sample, flow_time, batch.condition, batch.style)
    return functional.mse_loss(velocity, batch.pictures - noise)


def learning_rate(config: TrainingConfig, step: int, fraction: float) -> float:
    """Linear warm-up by step, then a cosine over the *fraction of the time budget* that has passed.

    A schedule in time ends fully annealed at the deadline however fast the machine is.
    """
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))
    rate = config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine
    return rate * min(1.0, (step + 1) / config.warmup_steps)


def train(data: Path, output: Path, hours: float, checkpoint_minutes: float, compiled: bool, seed: int) -> None:
    """Train until ``hours`` have passed in all (over every resumed part), with checkpoints in ``output``."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # arithmetic on denormal numbers is many times slower
    output.mkdir(parents=True, exist_ok=True)
    newest = output / "newest.pt"
    config, budget = TrainingConfig(), hours * 3600
    denoiser, average = Denoiser(), Denoiser()
    optimiser = torch.optim.AdamW(
        denoiser.parameters(), betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=True
    )
    step, elapsed_before = 0, 0.0
    if newest.exists():
        saved = torch.load(newest, weights_only=True)
        denoiser.load_state_dict(saved["weights"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, elapsed_before = saved["step"], saved["elapsed"]
    else:
        average.load_state_dict(denoiser.state_dict())
    torch.manual_seed(seed + step)
    examples = EmojiData(data, seed + step)
    for parameter in denoiser.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    forward: Callable[..., Tensor] = torch.compile(denoiser) if compiled else denoiser
    weights, averages = list(denoiser.parameters()), [p.data for p in average.parameters()]
    size, pictures = sum(p.numel() for p in weights), len(examples.images)
    print(f"{size} parameters, {pictures} pictures, from step {step}", flush=True)

    started = time.monotonic()
    last_checkpoint, recent = elapsed_before, deque[float](maxlen=500)

    def save(elapsed: float) -> None:
        state = {
            "config": NetworkConfig.to_dict(denoiser.config), "weights": denoiser.state_dict(),
            "average": average.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "elapsed": elapsed,
        }  # fmt: skip
        torch.save(state, output / "writing.pt")
        (output / "writing.pt").replace(newest)  # a crash while writing leaves the last checkpoint whole

    while (elapsed := elapsed_before + time.monotonic() - started) < budget:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config, step, elapsed / budget)
        loss = flow_loss(forward, examples.batch(config))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        step += 1
        decay = min(config.average_decay, 1 - 1 / (step / 4 + 1))
        torch._foreach_lerp_(averages, [p.data for p in weights], 1 - decay)
        recent.append(loss.item())
        if step % 250 == 0:
            print(f"step {step} elapsed {elapsed:.0f} s loss {np.mean(recent):.4f}", flush=True)
        if elapsed - last_checkpoint > checkpoint_minutes * 60:
            save(elapsed)
            last_checkpoint = elapsed
    save(elapsed)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="training set written by data.py")
    parser.add_argument("--output", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--hours", type=float, required=True, help="training time in all")
    parser.add_argument("--checkpoint-minutes", type=float, default=10)
    parser.add_argument("--no-compile", action="store_true", help="run without torch.compile")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    train(given.data, given.output, given.hours, given.checkpoint_minutes, not given.no_compile, given.seed)


if __name__ == "__main__":
    main()
