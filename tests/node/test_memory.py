"""A node under jobs for more packages than fit into its memory: all are done, workers come and go, nothing piles up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mixed_load import MixedLoad

MIB = 1 << 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_mixed_jobs_on_more_packages_than_fit_leave_nothing_behind(tmp_path: Path) -> None:
    # A worker of 12 MiB of weights takes 33 to 45 MiB of its own and maps 12 more: two fit, three do not.
    load = MixedLoad(tmp_path, packages=4, mib=12, memory_mib=120, prewarm=False)
    try:
        load.start()
        outcome = load.run(60, at_once=3, run_length=3, every=5)
        assert outcome.states == {load.delivered: 60}
        assert outcome.counters["artrator_node_worker_evictions_total"] > 4
        assert max(moment.workers for moment in outcome.moments) <= 2
        # Far above what 50 jobs may grow it by on their way, far below what a worker's weights would.
        assert outcome.moments[-1].daemon_bytes - outcome.moments[1].daemon_bytes < 40 * MIB
        assert len(list((tmp_path / "node" / "derived").glob("*/*/*.weights"))) == 4
    finally:
        load.stop()
