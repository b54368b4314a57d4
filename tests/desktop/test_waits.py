"""What a person is told of the wait: the queue and a cold model once, each run's own time as often as it runs."""

from __future__ import annotations

from typing import Any

import money_shown
import pytest

from artrator.messages.registry import NodeState
from artrator_desktop.state.quoting import Quoting
from artrator_desktop.ui.text import duration


@pytest.mark.parametrize(
    ("wait", "runs", "told"), [(8.25, 1, "11 s"), (2.5, 1, "5.5 s"), (0.0, 1, "3 s"), (8.25, 4, "20 s")]
)
def test_the_load_of_a_cold_model_is_waited_for_once(qtbot: Any, wait: float, runs: int, told: str) -> None:
    quoting = Quoting(None)  # type: ignore[arg-type] # nobody is asked
    quote = money_shown.quote()
    node = quote.nodes[0].model_copy(update={"expected_wait": wait, "run_seconds": 3.0, "state": NodeState.COLD})
    quoting.quote = quote.model_copy(update={"nodes": [node]})
    seconds = quoting.seconds_for(runs)
    assert seconds is not None
    assert duration(seconds) == told
    assert quoting.state == "cold"


def test_what_was_never_run_is_given_no_time(qtbot: Any) -> None:
    quoting = Quoting(None)  # type: ignore[arg-type] # nobody is asked
    quote = money_shown.quote()
    node = quote.nodes[0].model_copy(update={"expected_wait": 5.0, "run_seconds": 0.0})
    quoting.quote = quote.model_copy(update={"nodes": [node]})
    assert quoting.seconds is None
