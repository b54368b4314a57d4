"""The energy of example-based synthesis in plain float64 loops: shares no code with the plugin that it judges."""

import numpy as np


def patch_distance(target, source, weights, target_place, source_place, patch):
    """The weighted squared distance of two patches, pixel by pixel; the target is repeated past its edge."""
    radius = patch // 2
    total = 0.0
    for j in range(-radius, radius + 1):
        for i in range(-radius, radius + 1):
            y = min(max(target_place[0] + j, 0), target.shape[0] - 1)
            x = min(max(target_place[1] + i, 0), target.shape[1] - 1)
            difference = target[y, x].astype(float) - source[source_place[0] + j, source_place[1] + i].astype(float)
            total += float((weights * difference**2).sum())
    return total


def channel_weights(style, guides):
    """As the documentation says: a weight is shared by the channels of its picture."""
    weights = [1 / style.shape[2]] * style.shape[2]
    for source, _, weight in guides:
        weights += [weight / source.shape[2]] * source.shape[2]
    return np.array(weights)


def stacked(style, guides, image):
    """Source and target with all channels side by side."""
    source = np.concatenate([style, *(guide[0] for guide in guides)], axis=2)
    target = np.concatenate([image, *(guide[1] for guide in guides)], axis=2)
    return source, target


def distances(style, guides, made, patch, modulation=None):
    """The patch distance of every match of a synthesis."""
    source, target = stacked(style, guides, made.image)
    weights = channel_weights(style, guides)
    is_guide = np.arange(len(weights)) >= style.shape[2]
    result = np.zeros(made.error.shape)
    for y, x in np.ndindex(result.shape):
        scale = 1.0 if modulation is None else modulation[y, x] / 255
        counted = np.where(is_guide, weights * scale, weights)
        result[y, x] = patch_distance(target, source, counted, (y, x), (made.field.y[y, x], made.field.x[y, x]), patch)
    return result


def mean_occupancy(made, shape, patch):
    """How unevenly the source is used: 1 where every pixel is used as often as every other."""
    uses = np.zeros(shape)
    radius = patch // 2
    places = list(zip(made.field.y.ravel(), made.field.x.ravel(), strict=True))
    for y, x in places:
        uses[y - radius : y + radius + 1, x - radius : x + radius + 1] += 1
    ideal = len(places) * patch**2 / (shape[0] * shape[1])
    means = [uses[y - radius : y + radius + 1, x - radius : x + radius + 1].mean() for y, x in places]
    return float(np.mean(means)) / ideal
