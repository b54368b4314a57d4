"""A real registry behind a real port, a shop in it, and the desktop's state of somebody who has an account there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from registry_world import MICRO, Person, Shop
from toy_rail import ToyRail
from world_server import WorldServer

from artrator.keys import PrivateKey
from artrator.profile import Profile
from artrator_desktop.state import AppState, Link
from artrator_registry import Settings


@pytest.fixture
def toy() -> ToyRail:
    """The way for money to come in and go out."""
    return ToyRail()


@pytest.fixture
def server(tmp_path: Path, toy: ToyRail) -> Iterator[WorldServer]:
    settings = Settings(data=tmp_path / "registry", dispute_seconds=3600.0, payout_delay_seconds=7200.0)
    with WorldServer(settings, {"toy": toy}) as running:
        yield running


@pytest.fixture
def shop(server: WorldServer) -> Shop:
    """A painter for one credit and a tenth a step."""
    return server.do(server.world.shop())


@pytest.fixture
def launch(
    qtbot: Any, tmp_path: Path, server: WorldServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AppState]]:
    """Starts the desktop's state of a person; again with the same name, it is that person's next start."""
    monkeypatch.delenv("ARTRATOR_REGISTRY", raising=False)
    running: list[AppState] = []

    def start(handle: str = "haeun", key: PrivateKey | None = None) -> AppState:
        home = tmp_path / handle
        if not (home / "identity.pem").exists():
            (key or PrivateKey.generate()).save(home / "identity.pem")
            Profile(home).configure(registry_url=server.url, display_name=handle, handle=handle)
        app = AppState(home, cache_dir=home / "cache")
        running.append(app)
        app.start()
        qtbot.waitUntil(lambda: app.session.link is Link.ONLINE and app.wallet.balance is not None, timeout=60_000)
        return app

    yield start
    for app in running:
        app.close()


@pytest.fixture
def pay(server: WorldServer, toy: ToyRail) -> Callable[..., None]:
    """Pays a top-up outside, whose provider tells the registry by webhook."""

    def run(topup: str, charge: int, **more: object) -> None:
        reference = toy.provider.pay(topup, charge, **more)
        body, headers = toy.notice(f"evt-{topup}", reference, topup)
        answer = httpx.post(f"{server.url}/v1/rails/toy/webhook", content=body, headers=headers)
        assert answer.status_code < 300, answer.text

    return run


@pytest.fixture
def give(server: WorldServer, qtbot: Any) -> Callable[[AppState, int], None]:
    """Gives somebody credits, and waits until the desktop knows."""

    def run(app: AppState, credits_: int) -> None:
        assert app.session.account is not None
        server.do(server.world.grant(app.session.account.handle, credits_ * MICRO))
        before = app.wallet.available
        app.wallet.refresh()
        qtbot.waitUntil(lambda: app.wallet.available == before + credits_ * MICRO, timeout=60_000)

    return run


@pytest.fixture
def deliver(server: WorldServer, shop: Shop) -> Callable[[AppState], str]:
    """Buys and delivers one run for the account of a desktop; answers the order."""

    def run(app: AppState) -> str:
        async def work() -> str:
            world = server.world
            key = PrivateKey.load(app.settings.data_dir / "identity.pem")
            buyer = Person("http://registry", key, transport=world.transport)
            placed = await shop.order(buyer)
            await shop.deliver(buyer, placed)
            await buyer.aclose()
            return placed.order

        return server.do(asyncio.wait_for(work(), 240))

    return run
