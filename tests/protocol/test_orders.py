from __future__ import annotations

import uuid
from pathlib import Path

from artrator.clients.orders import OrderFolder, PendingOrder


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
    OrderFolder(tmp_path).save(order)
    assert OrderFolder(tmp_path).pending() == [order]


def test_orders_come_back_oldest_first_and_are_forgotten_one_by_one(tmp_path: Path) -> None:
    store = OrderFolder(tmp_path)
    late, early = pending(created_at=9.0), pending(created_at=3.0)
    for order in (late, early):
        store.save(order)
    assert [order.created_at for order in store.pending()] == [3.0, 9.0]
    store.forget(early.order)
    store.forget(early.order)
    assert store.pending() == [late]


def test_half_an_order_was_never_sent_and_is_not_taken_up(tmp_path: Path) -> None:
    store, order = OrderFolder(tmp_path), pending()
    store.save(order)
    (tmp_path / order.order / "order.json").unlink()
    assert store.pending() == []
