"""The files of a folder, with nothing followed, nothing ignored and nothing but plain files accepted."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator.package.names import collision, name_fault
from artrator.package.problems import Problem

#: The one file that the signature does not cover: itself.
SIGNATURE_NAME: Final = "model.sig"
#: More files and folders than this are refused; a package is a model, not a data set. A folder of millions is not even
#: listed to its end, whatever lies in it.
MAX_FILES: Final = 10_000
#: More bytes than this are refused before any is read: a file of zeros may be as large as it likes, and half an hour of
#: hashing is what anybody bears.
MAX_BYTES: Final = 1 << 40
_BLOCK: Final = 1 << 18
_MAX_DEPTH: Final = 16

# Python defines these where the system has them: Linux and macOS have the first two, Windows the last.
_OPEN_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True)
class TreeFile:
    """A plain file: its POSIX name relative to the folder, and its size in bytes."""

    name: str
    size: int


def scan(folder: Path) -> tuple[Sequence[TreeFile], Sequence[Problem]]:
    """Every file of ``folder`` except ``model.sig``, by name, and a problem for each thing that is no plain file.

    Raises:
        ArtratorError: ``package_invalid`` if the folder cannot be read, or holds more than a package may.
    """
    files: list[TreeFile] = []
    problems: list[Problem] = []
    _descend(folder, "", 0, files, problems, itertools.count())
    if sum(file.size for file in files) > MAX_BYTES:
        raise ArtratorError(
            Code.PACKAGE_INVALID, f"There are more than {MAX_BYTES >> 40} TiB in it.", cure="Take some out."
        )
    files.sort(key=lambda file: file.name)
    pair = collision(file.name for file in files)
    if pair is not None:
        problems.append(
            Problem(
                pair[1], None, f"It is the same name as {pair[0]} on systems that ignore case.", "Rename one of them."
            )
        )
    return files, problems


def _descend(
    folder: Path, prefix: str, depth: int, files: list[TreeFile], problems: list[Problem], seen: Iterator[int]
) -> None:
    if depth > _MAX_DEPTH:
        problems.append(Problem(prefix, None, f"Folders are nested deeper than {_MAX_DEPTH}.", "Flatten them."))
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted(entry.name for entry in itertools.islice(found, MAX_FILES + 2))
    except OSError as error:
        raise ArtratorError(
            Code.PACKAGE_INVALID,
            f"The folder {folder} cannot be read: {error.strerror}.",
            cure="Check the path and its permissions.",
        ) from error
    for entry in entries:
        name = f"{prefix}{entry}"
        path = folder / entry
        try:
            status = os.lstat(path)
        except OSError as error:  # it was there a moment ago
            problems.append(Problem(name, None, f"It cannot be looked at: {error.strerror}.", "Try again."))
            continue
        if name == SIGNATURE_NAME:
            why = link_fault(status)
            if why is not None:
                problems.append(Problem(name, None, f"It {why[0]}.", why[1]))
            continue
        if next(seen) >= MAX_FILES:
            raise ArtratorError(
                Code.PACKAGE_INVALID, f"There are more than {MAX_FILES} files and folders in it.", cure="Take some out."
            )
        fault = name_fault(name)
        if fault is not None:
            problems.append(Problem(ascii(name)[1:-1], None, f"The name {fault}.", "Rename the file."))
        elif stat.S_ISDIR(status.st_mode) and not _is_reparse_point(status):
            _descend(path, name + "/", depth + 1, files, problems, seen)
        elif (why := link_fault(status)) is not None:
            problems.append(Problem(name, None, f"It {why[0]}.", why[1]))
        else:
            files.append(TreeFile(name, status.st_size))


def link_fault(status: os.stat_result) -> tuple[str, str] | None:
    """Why this is no plain file with one name ("is a symbolic link"), and the cure; None if it is one."""
    if stat.S_ISLNK(status.st_mode) or _is_reparse_point(status):
        return "is a symbolic link", "Replace it by a copy of the file that it points to."
    if not stat.S_ISREG(status.st_mode):
        return "is no plain file (a device, socket, pipe or folder)", "Take it out."
    if status.st_nlink > 1:
        # Whoever holds the other name can change the file after it was checked, and it may name a secret of
        # this machine that somebody linked into the folder.
        return "has another name elsewhere (a hard link)", "Replace it by a copy: cp FILE COPY && mv COPY FILE."
    return None


def open_plain(path: Path, name: str) -> io.BufferedReader:
    """Open a file without following a link or waiting on a pipe; what was opened is what is checked.

    Raises:
        ArtratorError: ``package_changed`` if it is missing, a link, or no plain file.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except FileNotFoundError as error:
        raise ArtratorError(Code.PACKAGE_CHANGED, f"{name} is missing.", file=name) from error
    except OSError as error:
        raise ArtratorError(
            Code.PACKAGE_CHANGED, f"{name} cannot be opened as a plain file: {error.strerror}.", file=name
        ) from error
    why = link_fault(os.fstat(descriptor))
    if why is not None:
        os.close(descriptor)
        raise ArtratorError(Code.PACKAGE_CHANGED, f"{name} {why[0]}.", cure=why[1], file=name)
    return os.fdopen(descriptor, "rb")


def hash_file(path: Path, name: str) -> tuple[str, int]:
    """Hex SHA-256 and size of a plain file, read once from start to end.

    Raises:
        ArtratorError: ``package_changed`` as of ``open_plain``, or if somebody writes to it meanwhile.
    """
    digest, buffer, read = hashlib.sha256(), memoryview(bytearray(_BLOCK)), 0
    with open_plain(path, name) as file, read_errors(name):
        size = os.fstat(file.fileno()).st_size
        # One that grows as fast as it is read would have no end.
        while read <= size and (count := file.readinto(buffer)):
            digest.update(buffer[:count])
            read += count
        if read != size:
            raise ArtratorError(
                Code.PACKAGE_CHANGED,
                f"{name} was written to while it was read.",
                cure="Try again when nobody writes to it.",
                file=name,
            )
    return digest.hexdigest(), size


@contextmanager
def read_errors(name: str) -> Iterator[None]:
    """A disk that fails while ``name`` is read becomes ``package_changed``: the bytes cannot be vouched for."""
    try:
        yield
    except OSError as error:
        raise ArtratorError(Code.PACKAGE_CHANGED, f"{name} cannot be read: {error.strerror}.", file=name) from error


def _is_reparse_point(status: os.stat_result) -> bool:
    """Whether this is a junction or another link of Windows that is not a symbolic link."""
    attributes = getattr(status, "st_file_attributes", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT)
