"""One sweep of the search over a band of rows: propagation from two neighbours, then random tries around the match.

No candidate is measured in full that a cheaper, exact bound excludes: the occupancy of its patch and the distance
between the means of the two patches. All candidates of a pixel pass that before any of them is measured, without a
branch, so that the processor fetches for all of them at once; for the same reason a distance is measured in one go.
"""

from typing import Any, Final

import numpy as np
from numba import float32, int32, int64, types, uint32

from artrator_ebsynth.kernels.compilation import kernel
from artrator_ebsynth.kernels.simd import MEAN_LANES, add_to, at, means_apart, squared_distance, squared_distance_where

_int16s = types.Array(types.int16, 1, "C")
_uint8s = types.Array(types.uint8, 2, "C")
_int32s = types.Array(types.int32, 1, "C")
_matches = types.Array(types.int32, 2, "C")
_floats = types.Array(types.float32, 2, "C")
#: What rounding to float32 can add to a bound that is exact otherwise.
_ROUNDING = np.float32(0.9999)


_SIGNATURE = types.void(
    types.UniTuple(_int16s, 2), types.UniTuple(types.Array(types.uint8, 1, "C"), 2), types.UniTuple(types.int64, 3),
    types.UniTuple(types.float32, 2), types.boolean, _floats, _int16s, types.boolean, _uint8s, _matches, _matches,
    _floats, _int32s, _uint8s, _uint8s, types.Array(types.int64, 1, "C"), types.UniTuple(types.int64, 2), types.int64,
    types.uint32, types.Array(types.uint8, 1, "C"), _int32s,
)  # fmt: skip


