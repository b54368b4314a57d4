"""A database that is deleted, moved or replaced beneath the registry that serves it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from registry_world import MICRO, Person, World

from artrator.errors import ArtratorError, Code
from artrator_registry import Settings
from artrator_registry.storage import connect

pytestmark = pytest.mark.anyio


async def refused(mina: Person) -> None:
    with pytest.raises(ArtratorError) as raised:
        await mina.sign_in()
    assert raised.value.code is Code.DISK_FULL
    assert "moved, replaced or deleted" in raised.value.message


async def not_misread(mina: Person) -> None:
    """Threads that have the file open can still read it; one that would open it now is refused."""
    try:
        assert (await mina.balance()).available == 5 * MICRO
    except ArtratorError as error:
        if error.code is not Code.DISK_FULL:
            raise


def fetch(file: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(connect(file, read_only=True)) as db:
        return [tuple(row) for row in db.execute(sql)]


async def served_again(data: Path, saved: Path) -> None:
    """As the log says: what is left is removed, and what was saved gets its name."""
    for name in ("registry.db", "registry.db-wal", "registry.db-shm"):
        (data / name).unlink(missing_ok=True)
    saved.rename(data / "registry.db")
    async with World(Settings(data=data)) as again:
        assert await again.registry.audit() == []
        row = await again.registry.database.read(
            lambda t: t.row(
                "SELECT credits_posted FROM ledger_accounts a JOIN accounts p ON p.id = a.id WHERE p.handle = 'mina'"
            )
        )
        assert row[0] == 5 * MICRO


async def opened(data: Path, stack: contextlib.AsyncExitStack) -> tuple[World, Person]:
    world = World(Settings(data=data, sweep_seconds=3600))
    await stack.enter_async_context(world.app.router.lifespan_context(world.app))  # not audited: it is lost in the end
    mina = await world.person("mina")
    await world.registry.sweeper.sweep()
    await world.grant("mina", 5 * MICRO)
    return world, mina


@pytest.mark.parametrize("also", [[], ["registry.db-wal", "registry.db-shm"]], ids=["database", "all"])
async def test_nothing_is_written_to_a_deleted_file_and_all_that_was_is_saved(
    data: Path, caplog: pytest.LogCaptureFixture, also: list[str]
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        world, mina = await opened(data, stack)
        for name in ("registry.db", *also):
            (data / name).unlink()
        await refused(mina)
        await not_misread(mina)
        with pytest.raises(ArtratorError):
            await world.registry.health()
        for _ in range(3):
            await world.registry.sweeper.sweep()
        (saved,) = data.glob("registry-saved-*.db")
        assert saved == world.registry.database.saved
        assert saved.stat().st_mode & 0o077 == 0
        assert caplog.text.count("nothing is written any more") == 1
        assert str(saved) in caplog.text
        await refused(mina)
    await served_again(data, saved)


async def test_a_file_that_is_put_back_is_written_again(data: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        world, mina = await opened(data, stack)
        (data / "registry.db").rename(data / "elsewhere")
        await refused(mina)
        (data / "elsewhere").rename(data / "registry.db")
        await mina.sign_in()
        await world.grant("mina", 2 * MICRO)
        await world.registry.sweeper.sweep()
        assert world.registry.sweeper.chores.failing == set()
        assert await world.audit() == []


async def test_a_file_that_took_its_place_is_neither_read_nor_written_nor_mixed_with_it(
    data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    shutil.copyfile(data / "registry.db", other)
    before = fetch(other, "SELECT count(*), total(credits_posted) FROM ledger_accounts")
    async with contextlib.AsyncExitStack() as stack:
        world, mina = await opened(data, stack)
        other.replace(data / "registry.db")
        await refused(mina)
        await world.registry.sweeper.sweep()
        # Whoever opens the new file finds it as it was made, although the log of the old one lay beside it.
        assert fetch(data / "registry.db", "SELECT count(*), total(credits_posted) FROM ledger_accounts") == before
        assert fetch(data / "registry.db", "PRAGMA integrity_check") == [("ok",)]
        await refused(mina)
        await not_misread(mina)
    assert fetch(data / "registry.db", "SELECT count(*), total(credits_posted) FROM ledger_accounts") == before
    (saved,) = data.glob("registry-saved-*.db")
    await served_again(data, saved)


async def test_what_cannot_be_saved_at_once_is_tried_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with contextlib.AsyncExitStack() as stack:
        world, _ = await opened(data, stack)
        (data / "registry.db").unlink()

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("artrator_registry.storage.anchor.os.fsync", full)
            await world.registry.sweeper.sweep()
        assert list(data.glob("registry-saved-*")) == []
        await world.registry.sweeper.sweep()
        assert len(list(data.glob("registry-saved-*.db"))) == 1
