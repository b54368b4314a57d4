"""What is said before anything is bought, and the question."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from artrator.cli import _prices
from artrator.cli.main import EXIT_CANCELLED, exit_code
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m

SPLIT = [
    m.Share(kind="creator", to="atelier", basis_points=8_500, amount=1_700_000),
    m.Share(kind="fee", to="Artrator", basis_points=500, amount=100_000),
    m.Share(kind="royalty", to="mina", basis_points=1_000, amount=200_000, listing="mina/brushes"),
]


def quote(**changes: object) -> m.Quote:
    facts = {"quote": "0b8a5c1e-52a4-4f0e-9c53-6d0e3a6f2f11", "listing": "a/b", "package": f"sha256:{'1' * 64}",
             "offer": f"sha256:{'1' * 64}", "price": 2_000_000, "cap": 2_000_000, "breakdown": (), "nodes": (),
             "expires_at": 1.0, "signed": {}}  # fmt: skip
    return m.Quote.model_validate(facts | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "at most 2 credits"),
        ({"paid_by": "free", "left": 3}, "free: 3 free runs are left today after it"),
        ({"paid_by": "own"}, "free: it is your own model"),
        (
            {"paid_by": "pass", "left": 1_500_000},
            "paid by your pass, which has 1.5 credits' worth of runs left after it",
        ),
    ],
)
def test_a_quote_says_what_pays(changes: dict[str, object], said: str) -> None:
    assert _prices.price_of(quote(**changes)) == said


def test_what_was_paid_is_said_as_it_was() -> None:
    assert _prices.paid(1_500_000, "credits") == "1.5 credits paid"
    assert _prices.paid(0, "pass") == "paid by your pass"


@click.command()
@click.option("--yes", is_flag=True)
def shop(yes: bool) -> None:
    _prices.agree("at most 2 credits", SPLIT, yes=yes)
    click.echo("bought")


@pytest.mark.parametrize(("answer", "bought"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_in_a_terminal_the_price_and_its_split_are_shown_and_asked(
    monkeypatch: pytest.MonkeyPatch, answer: str, bought: bool
) -> None:
    class Terminal:
        """``sys`` as the module sees it where a person sits."""

        class stdin:
            isatty = staticmethod(lambda: True)

        stderr = stdin

    monkeypatch.setattr(_prices, "sys", Terminal)
    done = CliRunner().invoke(shop, input=answer)
    assert "0.2 (10 %) for mina/brushes: mina" in done.stderr
    assert "1.7 (85 %) its creator, atelier" in done.stderr
    assert ("bought" in done.stdout) is bought
    if not bought:
        assert isinstance(done.exception, ArtratorError)
        assert exit_code(done.exception) == EXIT_CANCELLED
    assert "%" not in CliRunner().invoke(shop, ["--yes"]).output


def test_where_nobody_can_be_asked_there_is_no_question() -> None:
    assert CliRunner().invoke(shop).stdout == "bought\n"


def test_used_up_free_runs_are_a_matter_of_money() -> None:
    assert exit_code(ArtratorError(Code.ALLOWANCE_USED, "No more today.")) == 3
