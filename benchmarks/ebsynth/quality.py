"""How good a result is, in float64, by code that no implementation shares.

J      mean energy of the final picture at the field that came with it, uniformity included: what all of them minimise
Estar  needs the picture alone: the exact nearest source patch of some random target patches
Comp   the other way round: how near the picture comes to some random source patches; repetition and blur raise it
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from cases import Case

Floats = npt.NDArray[np.float64]


def judge(
    case: Case, image: npt.NDArray[np.uint8], y: npt.NDArray[np.int32], x: npt.NDArray[np.int32], samples: int
) -> dict[str, float]:
    """J, E, U, Estar and Comp of one result."""
    weights = np.sqrt(np.concatenate([case.style_weights, case.guide_weights]).astype(np.float64))
    source = np.concatenate([case.style, case.source], axis=2) * weights
    target = np.concatenate([image, case.target], axis=2) * weights
    radius = case.patch // 2
    padded = np.pad(target, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    energy = np.zeros(y.shape)
    for j in range(case.patch):
        for i in range(case.patch):
            difference = padded[j : j + y.shape[0], i : i + y.shape[1]] - source[y + j - radius, x + i - radius]
            energy += np.einsum("yxc,yxc->yx", difference, difference)
    use = _evenness(y, x, case.style.shape[:2], case.patch)
    random = np.random.default_rng(0)
    asked = random.integers(radius, np.array(target.shape[:2])[:, None] - radius, (2, samples))
    back = random.integers(radius, np.array(source.shape[:2])[:, None] - radius, (2, samples))
    return {
        "J": float(energy.mean() + case.uniformity * use),
        "E": float(energy.mean()),
        "U": use,
        "Estar": float(np.mean(_nearest(target, asked, source, case.patch))),
        "Comp": float(np.median(_nearest(source, back, target, case.patch))),
    }


def _evenness(y: npt.NDArray[np.int32], x: npt.NDArray[np.int32], shape: tuple[int, ...], patch: int) -> float:
    """The mean use of the patches used, over the use that all would have alike."""
    radius = patch // 2
    hits = np.zeros(shape)
    np.add.at(hits, (y.ravel(), x.ravel()), 1)
    uses = _box(np.pad(hits, radius), patch)
    return float(_box(np.pad(uses, radius), patch)[y, x].mean() / patch**2 / (y.size / hits.size * patch**2))


def _box(values: Floats, side: int) -> Floats:
    view = np.lib.stride_tricks.sliding_window_view(values, (side, side))
    return np.asarray(view.sum(axis=(2, 3)))


def _nearest(wanted: Floats, places: npt.NDArray[np.int64], among: Floats, patch: int) -> Floats:
    """The exact squared distance from each wanted patch to the nearest one among all."""
    queries = _patches(wanted, patch)[places[0] - patch // 2, places[1] - patch // 2].reshape(places.shape[1], -1)
    queries = queries.astype(np.float32)
    own = np.einsum("ij,ij->i", queries, queries)
    best = np.full(len(queries), np.inf, np.float32)
    rows = _patches(among, patch)
    for top in range(0, len(rows), 8):
        block = rows[top : top + 8].reshape(-1, queries.shape[1]).astype(np.float32)
        distance = np.einsum("ij,ij->i", block, block)[None, :] - 2 * queries @ block.T
        best = np.minimum(best, distance.min(axis=1))
    return np.maximum(best + own, 0).astype(np.float64)


def _patches(values: Floats, patch: int) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(values, (patch, patch), axis=(0, 1))
