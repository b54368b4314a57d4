"""A started state over the double at the network seam, and a page of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from buyer_double import World, plug_in

from artrator.keys import PrivateKey
from artrator_desktop.state import AppState, Link, Phase
from artrator_desktop.ui.images import Pixmaps


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with an identity, and no other place on this machine."""
    folder = tmp_path / "home"
    PrivateKey.generate().save(folder / "identity.pem")
    (folder / "profile.json").write_text('{"registry_url": "http://double"}')
    monkeypatch.delenv("ARTRATOR_REGISTRY", raising=False)
    return folder


@pytest.fixture
def launch(qtbot: Any, home: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], AppState]]:
    """Starts the state; each call is another start of the application over the same folder and world."""
    plug_in(monkeypatch, world)
    running: list[AppState] = []

    def start(*, wait: bool = True) -> AppState:
        app = AppState(home, cache_dir=home / "cache")
        running.append(app)
        app.start()
        if wait:
            qtbot.waitUntil(lambda: app.session.link is Link.ONLINE and app.wallet.balance is not None, timeout=60_000)
        return app

    yield start
    for app in running:
        app.close()


@pytest.fixture
def app(launch: Callable[[], AppState]) -> AppState:
    return launch()


@pytest.fixture
def pixmaps(app: AppState) -> Iterator[Pixmaps]:
    made = Pixmaps(app.media)
    yield made
    made.close()


@pytest.fixture
def opened(qtbot: Any, app: AppState) -> Callable[[str], None]:
    """Opens a listing in Create and waits for its price."""

    def run(listing: str = "atelier/emoji") -> None:
        app.create.open(listing)
        qtbot.waitUntil(lambda: app.create.phase in (Phase.READY, Phase.FAILED), timeout=60_000)
        assert app.create.failure is None, app.create.failure
        if listing == "atelier/emoji":
            qtbot.waitUntil(lambda: app.create.quoting.phase is Phase.READY, timeout=60_000)

    return run
