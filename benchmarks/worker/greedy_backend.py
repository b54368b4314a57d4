"""A backend that takes more than it may, and notes when it began to."""

import contextlib
import gc
import os
import struct
import threading
import time

import numpy as np

from artrator import Inspection, hookimpl


def note():
    """Tell the benchmark by the system's own clock."""
    os.write(1, f"{time.monotonic()}\n".encode())


class Model:
    memory_bytes = 0

    async def run(self, inputs, context):
        do = inputs["do"]
        if do == "block":
            time.sleep(60)
        if do == "grow":
            kept = []

            def take():
                while True:
                    with contextlib.suppress(MemoryError):
                        kept.append(np.full(16 << 20, 1, np.uint8))

            for _ in range(4):
                threading.Thread(target=take, daemon=True).start()
            time.sleep(60)
        if do == "threads":
            threading.stack_size(65536)
            while True:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        if do == "write":
            for number in range(10_000):
                with open(f"{number}", "wb") as file:  # noqa: PTH123
                    file.write(bytes(1 << 20))
        if do == "announce":
            channel = next(found for found in gc.get_objects() if type(found).__name__ == "Channel")
            connection = channel._socket.dup()
            connection.setblocking(True)
            size = 10 << 30
            text = f'{{"op":"done","job":"job","values":{{}},"arrays":[["uint8",[{size}]]]}}'.encode()
            note()
            connection.sendall(struct.pack(">IQ", len(text), size) + text)
            time.sleep(60)
        return {"image": inputs["image"]}

    def close(self):
        pass


class Greedy:
    name = "greedy"

    def inspect(self, package):
        return Inspection(0)

    def load(self, package, device):
        if "slow" in package.names():
            time.sleep(60)
        return Model()


@hookimpl
def register_backends(register):
    register(Greedy())
