"""Who is next: bounds that hold for whatever comes, not only for what was thought of."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_engine import record

from artrator.worker.child.turns import WEIGHTS
from artrator_node.engine.live import EventLog, LiveJob
from artrator_node.engine.queue import LATER_SECONDS, JobQueue
from artrator_node.engine.ranks import mark_of, rank_of
from artrator_node.engine.seats import has_seat

PAID = ("credits", "pass", "free")
arrivals = st.lists(
    st.tuples(st.sampled_from(PAID), st.sampled_from("abcde"), st.integers(0, 120_000).map(lambda ms: ms / 1000)),
    min_size=1,
    max_size=40,
)


def job(buyer: str = "mina", at: float = 0.0, **other: Any) -> LiveJob:
    return LiveJob(record(buyer=buyer, queued_at=at, **other), EventLog())


def filled(come: list[tuple[str, str, float]]) -> tuple[JobQueue, list[LiveJob]]:
    queue = JobQueue()
    jobs = [job(buyer, at, paid_by=paid) for paid, buyer, at in come]
    for live in jobs:
        queue.add(live)
    return queue, jobs


@given(arrivals)
def test_nobody_is_overtaken_by_what_came_much_later(come: list[tuple[str, str, float]]) -> None:
    """Within a rank; the first job of a buyer is overtaken by nothing that came after it."""
    queue, jobs = filled(come)
    ordered = list(queue.ordered([]))
    assert sorted(live.job for live in ordered) == sorted(live.job for live in jobs)
    nth: Counter[str] = Counter()
    patience = {}
    for live in sorted(jobs, key=lambda live: (live.record.queued_at, live.job)):
        patience[live.job] = nth[live.record.buyer] * LATER_SECONDS
        nth[live.record.buyer] += 1
    for place, live in enumerate(ordered):
        for before in ordered[:place]:
            if before.record.paid_by == live.record.paid_by:
                assert before.record.queued_at <= live.record.queued_at + patience[live.job] + 1e-6


@given(st.lists(st.one_of(st.none(), st.sampled_from(PAID)), max_size=400))
@settings(max_examples=200)
def test_every_rank_gets_its_share_of_starts_whatever_comes(moves: list[str | None]) -> None:
    """None starts the next job. The first of a rank is passed by a bounded number of jobs of the others."""
    queue = JobQueue()
    passed: Counter[str] = Counter()
    for move in moves:
        if move is not None:
            queue.add(job(uuid.uuid4().hex, float(len(moves)), paid_by=move))
            continue
        ordered = queue.ordered([])
        if not ordered:
            continue
        queue.start(ordered[0])
        mine = ordered[0].record.paid_by
        passed[mine] = 0
        for paid in {live.record.paid_by for live in ordered} - {mine}:
            passed[paid] += 1
            own = WEIGHTS[rank_of(paid)]
            others = [weight for rank, weight in enumerate(WEIGHTS) if rank != rank_of(paid)]
            assert passed[paid] <= sum(int(weight / own) + 1 for weight in others)
        for paid in PAID:
            if not any(live.record.paid_by == paid for live in queue):
                passed[paid] = 0


def test_of_21_starts_16_are_paid_by_the_run_and_one_by_nothing() -> None:
    queue, _ = filled([(paid, f"{paid}{n}", float(n)) for paid in PAID for n in range(60)])
    begun: Counter[str] = Counter()
    for _ in range(42):
        live = queue.ordered([])[0]
        queue.start(live)
        begun[live.record.paid_by] += 1
    assert begun == {"credits": 32, "pass": 8, "free": 2}


def test_a_crowd_of_free_accounts_does_not_hold_up_who_pays() -> None:
    """A thousand accounts, each with a job that has waited for ages; a paid job every fourth start."""
    queue, _ = filled([("free", f"free{n}", float(-n)) for n in range(300)])
    waits, mine = [], {}
    for start in range(200):
        if start % 4 == 0:
            live = job(f"payer{start}", float(start), paid_by="credits")
            queue.add(live)
            mine[live.job] = start
        begun = queue.ordered([])[0]
        queue.start(begun)
        if begun.job in mine:
            waits.append(start - mine[begun.job])
    assert len(waits) == 50
    assert max(waits) <= 1


@given(arrivals)
@settings(max_examples=50)
def test_a_restarted_node_goes_on_in_the_same_order(come: list[tuple[str, str, float]]) -> None:
    queue, jobs = filled(come)
    before = [live.job for live in queue.ordered([])]
    again = JobQueue()
    for live in sorted(jobs, key=lambda live: live.job):
        again.add(LiveJob(live.record, EventLog()))
    assert [live.job for live in again.ordered([])] == before


def test_a_job_that_lost_its_worker_goes_before_all() -> None:
    queue, _ = filled([("credits", "a", 0.0)])
    lost = job("z", 99.0, paid_by="free", attempts=1)
    queue.add(lost)
    assert queue.ordered([])[0] is lost


# --- places in a worker


def test_who_pays_does_not_wait_for_a_place_behind_who_does_not() -> None:
    crowd = [job(f"f{n}", paid_by="free") for n in range(4)]
    assert not has_seat(job("other", paid_by="free"), crowd, 4)
    assert has_seat(job("payer", paid_by="credits"), crowd, 4)
    assert has_seat(job("holder", paid_by="pass"), crowd, 4)


def test_a_buyer_of_many_leaves_a_place_for_the_first_job_of_another() -> None:
    greedy = [job("greedy") for _ in range(4)]
    assert not has_seat(job("greedy"), greedy, 4)
    assert has_seat(job("modest"), greedy, 4)


@given(st.lists(st.tuples(st.sampled_from(PAID), st.sampled_from("abcdefgh")), max_size=200), st.integers(1, 8))
def test_a_worker_is_never_crowded_without_bound(come: list[tuple[str, str]], seats: int) -> None:
    inside: list[LiveJob] = []
    for paid, buyer in come:
        live = job(buyer, paid_by=paid)
        empty = len(inside) < seats
        if has_seat(live, inside, seats):
            inside.append(live)
        else:
            assert not empty  # a place that is free is never refused
    assert len(inside) <= 3 * seats


def test_a_worker_learns_of_a_buyer_nothing_but_who_is_the_same() -> None:
    assert mark_of("mina") == mark_of("mina") != mark_of("joon")
    assert "mina" not in mark_of("mina")


@pytest.mark.parametrize(("paid_by", "rank"), [("credits", 0), ("own", 1), ("pass", 1), ("free", 2), ("new", 2)])
def test_what_is_not_known_counts_as_nothing_paid(paid_by: str, rank: int) -> None:
    assert rank_of(paid_by) == rank


def test_ordering_a_long_queue_is_quick() -> None:
    queue, _ = filled([(PAID[n % 3], f"b{n % 50}", float(n)) for n in range(2000)])
    begun = time.process_time()
    queue.ordered([])
    assert time.process_time() - begun < 2
