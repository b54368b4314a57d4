"""A pass over real processes: sold, bought and used from the command line, and the node is told what pays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from federation import Federation, Person


def told(person: Person, *arguments: str, cwd: Path | None = None) -> Any:
    done = person.run(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_runs_under_a_pass_cost_nothing_more_and_pay_their_creator(running: Federation, tmp_path: Path) -> None:
    hana = running.person("hana", 20)
    terms = ("--title", "Everything", "--price", "9", "--allowance", "5")
    sold = told(running.creator, "plan", "publish", "trial", *terms)
    assert [share["amount"] for share in sold["split"]] == [8_550_000, 450_000]
    bought = told(hana, "pass", "buy", "atelier/trial", "--renew")
    assert bought["renew"]
    before = running.creator.balance().earnings

    generate = ("generate", "atelier/emoji", "--prompt", "pizza", "--set", "steps=4")
    quoted = hana.run(*generate, "--quote")
    assert "paid by your pass, which has 3 credits' worth of runs left after it" in quoted.stdout
    made = told(hana, *generate, "-o", "pizza.png", cwd=tmp_path)
    assert (made["charged"], made["paid_by"]) == (0, "pass")
    assert (tmp_path / "pizza.png").exists()
    assert running.creator.balance().earnings - before == 3_420_000  # 9 x 2/5, less the fee
    paid = told(hana, *generate, "--pay", "credits", "-o", "dear.png", cwd=tmp_path)
    assert (paid["charged"], paid["paid_by"]) == (2_000_000, "credits")
    told(hana, *generate, cwd=tmp_path)
    over = told(hana, *generate, "--quote")
    assert (over["paid_by"], over["cap"]) == ("credits", 2_000_000)  # 1 is left, this is worth 2
    standing = told(hana, "passes")[0]
    assert (standing["used"], standing["waiting"], standing["runs"]) == (4_000_000, 0, 2)
    assert hana.balance().available == 9_000_000
    assert told(running.creator, "plan", "withdraw", "trial")["withdrawn"]
    assert "no difference" in running.audit()
