from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from artrator.canonical import request_digest, sha256
from artrator.clients.orders import OrderFolder, PendingOrder
from artrator.clients.purchases import PendingPurchase, Purchases


def pending(**changes: object) -> PendingOrder:
    values: dict[str, object] = {
        "order": str(uuid.uuid4()),
        "registry": "http://127.0.0.1:1",
        "listing": "atelier/emoji",
        "creator_key": "k",
        "quote": str(uuid.uuid4()),
        "max_price": 2_000_000,
        "package": "sha256:" + "0" * 64,
        "request": "0" * 64,
        "measures": {"image": 1},
        "body": {"package": "sha256:" + "0" * 64, "inputs": {"prompt": "고양이"}, "format": "png"},
        "salt": bytes(range(32)),
        "node": {"node": "n"},
        "files": {"ab": b"\x00\x01", "cd": b""},
        "created_at": 1.0,
    }
    return PendingOrder(**(values | changes))  # type: ignore[arg-type]


def test_an_order_comes_back_exactly_as_it_was_kept(tmp_path: Path) -> None:
    order = pending()
    OrderFolder(tmp_path / "orders").save(order)
    assert OrderFolder(tmp_path / "orders").pending() == [order]


def test_orders_come_back_oldest_first_and_are_forgotten_one_by_one(tmp_path: Path) -> None:
    store = OrderFolder(tmp_path / "orders")
    late, early = pending(created_at=9.0), pending(created_at=3.0)
    for order in (late, early):
        store.save(order)
    assert [order.created_at for order in store.pending()] == [3.0, 9.0]
    store.forget(early.order)
    store.forget(early.order)
    assert store.pending() == [late]


def test_half_an_order_was_never_sent_and_is_not_taken_up(tmp_path: Path) -> None:
    store, order = OrderFolder(tmp_path / "orders"), pending()
    store.save(order)
    (tmp_path / "orders" / order.order / "order.json").unlink()
    assert store.pending() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[" * 100_000, '{"salt": 7, "files": []}'])
def test_an_order_that_is_damaged_hides_no_other(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    store, damaged, whole = OrderFolder(tmp_path / "orders"), pending(), pending()
    for order in (damaged, whole):
        store.save(order)
    (tmp_path / "orders" / damaged.order / "order.json").write_text(text)
    assert store.pending() == [whole]
    assert damaged.order in caplog.text
    store.save(damaged)
    (tmp_path / "orders" / damaged.order / "cd").unlink()
    assert store.pending() == [whole]


def test_a_purchase_that_is_damaged_hides_no_other(tmp_path: Path) -> None:
    store = Purchases(tmp_path)
    whole = PendingPurchase(
        str(uuid.uuid4()), "http://127.0.0.1:1", "atelier/emoji", "1.0", "sha256:0", {"en": "Emoji"}, "k", 5, 1.0
    )
    store.save(whole)
    for text in ("", "[]", '{"purchase": 1}', '{"strange": 1}'):
        (tmp_path / f"{uuid.uuid4()}.json").write_text(text)
    assert store.pending() == [whole]


def test_what_was_asked_for_can_be_proved_for_a_while_after_the_order_has_ended(tmp_path: Path) -> None:
    store, order, old = OrderFolder(tmp_path / "orders"), pending(), pending()
    for each in (old, order):
        store.save(each)
        assert store.evidence(each.order) is None
    store.forget(old.order)
    two_months_ago = time.time() - 61 * 86_400
    os.utime(tmp_path / "proofs" / f"{old.order}.json", (two_months_ago, two_months_ago))
    store.forget(order.order)
    store.forget(order.order)
    proof = store.evidence(order.order)
    assert proof is not None
    digest = sha256(bytes.fromhex(proof.salt) + proof.request.encode())
    assert digest == request_digest(order.salt, order.body)
    assert store.evidence(old.order) is None
    assert store.evidence("../../identity") is None
    if os.name == "posix":
        assert (tmp_path / "proofs" / f"{order.order}.json").stat().st_mode & 0o077 == 0


def test_a_request_too_long_for_a_dispute_is_forgotten_without_a_fuss(tmp_path: Path) -> None:
    store = OrderFolder(tmp_path / "orders")
    order = pending(body={"inputs": {"prompt": "x" * 70_000}})
    store.save(order)
    store.forget(order.order)
    assert store.pending() == []
    assert store.evidence(order.order) is None
