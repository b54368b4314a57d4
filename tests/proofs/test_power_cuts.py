"""A power cut at any moment loses nothing that was acknowledged.

A library that is loaded into a real registry process notes each write and each sync of its files, in order, while
buyers and nodes work and note what they are told. Then the disk is rebuilt as a cut at some moment could have left it,
many times, and each time the registry must be whole and keep every promise given before that moment. That the harness
can fail is shown by the same registry with SQLite's ``synchronous`` set lower.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from effort import Effort
from market_load import OPTIONS, Load
from market_program import PROGRAM, environment
from PIL import Image
from powercut import STYLES, Deed, Disk, Note, Recorder, build
from promises import Promise, Promises, broken
from registry_process import Server
from registry_world import make_package

from artrator.canonical import sha256
from artrator.keys import PrivateKey, PublicKey
from artrator_registry.authority import Authority
from artrator_registry.core import MIGRATIONS, OLDEST_SCHEMA, SCHEMA
from artrator_registry.ledger.audit import audit
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction, connect, migrate

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(sys.platform != "linux", reason="notes are taken by LD_PRELOAD"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler"),
]

#: The same command with a storage that is asked to be careless.
CARELESS = """
from artrator_registry.storage import database
careful = database.connect
def connect(path, *, read_only=False):
    db = careful(path, read_only=read_only)
    if not read_only:
        db.execute("PRAGMA synchronous = {synchronous}")
    return db
database.connect = connect
"""


@dataclass
class Run:
    """One recorded run."""

    base: Path
    folder: Path
    notes: Sequence[Note]
    promises: Promises

    @property
    def checkpoints(self) -> int:
        """Syncs of the database file itself."""
        named = (Deed.MADE, Deed.OPENED)
        mine = {note.file for note in self.notes if note.deed in named and note.paths[0].name == "registry.db"}
        return sum(note.deed is Deed.SYNCED and note.file in mine for note in self.notes)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(Path(__file__).with_name("powercut.c"), tmp_path_factory.mktemp("library") / "powercut.so")


async def record(library: Path, data: Path, seed: int, seconds: float, patch: str = "") -> Run:
    """A registry under load: killed once, stopped once, and cut off at the end."""
    base = data.with_name("base")
    recorder = Recorder(library, data, data.with_name("notes"))
    surroundings = {**environment(data.parent), **recorder.environment}
    server = Server(recorder.folder, OPTIONS, surroundings, patch + PROGRAM)
    promises = Promises(recorder.now)
    # An operator who pays payouts works in this process, unseen by the recorder: there is none here.
    load = Load(server, promises, seed, decides=False, provider=data.parent / "provider")
    load.print_vouchers(300)
    shutil.copytree(data, base)
    server.apart = True
    server.start()
    await load.open()
    working = asyncio.create_task(load.run())
    await asyncio.sleep(seconds / 3)
    await asyncio.to_thread(kill, server, recorder)
    await asyncio.to_thread(server.start)
    await asyncio.sleep(seconds / 3)
    await asyncio.to_thread(server.end, signal.SIGTERM)
    await asyncio.to_thread(server.start)
    await asyncio.sleep(seconds / 3)
    load.stop()
    await working
    await asyncio.to_thread(kill, server, recorder)
    await load.close()
    return Run(base, recorder.folder, list(recorder.read()), promises)


def kill(server: Server, recorder: Recorder) -> None:
    with recorder.between_deeds():
        server.end(signal.SIGKILL)


def cuts(run: Run, target: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Rebuild so many disks; answers what was met, and what was wrong."""
    chance = random.Random(seed)
    met: Counter[str] = Counter()
    wrong: list[str] = []
    seen: set[str] = set()
    moments = sorted(chance.choices(range(1, len(run.notes) + 1), k=count))
    disk = Disk(run.base, run.folder)
    done = 0
    for moment in moments:
        for note in run.notes[done:moment]:
            disk.do(note)
        done = moment
        style = chance.choice(STYLES)
        disk.rebuild(target, style, chance)
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(target.rglob("*")) if path.is_file()))
        promises = run.promises.by(run.notes[moment - 1].end)
        met["disks"] += 1
        met[style] += 1
        met["promises"] += len(promises)
        if digest.hexdigest() not in seen:
            seen.add(digest.hexdigest())
            met["different disks"] += 1
        wrong += [f"cut after {moment} of {len(run.notes)} ({style}): {each}" for each in look(target, promises)]
    for note in run.notes[done:]:
        disk.do(note)
    disk.rebuild(target, "all there", chance)
    wrong += [f"the notes leave another {name} than the run did" for name in unlike(target, run.folder)]
    return met, wrong


