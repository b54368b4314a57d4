"""A plugin that tries, at import and while it runs, what no plugin may do; it tells what it achieved."""

# The calls themselves are what is tried here.
# ruff: noqa: PTH101, PTH120, PTH123, PTH208, PTH211

import ctypes
import os
import signal
import socket
import subprocess
import threading

import numpy as np

from artrator import Inspection, hookimpl


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path):
    with open(path, "wb") as file:
        file.write(b"x")


def listen():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()


def connect(port):
    with socket.create_connection(("127.0.0.1", port), 2):
        pass


def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", 9))


def fork():
    if os.fork() == 0:
        os._exit(0)


def trace(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, pid, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def syscall(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), f"syscall {number}")


def thread():
    done = []
    worker = threading.Thread(target=lambda: done.append(np.ones((64, 64)) @ np.ones((64, 64))))
    worker.start()
    worker.join()
    return done[0]


def attempts(secret, key, outside, port, parent):
    return {
        "read a secret": lambda: read(secret),
        "read an identity key": lambda: read(key),
        "read passwords": lambda: read("/etc/passwd"),
        "read the parent's environment": lambda: read(f"/proc/{parent}/environ"),
        "list a home": lambda: os.listdir(os.path.dirname(secret)),
        "follow a link out": lambda: os.symlink(secret, "link") or read("link"),
        "write outside": lambda: write(outside),
        "write to scratch": lambda: write("note"),
        "change a mode": lambda: os.chmod(__file__, 0o777),
        "overwrite its own code": lambda: write(__file__),
        "connect": lambda: connect(port),
        "listen": listen,
        "send a datagram": datagram,
        "talk to a unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "run a program": lambda: subprocess.run(["/bin/true"], check=True),
        "replace itself": lambda: os.execv("/bin/true", ["true"]),
        "fork": fork,
        "kill the parent": lambda: os.kill(parent, signal.SIGTERM),
        "probe the parent": lambda: os.kill(parent, 0),
        "trace the parent": lambda: trace(parent),
        "read the parent's memory": lambda: read(f"/proc/{parent}/mem"),
        "make namespaces": lambda: syscall(272, 0x10000000),
        "load a BPF program": lambda: syscall(321, 0, 0, 0),
        "add a key": lambda: syscall(248, b"user", b"a", b"b", 1, -3),
        "mount": lambda: syscall(165, b"none", b"/tmp", b"tmpfs", 0, 0),
        "raise its limits": lambda: __import__("resource").setrlimit(7, (10**6, 10**6)),
        "start a thread": thread,
        "read itself": lambda: read(__file__),
    }


def achieved(request):
    secret, key, outside, port, parent = request.split("|")
    result = []
    for name, attempt in attempts(secret, key, outside, int(port), int(parent)).items():
        try:
            attempt()
            result.append(name)
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
    return result


class Model:
    memory_bytes = 0

    async def run(self, inputs, context):
        return {"text": "|".join(achieved(inputs["request"]))}

    def close(self):
        pass


class Hostile:
    name = "toy"

    def inspect(self, package):
        return Inspection(0)

    def load(self, package, device):
        return Model()


@hookimpl
def register_backends(register):
    register(Hostile())
