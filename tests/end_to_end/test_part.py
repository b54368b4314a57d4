"""Three of four pictures over real processes: delivered, charged for three, and the statement says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from federation import federation
from picture_sets import write_sets
from toy_node import install_backend

MICRO = 1_000_000


@pytest.mark.slow
def test_three_of_four_pictures_are_delivered_and_three_are_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(install_backend(tmp_path / "site")))
    with federation(tmp_path / "federation") as running:
        package = tmp_path / "sets"
        write_sets(package, running.creator.profile.identity)
        running.publish(package, "--base", "1", "--price", "step=1")
        running.start_node()
        mina = running.person("mina", 100)

        result = mina.buy("atelier/sets", {"do": "set-fail"})
        assert [delivered.output.name for delivered in result.outputs] == ["images-1", "images-2", "images-3"]
        assert (result.ordered, result.missing, result.receipt.error) == (4, 1, "model_failed")
        assert (result.settled, result.charged) == (True, 16 * MICRO)  # 1 for the run, 15 of 20 steps
        assert mina.balance().available == 84 * MICRO
        assert mina.balance().held == 0
        said = [line.text for line in mina.statement() if line.order == result.order]
        assert "Paid for atelier/sets: a part of what was ordered (model_failed)" in said
        assert running.creator.balance().earnings > 0

        done = mina.run(
            *("generate", "atelier/sets", "--set", "do=set-short", "--output", str(tmp_path / "x.png"), "--yes")
        )
        assert done.returncode == 0, done.stderr
        assert "3 of 4 pictures (model_failed); you pay for 3." in done.stderr
        assert mina.buy("atelier/sets", {}).charged == 21 * MICRO
        assert "no difference" in running.audit()
