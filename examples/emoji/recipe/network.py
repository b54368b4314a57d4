# SPDX-License-Identifier: Apache-2.0
"""The denoiser: a small text- and style-conditioned U-Net for 32x32 RGB pictures.

It predicts the velocity of a rectified flow.  Three choices keep a training step cheap on one CPU core:

* the picture enters and leaves through a pixel (un)shuffle, so no convolution runs at 32x32;
* most parameters sit at 4x4, where one parameter costs 16 multiplications a picture instead of 256;
* two *concept maps*, computed by a perceptron straight from the text embedding, are added to the features
  at 4x4 and 8x8.  Their parameters cost one multiplication each and hold much of what a noun looks like.

Every normalisation is over one picture alone (group norm), so a picture does not depend on its batch mates.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

CONDITION_DIM = 384
"""Width of a MiniLM sentence embedding."""

STYLES = ("noto", "twemoji", "fluent")
"""Order of the one-hot style input."""

IMAGE_SIZE = 32
"""Height and width of a picture in pixels."""


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the network.

    Attributes:
        channels: feature channels at 16x16, 8x8 and 4x4.
        embedding: width of the joint time/text/style vector that modulates every block.
        concept_channels: channels of the two concept maps, at 8x8 and at 4x4.
        head_channels: channels of one attention head.
    """

    channels: tuple[int, int, int] = (48, 96, 256)
    embedding: int = 384
    concept_channels: tuple[int, int] = (16, 96)
    head_channels: int = 32

    def to_dict(self) -> dict[str, object]:
        """Return the fields as plain JSON-compatible values."""
        return asdict(self)


