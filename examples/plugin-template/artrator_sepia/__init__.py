"""A backend that tones a picture in sepia: the smallest plugin that is one."""

import numpy as np

from artrator import Inspection, hookimpl

TONE = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)


class Sepia:
    """Backend and model in one, because there are no weights to load."""

    name = "sepia"
    memory_bytes = 0

    def inspect(self, package):
        return Inspection(memory_bytes=256 << 20)

    def load(self, package, device):
        return self

    async def run(self, inputs, context):
        image, strength = inputs["image"], inputs["strength"]
        toned = image @ TONE.T * strength + image * (1 - strength)
        return {"image": toned.clip(0, 255).round().astype(np.uint8)}

    def close(self):
        pass


@hookimpl
def register_backends(register):
    register(Sepia())
