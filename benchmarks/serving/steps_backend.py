"""A denoiser whose weights are most of its cost, and nothing else of a pipeline: steps are what is measured."""

import numpy as np

from artrator import Inspection, Kernel, hookimpl
from artrator.onnx_runtime import session


class Model:
    memory_bytes = 0

    def __init__(self, package, device):
        self.session = session(package.read("denoiser.onnx"), device)
        self.kernel = Kernel("denoiser", self.step, max_batch=64)

    def step(self, feeds):
        return self.session.run(feeds, ["noise"])

    async def run(self, inputs, context):
        steps = inputs["steps"]
        sample = context.generator(inputs["seed"]).standard_normal((1, 2048), dtype=np.float32)
        for step in range(steps):
            time = np.full((1, 1), 1 - step / steps, np.float32)
            sample = sample - (await context.batch(self.kernel, {"sample": sample, "time": time}))["noise"] / steps
            context.progress(step + 1, steps)
        pixels = np.clip(sample.reshape(32, 64) * 64 + 128, 0, 255).astype(np.uint8)
        return {"image": np.repeat(pixels[..., None], 3, axis=2)}

    def close(self):
        self.session.close()


class Steps:
    name = "steps"

    def inspect(self, package):
        return Inspection(0)

    def load(self, package, device):
        return Model(package, device)


@hookimpl
def register_backends(register):
    register(Steps())