def unlike(rebuilt: Path, real: Path) -> list[str]:
    """Files in which a disk that lost nothing differs from the real one: writes that nobody noted."""
    names = {path.relative_to(real) for path in real.rglob("*") if path.is_file() and not path.name.endswith("-shm")}
    names |= {path.relative_to(rebuilt) for path in rebuilt.rglob("*") if path.is_file()}
    return sorted(
        str(name)
        for name in names
        if not ((rebuilt / name).is_file() and (real / name).is_file())
        or (rebuilt / name).read_bytes() != (real / name).read_bytes()
    )


def look(folder: Path, promises: Sequence[Promise]) -> list[str]:
    """Open what is left as a registry would, and ask it everything."""
    settings = Settings(data=folder)
    samples = [path for path in settings.samples.rglob("*") if path.is_file()]
    try:
        migrate(settings.database, MIGRATIONS, SCHEMA, OLDEST_SCHEMA)
        db = connect(settings.database)
    except sqlite3.Error as error:
        return [f"the database cannot be opened: {error}"]
    try:
        found = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += audit(Transaction(db, time.time()))
        found += broken(db, [promise for promise in promises if promise.what not in ("registry", "sample", "key set")])
    except sqlite3.Error as error:
        found = [f"the database cannot be read: {error}"]
    finally:
        db.close()
    try:
        authority = Authority(settings.keys)
        authority.prepare(time.time())
        authority.signer(time.time())
    except Exception as error:
        return [*found, f"the keys are lost: {error!r}"]
    for promise in promises:
        if promise.what == "registry" and promise.name != authority.id:
            found.append("the registry has another root key")
        elif promise.what == "key set" and int(promise.name) > authority.keyset().serial:
            found.append("a key set was acknowledged and is not there")
        elif promise.what == "sample" and not any(sha256(path.read_bytes()) == promise.name for path in samples):
            found.append("a sample was acknowledged and is not there")
    return found


def picture() -> bytes:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(written, "PNG")
    return written.getvalue()


def server_root(folder: Path) -> PublicKey:
    return PrivateKey.load(folder / "keys" / "root.pem").public


@pytest.mark.slow
async def test_no_power_cut_loses_what_was_acknowledged(
    library: Path, data: Path, tmp_path: Path, effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await record(library, data, effort.seed, 20.0 if effort.long else 4.0)
    met, wrong = cuts(run, tmp_path / "left", effort.disks, effort.seed)
    syncs = sum(note.deed is Deed.SYNCED for note in run.notes)
    with capsys.disabled():
        print(
            f"\nseed {effort.seed}: {len(run.notes)} deeds, {syncs} syncs ({run.checkpoints} of the database itself),"
            f" {len(run.promises.given)} promises; {dict(met)}"
        )
    assert wrong == [], f"seed {effort.seed}"
    assert met["different disks"] > effort.disks / 3
    assert met["promises"] > effort.disks
    assert run.checkpoints  # the database itself was written to, not only its log


async def test_a_cut_during_the_first_start_or_a_change_of_keys_leaves_the_same_registry(
    library: Path, tmp_path: Path, effort: Effort
) -> None:
    recorder = Recorder(library, tmp_path / "registry", tmp_path / "notes")
    server = Server(recorder.folder, OPTIONS, recorder.environment)
    server.apart = True
    promises = Promises(recorder.now)
    sample = picture()
    key = PrivateKey.generate()
    await asyncio.to_thread(server.start)
    try:
        async with server.client(key, "atelier") as creator:
            promises.note("registry", (await creator.info()).registry)
            made = make_package(key, samples={"samples/one.png": sample})
            await creator.publish("atelier/painter", made.publication)
            promises.note("listing", "atelier/painter")
            promises.note("sample", sha256(sample))
            for _ in range(3):
                await asyncio.to_thread(server.run, "rotate-key")
                promises.note("key set", str((await creator.keyset(server_root(recorder.folder))).serial))
    finally:
        await asyncio.to_thread(kill, server, recorder)
    (tmp_path / "base").mkdir()
    run = Run(tmp_path / "base", recorder.folder, list(recorder.read()), promises)
    _, wrong = cuts(run, tmp_path / "left", effort.disks, effort.seed)
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
async def test_the_harness_finds_what_a_careless_database_loses(
    synchronous: str, library: Path, data: Path, tmp_path: Path, effort: Effort
) -> None:
    run = await record(library, data, effort.seed, 1.5, CARELESS.format(synchronous=synchronous))
    _, wrong = cuts(run, tmp_path / "left", 60, effort.seed)
    assert any("was acknowledged and is not there" in each for each in wrong)
