"""Seccomp: the system calls this process may make, as a small BPF program of our own.

An allow-list: what is not on it fails with EPERM. Arguments are looked at where a call is both needed and dangerous:
threads yes, processes no; signals to itself, never to others; files to read, never to write unless granted.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable
from typing import Any

from .syscalls import COMPUTE, CONDITIONAL, FILES, GPU, NETWORK

#: Machine name to (audit architecture, column of the table of numbers).
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENTS = 0, 4, 16
#: Calls of the x32 ABI carry this bit and would slip past a comparison of numbers.
_X32 = 0x40000000

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_CLONE_THREAD = 0x10000
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_SOCK_STREAM, _SOCK_NONBLOCK, _SOCK_CLOEXEC = 1, 0x800, 0x80000
_STREAMS = tuple(_SOCK_STREAM | flags for flags in (0, _SOCK_NONBLOCK, _SOCK_CLOEXEC, _SOCK_NONBLOCK | _SOCK_CLOEXEC))
_MAP_SHARED, _MAP_ANONYMOUS, _MAP_GROWSDOWN = 0x01, 0x20, 0x100
#: Duplicates, flags, locks of byte ranges, the size of a pipe. Not: who gets a signal when something can be read,
#: leases that hold up whoever writes, pipes that take up what all of a user's pipes may take.
_FCNTL_HARMLESS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_FCNTL_SEALS = (1033, 1034)
_PRCTL_HARMLESS = (3, 15, 16, 0x53564D41)  # dumpable (get), own name (set, get), names of mappings
_IOCTL_HARMLESS = (
    0x5401,
    0x5421,
    0x541B,
    0x5450,
    0x5451,
)  # is it a terminal, non-blocking, bytes waiting, close-on-exec
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def restrict(*, network: bool, files: bool, gpu: bool) -> list[str]:
    """Give up every system call but those a model needs; asks for ``no_new_privs`` first.

    Returns:
        What could not be restricted, one sentence each.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        return [f"System calls are not restricted on {machine}."]
    program = _program(*_ARCHITECTURES[machine], network=network, files=files, gpu=gpu)
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(header), 0, 0) != 0:
        return [f"System calls are not restricted: seccomp answered {errno.errorcode.get(ctypes.get_errno())}."]
    return []


