"""Does a paid job cost more when the ledger has grown? From ten thousand transfers to ten million, on the real schema.

For each size a ledger is filled inside SQLite (orders, holds, captures, fees and statement lines of many people, as
paid jobs leave them; the signed documents are left short, so that ten million rows fit a common disk). A registry
process is started on it and another on a fresh one with as many people and no jobs, and buyers run paid jobs through
the HTTP API of both in turns, as in ``orders.py``. The audit that a large ledger starts with is ended first, since it
is timed apart: then it replays the whole, with its time and the most memory it took. ::

    uv run python benchmarks/registry/growth.py --sizes 10000 100000 1000000 10000000 --folder /a/folder/with/10/GB
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import orders as jobs
from recording import record

from artrator.ids import timed_id
from artrator_registry.accounts import store as accounts
from artrator_registry.ledger import store as ledger
from artrator_registry.ledger.models import FEES, GRANTS, Why, earnings, transfer_id
from artrator_registry.storage import Transaction, connect

#: Each filled job leaves a hold, a capture and a fee.
ROWS_PER_JOB = 3
PEOPLE = 1_000
GIFT = 10**14
#: When the first filled job was ordered, in ms; all are before those that are measured.
_FIRST_JOB = 1_780_000_000_000


def fill(data: Path, rows: int) -> None:
    """Append paid jobs until the ledger has this many transfers, with counters and lines as the triggers write.

    They are copies of one real job, by other buyers; all with one creator, the busiest case. Ids are as real ones: of
    people at random, of orders by the time at which they were made, ten a second.
    """
    if not (data / "registry.db").exists():
        record(data, 100)
    db = connect(data / "registry.db")
    db.create_function("transfer_id", 2, transfer_id, deterministic=True)
    db.create_function("order_id", 1, _order_id, deterministic=True)
    db.create_function("person_id", 1, _person_id, deterministic=True)
    # Nothing here must survive a power cut, and half of the file is rewritten.
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -1000000")
    db.execute("BEGIN IMMEDIATE")
    if db.execute("SELECT count(*) FROM accounts").fetchone()[0] < PEOPLE:
        _people(db)
    done = db.execute("SELECT count(*) FROM orders WHERE body = 'b'").fetchone()[0]  # those of ours
    wanted = max(0, (rows - PEOPLE) // ROWS_PER_JOB - done)
    triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    for start in range(done, done + wanted, 100_000):
        _jobs(db, start, min(start + 100_000, done + wanted))
    for _, sql in triggers:
        db.execute(sql)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _people(db: sqlite3.Connection) -> None:
    t = Transaction(db, time.time())
    for n in range(1, PEOPLE):
        person = _person_id(n)
        accounts.add(t, person, f"p{n}", f"P {n}", f"key {n}")
        ledger.add_accounts(t, person)
        ledger.add_transfer(t, transfer_id(person, "gift"), "single", GRANTS, person, GIFT, Why("grant"))


def _person_id(n: int) -> str:
    return str(uuid.UUID(bytes=_random(n)[:16], version=4))


def _order_id(n: int) -> str:
    return timed_id(_FIRST_JOB + 100 * n, _random(n)[:10])


def _random(n: int) -> bytes:
    return hashlib.sha256(n.to_bytes(8, "big")).digest()


def _jobs(db: sqlite3.Connection, start: int, end: int) -> None:
    """Jobs ``start`` to ``end``: buyer ``1 + job % (PEOPLE - 1)``."""
    model = db.execute("SELECT * FROM orders WHERE body <> 'b' ORDER BY serial LIMIT 1").fetchone()
    earned = earnings(model["creator"])
    serial = db.execute("SELECT max(serial) FROM ledger_transfers").fetchone()[0]
    cap = model["charged"]
    fee = db.execute("SELECT amount FROM ledger_transfers WHERE id = ?", (transfer_id(model["id"], "fee"),)).fetchone()[
        0
    ]
    had = db.execute("SELECT credits_posted - debits_posted FROM ledger_accounts WHERE id = ?", (earned,)).fetchone()[0]
    db.execute("CREATE TEMP TABLE job (n INTEGER PRIMARY KEY, id TEXT, buyer TEXT, round INTEGER)")
    db.execute(
        "WITH RECURSIVE count(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM count WHERE n + 1 < ?)"
        " INSERT INTO job SELECT n, order_id(n), person_id(1 + n % ?), n / ? FROM count",
        (start, end, PEOPLE - 1, PEOPLE - 1),
    )
    changed = {
        "serial": "NULL",
        "id": "job.id",
        "body": "'b'",
        "buyer": "job.buyer",
        "ticket": "'t'",
        "receipt": "'{}'",
    }
    changed["acknowledgement"] = "NULL"
    names = list(model.keys())
    values = ", ".join(changed.get(name, f"orders.{name}") for name in names)
    db.execute(
        f"INSERT INTO orders ({', '.join(names)}) SELECT {values} FROM job JOIN orders ON orders.id = ? ORDER BY n",
        (model["id"],),
    )
    first = f"{serial} + (n - {start}) * {ROWS_PER_JOB}"
    steps = (
        ("hold", "pending", "NULL", "buyer", f"'{earned}'", cap, "order"),
        ("capture", "post", "transfer_id(id, 'hold')", "buyer", f"'{earned}'", cap, "order"),
        ("fee", "single", "NULL", f"'{earned}'", f"'{FEES}'", fee, "fee"),
    )
    for place, (step, phase, pending, debit, credit, amount, kind) in enumerate(steps, 1):
        db.execute(
            "INSERT INTO ledger_transfers"
            " (serial, id, phase, pending, debit, credit, amount, kind, at, order_id, listing)"
            f" SELECT {first} + {place}, transfer_id(id, '{step}'), '{phase}', {pending}, {debit}, {credit}, {amount},"
            f" '{kind}', ?, id, ? FROM job ORDER BY n",
            (model["created_at"], model["listing"]),
        )
    before = f"{GIFT} - {cap} * round"  # what the buyer had before this job
    earning = f"{had} + (n - {start}) * {cap - fee}"
    lines = (
        ("buyer", 1, 0, "hold", -cap, f"{before} - {cap}"),
        ("buyer", 2, 0, "release", cap, before),
        ("buyer", 2, 1, "charge", -cap, f"{before} - {cap}"),
        (f"'{earned}'", 2, 0, "earning", cap, f"{earning} + {cap}"),
        (f"'{earned}'", 3, 0, "fee", -fee, f"{earning} + {cap - fee}"),
    )
    for account, place, part, kind, amount, balance in lines:
        db.execute(
            f"INSERT INTO ledger_entries SELECT {account}, {first} + {place}, {part}, '{kind}', {amount}, {balance}"
            " FROM job"
        )
    count = end - start
    db.execute(
        "UPDATE ledger_accounts SET debits_posted = debits_posted + ? * jobs"
        " FROM (SELECT buyer, count(*) AS jobs FROM job GROUP BY buyer) WHERE id = buyer",
        (cap,),
    )
    db.execute(
        "UPDATE ledger_accounts SET credits_posted = credits_posted + ?, debits_posted = debits_posted + ?"
        " WHERE id = ?",
        (cap * count, fee * count, earned),
    )
    db.execute("UPDATE ledger_accounts SET credits_posted = credits_posted + ? WHERE id = ?", (fee * count, FEES))
    db.execute(
        "UPDATE earning_days SET runs = runs + ?, gross = gross + ?, fee = fee + ? WHERE creator = ? AND listing = ?",
        (count, cap * count, fee * count, model["creator"], model["listing"]),
    )
    db.execute("DROP TABLE job")


def _audit(data: Path) -> tuple[float, float, str]:
    """Seconds, peak MiB, and what it said if there were differences."""
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [*jobs.REGISTRY, "audit", "--data", str(data)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        while process.poll() is None:
            with contextlib.suppress(OSError, StopIteration):  # it may end while one looks
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                peak = max(peak, int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))))
            time.sleep(0.05)
        assert process.stdout is not None
        said = process.stdout.read()
    return time.perf_counter() - start, peak / 1024, said if process.returncode else ""


def _end_audits(pid: int) -> None:
    """A large ledger is audited when its registry starts, for minutes, by a process of its own: that is timed apart."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for _ in range(20):
        time.sleep(0.1)
        for child in children.read_text().split() if children.exists() else ():
            if b"auditor" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGTERM)
                return


