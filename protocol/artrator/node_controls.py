"""How the owner's programs speak to the owner's node: files in its data folder, which nobody else can write.

``artrator node pause`` and the desktop write here, the daemon looks several times a second. Files, because they work
alike on every system, ask for no port, hold through a restart, and are as safe as the node's own keys beside them::

    controls/pause.json          the pause that is in force
    controls/release-*.json      a package that is to leave its quarantine; removed once that was done
    controls/node.json           the id of the node whose folder this is, and where it answers since its last start
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from artrator._pydantic import BaseModel, ConfigDict, Field, ValidationError
from artrator.errors import ArtratorError, Code
from artrator.profile import write_atomically

#: A control has a hundred bytes.
_LONGEST: Final = 4096
#: The longest pause with an end; whoever means longer means for ever.
MAX_PAUSE_SECONDS: Final = 366 * 86_400.0


class Pause(BaseModel):
    """The owner wants their machine for themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    #: Seconds since 1970 by this machine's clock.
    asked_at: Annotated[float, Field(ge=0)]
    #: When it is over by itself, by the same clock; None is when the owner says so.
    until: Annotated[float | None, Field(ge=0)] = None
    #: Whether running jobs go back into the queue, instead of being finished first.
    now: bool = False


class _Release(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    package: Annotated[str, Field(min_length=1, max_length=200)]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    node: Annotated[str, Field(min_length=1, max_length=200)]
    url: Annotated[str, Field(min_length=1, max_length=300)]


class NodeControls:
    """The controls of the node in a data folder."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "controls"
        self._pause = self.folder / "pause.json"
        self._node = self.folder / "node.json"

    # --- the owner's side

    def pause(self, pause: Pause) -> None:
        """Ask for a pause; an earlier one is replaced.

        Raises:
            ArtratorError: ``disk_full``, ``request_invalid`` if it could never be seen.
        """
        if pause.until is not None and not 0 < pause.until - pause.asked_at <= MAX_PAUSE_SECONDS:
            raise ArtratorError(Code.REQUEST_INVALID, "A pause lasts longer than nothing and at most a year.")
        self._write(self._pause, pause)

    def resume(self) -> None:
        """End the pause; harmless if there is none."""
        self._pause.unlink(missing_ok=True)

    def release(self, package: str) -> Path:
        """Ask for a package's release, by name or digest; the file is gone once the node has done it."""
        path = self.folder / f"release-{secrets.token_hex(8)}.json"
        self._write(path, _Release(package=package))
        return path

    @property
    def node(self) -> str | None:
        """The id of the node that was last started on this folder."""
        known = self._introduced()
        return None if known is None else known.node

    @property
    def url(self) -> str | None:
        """Where that node answers programs on its own machine."""
        known = self._introduced()
        return None if known is None else known.url

    def _introduced(self) -> _Node | None:
        try:
            text = _own(self._node)
            return None if text is None else _Node.model_validate_json(text)
        except (ArtratorError, ValidationError):
            return None

    # --- the node's side

    def introduce(self, node: str, url: str) -> None:
        """The node starts: let its owner's programs find out that this folder is its own, and where to ask it."""
        self._make_folder()
        own = _Node(node=node, url=url)
        if self._introduced() != own:
            self._write(self._node, own)

    @property
    def trace(self) -> object:
        """Something that changes whenever the pause may have changed; costs one look at the file system."""
        try:
            found = self._pause.lstat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> Pause | None:
        """The pause that is asked for; None if there is none.

        Raises:
            ArtratorError: ``request_invalid`` for a file that is not the owner's own, or makes no sense.
        """
        text = _own(self._pause)
        if text is None:
            return None
        try:
            return Pause.model_validate_json(text)
        except ValidationError as error:
            raise ArtratorError(
                Code.REQUEST_INVALID,
                f"{self._pause} cannot be understood.",
                cure="Run `artrator node resume`, or `artrator node pause` again.",
            ) from error

    def take_releases(self) -> Sequence[str]:
        """The packages that are to be released, each told once."""
        found = []
        for path in sorted(self.folder.glob("release-*.json")) if self.folder.is_dir() else ():
            with contextlib.suppress(ArtratorError, ValidationError):
                text = _own(path)
                if text is not None:
                    found.append(_Release.model_validate_json(text).package)
            with contextlib.suppress(OSError):
                path.unlink()
        return found

    def _write(self, path: Path, content: BaseModel) -> None:
        self._make_folder()
        write_atomically(path, content.model_dump_json().encode())

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _own(path: Path) -> bytes | None:
    """What a file of this account says; None if it is not there.

    Raises:
        ArtratorError: ``request_invalid`` if it is a link, too long, or another account may have written it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _foreign(path) from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST:
            raise _foreign(path)
        # Elsewhere the folder's own access list says who may write, and it is the account's.
        if sys.platform != "win32" and (found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022):
            raise _foreign(path)
        return file.read(_LONGEST)


def _foreign(path: Path) -> ArtratorError:
    return ArtratorError(
        Code.REQUEST_INVALID,
        f"{path} is not a file that only this account can write.",
        cure="Delete it, or run `artrator node resume`.",
    )
