"""What a server without steps computes for a batch of requests: all of them for as long as the longest.

Needs numpy alone, because peers run it in environments of their own.
"""

from collections.abc import Callable, Sequence

import numpy as np

#: Runs a graph of the package, by path, and gives its only output.
Run = Callable[[str, dict[str, np.ndarray]], np.ndarray]


def dense(run: Run, jobs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Samples of ``jobs``, each a seed and a number of steps, by the dense layers."""
    samples, wanted, each = _begin(jobs, (1, 32, 64))
    condition = np.ones((len(jobs), 4), np.float32)
    for step in range(int(wanted.max())):
        # Who has finished keeps its place in the batch until the longest has.
        time = np.minimum(1, step / wanted).astype(np.float32)
        velocity = run("denoiser.onnx", {"sample": samples, "time": time, "condition": condition})
        samples = np.where(step < each, samples + velocity / each, samples)
    return samples


def stable_diffusion(run: Run, jobs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Pictures of ``jobs`` by the parts of a Stable Diffusion, guided by two predictions."""
    samples, wanted, each = _begin(jobs, (4, 16, 16))
    told = np.concatenate([run("text_encoder/model.onnx", {"ids": np.ones((1, 77), np.int64)}) for _ in "ab"])
    hidden = np.repeat(told, len(jobs), axis=0)
    for step in range(int(wanted.max())):
        time = np.maximum(0, 999 * (1 - step / wanted)).astype(np.float32)
        feeds = {
            "sample": np.concatenate([samples, samples]),
            "timestep": np.concatenate([time, time]),
            "encoder_hidden_states": hidden,
        }
        given, empty = np.split(run("unet/model.onnx", feeds), 2)
        samples = np.where(step < each, samples - (empty + np.float32(7.5) * (given - empty)) / each, samples)
    return np.concatenate([run("vae_decoder/model.onnx", {"latent_sample": one[None]}) for one in samples])


def _begin(jobs: Sequence[tuple[int, int]], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise, the steps of each job, and the same in the shape of samples."""
    samples = np.stack([np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) for seed, _ in jobs])
    wanted = np.array([steps for _, steps in jobs], np.float32)
    return samples, wanted, wanted[:, None, None, None]


#: By the name of the model.
PREDICT = {"dense": dense, "stable-diffusion": stable_diffusion}
