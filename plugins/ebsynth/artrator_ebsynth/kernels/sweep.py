"""One sweep of the search over a band of rows: propagation from two neighbours, then random tries around the match.

No candidate is measured in full that a cheaper, exact bound excludes: the occupancy of its patch alone, then the
distance between the means of the two patches, then the upper rows of the patch.
"""

from typing import Any, Final

import numpy as np
from numba import float32, int32, int64, types, uint32

from artrator_ebsynth.kernels.compilation import kernel
from artrator_ebsynth.kernels.simd import add_to, at, squared_distance

_int16s = types.Array(types.int16, 1, "C")
_uint8s = types.Array(types.uint8, 2, "C")
_int32s = types.Array(types.int32, 1, "C")
_matches = types.Array(types.int32, 2, "C")
_floats = types.Array(types.float32, 2, "C")
#: What rounding to float32 can add to a bound that is exact otherwise.
_ROUNDING = np.float32(0.9999)


_SIGNATURE = types.void(
    types.UniTuple(_int16s, 4), types.UniTuple(_int16s, 2), types.UniTuple(types.int64, 4),
    types.UniTuple(types.float32, 4), _floats, types.boolean, _uint8s, _matches, _matches, _floats,
    _int32s, _uint8s, _uint8s, _int16s, types.Array(types.int64, 1, "C"), types.UniTuple(types.int64, 4),
    types.int64, types.uint32, types.Array(types.uint8, 1, "C"),
)  # fmt: skip


