"""Money over real processes: disputes and earnings by command, and a registry restored from last night's backup."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from federation import Federation, copy_example, federation

from artrator.demo.services import artrator
from artrator.errors import Code
from artrator.messages.registry import OrderState

MICRO = 1_000_000


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A federation whose books these tests may change."""
    folder = tmp_path_factory.mktemp("market")
    with federation(folder) as it:
        it.publish(copy_example("emoji", folder / "packages"), "--price", "image=2")
        it.start_node()
        yield it


def operate(market: Federation, *arguments: str) -> str:
    """An operator's command."""
    return artrator("registry", *arguments, "--data", str(market.registry_data), home=market.folder / "operator")


def test_a_delivery_is_disputed_with_its_proof_and_the_creator_gives_way(market: Federation, tmp_path: Path) -> None:
    buyer = market.person("mina", 10)
    bought = buyer.run(
        *("generate", "atelier/emoji", "--prompt", "a red fox", "--set", "steps=4"),
        *("--output", str(tmp_path / "fox.png"), "--json"),
    )
    assert bought.returncode == 0, bought.stderr
    order = json.loads(bought.stdout)["order"]
    opened = buyer.run("dispute", "open", order, "--reason", "not_as_described", "--text", "A cat.", "--reveal")
    assert opened.returncode == 0, opened.stderr
    assert "as the ticket names it" in opened.stdout
    assert "NOT as" not in opened.stdout
    assert "a red fox" in opened.stdout
    assert order in operate(market, "disputes")
    assert "the salt proves this request" in operate(market, "dispute", "show", order)
    listed = market.creator.run("dispute", "list", "--json")
    assert [each["order"] for each in json.loads(listed.stdout)["items"]] == [order]
    given = market.creator.run("dispute", "answer", order, "--text", "You are right.", "--give-back")
    assert given.returncode == 0, given.stderr
    assert "decided for the buyer" in given.stdout
    assert buyer.balance().available == 10 * MICRO
    assert market.creator.balance().earnings == 0
    assert "no difference" in market.audit()


def test_what_is_earned_is_shown_exported_and_matures(market: Federation, tmp_path: Path) -> None:
    buyer = market.person("jun", 10)
    buyer.buy("atelier/emoji", {"prompt": "a house", "steps": 4})
    creator = market.creator
    told = json.loads(creator.run("earnings", "--json").stdout)
    assert told["maturing"] == 1_900_000
    assert "atelier/emoji" in creator.run("earnings").stdout
    early = creator.run("payout", "request", "10", "--to", "KB 1")
    assert early.returncode == 3
    assert f"[{Code.EARNINGS_INSUFFICIENT.value}]" in early.stderr
    assert creator.run("earnings", "spend", "1").returncode == 3
    assert "every month" in creator.run("payout", "schedule", "month", "--to", "KB 1", "--minimum", "20").stdout
    assert "every month" in creator.run("payout", "list").stdout
    wrong = creator.run(
        "seller", "set", "--legal-name", "아틀리에", "--country", "kr", "--business-number", "1248100999"
    )
    assert wrong.returncode == 1
    assert "124-81-00998" in wrong.stderr
    right = creator.run(
        *("seller", "set", "--legal-name", "아틀리에", "--country", "kr", "--business-number", "124-81-00998", "--vat")
    )
    assert "submitted" in right.stdout
    assert "1248100998" in operate(market, "sellers", "list", "--state", "submitted")
    operate(market, "sellers", "verify", "atelier")
    assert "verified" in creator.run("seller", "show").stdout
    year = told["days"][-1]["day"][:4]
    for arguments in (("earnings", "statement", year), ("statement", "--of", "earnings")):
        file = tmp_path / f"{arguments[0]}.csv"
        assert creator.run(*arguments, "--csv", str(file)).returncode == 0
        assert "atelier/emoji" in file.read_text(encoding="utf-8")
    assert "VAT in it" in creator.run("earnings", "statement", year).stdout
    operate(market, "payouts", "export", str(tmp_path / "payouts.csv"))
    assert "no difference" in market.audit()


@pytest.mark.slow
def test_a_registry_restored_under_a_running_federation_ends_explained_and_charges_nothing_twice(
    tmp_path: Path,
) -> None:
    with federation(tmp_path) as market:
        market.publish(copy_example("emoji", tmp_path / "packages"), "--price", "image=2")
        market.start_node()
        buyer = market.person("mina", 100)
        first = buyer.buy("atelier/emoji", {"prompt": "one", "steps": 4})
        copy = market.folder / "copy"
        operate(market, "backup", str(copy))
        lost = buyer.buy("atelier/emoji", {"prompt": "two", "steps": 4})
        assert buyer.balance().available == 96 * MICRO
        # Last night's copy takes the place of the registry; node and buyers go on as if nothing had happened.
        market.kill(market.registry)
        shutil.rmtree(market.registry_data)
        shutil.copytree(copy, market.registry_data)
        market.start_registry()
        market.wait_for(lambda: lost.order in notes(market), "the node has not sent its receipt again", 60)
        assert "restored from a copy" in notes(market)
        assert "no difference" in market.audit()
        assert buyer.balance().available == 98 * MICRO
        assert market.creator.balance().earnings == 1_900_000
        orders = {order.order: order.state for order in buyer.ask(lambda client: client.orders()).items}
        assert orders == {first.order: OrderState.SETTLED}
        assert "interrupted" in buyer.run("orders", "resume").stdout
        market.wait_for(lambda: len(market.creator.ask(lambda client: client.nodes())) > 0, "the node stays away")
        third = buyer.buy("atelier/emoji", {"prompt": "three", "steps": 4})
        assert third.settled
        assert buyer.balance().available == 96 * MICRO
        assert "no difference" in market.audit()


def notes(market: Federation) -> str:
    """What the audit explains."""
    from click.testing import CliRunner

    from artrator_registry.cli import registry

    return CliRunner().invoke(registry, ["audit", "--data", str(market.registry_data)]).stderr
