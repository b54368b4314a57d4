"""How many rows go together is learnt from what they took."""

import random

import pytest

from artrator.worker.child.sizes import Sizes


def taught(seconds, waiting, *, limit=64, batches=300, noise=0.0, memory=10**9, seed=1):
    """Let a device whose batches take ``seconds(rows)`` be asked for ``waiting()`` rows again and again."""
    chance = random.Random(seed)
    sizes, chosen = Sizes(limit), []
    for _ in range(batches):
        count = waiting() if callable(waiting) else waiting
        rows = sizes.choose(count, 1)
        assert 1 <= rows <= min(count, limit)
        if rows > memory:
            sizes.too_large(rows)
            continue
        chosen.append(rows)
        disturbed = 5.0 if chance.random() < noise else 1.0 + chance.random() * 0.1
        sizes.observe(rows, seconds(rows) * disturbed, 1)
    return sizes, chosen


def weights(rows):
    """Bound by memory: the weights cost as much as many rows."""
    return 0.003 + 0.0005 * rows


def arithmetic(rows):
    """Bound by arithmetic: nobody gains from company."""
    return 0.5 * rows


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_model_bound_by_memory_takes_all_that_waits(noise):
    chance = random.Random(2)
    sizes, chosen = taught(weights, lambda: chance.randint(1, 40), noise=noise)
    assert sizes.best >= 20
    sizes, chosen = taught(weights, 24, noise=noise)
    assert sum(chosen[20:]) / len(chosen[20:]) > 22


def test_a_model_bound_by_arithmetic_answers_one_after_the_other():
    sizes, chosen = taught(arithmetic, 16)
    assert sizes.best <= 2
    assert max(chosen) <= 8  # a batch of 16 would hold everybody up for 8 seconds
    assert sorted(chosen[-100:])[50] <= 2


def test_a_model_that_gains_up_to_a_point_is_taken_to_that_point():
    """Beyond 8 rows, the device has to begin anew."""

    def steps(rows):
        return 0.1 * -(-rows // 8)

    sizes, chosen = taught(steps, 64)
    assert 6 <= sizes.best <= 10
    assert sorted(chosen[-50:])[25] <= 10


def test_nothing_is_left_over_that_costs_more_than_it_saves():
    """The twelfth row is dear, but by itself it would be dearer."""
    seconds = {1: 4.1, 2: 4.9, 4: 5.5, 8: 7.9, 11: 9.0, 12: 12.1, 16: 12.2, 22: 18.0}
    sizes = Sizes(64)
    for rows, taken in seconds.items():
        for _ in range(4):
            sizes.observe(rows, taken / 1000, 1)
    assert sizes.choose(12, 1) == 12
    # Where the rest is worth a batch, it is one.
    for _ in range(4):
        sizes.observe(22, 0.03, 1)
    for _ in range(8):
        sizes.observe(16, 0.029, 1)
    assert sizes.choose(22, 1) == 11


def test_what_does_not_fit_is_remembered_and_what_fits_is_used():
    sizes, chosen = taught(weights, 64, memory=20)
    assert max(chosen) <= 20
    assert sum(chosen[-50:]) / 50 >= 15
    again = Sizes(64)
    kept = sizes.to_json()
    again.recall(kept["sizes"], kept["ceiling"], kept["tried"])
    assert again.choose(64, 1) <= 20
    assert again.best == sizes.best


def test_a_batch_that_would_not_fit_by_the_measure_of_smaller_ones_is_not_tried():
    sizes = Sizes(64)
    sizes.observe(1, 0.001, 1)
    sizes.observe(4, 0.001, 1)
    sizes.observe_memory(4, 400 << 20)
    assert sizes.choose(64, 1, free_bytes=lambda: 1 << 30) == 4 + 8
    assert sizes.choose(64, 1, free_bytes=lambda: -5.0) == 4


def test_a_size_that_was_tried_and_never_came_to_its_end_is_halved():
    sizes = Sizes(64)
    sizes.recall([(1, 0.1), (8, 0.2)], 0, 32)
    assert sizes.choose(64, 1) == 16


def test_sizes_between_measured_ones_are_read_off():
    sizes = Sizes(64)
    assert sizes.seconds(3) is None
    for rows in (2, 6):
        for _ in range(3):
            sizes.observe(rows, rows / 10, 1)
    assert sizes.seconds(1) == pytest.approx(0.2)
    assert sizes.seconds(4) == pytest.approx(0.4)
    assert sizes.seconds(12) == pytest.approx(1.2)


def test_a_change_of_the_machine_is_noticed():
    """A game has begun: what was gained from company is gone, or the other way round."""
    sizes, _ = taught(weights, 16)
    for _ in range(40):
        rows = sizes.choose(16, 1)
        sizes.observe(rows, 0.05 * rows * rows, 1)
    assert sizes.choose(16, 1) <= 8


def test_what_ran_out_of_memory_is_tried_again_much_later_but_not_what_ended_a_worker():
    sizes, chosen = taught(weights, 64, memory=20, batches=3000)
    assert max(chosen) <= 20
    roomy = [sizes.choose(64, 1) for _ in range(3000)]
    assert max(roomy) > 20  # a program that took the memory may have ended
    deadly = Sizes(64)
    deadly.recall([(1, 0.1), (8, 0.2)], 0, 32)
    for _ in range(5000):
        rows = deadly.choose(64, 1)
        assert rows <= 16
        deadly.observe(rows, weights(rows), 1)
    kept = deadly.to_json()
    assert kept["tried"] == 32  # the next worker is told as well
    following = Sizes(64)
    following.recall(kept["sizes"], kept["ceiling"], kept["tried"])
    assert following.choose(64, 1) <= 16