def _for_patch(patch: int) -> Any:
    """The kernel for one side of a patch: as a constant it lets the compiler unroll what is done most."""

    @kernel(_SIGNATURE)
    def sweep(
        values, means, shape, scales, modulation, masked, allowed, matches, before, costs, occupancy, inside,
        active, mask, radii, rows, step, seed, cancelled,
    ):  # fmt: skip
        """Improve ``matches`` and ``costs`` in a range of rows.

        Args:
            values: Target style, target guides (both padded), source style, source guides; int16, flat.
            means: Of the target's and of the source's patches, style and guides together.
            shape: Style channels, guide channels, source height, source width.
            scales: What turns int16 sums into energies: style, guides, means; then the cost of one unit of
                occupancy.
            modulation: How much the guides count at a target pixel.
            masked: Whether ``allowed`` says more than that a patch lies in the source.
            allowed: Source pixels that may be the centre of a match.
            matches: Packed; read from the band's own rows and written there.
            before: The matches at the start of the sweep; read where a row belongs to another band.
            costs: The patch distance of every match.
            occupancy: The band's own: for every source pixel, padded by the radius, how much the patch around it is
                used.
            inside: Target pixels that are searched at all.
            active: Those that are searched now.
            mask: For ``squared_distance``.
            radii: Of the random tries, largest first.
            rows: First and last row of the range, first and last row of the band.
            step: 1 goes down and right, -1 up and left.
            seed: Of the random tries.
            cancelled: Not zero ends the sweep at the next row.
        """
        target_style, target_guides, source_style, source_guides = values
        target_means, source_means = means
        channels, guides, source_height, source_width = shape
        style_scale, guide_scale, mean_scale, occupancy_cost = scales
        first, last, band_first, band_last = rows
        width = matches.shape[1]
        radius = patch // 2
        upper = (patch + 1) // 2
        style_stride = (width + 2 * radius) * channels
        guide_stride = (width + 2 * radius) * guides
        occupied_width = source_width + 2 * radius
        centres = source_width - 2 * radius
        lowest_x = radius
        highest_x = source_width - 1 - radius
        lowest_y = radius
        highest_y = source_height - 1 - radius
        # Means are rounded: a difference may be one unit off in every channel.
        together = channels + guides
        slack = np.sqrt(float32(together))
        for row in range(last - first):
            if cancelled[0] != 0:
                return
            y = first + row if step > 0 else last - 1 - row
            above = y - step
            for column in range(width):
                x = column if step > 0 else width - 1 - column
                if active[y, x] == 0:
                    continue
                best = matches[y, x]
                held = best
                distance = costs[y, x]
                cost = distance + occupancy_cost * float32(
                    at(occupancy, (int64(best >> 16) + radius) * occupied_width + int64(best & 0xFFFF) + radius)
                )
                guide_weight = guide_scale * modulation[y, x]
                # At most 1, so it bounds the style's part too.
                mean_weight = mean_scale * modulation[y, x] * _ROUNDING
                style_place = y * style_stride + x * channels
                guide_place = y * guide_stride + x * guides
                mean_place = y * width + x
                centre_x = int64(0)
                centre_y = int64(0)
                noise = uint32(0)
                for try_ in range(2 + len(radii)):
                    if try_ == 0:
                        if column == 0 or inside[y, x - step] == 0:
                            continue
                        neighbour = matches[y, x - step]
                        sx = int64(neighbour & 0xFFFF) + step
                        sy = int64(neighbour >> 16)
                        if sx < lowest_x or sx > highest_x:
                            continue
                    elif try_ == 1:
                        if above < 0 or above >= matches.shape[0] or inside[above, x] == 0:
                            continue
                        own = above >= band_first and above < band_last
                        neighbour = matches[above, x] if own else before[above, x]
                        sx = int64(neighbour & 0xFFFF)
                        sy = int64(neighbour >> 16) + step
                        if sy < lowest_y or sy > highest_y:
                            continue
                    else:
                        if try_ == 2:
                            centre_x = int64(best & 0xFFFF)
                            centre_y = int64(best >> 16)
                            noise = uint32(uint32(y * 65599 + x) ^ seed)
                            noise = uint32(uint32(noise ^ (noise >> uint32(16))) * uint32(0x7FEB352D))
                            noise = uint32(uint32(noise ^ (noise >> uint32(15))) * uint32(0x846CA68B))
                        reach = radii[try_ - 2]
                        left = max(centre_x - reach, lowest_x)
                        right = min(centre_x + reach, highest_x)
                        top = max(centre_y - reach, lowest_y)
                        bottom = min(centre_y + reach, highest_y)
                        noise = uint32(uint32(noise * uint32(747796405)) + uint32(2891336453))
                        drawn = uint32(noise ^ (noise >> uint32(15)))
                        sx = left + ((int64(drawn & uint32(0xFFFF)) * (right - left + 1)) >> 16)
                        sy = top + ((int64(drawn >> uint32(16)) * (bottom - top + 1)) >> 16)
                    candidate = (int32(sy) << 16) | int32(sx)
                    if candidate == best or (masked and allowed[sy, sx] == 0):
                        continue
                    limit = cost - occupancy_cost * float32(at(occupancy, (sy + radius) * occupied_width + sx + radius))
                    if limit <= float32(0):
                        continue
                    source_mean = (sy - radius) * centres + sx - radius
                    apart = np.sqrt(float32(squared_distance(
                        target_means, mean_place * together, 0,
                        source_means, source_mean * together, 0, 1, together, mask,
                    ))) - slack  # fmt: skip
                    if apart > float32(0) and apart * apart * mean_weight >= limit:
                        continue
                    corner = (sy - radius) * source_width + sx - radius
                    guide = squared_distance(
                        target_guides, guide_place, guide_stride,
                        source_guides, corner * guides, source_width * guides, upper, patch * guides, mask,
                    )  # fmt: skip
                    if float32(guide) * guide_weight >= limit:
                        continue
                    style = squared_distance(
                        target_style, style_place, style_stride,
                        source_style, corner * channels, source_width * channels, patch, patch * channels, mask,
                    )  # fmt: skip
                    if float32(style) * style_scale + float32(guide) * guide_weight >= limit:
                        continue
                    guide += squared_distance(
                        target_guides, guide_place + upper * guide_stride, guide_stride,
                        source_guides, (corner + upper * source_width) * guides, source_width * guides,
                        patch - upper, patch * guides, mask,
                    )  # fmt: skip
                    found = float32(style) * style_scale + float32(guide) * guide_weight
                    if found >= limit:
                        continue
                    # One match more there, one less here: 1, 2 … patch … 2, 1 along both axes.
                    put = (sy - radius) * occupied_width + sx - radius
                    take = (int64(best >> 16) - radius) * occupied_width + int64(best & 0xFFFF) - radius
                    for j in range(2 * patch - 1):
                        row_weight = patch - abs(j - patch + 1)
                        for i in range(2 * patch - 1):
                            weight = int32(row_weight * (patch - abs(i - patch + 1)))
                            add_to(occupancy, put + j * occupied_width + i, weight)
                        for i in range(2 * patch - 1):
                            weight = int32(row_weight * (patch - abs(i - patch + 1)))
                            add_to(occupancy, take + j * occupied_width + i, -weight)
                    best = candidate
                    distance = found
                    cost = found + occupancy_cost * float32(at(occupancy, (sy + radius) * occupied_width + sx + radius))
                if best != held:
                    matches[y, x] = best
                    costs[y, x] = distance

    return sweep


#: By the side of a patch.
SWEEPS: Final = {patch: _for_patch(patch) for patch in (3, 5, 7)}
