"""Give up what a process can do beyond its files: privileges, and outliving its parent."""

from __future__ import annotations

import ctypes
import os
import struct

_SET_PDEATHSIG, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 1, 24, 38
_SIGKILL = 9
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION = 0x20080522


def no_new_privileges() -> list[str]:
    """No set-uid program gives anything from now on; Landlock and seccomp ask for this of people who are not root."""
    _prctl(_SET_NO_NEW_PRIVS, 1)
    return []


def drop_capabilities() -> list[str]:
    """Make root an ordinary user that happens to own root's files."""
    for capability in range(_LAST_CAPABILITY + 1):
        _libc().prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last one and for people who are not root
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    if _libc().capset(header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")
    return []


def die_with(parent: int) -> None:
    """End when the parent ends, also if it ended before this was called."""
    _prctl(_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
