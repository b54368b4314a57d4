"""The node's files: what buyers sent (the spool) and what was made for them (the outputs).

A job's inputs and prompt live in ``spool/<job>`` until the job ends and nowhere else; its outputs live in
``outputs/<job>`` for the retention time, or in the journal if they are small.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from artrator import durable
from artrator.canonical import sha256
from artrator.errors import ArtratorError, Code
from artrator.messages.node import JobBody

_PARTIAL: Final = ".partial-"
_REQUEST: Final = "request.json"
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn a full disk into ``disk_full``; every other error of the system stays what it is."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ArtratorError(Code.DISK_FULL, f"The node's disk is full; {what} could not be written.") from error
        raise


class Spool:
    """Requests and input files of open jobs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def begin(self) -> Path:
        """A fresh folder for an upload. ``keep`` gives it to a job, ``drop`` throws it away."""
        return Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self._root))

    def keep(self, upload: Path, job: str, body: JobBody) -> None:
        """Make an upload a job's own, with its request. An older upload of the same job wins.

        Nothing here waits for the disk: what a power cut loses of a request is noticed when the job is taken up
        again, and then it ends without having run.
        """
        with disk_errors("the request"):
            (upload / _REQUEST).write_bytes(body.model_dump_json().encode())
            try:
                upload.rename(self._root / job)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES):
                    raise
                self.drop(upload)

    @staticmethod
    def drop(upload: Path) -> None:
        """Throw an upload away."""
        shutil.rmtree(upload, ignore_errors=True)

    def body(self, job: str) -> JobBody:
        """A job's request.

        Raises:
            ArtratorError: ``worker_died`` if a crash lost it.
        """
        try:
            return JobBody.model_validate(json.loads((self._root / job / _REQUEST).read_bytes()))
        except (OSError, ValueError) as error:  # pydantic's ValidationError is a ValueError and would quote the prompt
            raise _lost() from error

    def read(self, job: str, digest: str) -> bytes:
        """An input file by its hex SHA-256, checked again: a power cut may have cut it short."""
        try:
            data = (self._root / job / digest).read_bytes()
        except OSError as error:
            raise _lost() from error
        if sha256(data) != digest:
            raise _lost()
        return data

    def remove(self, job: str) -> None:
        """The job has ended: its prompt and inputs go."""
        shutil.rmtree(self._root / job, ignore_errors=True)

    def sweep(self, open_jobs: Collection[str]) -> None:
        """At start: remove what belongs to no open job."""
        for path in self._root.iterdir():
            if path.name not in open_jobs:
                shutil.rmtree(path, ignore_errors=True)


class Outputs:
    """Finished files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, job: str, files: Mapping[str, bytes]) -> None:
        """Write a job's outputs; on return a power cut leaves all of them, and if one fails none stays.

        They count for nothing until the journal has the job's end, so nobody ever sees half of one.

        Raises:
            ArtratorError: ``disk_full``.
        """
        folder = self._root / job
        try:
            with disk_errors("the output"):
                folder.mkdir(mode=0o700, exist_ok=True)
                for name, data in files.items():
                    with (folder / name).open("wb") as file:
                        file.write(data)
                        file.flush()
                        os.fsync(file.fileno())
                durable.sync_folder(folder)
        except BaseException:
            self.remove(job)
            raise

    def path(self, job: str, file: str) -> Path:
        """Where an output is.

        Raises:
            ArtratorError: ``output_expired``.
        """
        path = self._root / job / file
        if not path.is_file():
            raise ArtratorError(Code.OUTPUT_EXPIRED, "The node keeps this output no longer.")
        return path

    def remove(self, *jobs: str) -> None:
        """Remove jobs' outputs."""
        for job in jobs:
            shutil.rmtree(self._root / job, ignore_errors=True)

    def sweep(self, delivered: Collection[str]) -> None:
        """At start: remove what belongs to no delivered job, such as the outputs of one whose end was never written."""
        for path in self._root.iterdir():
            if path.name not in delivered:
                shutil.rmtree(path, ignore_errors=True)


def free_bytes(path: Path) -> int:
    """Free space where ``path`` is."""
    return shutil.disk_usage(path).free


def _lost() -> ArtratorError:
    return ArtratorError(Code.WORKER_DIED, "The node lost the request when it stopped; it did not run.")