def _program(architecture: int, column: int, *, network: bool, files: bool, gpu: bool) -> list[bytes]:
    allowed = {**COMPUTE, **(NETWORK if network else {}), **(FILES if files else {}), **(GPU if gpu else {})}
    checked = {name: numbers[column] for name, numbers in CONDITIONAL.items()}
    own = os.getpid()
    rules = {
        "clone": _if_bit(0, _CLONE_THREAD),
        # Their flags lie in memory, where a filter cannot look: libc then takes clone and openat.
        "clone3": [_fail(errno.ENOSYS)],
        "openat2": [_fail(errno.ENOSYS)],
        # It takes all of a disk between two looks at what a folder holds; libc then writes zeros instead.
        "fallocate": [_fail(errno.EOPNOTSUPP)],
        "io_uring_setup": [_fail(errno.ENOSYS)],
        # A datagram socket could write to any other that has a name: the system's log, for one.
        "socketpair": [*_test(_EQUAL, 0, _AF_UNIX, _if_one_of(1, _STREAMS)), _fail(errno.EPERM)],
        "sendto": [_return(_ALLOW)] if network else [*_if_null(4), _fail(errno.EPERM)],
        "socket": _if_one_of(0, [_AF_INET, _AF_INET6] if network else []),
        "connect": [_return(_ALLOW) if network else _fail(errno.EPERM)],
        "kill": _if_one_of(0, [own]),
        "tgkill": _if_one_of(0, [own]),
        "prctl": _if_one_of(0, _PRCTL_HARMLESS),
        "prlimit64": _if_one_of(0, [0, own]),
        "fcntl": _if_one_of(1, (*_FCNTL_HARMLESS, *(_FCNTL_SEALS if gpu else ()))),
        # Memory that is shared or grows by itself is not counted as data, and so would have no hard limit.
        "mmap": [_return(_ALLOW)] if gpu else _unless_uncounted(3),
        # Of its own threads at most: those of others would go where a stranger wants them.
        "sched_setaffinity": _if_one_of(0, [0, own]),
        "sched_setscheduler": _if_one_of(0, [0, own] if gpu else []),
        "sched_setparam": _if_one_of(0, [0, own] if gpu else []),
        "setpriority": _if_one_of(1, [0, own] if gpu else []),
        "ioctl": [_return(_ALLOW)] if gpu else _if_one_of(1, _IOCTL_HARMLESS),
    }
    for name, argument in (("openat", 2), ("open", 1)):
        checked[name] = allowed.pop(name)[column]
        if files or gpu:  # Landlock decides; older ones overlook that reading can empty a file
            open_to_write = _test(_ANY_BIT, argument, os.O_WRONLY | os.O_RDWR, [_return(_ALLOW)])
            refused = _test(_ANY_BIT, argument, os.O_TRUNC, [*open_to_write, _fail(errno.EACCES)])
        else:
            refused = _test(_ANY_BIT, argument, _WRITING, [_fail(errno.EACCES)])
        rules[name] = [*refused, _return(_ALLOW)]
    program = [
        _load(_OFFSET_ARCHITECTURE),
        *_unless_equal(architecture, [_return(_KILL)]),
        _load(_OFFSET_NUMBER),
        _jump(_AT_LEAST, _X32, 0, 1),
        _fail(errno.EPERM),
    ]
    for numbers in allowed.values():
        if numbers[column] >= 0:
            program += [_jump(_EQUAL, numbers[column], 0, 1), _return(_ALLOW)]
    for name, rule in rules.items():
        if checked[name] >= 0:
            program += [_jump(_EQUAL, checked[name], 0, len(rule)), *rule]
    return [*program, _fail(errno.EPERM)]


def _if_one_of(argument: int, values: Iterable[int]) -> list[bytes]:
    rule = [_load(_OFFSET_ARGUMENTS + 8 * argument)]
    for value in values:
        rule += [_jump(_EQUAL, value, 0, 1), _return(_ALLOW)]
    return [*rule, _fail(errno.EPERM)]


def _if_bit(argument: int, bit: int) -> list[bytes]:
    return [*_test(_ANY_BIT, argument, bit, [_return(_ALLOW)]), _fail(errno.EPERM)]


def _if_null(argument: int) -> list[bytes]:
    """Both halves of a pointer are zero."""
    high = [_load(_OFFSET_ARGUMENTS + 8 * argument + 4), _jump(_EQUAL, 0, 0, 1), _return(_ALLOW)]
    return _test(_EQUAL, argument, 0, high)


def _unless_uncounted(argument: int) -> list[bytes]:
    refused = [_fail(errno.ENOMEM)]
    shared = _test(_ANY_BIT, argument, _MAP_ANONYMOUS, _test(_ANY_BIT, argument, _MAP_SHARED, refused))
    return [*_test(_ANY_BIT, argument, _MAP_GROWSDOWN, refused), *shared, _return(_ALLOW)]


def _test(kind: int, argument: int, value: int, then: list[bytes]) -> list[bytes]:
    return [_load(_OFFSET_ARGUMENTS + 8 * argument), _jump(kind, value, 0, len(then)), *then]


def _unless_equal(value: int, then: list[bytes]) -> list[bytes]:
    return [_jump(_EQUAL, value, len(then), 0), *then]


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, 0, 0, offset)


def _jump(kind: int, value: int, when_true: int, when_false: int) -> bytes:
    return _instruction(kind, when_true, when_false, value)


def _return(value: int) -> bytes:
    return _instruction(_RETURN, 0, 0, value)


def _fail(number: int) -> bytes:
    return _return(_ERRNO | number)


def _instruction(*fields: Any) -> bytes:
    return struct.pack("=HBBI", *fields)
