"""Rebuilds what a power cut could have left on the disk, from the notes that ``tests/proofs/powercut.c`` took.

The rules are the hardest that a file system may have: whatever was written to a file before an ``fsync`` of it is
there; of what was written since, each sector of 512 bytes is there or is not, in any combination, and what lies between
may be anything; a name that was made, moved or removed is so for sure only after an ``fsync`` of its folder.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

SECTOR = 512
_HEAD = struct.Struct("<BQQI")


class Deed(IntEnum):
    """What was done; the numbers are those of ``powercut.c``."""

    MADE = 1
    OPENED = 2
    WRITTEN = 3
    CUT = 4
    SYNCED = 5
    FOLDER_SYNCED = 6
    UNLINKED = 7
    RENAMED = 8
    LINKED = 9


@dataclass(frozen=True)
class Note:
    """One deed; ``end`` is how far the notes had come when it was written down."""

    deed: Deed
    file: int
    position: int
    data: bytes
    end: int

    @property
    def paths(self) -> Sequence[Path]:
        return [Path(part.decode()) for part in self.data.split(b"\0")]


class Recorder:
    """Takes the notes of one process, or of several one after the other."""

    def __init__(self, library: Path, folder: Path, notes: Path) -> None:
        self.folder = folder.resolve()
        self.notes = notes
        notes.touch()
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(library),
            "POWERCUT_FOLDER": str(self.folder),
            "POWERCUT_LOG": str(notes),
        }

    def now(self) -> int:
        """How far the notes have come."""
        return self.notes.stat().st_size

    @contextmanager
    def between_deeds(self) -> Iterator[None]:
        """While nobody is in the middle of a deed: whoever is killed has done what was noted, and nothing else."""
        import fcntl  # not on Windows, where nothing is recorded

        with self.notes.open("rb") as notes:
            fcntl.flock(notes, fcntl.LOCK_EX)
            yield

    def read(self) -> Iterator[Note]:
        """All notes, in order."""
        data = self.notes.read_bytes()
        at = 0
        while at < len(data):
            deed, file, position, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size + length
            yield Note(Deed(deed), file, position, data[at - length : at], at)


def build(source: Path, target: Path) -> Path:
    """Compile the library that takes the notes."""
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O2", "-o", str(target), str(source), "-ldl", "-pthread"],
        check=True,
        capture_output=True,
    )
    return target


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    #: What was done since the last sync: a position with bytes, or a size with None.
    loose: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for position, data in self.loose:
            _apply(self.safe, position, data)
        self.loose.clear()


def _apply(content: bytearray, position: int, data: bytes | None) -> None:
    if data is None:
        del content[position:]
        content.extend(bytes(position - len(content)))
        return
    if len(content) < position:
        content.extend(bytes(position - len(content)))
    content[position : position + len(data)] = data


#: What may have become of what was not synced.
STYLES = ("all lost", "all there", "cut off", "some lost", "torn", "out of order", "junk")


class Disk:
    """The folder as it was before the notes begin, and every deed since."""

    def __init__(self, base: Path, folder: Path) -> None:
        self._folder = folder.resolve()
        self._now: dict[Path, _File] = {}
        for path in base.rglob("*"):
            if path.is_file():
                self._now[self._folder / path.relative_to(base)] = _File(bytearray(path.read_bytes()))
        self._safe = dict(self._now)
        self._loose: list[Note] = []
        self._names: dict[int, _File] = {}
        #: The file that a loose MADE, RENAMED or LINKED note speaks of.
        self._about: dict[int, _File] = {}

    def do(self, note: Note) -> None:
        """One more deed."""
        match note.deed:
            case Deed.MADE:
                file = self._names[note.file] = self._now[note.paths[0]] = _File()
                self._name(note, file)
            case Deed.OPENED:
                self._names[note.file] = self._now[note.paths[0]]
            case Deed.WRITTEN:
                self._names[note.file].loose.append((note.position, note.data))
            case Deed.CUT:
                self._names[note.file].loose.append((note.position, None))
            case Deed.SYNCED:
                self._names[note.file].sync()
            case Deed.UNLINKED:
                self._name(note, self._now.pop(note.paths[0]))
            case Deed.RENAMED | Deed.LINKED:
                source, target = note.paths
                file = self._now[source]
                if note.deed is Deed.RENAMED:
                    del self._now[source]
                self._now[target] = file
                self._name(note, file)
            case Deed.FOLDER_SYNCED:
                kept = []
                for loose in self._loose:
                    if loose.paths[-1].parent == note.paths[0]:
                        self._rename(self._safe, loose)
                    else:
                        kept.append(loose)
                self._loose = kept

    def _name(self, note: Note, file: _File) -> None:
        self._loose.append(note)
        self._about[note.end] = file

    def _rename(self, names: dict[Path, _File], note: Note) -> None:
        match note.deed:
            case Deed.UNLINKED:
                names.pop(note.paths[0], None)
            case _:
                if note.deed is Deed.RENAMED:
                    names.pop(note.paths[0], None)
                names[note.paths[-1]] = self._about[note.end]

    def rebuild(self, target: Path, style: str, chance: random.Random) -> None:
        """One possible disk, as a folder."""
        shutil.rmtree(target, ignore_errors=True)
        names = dict(self._safe)
        for note in self._loose:
            if style == "all there" or (style != "all lost" and chance.random() < 0.5):
                self._rename(names, note)
        for path, file in names.items():
            if path.name.endswith("-shm"):
                continue  # shared memory that happens to be a file: SQLite makes it anew
            there = target / path.relative_to(self._folder)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(_content(file, style, chance))


def _content(file: _File, style: str, chance: random.Random) -> bytes:
    content = bytearray(file.safe)
    deeds = list(file.loose)
    match style:
        case "all lost":
            deeds = []
        case "cut off":
            deeds = deeds[: chance.randint(0, len(deeds))]
            if deeds:
                deeds[-1:] = _sectors(deeds[-1:], chance, 0.5)
        case "some lost":
            deeds = [deed for deed in deeds if chance.random() < 0.7]
        case "torn":
            deeds = _sectors(deeds, chance, chance.random())
        case "out of order" | "junk":
            chance.shuffle(deeds)
            end = max((position + len(data) for position, data in deeds if data is not None), default=0)
            if style == "junk" and end > len(content):  # the size was written and the sectors were not
                content.extend(chance.randbytes(end - len(content)))
            deeds = _sectors(deeds, chance, chance.random())
    for position, data in deeds:
        _apply(content, position, data)
    return bytes(content)


def _sectors(
    deeds: Sequence[tuple[int, bytes | None]], chance: random.Random, share: float
) -> list[tuple[int, bytes | None]]:
    """About this share of the sectors of these writes."""
    kept: list[tuple[int, bytes | None]] = []
    for position, data in deeds:
        if data is None:
            kept += [(position, data)] if chance.random() < share else []
            continue
        start = position
        while start < position + len(data):
            end = min((start // SECTOR + 1) * SECTOR, position + len(data))
            if chance.random() < share:
                kept.append((start, data[start - position : end - position]))
            start = end
    return kept
