"""A plugin that tries, at import and while it runs, what no plugin may do; it tells what it achieved."""

# The calls themselves are what is tried here.
# ruff: noqa: PTH101, PTH115, PTH120, PTH123, PTH208, PTH211

import ctypes
import fcntl
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import threading

import numpy as np

from artrator import Inspection, hookimpl


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data=b"x"):
    with open(path, "wb") as file:
        file.write(data)


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


def datagram_to(address):
    """A socket that needs no name of its own reaches others that have one: the system's log listens at one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.sendto(b"x", address)


def stream_to(address):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendto(b"x", address)


def pass_descriptor():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(ours, [b"x"], [0])


def signal_by_descriptor(pid):
    """Have the system send a signal to somebody as soon as a pipe can be read."""
    readable, _writable = os.pipe()
    fcntl.fcntl(readable, fcntl.F_SETOWN, pid)


def set_of_pipe(command, value):
    readable, _writable = os.pipe()
    fcntl.fcntl(readable, command, value)


def of_own_file(command, value):
    with open(__file__, "rb") as file:
        fcntl.fcntl(file, command, value)


def of_inherited(attempt):
    """Whether an open file, of its package or its code, could be changed after it was verified, for all who map it."""
    with open(__file__, "rb") as own:
        problem = None
        for number in {own.fileno(), *map(int, os.listdir("/proc/self/fd"))}:
            try:
                if stat.S_ISREG(os.fstat(number).st_mode):
                    attempt(number)
                    return
            except OSError as error:
                problem = error
        raise problem


def lock_own_file():
    with open(__file__, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def grown_stack():
    mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100).close()


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
        "send to a socket that has a name": lambda: datagram_to(f"{outside}.sock"),
        "send to an abstract socket": lambda: datagram_to(f"\0{outside}"),
        "write to a stream elsewhere": lambda: stream_to(f"{outside}.sock"),
        "pass a descriptor": pass_descriptor,
        "hear of the network": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "take packets": lambda: socket.socket(17, socket.SOCK_RAW).close(),
        "use io_uring": lambda: syscall(425, 4, ctypes.create_string_buffer(256)),
        "handle faults of memory": lambda: syscall(323, 1),
        "make a file of memory": lambda: syscall(319, b"x", 0),
        "run a file of memory": lambda: syscall(322, 1, b"", None, None, 0x1000),
        "open the parent": lambda: syscall(434, parent, 0),
        "take the parent's descriptors": lambda: syscall(438, 0, 0, 0),
        "read the parent's memory by call": lambda: syscall(310, parent, None, 0, None, 0, 0),
        "move the parent's pages": lambda: syscall(279, parent, 0, None, None, None, 0),
        "have the parent signalled": lambda: signal_by_descriptor(parent),
        "queue a signal for the parent": lambda: syscall(129, parent, 28, ctypes.create_string_buffer(128)),
        "pin the parent": lambda: os.sched_setaffinity(parent, os.sched_getaffinity(0)),
        "schedule the parent": lambda: syscall(144, parent, 0, ctypes.create_string_buffer(8)),
        "slow the parent down": lambda: os.setpriority(os.PRIO_PROCESS, parent, 0),
        "watch files": lambda: syscall(294, 0),
        "leave a queue behind": lambda: syscall(240, b"artrator-test", 0o102, 0o600, None),
        "leave shared memory behind": lambda: syscall(29, 0, 4096, 0o1600),
        "write shared memory": lambda: write("/dev/shm/artrator-test"),
        "write to a file of its package": lambda: of_inherited(lambda fd: os.pwrite(fd, b"x", 0)),
        "empty a file of its package": lambda: of_inherited(lambda fd: os.ftruncate(fd, 0)),
        "open a file of its package anew": lambda: of_inherited(lambda fd: write(f"/proc/self/fd/{fd}")),
        "map a file of its package to write": lambda: of_inherited(
            lambda fd: mmap.mmap(fd, 1, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE).close()
        ),
        "change the mode of a file of its package": lambda: of_inherited(lambda fd: os.fchmod(fd, 0o777)),
        "list the parent's files": lambda: os.listdir(f"/proc/{parent}/fd"),
        "see the parent's files": lambda: os.readlink(f"/proc/{parent}/fd/0"),
        "enter the parent's root": lambda: os.listdir(f"/proc/{parent}/root"),
        "lease a file": lambda: of_own_file(1024, 0),
        "lock a file": lock_own_file,
        "take the room of all pipes": lambda: set_of_pipe(1031, 1 << 20),
        "have memory that is not counted": lambda: mmap.mmap(-1, 1 << 20).close(),
        "have a stack that grows": grown_stack,
        "lock all memory": lambda: syscall(151, 1),
        "dump its core": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)),
        "be last to go": lambda: write("/proc/self/oom_score_adj", b"1000"),
        "see who is connected": lambda: read("/proc/self/net/tcp"),
        "see disks": lambda: read("/proc/self/mountinfo"),
        "see processes": lambda: os.listdir("/proc"),
        "change the time": lambda: syscall(227, 0, ctypes.create_string_buffer(16)),
        "name the machine": lambda: syscall(170, b"x", 1),
        "look at the kernel's words": lambda: syscall(103, 10, None, 0),
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
