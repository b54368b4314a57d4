"""Seconds a frame, cold and warm; how much frames flicker; and how long a blend takes. The clip is made by code.

    python benchmarks/ebsynth/video.py [--frames 11] [--size 960x540] [--threads 1] [--save FOLDER]

*Cold* begins every frame from chance at the coarsest level, *warm* from the matches of the frame before. *Flicker* is
the mean difference in grey levels between a frame and the one before moved onto it by the motion of the clip: what a
viewer sees change although nothing moved. The seconds are of the processor, all threads together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from artrator_ebsynth.guides import Motion, sample
from artrator_ebsynth.kernels import prepare
from artrator_ebsynth.video import Manner, make_clip, make_film
from artrator_ebsynth.video.blend import blend, choose
from artrator_ebsynth.video.poisson import solve

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "stylise-video" / "recipe"))
from clip import clip, painting

Picture = npt.NDArray[np.uint8]
#: Borders are left out of the flicker, because what comes into the picture there is new.
_BORDER = 16


def flicker(frames: Sequence[Picture], made: Sequence[Picture]) -> float:
    """The measure above."""
    motion = Motion()
    inner = np.s_[_BORDER:-_BORDER, _BORDER:-_BORDER]
    found = []
    for place in range(1, len(frames)):
        moved = sample(made[place - 1], motion.places(frames[place], frames[place - 1]))
        found.append(np.abs(made[place].astype(np.int16) - moved)[inner].mean())
    return float(np.mean(found))


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """The least processor time of several runs."""
    best = float("inf")
    for _ in range(times):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=11)
    parser.add_argument("--size", default="960x540")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", type=Path)
    given = parser.parse_args()
    width, height = (int(side) for side in given.size.split("x"))
    prepare()
    frames = clip(given.frames, width, height)
    keyframe = painting(frames[0])
    one_key = make_clip(frames, {0: keyframe})
    print("| run | preset | CPU s a frame | wall s a frame | flicker | against cold |")
    print("|---|---|---|---|---|---|")
    for preset in ("balanced", "fast"):
        cold = 0.0
        for name, warm in (("cold", False), ("warm", True)):
            begin, wall = time.process_time(), time.perf_counter()
            made = make_film(one_key, Manner(preset=preset, warm=warm, threads=given.threads))
            used, wall = (
                taken / (len(frames) - 1) for taken in (time.process_time() - begin, time.perf_counter() - wall)
            )
            measure = flicker(frames, made)
            cold = cold or measure
            row = f"| {name} | {preset} | {used:.2f} | {wall:.2f} | {measure:.2f} | {measure / cold - 1:+.0%} |"
            print(row, flush=True)
            if given.save is not None:
                _save(given.save / f"{preset}-{name}", made)
    both = frames[0], frames[1]
    errors = np.random.default_rng(0).random((2, height, width)).astype(np.float32)
    chosen = cv2.GaussianBlur(errors[0], (0, 0), 20) > 0.5
    planes = np.stack(cv2.split(frames[0])).astype(np.float32)
    down, right = np.diff(planes, axis=1), np.diff(planes, axis=2)
    solved = seconds(lambda: solve(planes.copy(), down.copy(), right.copy(), (2.5, 0.5, 0.5)))
    joined = seconds(lambda: (choose(errors[0], errors[1], 0.5), blend(*both, chosen, 0.5)))
    moving = seconds(lambda: Motion().places(*both))
    print(
        f"\nper frame: blend {joined * 1e3:.0f} ms, of it the solve {solved * 1e3:.0f} ms; motion {moving * 1e3:.0f} ms"
    )


def _save(folder: Path, frames: Sequence[Picture]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(folder / f"{number:04d}.png"), frame[:, :, ::-1])


if __name__ == "__main__":
    main()
