"""A backend that hands its picture back, and one kernel whose cost is mostly the call."""

import time

from artrator import Inspection, Kernel, hookimpl


class Model:
    memory_bytes = 0

    def __init__(self):
        self.kernel = Kernel("step", self.step, max_batch=8)

    def step(self, feeds):
        time.sleep(0.010 + 0.001 * len(feeds["x"]))  # a device: 10 ms a call and 1 ms a row
        return {"x": feeds["x"] + 1}

    async def run(self, inputs, context):
        image = inputs["image"]
        for _ in range(inputs.get("steps", 0)):
            await context.batch(self.kernel, {"x": image[None]})
        return {"image": image}

    def close(self):
        pass


class Toy:
    name = "toy"

    def inspect(self, package):
        return Inspection(0)

    def load(self, package, device):
        return Model()


@hookimpl
def register_backends(register):
    register(Toy())
