"""A registry that is killed again and again, at any moment, while a market works: nothing is lost, nothing paid twice.

After each kill the database is audited before the next start, and every promise given so far is looked up in it.
Buyers, nodes and the operator go on by themselves; when it is over, each of them has come to an end.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import statistics
import sys
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from effort import Effort
from market_load import LATER, OPTIONS, Load
from market_program import PROGRAM, environment
from promises import Promises, broken
from registry_process import Server

from artrator.errors import ArtratorError, Code
from artrator_registry.ledger.audit import audit
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction, connect

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(7_200),
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

#: The same command with a writer that, from the first order on, answers a group before it commits.
HASTY = """
import asyncio
from artrator import group_commit
careful = group_commit.GroupCommit._commit
async def commit(self, group):
    if self._db.execute("SELECT EXISTS (SELECT 1 FROM orders)").fetchone()[0]:
        group_commit._finish(group)
        group_commit._answer(group)
        await asyncio.sleep(0.05)
    await careful(self, group)
group_commit.GroupCommit._commit = commit
"""

DAY = 86_400.0
#: One kill in so many comes before the registry serves: while it opens, recovers and migrates.
EARLY = 6


def look(data: Path, promises: Promises, *, thoroughly: bool) -> list[str]:
    """What is wrong with what the killed registry left."""
    # First: while the registry is dead, the operator's command goes on and may be acknowledged behind this snapshot.
    given = list(promises.given)
    db = connect(Settings(data=data).database, read_only=True)
    try:
        db.execute("BEGIN")
        found = list(audit(Transaction(db, time.time())))
        found += broken(db, given)
        if thoroughly:
            found += [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    except sqlite3.Error as error:
        found = [f"the database cannot be read: {error}"]
    finally:
        db.close()
    return found


@dataclass
class Outcome:
    """What came of so many kills."""

    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    early: int = 0
    starts: list[float] = field(default_factory=list)
    promises: Promises = field(default_factory=Promises)
    counts: Mapping[str, int] = field(default_factory=dict)


async def kill_again_and_again(server: Server, kills: int, seed: int, later: Set[Code] = LATER) -> Outcome:
    """The whole proof; it ends early when something is wrong."""
    chance = random.Random(seed)
    outcome = Outcome()
    load = Load(server, outcome.promises, seed, later=later, provider=server.data.parent / "provider")
    load.print_vouchers(200 + 10 * kills)
    await asyncio.to_thread(server.start)
    await load.open()
    working = asyncio.create_task(load.run())

    async def kill(*, thoroughly: bool) -> None:
        await asyncio.to_thread(server.end, signal.SIGKILL)
        outcome.kills += 1
        outcome.wrong += await asyncio.to_thread(look, server.data, outcome.promises, thoroughly=thoroughly)

    try:
        while outcome.kills < kills and not outcome.wrong and not working.done():
            # Long enough to get something done, on a machine that is busy too.
            await asyncio.sleep(chance.uniform(0, max(0.6, statistics.median(outcome.starts or [0.6]))))
            await kill(thoroughly=outcome.kills % 10 == 0)
            # Days pass while it is down. From half of the run on, what was earned before has matured.
            (server.data.parent / "shift").write_text(str(min(1.0, 2 * outcome.kills / kills) * 9 * DAY))
            while chance.randrange(EARLY) == 0:
                await asyncio.to_thread(server.launch)
                await asyncio.sleep(chance.uniform(0, 0.8))
                await kill(thoroughly=False)
                outcome.early += 1
            begun = time.monotonic()
            await asyncio.to_thread(server.start)
            outcome.starts.append(time.monotonic() - begun)
        if not outcome.wrong:
            load.stop()
            await asyncio.wait_for(working, 600)  # every client reaches its end by itself
            outcome.wrong += await load.differences()
            outcome.wrong += await asyncio.to_thread(look, server.data, outcome.promises, thoroughly=True)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await load.close()
        await asyncio.to_thread(server.end, signal.SIGTERM)
    outcome.counts = load.counts
    return outcome


@pytest.mark.slow
async def test_a_market_whose_registry_is_killed_again_and_again_loses_nothing(
    data: Path, effort: Effort, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(data, OPTIONS, environment(data.parent), PROGRAM)
    outcome = await kill_again_and_again(server, effort.kills, effort.seed)
    with capsys.disabled():
        print(
            f"\nseed {effort.seed}: {outcome.kills} kills, {outcome.early} of them during a start;"
            f" {len(outcome.promises.given)} promises kept; serves again after"
            f" {statistics.median(outcome.starts):.2f} s (median), {max(outcome.starts):.2f} s at most;"
            f" {dict(sorted(outcome.counts.items()))}"
        )
    assert outcome.wrong == [], f"seed {effort.seed}"
    assert outcome.kills >= effort.kills
    assert outcome.counts["paid"]
    _, raised, what = server.log.partition("Traceback")
    assert not raised, what[:3000]


async def test_the_harness_finds_a_registry_that_answers_before_it_has_written(data: Path, effort: Effort) -> None:
    # What it has answered and not yet written it does not know when it is asked: so such a client asks again.
    later = {*LATER, Code.ORDER_UNKNOWN, Code.QUOTE_UNKNOWN, Code.SESSION_INVALID}
    server = Server(data, OPTIONS, environment(data.parent), HASTY + PROGRAM)
    try:
        found = (await kill_again_and_again(server, 20, effort.seed, later)).wrong
    except ArtratorError as problem:
        found = [f"something was acknowledged, and its client hears {problem.code}"]
    assert any("was acknowledged" in each for each in found), found
