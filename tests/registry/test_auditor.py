"""The audit as a process of its own: it finds what the one inside finds, and says in a sentence why it could not."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from pathlib import Path

import pytest
from registry_world import World

from artrator.errors import ArtratorError, Code
from artrator_registry import core
from artrator_registry.auditor import NotAuditedError, audit_apart
from artrator_registry.ledger.audit import audit
from artrator_registry.storage import connect

pytestmark = pytest.mark.anyio


async def test_it_finds_what_the_audit_inside_finds(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    await shop.deliver(mina, await shop.order(mina))
    assert await audit_apart(world.settings.database) == []
    with contextlib.closing(connect(world.settings.database)) as db:
        for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {row['name']}")
        db.execute("UPDATE ledger_accounts SET credits_posted = credits_posted + 1 WHERE owner IS NOT NULL")
        found = await audit_apart(world.settings.database)
        assert found
        assert found == await world.registry.database.read(audit)
        db.execute("UPDATE ledger_accounts SET credits_posted = credits_posted - 1 WHERE owner IS NOT NULL")


async def test_what_it_cannot_read_is_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotAuditedError):
        await audit_apart(tmp_path / "nothing.db")
    said = capfd.readouterr().err
    assert "audit: the database could not be read" in said
    assert "Traceback" not in said


async def is_made_soon(
    registry: core.Registry, made: asyncio.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Audit for ever until one was made, though the first could not be; that is a sentence in the log."""
    monkeypatch.setattr(core, "_UNAUDITED_SECONDS", 0.01)
    with caplog.at_level(logging.WARNING, "artrator_registry"):
        auditing = asyncio.create_task(registry._audit_for_ever())
        try:
            await asyncio.wait_for(made.wait(), 60)
        finally:
            auditing.cancel()
    assert "Traceback" not in caplog.text


async def test_an_audit_that_found_the_database_held_is_made_soon_and_health_says_when(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = world.registry
    await registry.audit()
    assert (await registry.health())["audited_at"] == pytest.approx(world.clock(), abs=3600)
    made = asyncio.Event()

    async def held_once() -> list[str]:
        if "there was no audit" not in caplog.text:
            raise ArtratorError(Code.STORAGE_BUSY, "Another program holds the registry's database.")
        made.set()
        return []

    monkeypatch.setattr(registry, "audit", held_once)
    await is_made_soon(registry, made, monkeypatch, caplog)


async def test_an_audit_that_could_not_be_made_is_made_soon(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a day, when the next one is due."""
    registry = world.registry
    registry.settings = dataclasses.replace(registry.settings, audit_inside=-1)
    made = asyncio.Event()

    async def busy_once(_: Path) -> list[str]:
        if "there was no audit" not in caplog.text:
            raise NotAuditedError("the auditor ended with 1")
        made.set()
        return []

    monkeypatch.setattr(core, "audit_apart", busy_once)
    await is_made_soon(registry, made, monkeypatch, caplog)