def _turns(data: Path, fresh: Path, options: argparse.Namespace, name: str) -> tuple[list[str], float, float]:
    """The grown ledger and a fresh one, loaded in turns: the machine is then the same for both, busy or not.

    Answers the cells of the grown one's best turn, and the medians of both rates.
    """
    served = [(folder, *jobs.serve(folder)) for folder in (data, fresh)]
    took: list[list[jobs.Measured]] = [[], []]
    wrote: list[list[float]] = [[], []]
    _end_audits(served[0][1].pid)
    try:
        for turn in range(options.turns):
            for mine, written, (folder, process, port) in zip(took, wrote, served, strict=True):
                called = f"{name}-{turn}-{time.time_ns()}"[-24:]
                before = _written(process.pid)
                mine.append(jobs.measure(process, port, folder, options.buyers, options.seconds, name=called))
                written.append((_written(process.pid) - before) / len(mine[-1].took.job))
    finally:
        for _, process, _ in served:
            process.send_signal(signal.SIGTERM)
        for _, process, _ in served:
            process.wait(60)
    best = max(took[0], key=lambda each: each.took.rate)
    rates = [statistics.median(each.took.rate for each in mine) for mine in took]
    cheapest = [min(each.registry for each in mine) for mine in took]
    kibibytes = [statistics.median(each) / 1024 for each in wrote]
    costs = [f"{cheapest[0]:.2f} / {cheapest[1]:.2f}", f"{kibibytes[0]:.0f} / {kibibytes[1]:.0f}"]
    return [*costs, *best.cells()], rates[0], rates[1]


def _written(pid: int) -> int:
    """What a process wrote to files so far, in bytes; it depends on no load."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar:")))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--buyers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each turn")
    parser.add_argument("--turns", type=int, default=3, help="for each size; a fresh ledger has as many in between")
    parser.add_argument("--folder", type=Path, help="where the ledger is made; ten million rows need about 9 GB")
    parser.add_argument("--ledger", type=Path, help="a folder to fill further, or that was filled before; it is kept")
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    columns = ("transfers", "file MB", "jobs/s", "of a fresh ledger beside it", "registry CPU ms/job: here / fresh")
    columns = (*columns, "KiB written/job: here / fresh")
    columns = (*columns, *jobs.STEPS.values(), "audit s", "audit MiB", "differences")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data = options.ledger or Path(folder) / "registry"
        for place, size in enumerate(sorted(options.sizes)):
            fill(data, size)
            fresh = Path(folder) / f"fresh{place}"
            fill(fresh, 0)
            cells, rate, beside = _turns(data, fresh, options, f"s{place}")
            seconds, memory, answer = _audit(data)
            cells = [
                f"{size:,}",
                f"{(data / 'registry.db').stat().st_size / 1e6:.0f}",
                f"{rate:.0f}",
                f"{rate / beside:.0%}",
                *cells,
                f"{seconds:.1f}",
                f"{memory:.0f}",
                "some" if answer else "none",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)
            if answer:
                print(answer[:2000])


if __name__ == "__main__":
    main()
