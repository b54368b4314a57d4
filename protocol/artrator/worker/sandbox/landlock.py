"""Landlock: which files and TCP ports this process may reach, decided by itself, for ever.

Called through ctypes, because its three system calls have no wrapper in libc and a dependency would have to be
installed into every plugin's environment.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1
#: Of Linux only, as is everything here; elsewhere this module is imported and not called.
_O_PATH: int = getattr(os, "O_PATH", 0)

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MAKE_SYM = 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

#: Open files and lists of folders. Mapping a library needs no more; only ``execve`` would need _EXECUTE.
READ = _READ_FILE | _READ_DIR
EXECUTE = READ | _EXECUTE
#: Write below a folder: plain files and folders, no links, sockets or devices.
WRITE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
#: What a build does in its folder: run what it made, and place links.
BUILD = WRITE | _EXECUTE | _MAKE_SYM
#: A device file of a driver.
DEVICE = _READ_FILE | _WRITE_FILE | _READ_DIR | _IOCTL_DEV

_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

#: What each version handles of the file system, as the highest bit it knows.
_KNOWN_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}


def version() -> int:
    """The version of Landlock that this kernel speaks; 0 if none."""
    found = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return max(0, int(found))


def restrict(rights: Iterable[tuple[str, int]], *, connect: bool) -> list[str]:
    """Give up every file but those below the given paths, and TCP.

    Args:
        rights: Paths, which need not exist, and what is granted below each.
        connect: Whether outgoing TCP connections stay allowed.

    Returns:
        What this kernel cannot restrict, one sentence each.
    """
    abi = version()
    if abi == 0:
        return ["This kernel has no Landlock: a worker can read every file that you can read."]
    handled = (1 << _KNOWN_BITS[min(abi, 5)]) - 1
    net = (_BIND_TCP if connect else _BIND_TCP | _CONNECT_TCP) if abi >= 4 else 0
    scoped = _ABSTRACT_SOCKETS | _SIGNALS if abi >= 6 else 0
    attributes = struct.pack("=QQQ", handled, net, scoped)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    libc = _libc()
    ruleset = _checked(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)))
    try:
        for path, granted in rights:
            _allow(libc, ruleset, path, granted & handled)
        _checked(libc.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    return []


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, granted: int) -> None:
    try:
        descriptor = os.open(path, _O_PATH)
    except OSError:
        return  # What is not there need not be granted.
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            granted &= _FILE_RIGHTS
        rule = struct.pack("=Qi", granted, descriptor)
        _checked(libc.syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0)))
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {errno.errorcode.get(number, number)}")
    return result