def _for_patch(patch: int) -> Any:
    """The kernel for one side of a patch: as a constant it lets the compiler unroll what is done most."""
    radius = patch // 2

    @kernel(_SIGNATURE, patch)
    def sweep(
        values, means, shape, scales, modulated, modulation, guided, masked, allowed, matches, before, costs,
        occupancy, inside, active, radii, rows, step, seed, cancelled, candidates,
    ):  # fmt: skip
        """Improve ``matches`` and ``costs`` in a range of rows.

        Args:
            values: The target, padded, and the source, all channels side by side; int16, flat.
            means: Of the target's and of the source's patches, padded with zeros; uint8, flat.
            shape: Channels, source height, source width.
            scales: What turns squared means into squared values; the cost of one unit of occupancy.
            modulated: Whether ``modulation`` says anything.
            modulation: How much the guides count at a target pixel.
            guided: int16, one for every value of a row of a patch: -1 for those of guides, 0 for those of the style.
            masked: Whether ``allowed`` says more than that a patch lies in the source.
            allowed: Source pixels that may be the centre of a match.
            matches: Packed; read from the band's own rows and written there.
            before: The matches at the start of the sweep; read where a row belongs to another band.
            costs: The patch distance of every match, as a sum of squared values.
            occupancy: The band's own: for every source pixel, padded by the radius, how much the patch around it is
                used.
            inside: Target pixels that are searched at all.
            active: Those that are searched now.
            radii: Of the random tries, largest first.
            rows: First and last row of the band.
            step: 1 goes down and right, -1 up and left.
            seed: Of the random tries.
            cancelled: Not zero ends the sweep at the next row.
            candidates: int32, room for as many as there are radii, and for two.
        """
        target, source = values
        target_means, source_means = means
        channels, source_height, source_width = shape
        mean_scale, occupancy_cost = scales
        first, last = rows
        width = matches.shape[1]
        length = patch * channels
        stride = (width + 2 * radius) * channels
        source_stride = source_width * channels
        chunks = (channels + MEAN_LANES - 1) // MEAN_LANES
        together = chunks * MEAN_LANES
        occupied_width = source_width + 2 * radius
        centres = source_width - 2 * radius
        lowest_x = radius
        highest_x = source_width - 1 - radius
        lowest_y = radius
        highest_y = source_height - 1 - radius
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
                # At most 1, so it bounds the style's part too.
                mean_weight = mean_scale * modulation[y, x] * _ROUNDING if modulated else mean_scale * _ROUNDING
                place = y * stride + x * channels
                mean_place = (y * width + x) * together
                for stage in range(2):
                    count = 0
                    if stage == 0:
                        if column > 0 and inside[y, x - step] != 0:
                            neighbour = matches[y, x - step]
                            sx = int64(neighbour & 0xFFFF) + step
                            sy = int64(neighbour >> 16)
                            if sx >= lowest_x and sx <= highest_x and (not masked or allowed[sy, sx] != 0):
                                candidates[count] = (int32(sy) << 16) | int32(sx)
                                count += 1
                        if above >= 0 and above < matches.shape[0] and inside[above, x] != 0:
                            neighbour = matches[above, x] if above >= first and above < last else before[above, x]
                            sx = int64(neighbour & 0xFFFF)
                            sy = int64(neighbour >> 16) + step
                            if sy >= lowest_y and sy <= highest_y and (not masked or allowed[sy, sx] != 0):
                                candidates[count] = (int32(sy) << 16) | int32(sx)
                                count += 1
                    else:
                        centre_x = int64(best & 0xFFFF)
                        centre_y = int64(best >> 16)
                        noise = uint32(uint32(y * 65599 + x) ^ seed)
                        noise = uint32(uint32(noise ^ (noise >> uint32(16))) * uint32(0x7FEB352D))
                        noise = uint32(uint32(noise ^ (noise >> uint32(15))) * uint32(0x846CA68B))
                        for turn in range(len(radii)):
                            reach = radii[turn]
                            left = max(centre_x - reach, lowest_x)
                            right = min(centre_x + reach, highest_x)
                            top = max(centre_y - reach, lowest_y)
                            bottom = min(centre_y + reach, highest_y)
                            noise = uint32(uint32(noise * uint32(747796405)) + uint32(2891336453))
                            drawn = uint32(noise ^ (noise >> uint32(15)))
                            sx = left + ((int64(drawn & uint32(0xFFFF)) * (right - left + 1)) >> 16)
                            sy = top + ((int64(drawn >> uint32(16)) * (bottom - top + 1)) >> 16)
                            candidates[count] = (int32(sy) << 16) | int32(sx)
                            count += int64(not masked or allowed[sy, sx] != 0)
                    kept = 0
                    for number in range(count):
                        candidate = candidates[number]
                        sy = int64(candidate >> 16)
                        sx = int64(candidate & 0xFFFF)
                        used = at(occupancy, (sy + radius) * occupied_width + sx + radius)
                        limit = cost - occupancy_cost * float32(used)
                        source_mean = ((sy - radius) * centres + sx - radius) * together
                        apart = means_apart(target_means, mean_place, source_means, source_mean, chunks)
                        candidates[kept] = candidate
                        kept += int64((candidate != best) & (float32(apart) * mean_weight < limit))
                    for number in range(kept):
                        candidate = candidates[number]
                        sy = int64(candidate >> 16)
                        sx = int64(candidate & 0xFFFF)
                        if candidate == best:
                            continue
                        used = at(occupancy, (sy + radius) * occupied_width + sx + radius)
                        limit = cost - occupancy_cost * float32(used)
                        corner = ((sy - radius) * source_width + sx - radius) * channels
                        near = squared_distance(
                            target, place, stride, source, corner, source_stride, patch, length
                        )  # fmt: skip
                        found = float32(near)
                        if modulated:
                            guide = squared_distance_where(
                                target, place, stride, source, corner, source_stride, patch, length, guided
                            )
                            found = float32(near - guide) + float32(guide) * modulation[y, x]
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
                        used = at(occupancy, (sy + radius) * occupied_width + sx + radius)
                        cost = found + occupancy_cost * float32(used)
                if best != held:
                    matches[y, x] = best
                    costs[y, x] = distance

    return sweep


#: By the side of a patch.
SWEEPS: Final = {patch: _for_patch(patch) for patch in (3, 5, 7)}
