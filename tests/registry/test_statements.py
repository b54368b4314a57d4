"""Statements: a reason for every kind of line on both sides, and the whole of it as CSV."""

from __future__ import annotations

import csv
import io
import re
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from registry_world import MICRO, World

from artrator.errors import ArtratorError, Code
from artrator.messages import disputes as dm
from artrator_registry.cli import registry
from artrator_registry.disputes import service as disputes
from artrator_registry.ledger import books, schema, words
from artrator_registry.ledger import service as ledger
from artrator_registry.ledger.models import GRANTS, Why, transfer_id
from artrator_registry.ledger.schema import SYSTEM_ACCOUNTS
from artrator_registry.storage import Transaction

pytestmark = pytest.mark.anyio

#: Kinds that a transfer may have, as the database knows them.
KINDS = schema._KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_transfer_has_its_words_on_both_sides(kind: str) -> None:
    lines = {("hold", -1), ("release", 1)}  # any of them may be pending first
    lines |= {("charge", -1), ("earning", 1)} if kind in ("order", "purchase") else {(kind, 1), (kind, -1)}
    for line, amount in lines:
        said = words.sentence(line, kind, amount, "atelier/painter", "")
        assert said != line.capitalize(), (line, kind, amount)
        assert said == words.sentence(line, kind, amount, "atelier/painter", "why").removesuffix(": why")
        assert "{" not in said


@given(st.text(), st.text())
def test_ids_of_transfers_are_uuids_of_what_causes_them(cause: str, step: str) -> None:
    made = uuid.UUID(transfer_id(cause, step))
    assert str(made) == transfer_id(cause, step)
    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    # Those of one cause lie side by side, and are different all the same.
    other = uuid.UUID(transfer_id(cause, f"{step}2"))
    assert other.bytes[:6] == made.bytes[:6]
    assert other != made
    assert uuid.UUID(transfer_id(f"{cause}2", step)).bytes[:6] != made.bytes[:6]


def test_an_id_that_was_given_to_a_transfer_never_changes() -> None:
    given = transfer_id("0b8a5c1e-52a4-4f0e-9c53-6d0e3a6f2f11", "hold")
    assert given == "958fc8f6-9dd0-80c8-bb31-176bbdc88adf"


async def test_the_whole_statement_comes_as_csv_oldest_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_PAGE", 2)  # so that a short statement has pages too
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.deliver(mina, await shop.order(mina))
    await mina.open_dispute(order.order, dm.DisputeOpening(reason=dm.DisputeReason.OTHER))
    await world.registry.database.write(disputes.resolve, order.order, "buyer")
    for of in ("wallet", "earnings", "debt"):
        rows = list(csv.DictReader(io.StringIO(await mina.statement_csv(of))))
        page = await mina.statement(of=of, limit=200)
        assert [row["line"] for row in rows] == [line.id for line in reversed(page.lines)]
    rows = list(csv.DictReader(io.StringIO(await mina.statement_csv())))
    assert [(row["kind"], row["amount"], row["balance"]) for row in rows] == [
        ("grant", "10.000000", "10.000000"),
        ("hold", "-3.000000", "7.000000"),
        ("release", "3.000000", "10.000000"),
        ("charge", "-3.000000", "7.000000"),
        ("refund", "2.850000", "9.850000"),
        ("refund", "0.150000", "10.000000"),
    ]
    assert {row["order"] for row in rows[1:]} == {order.order}
    assert {row["listing"] for row in rows[1:]} == {shop.listing}
    assert rows[3]["receipt"] == rows[4]["receipt"] != ""
    assert rows[3]["other side"] == "atelier"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows[0]["at (UTC)"])


async def test_a_note_cannot_become_a_formula(world: World) -> None:
    mina = await world.person("mina")
    person = (await mina.account()).id
    await world.registry.database.write(
        ledger.move, str(uuid.uuid4()), GRANTS, person, MICRO, Why("grant", note="x", listing="=1+1")
    )
    (row,) = csv.DictReader(io.StringIO(await mina.statement_csv()))
    assert row["listing"] == "'=1+1"
    assert row["why"] == "Granted by the operator: x"


async def test_a_statement_of_something_else_is_refused(world: World) -> None:
    mina = await world.person("mina")
    async with world.http() as http:
        token = (await mina.sign_in()).token
        answer = await http.get(
            "/v1/account/statement.csv?of=system:fees", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 422
        assert (await http.get("/v1/account/statement.csv")).status_code == 401
    with pytest.raises(ArtratorError) as raised:
        await mina.earnings_statement_csv(1)
    assert raised.value.code is Code.REQUEST_INVALID


async def test_the_operator_sees_every_line_of_every_account(world: World, tmp_path: Path) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=10)
    order = await shop.deliver(mina, await shop.order(mina))
    await shop.order(mina)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(registry, ["statement", *arguments, "--data", str(world.settings.data)])

    standing = {line.split()[0]: line.split()[1] for line in run().output.splitlines()}
    assert standing["system:fees"] == "0.15"
    assert standing["system:grants"] == "-10"
    assert set(SYSTEM_ACCOUNTS) <= set(standing)
    assert f"(atelier)  order {order.order}" in run("system:fees").output
    assert f"Fee of the operator on {shop.listing}" in run("system:fees").output

    for account, amounts in {
        "system:fees": ["0.150000"],
        "system:grants": ["-10.000000"],
        "mina": ["10.000000", "-3.000000", "3.000000", "-3.000000", "-3.000000"],
        "atelier/earnings": ["3.000000", "-0.150000"],
        "mina/debt": [],
    }.items():
        file = tmp_path / f"{account.replace('/', '-')}.csv"
        many = "1 line" if len(amounts) == 1 else f"{len(amounts)} lines"
        assert run(account, "--csv", str(file)).output == f"{many} in {file}\n"
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
        assert [row["amount"] for row in rows] == amounts
        balances = await world.registry.database.read(books.standing)
        if account.startswith("system:"):
            assert (
                rows[-1]["balance"] == f"{next(b['balance'] for b in balances if b['account'] == account) / MICRO:.6f}"
            )
            assert all(row["other side"] in ("atelier", "mina") and row["why"] for row in rows)
    assert run("mina", "--csv", str(tmp_path / "mina.csv")).exit_code == 1  # nothing is written over
    for wrong in ("system:nothing", "nobody", "mina/purse"):
        assert "There is no account" in run(wrong).output


async def test_a_book_ends_with_what_stands_in_its_account(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=20)
    disputed = await shop.deliver(mina, await shop.order(mina))
    await mina.open_dispute(disputed.order, dm.DisputeOpening(reason=dm.DisputeReason.OTHER))
    await world.registry.database.write(disputes.resolve, disputed.order, "buyer")
    await shop.deliver(mina, await shop.order(mina))

    def compare(t: Transaction) -> int:
        found = {row["account"]: row["balance"] for row in books.standing(t)}
        for account, balance in found.items():
            lines = list(books.lines(t, account))
            assert (lines[-1].balance if lines else 0) == sum(line.amount for line in lines) == balance, account
        return len(found)

    assert await world.registry.database.read(compare) == len(SYSTEM_ACCOUNTS)
