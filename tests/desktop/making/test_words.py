"""What a finished job says of its money."""

from __future__ import annotations

from artrator_desktop.state.job import Job, JobPhase, Money
from artrator_desktop.ui.create.words import money

MICRO = 1_000_000


def test_a_part_of_what_was_ordered_says_how_much_of_it_was_paid() -> None:
    whole = Job(
        id="a", batch="a", listing="atelier/sets", version="1.0", title="Sets", task="text-to-image", cover="",
        phase=JobPhase.DONE, hold=21 * MICRO, inputs={}, created_at=0.0, money=Money.PAID, charged=16 * MICRO,
        paid_by="credits", images=[None, None, None],  # type: ignore[list-item]  # only counted
    )  # fmt: skip
    assert money(whole) == "paid 16 credits"
    part = Job(**{**whole.__dict__, "missing": 1})
    assert money(part) == "3 of 4 pictures · paid 16 credits"
