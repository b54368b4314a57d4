"""A backend whose inputs say what it shall do: the good, the slow and the hostile."""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import os
import sys
import time

import numpy as np

from artrator import Inspection, Kernel, ModelError, hookimpl


class Toy:
    memory_bytes = 1234

    def __init__(self, package):
        self.bias = package.read("weights.bin")[0]
        self.batches = []
        self.kernel = Kernel("add", self.add, max_batch=4, any_thread=True)

    def add(self, feeds):
        self.batches.append(len(feeds["x"]))
        time.sleep(0.01)
        if (feeds["x"] < 0).any():
            raise ValueError("a negative row")
        return {"y": feeds["x"] + self.bias}

    async def run(self, inputs, context):
        do = inputs.get("do", "add")
        picture = np.zeros((1, 1, 3), np.uint8)
        return {"text": "", "value": 0, "image": picture, "frames": [picture]} | await getattr(self, do)(
            inputs, context
        )

    async def steps(self, inputs, context):
        x = np.full((1, 2), inputs["start"], np.float32)
        total = inputs["steps"]
        for step in range(total):
            x = (await context.batch(self.kernel, {"x": x}))["y"]
            context.progress(step + 1, total, np.zeros((900, 500, 3), np.uint8))
        return {"value": float(x[0, 0]), "text": ",".join(map(str, self.batches))}

    async def invert(self, inputs, context):
        return {"image": 255 - inputs["image"], "frames": [inputs["image"], inputs["image"]], "text": "good"}

    async def noise(self, inputs, context):
        return {"value": float(context.generator(inputs["seed"]).standard_normal())}

    async def complain(self, inputs, context):
        raise ModelError("The picture is too dark.")

    async def bug(self, inputs, context):
        raise RuntimeError("secret prompt inside")

    async def wait(self, inputs, context):
        context.progress(0, 1)
        await asyncio.sleep(60)

    async def block(self, inputs, context):
        context.progress(0, 1)
        await asyncio.sleep(0.1)  # long enough for the progress to leave
        time.sleep(60)

    async def stubborn(self, inputs, context):
        context.progress(0, 1)
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    async def crash(self, inputs, context):
        ctypes.string_at(0)

    async def leave(self, inputs, context):
        print("going now", flush=True)
        os._exit(7)

    async def hoard(self, inputs, context):
        return {"value": float(np.ones(400 << 30, np.uint8)[0])}

    async def grow(self, inputs, context):
        kept = []
        while True:
            kept.append(np.ones(16 << 20, np.uint8))
            await asyncio.sleep(0.005)

    async def flood(self, inputs, context):
        return {"image": np.zeros((4096, 4096, 3), np.uint8)}

    async def essay(self, inputs, context):
        return {"text": "x" * inputs["size"]}

    async def late(self, inputs, context):
        return {"text": importlib.import_module("late_part").WORDS}

    async def lie(self, inputs, context):
        return {"image": np.zeros((4, 4, 3), np.float32)}

    async def nan(self, inputs, context):
        return {"value": float("nan")}

    async def who(self, inputs, context):
        return {"text": " ".join([sys.modules["artrator"].__file__, *sorted(os.environ)])}

    async def early(self, inputs, context):
        for place in range(inputs["steps"]):
            context.output("frames", np.full((64, 64, 3), place % 256, np.uint8))
        return {"frames": [np.full((64, 64, 3), 9, np.uint8)]}

    async def early_fail(self, inputs, context):
        await self.early(inputs, context)
        raise ModelError("Enough.")

    async def early_lie(self, inputs, context):
        context.output("frames", np.zeros((4, 4), np.float32))
        await asyncio.sleep(60)

    async def early_stranger(self, inputs, context):
        context.output("image", np.zeros((4, 4, 3), np.uint8))
        await asyncio.sleep(60)

    async def swap(self, inputs, context):
        return {"image": "no picture"}

    async def shout(self, inputs, context):
        """Speak to the parent past the contract."""
        channel = next(found for found in gc.get_objects() if type(found).__name__ == "Channel")
        connection = channel._socket.dup()
        connection.setblocking(True)
        for _ in range(inputs.get("times", 1)):
            connection.sendall(inputs["text"].encode("latin-1"))
        await asyncio.sleep(60)

    def close(self):
        pass


class ToyBackend:
    name = "toy"

    def inspect(self, package):
        return Inspection(memory_bytes=5000, warnings=["It is a toy."])

    def load(self, package, device):
        return Toy(package)


@hookimpl
def register_backends(register):
    register(ToyBackend())