def time_features(time: Tensor, width: int = 64) -> Tensor:
    """Sine and cosine features of the flow time.

    Args:
        time: ``[n]`` float, flow time in 0..1.
        width: number of features, even.

    Returns:
        ``[n, width]`` float features in -1..1.
    """
    half = width // 2
    frequencies = torch.exp(torch.arange(half, dtype=time.dtype, device=time.device) * (-math.log(1000.0) / (half - 1)))
    # The fastest wave turns about 16 times (100 rad) over the unit interval.
    angles = 100.0 * time[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def start_at_zero(layer: nn.Conv2d | nn.Linear) -> None:
    """Set a layer to output zeros."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with group norm; the embedding scales and shifts between them."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(8, channels)
        self.conv_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(embedding, 2 * channels)
        self.norm_out = nn.GroupNorm(8, channels)
        self.conv_out = nn.Conv2d(channels, channels, 3, padding=1)
        # Start as the identity: deep stacks then train stably from the first step.
        start_at_zero(self.conv_out)

    def forward(self, features: Tensor, embedding: Tensor) -> Tensor:
        """Map ``[n, c, h, w]`` features and an ``[n, e]`` embedding to ``[n, c, h, w]``."""
        hidden = self.conv_in(functional.silu(self.norm_in(features)))
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)
        hidden = functional.silu(self.norm_out(hidden) * (1 + scale) + shift)
        result: Tensor = features + self.conv_out(hidden)
        return result


class AttentionBlock(nn.Module):
    """Multi-head self-attention over all positions of a feature map."""

    def __init__(self, channels: int, head_channels: int) -> None:
        super().__init__()
        self.heads = channels // head_channels
        self.norm = nn.GroupNorm(8, channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.projection = nn.Linear(channels, channels)
        start_at_zero(self.projection)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[n, c, h, w]`` features to ``[n, c, h, w]``."""
        count, channels, height, width = features.shape
        tokens = self.norm(features).flatten(2).transpose(1, 2)
        heads = self.query_key_value(tokens).reshape(count, height * width, 3, self.heads, channels // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        attended = functional.scaled_dot_product_attention(query, key, value)
        mixed: Tensor = self.projection(attended.transpose(1, 2).reshape(count, height * width, channels))
        return features + mixed.transpose(1, 2).reshape(count, channels, height, width)


class Denoiser(nn.Module):
    """U-Net at 16x16, 8x8 and 4x4 that predicts the flow velocity of 32x32 pictures."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.channels
        width = config.embedding
        concept_middle, concept_coarse = config.concept_channels
        self.middle_shape, self.coarse_shape = (-1, concept_middle, 8, 8), (-1, concept_coarse, 4, 4)

        self.time_mlp = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.concept_mlp = nn.Sequential(
            nn.Linear(CONDITION_DIM + len(STYLES), width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.concept_to_embedding = nn.Linear(width, width)
        self.concept_to_coarse = nn.Linear(width, concept_coarse * 4 * 4)
        self.concept_to_middle = nn.Linear(width, concept_middle * 8 * 8)
        self.merge_coarse = nn.Conv2d(concept_coarse, coarse, 1)
        self.merge_middle = nn.Conv2d(concept_middle, middle, 1)

        self.stem = nn.Conv2d(12, fine, 3, padding=1)
        self.fine_in = ResidualBlock(fine, width)
        self.down_middle = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.middle_in = ResidualBlock(middle, width)
        self.down_coarse = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.coarse_1 = ResidualBlock(coarse, width)
        self.coarse_2 = ResidualBlock(coarse, width)
        self.up_middle = nn.Conv2d(coarse, middle, 1)
        self.middle_1 = ResidualBlock(middle, width)
        self.middle_attention = AttentionBlock(middle, config.head_channels)
        self.middle_2 = ResidualBlock(middle, width)
        self.up_fine = nn.Conv2d(middle, fine, 1)
        self.fine_1 = ResidualBlock(fine, width)
        self.fine_2 = ResidualBlock(fine, width)
        self.norm = nn.GroupNorm(8, fine)
        self.head = nn.Conv2d(fine, 12, 3, padding=1)
        start_at_zero(self.head)

    def forward(self, sample: Tensor, time: Tensor, condition: Tensor, style: Tensor) -> Tensor:
        """Predict the velocity ``data - noise`` at a point of the flow.

        Args:
            sample: ``[n, 3, 32, 32]``, the point ``(1 - time) * noise + time * data``; data is RGB in -1..1.
            time: ``[n]`` in 0..1; 0 is pure noise, 1 is a finished picture.
            condition: ``[n, 384]`` unit-length text embedding, or zeros for no text.
            style: ``[n, 3]`` one-hot over :data:`STYLES`, or zeros for any style.

        Returns:
            ``[n, 3, 32, 32]`` velocity.
        """
        # A unit vector of 384 numbers has entries near 0.05; bring them to unit variance.
        text = condition * math.sqrt(CONDITION_DIM)
        concept = self.concept_mlp(torch.cat([text, style], dim=1))
        embedding = functional.silu(self.time_mlp(time_features(time)) + self.concept_to_embedding(concept))
        coarse_map = self.merge_coarse(self.concept_to_coarse(concept).reshape(self.coarse_shape))
        middle_map = self.merge_middle(self.concept_to_middle(concept).reshape(self.middle_shape))

        fine = self.fine_in(self.stem(functional.pixel_unshuffle(sample, 2)), embedding)
        middle = self.middle_in(self.down_middle(fine), embedding)
        coarse = self.down_coarse(middle) + coarse_map
        coarse = self.coarse_2(self.coarse_1(coarse, embedding), embedding)
        # The 1x1 convolution runs before the upsampling: the same result for a quarter of the work.
        middle = middle + functional.interpolate(self.up_middle(coarse), scale_factor=2.0, mode="nearest") + middle_map
        middle = self.middle_2(self.middle_attention(self.middle_1(middle, embedding)), embedding)
        fine = fine + functional.interpolate(self.up_fine(middle), scale_factor=2.0, mode="nearest")
        fine = self.fine_2(self.fine_1(fine, embedding), embedding)
        return functional.pixel_shuffle(self.head(functional.silu(self.norm(fine))), 2)
