# SPDX-License-Identifier: Apache-2.0
"""A clip made by code, and a painting of any of its frames: what the samples and the benchmark work on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def clip(count: int = 11, width: int = 960, height: int = 540, seed: int = 0) -> list[Picture]:
    """Frames of hills that pass by under two balls that roll, with grain."""
    random = np.random.default_rng(seed)
    scale = width / 960
    land = _land(random, height, width + round(6 * scale * count) + 8)
    balls = [_ball(random, round(radius * scale)) for radius in (110, 70)]
    frames = []
    for number in range(count):
        offset = 6 * scale * number
        frame = _shifted(land, offset, width).astype(np.float32)
        for place, (ball, shape) in enumerate(balls):
            x = (0.2 + 0.45 * place) * width + (7 - 16 * place) * scale * number
            y = (0.45 + 0.25 * place) * height + 8 * scale * np.sin(0.5 * number + place)
            turn = cv2.getRotationMatrix2D((ball.shape[1] / 2, ball.shape[0] / 2), (-4 + 9 * place) * number, 1)
            turn[:, 2] += x - ball.shape[1] / 2, y - ball.shape[0] / 2
            cover = cv2.warpAffine(shape, turn, (width, height))[:, :, None]
            frame = frame * (1 - cover) + cv2.warpAffine(ball, turn, (width, height)) * cover
        frames.append(np.clip(frame + random.normal(0, 1.5, frame.shape), 0, 255).astype(np.uint8))
    return frames


def painting(frame: Picture, seed: int = 0, brush: float = 1) -> Picture:
    """The frame in short brush strokes along its edges, large ones first; ``brush`` makes all of them larger."""
    random = np.random.default_rng(seed)
    height, width = frame.shape[:2]
    smooth = cv2.GaussianBlur(frame, (0, 0), width / 240)
    grey = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY).astype(np.float32)
    angle = np.arctan2(cv2.Sobel(grey, -1, 0, 1, ksize=5), cv2.Sobel(grey, -1, 1, 0, ksize=5)) + np.pi / 2
    canvas = np.full_like(frame, (236, 228, 208))
    for size in (round(brush * width / parts) for parts in (40, 80, 160)):
        for _ in range(round(2.2 * height * width / max(2, size) ** 2)):
            x, y = int(random.integers(width)), int(random.integers(height))
            colour = np.clip(smooth[y, x].astype(int) * 1.15 - 12 + random.normal(0, 14, 3), 0, 255)
            turn = angle[y, x] + random.normal(0, 0.25)
            end = round(x + 2 * size * np.cos(turn)), round(y + 2 * size * np.sin(turn))
            cv2.line(canvas, (x, y), end, [int(c) for c in colour], max(1, size // 2), cv2.LINE_AA)
    return canvas


def _land(random: np.random.Generator, height: int, width: int) -> Picture:
    noise = sum(_octave(random, height, width, step) * step for step in (4, 12, 40, 120)) / 176
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    hills = 0.45 + 0.25 * _octave(random, 1, width, 200) + 0.1 * _octave(random, 1, width, 60) - 0.15
    ground = 1 / (1 + np.exp((hills - y) * 60))
    sky = np.stack([90 + 110 * y + 40 * noise, 140 + 70 * y + 40 * noise, 220 - 30 * y + 0 * noise], -1)
    grass = np.stack([70 + 130 * noise, 105 + 90 * noise - 40 * y, 40 + 60 * noise], -1)
    return np.clip(sky * (1 - ground[:, :, None]) + grass * ground[:, :, None], 0, 255).astype(np.uint8)


def _octave(random: np.random.Generator, height: int, width: int, step: int) -> npt.NDArray[np.float32]:
    coarse = random.random((height // step + 3, width // step + 3)).astype(np.float32)
    size = coarse.shape[1] * step, coarse.shape[0] * step
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)[:height, :width]


def _ball(random: np.random.Generator, radius: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    side = 2 * radius + 4
    y, x = np.mgrid[:side, :side].astype(np.float32) - side / 2
    far = np.hypot(x, y) / radius
    light = np.clip(1.1 - 0.55 * np.hypot(x / radius + 0.4, y / radius + 0.5), 0.15, 1)
    stripes = (np.sin(x / radius * 7) > 0).astype(np.float32)
    colour = np.stack([200 + 40 * stripes, 60 + 120 * stripes, 50 + 20 * stripes], -1)
    spots = _octave(random, side, side, max(2, radius // 8))[:, :, None] * 50
    return (colour + spots) * light[:, :, None], np.clip((1 - far) * radius, 0, 1).astype(np.float32)


def _shifted(land: Picture, offset: float, width: int) -> Picture:
    move = np.array([[1, 0, -offset], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(land, move, (width, land.shape[0]), flags=cv2.INTER_LINEAR), np.uint8)
