"""Shares of the device: bounds that hold for whatever jobs there are."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from artrator.worker.child.turns import TURN_SECONDS, WEIGHTS, Party, Turns

LONGEST = 0.4
parties = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcd")), min_size=2, max_size=12)


@dataclass(eq=False)
class Call:
    party: Party


def served(who, durations, *, batches, room=1, absent=0):
    """Let jobs that always want one more step share a device; seconds of each job, and what each waited at most."""
    turns = Turns()
    jobs = [Party(str(place), buyer, rank) for place, (rank, buyer) in enumerate(who)]
    waiting = [Call(party) for party in jobs]
    coming = []
    for party in jobs:
        turns.arrive(party)
    had = dict.fromkeys(jobs, 0.0)
    for number in range(batches):
        chosen = turns.order(waiting)[:room]
        if not chosen:
            chosen = [Call(coming.pop(0))]
            waiting.append(chosen[0])
        assert turns.lead(waiting) is chosen[0]
        seconds = durations[number % len(durations)]
        turns.begin(chosen[0].party)
        for call in chosen:
            waiting.remove(call)
            turns.charge(call.party, seconds / len(chosen))
            had[call.party] += seconds / len(chosen)
        # Those who were served come back, at once or while the next batch computes.
        back, coming = (coming, [call.party for call in chosen]) if absent else ([c.party for c in chosen], [])
        for party in back:
            turns.arrive(party)
            waiting.append(Call(party))
    return had


@given(parties, st.lists(st.floats(0.001, LONGEST), min_size=1, max_size=7))
@settings(max_examples=30, deadline=None)
def test_ranks_share_by_weight_and_buyers_of_a_rank_alike(who, durations):
    had = served(who, durations, batches=600)
    total = sum(had.values())
    ranks = {rank for rank, _ in who}
    weights = sum(WEIGHTS[rank] for rank in ranks)
    for rank in ranks:
        share = sum(seconds for party, seconds in had.items() if party.rank == rank)
        assert share >= total * WEIGHTS[rank] / weights - 2 * LONGEST
        buyers = {}
        for party, seconds in had.items():
            if party.rank == rank:
                buyers[party.buyer] = buyers.get(party.buyer, 0.0) + seconds
        # Nobody is further behind than the turn of another buyer, and the batch that ended it.
        assert max(buyers.values()) - min(buyers.values()) <= TURN_SECONDS + 2 * LONGEST


@given(parties, st.lists(st.floats(0.1, LONGEST), min_size=1, max_size=7), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_nobody_starves_in_batches_and_while_coming_back(who, durations, room):
    had = served(who, durations, batches=1200, room=room, absent=1)
    jobs_of = {key: sum(1 for party in had if (party.rank, party.buyer) == key) for key in set(who)}
    for party in had:
        buyer = party.rank, party.buyer
        if jobs_of[buyer] == 1:  # of several jobs of one buyer the older goes first
            assert had[party] > 0


def test_thirty_jobs_of_a_buyer_slow_the_one_of_another_by_half_at_most():
    who = [(0, "greedy")] * 30 + [(0, "modest")]
    had = served(who, [0.1], batches=400)
    modest = next(seconds for party, seconds in had.items() if party.buyer == "modest")
    assert modest >= 40 * 0.5 - TURN_SECONDS - 0.2
    together = served(who, [0.1], batches=400, room=8)
    modest = next(seconds for party, seconds in together.items() if party.buyer == "modest")
    assert modest == max(together.values())  # it is in every batch


def test_whoever_comes_late_has_nothing_to_make_up_for():
    turns = Turns()
    early, late = Party("early", "early"), Party("late", "late")
    turns.arrive(early)
    for _ in range(100):
        turns.begin(early)
        turns.charge(early, 1.0)
        turns.arrive(early)
    turns.arrive(late)
    row = []
    for _ in range(6):
        first = turns.order([Call(early), Call(late)])[0].party
        turns.begin(first)
        turns.charge(first, 1.0)
        turns.arrive(first)
        row.append(first.job)
    assert row.count("late") <= 4


def test_buyers_who_have_gone_are_forgotten():
    turns = Turns()
    for number in range(5000):
        party = Party(str(number), str(number))
        turns.arrive(party)
        turns.begin(party)
        turns.charge(party, number % 3)
    assert len(turns._buyers) <= 300
