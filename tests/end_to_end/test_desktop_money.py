"""The desktop over a real registry and node: a model bought to keep and run here, and a delivery that is disputed."""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from federation import Federation, Person, copy_example, federation

from artrator.canonical import canonical_json
from artrator.demo.services import artrator
from artrator.messages.payouts import SellerProfile
from artrator_desktop.state import AppState, Job, JobPhase, Link, Money, Phase
from artrator_desktop.state.receipts import verify
from artrator_desktop.ui.disputes.sheets import DisputeSheet
from artrator_desktop.ui.shell import Shell

SELLER = SellerProfile(legal_name="Atelier", country="FR", address="1 rue", email="a@example.org")
EMOJI = "atelier/emoji"
Launch = Callable[[Person], AppState]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A creator who sells runs and licences, over a line that is slow enough to stop a download."""
    folder = tmp_path_factory.mktemp("market")
    with federation(folder) as it:
        it.creator.ask(lambda client: client.set_seller(SELLER))
        artrator(
            "registry", "sellers", "verify", "atelier", "--data", str(it.registry_data), home=it.folder / "operator"
        )
        it.publish(copy_example("emoji", folder / "packages"), "--price", "image=2", "--licence", "5")
        settings = it.node_data / "node.toml"
        settings.write_text(settings.read_text().replace("upload_mbit = 0.0", "upload_mbit = 150.0"))
        it.start_node()
        yield it


@pytest.fixture
def launch(qtbot: Any) -> Iterator[Launch]:
    """Starts somebody's desktop; again is that person's next start."""
    started: list[AppState] = []

    def start(person: Person) -> AppState:
        app = AppState(person.profile.folder)
        started.append(app)
        app.start()
        qtbot.waitUntil(lambda: app.session.link is Link.ONLINE and app.wallet.balance is not None, timeout=60_000)
        return app

    yield start
    for app in started:
        app.close()


def opened(qtbot: Any, app: AppState) -> None:
    app.create.open(EMOJI)
    qtbot.waitUntil(lambda: app.create.phase is Phase.READY, timeout=60_000)
    app.create.set_value("prompt", "red apple")
    app.create.set_value("steps", 4)
    qtbot.waitUntil(lambda: app.create.ready, timeout=60_000)


def finish(qtbot: Any, app: AppState, job: str) -> Job:
    qtbot.waitUntil(lambda: app.jobs.get(job).ended, timeout=120_000)
    return app.jobs.get(job)


def test_a_model_is_kept_through_a_pause_and_a_restart_and_runs_here_for_nothing(
    qtbot: Any, market: Federation, launch: Launch
) -> None:
    person = market.person("haeun", 20)
    app = launch(person)
    app.catalogue.open(EMOJI)
    qtbot.waitUntil(lambda: app.catalogue.detail is not None, timeout=60_000)
    listing = app.catalogue.detail.listing
    package = listing.card.package
    with qtbot.waitSignal(app.library.bought, timeout=60_000):
        app.library.buy(listing, 5_000_000)
    qtbot.waitUntil(lambda: app.library.fetching[package].done > 1_000_000, timeout=60_000)
    app.library.pause(package)
    stopped = app.library.fetching[package]
    assert stopped.paused
    assert 0 < stopped.done < stopped.total
    app.close()

    again = launch(person)
    # Money is held for it, so the next start goes on by itself.
    qtbot.waitUntil(lambda: package in again.library.kept, timeout=60_000)
    qtbot.waitUntil(lambda: again.wallet.balance.held == 0 and again.wallet.available == 15_000_000, timeout=60_000)
    (entry,) = again.library.entries()
    assert entry.owned is not None
    assert entry.owned.size > 0
    assert entry.fetching is None

    opened(qtbot, again)
    assert again.create.here
    assert again.create.price == 0
    done = finish(qtbot, again, again.create.generate("Emoji")[0])
    assert done.phase is JobPhase.DONE, done.failure
    assert (done.money, done.charged, done.paid_by) == (Money.NONE, 0, "here")
    picture = done.images[0]
    assert picture.made_here
    assert Path(picture.path).exists()
    verdict = verify(picture)
    assert verdict.holds
    assert verdict.made_here
    assert "red apple" in verdict.document
    assert person.balance().available == 15_000_000

    again.create.set_here(on=False)
    qtbot.waitUntil(lambda: again.create.ready and again.create.price == 2_000_000, timeout=60_000)
    again.library.remove(package)
    qtbot.waitUntil(lambda: package not in again.library.kept, timeout=60_000)
    again.library.fetch(package)
    qtbot.waitUntil(lambda: package in again.library.kept, timeout=60_000)
    assert person.balance().available == 15_000_000, "what is owned is fetched for nothing"
    market.audit()


def test_a_revealed_request_is_proved_to_be_what_was_bought(qtbot: Any, market: Federation, launch: Launch) -> None:
    app = launch(market.person("mina", 20))
    opened(qtbot, app)
    done = finish(qtbot, app, app.create.generate("Emoji")[0])
    assert done.phase is JobPhase.DONE, done.failure
    window = Shell(app)
    qtbot.addWidget(window)
    window.show()
    window.open("gallery", {"image": done.images[0].id})
    strip = window.page("gallery").details.dispute
    qtbot.waitUntil(lambda: not strip.isHidden(), timeout=60_000)
    sheet = DisputeSheet(app, done.order, "Emoji", window)
    assert sheet.reveal.isEnabled()
    sheet.reveal.click()
    assert "red apple" in sheet.request.toPlainText()
    proof = app.disputes.standings[done.order].proof
    assert proof is not None
    assert canonical_json(json.loads(proof.request)).decode() == proof.request
    sheet.words.setPlainText("It is no apple.")
    with qtbot.waitSignal(app.disputes.said, timeout=60_000) as heard:
        sheet.send.click()
    said = heard.args[0]
    assert said.evidence_fits is True
    assert "red apple" in said.evidence.request
    qtbot.waitUntil(lambda: strip.button.text() == "Details", timeout=60_000)
    window.pixmaps.close()


def test_a_purchase_that_is_given_up_brings_its_money_back(qtbot: Any, market: Federation, launch: Launch) -> None:
    person = market.person("jiwoo", 20)
    app = launch(person)
    app.catalogue.open(EMOJI)
    qtbot.waitUntil(lambda: app.catalogue.detail is not None, timeout=60_000)
    listing = app.catalogue.detail.listing
    package = listing.card.package
    with qtbot.waitSignal(app.library.bought, timeout=60_000):
        app.library.buy(listing, 5_000_000)
    app.library.pause(package)
    app.library.look_here()
    qtbot.waitUntil(lambda: package in app.library.pending, timeout=60_000)
    assert person.balance().held == 5_000_000
    app.library.give_up(package)
    qtbot.waitUntil(lambda: not app.library.has(package), timeout=60_000)
    balance = person.balance()
    assert (balance.available, balance.held) == (20_000_000, 0)
