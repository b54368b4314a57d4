"""A profile whose files are damaged: the app opens all the same or says in one sentence what to do.

It never replaces a key, and never loses an order that may be paid without a word.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from artrator.clients.orders import PendingOrder
from artrator.clients.purchases import PendingPurchase, Purchases
from artrator.errors import ArtratorError
from artrator.keys import PrivateKey
from artrator.profile import Profile
from artrator_desktop import i18n
from artrator_desktop.app import RefusedError, open_state
from artrator_desktop.state import AppState, Phase
from artrator_desktop.state.media import Media
from artrator_desktop.state.store import Database, drafts, errands, images, waiting
from artrator_desktop.state.store.images import ImageRecord
from artrator_desktop.state.store.orders import OrderBox
from artrator_desktop.ui.notices import DamageNotices
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.widgets import ToastStack

URL = "http://127.0.0.1:9"  # nobody listens there
PACKAGE = "9f3c" * 16
ORDER = "11111111-2222-4333-8444-555555555555"
PURCHASE = "66666666-2222-4333-8444-555555555555"

#: Everything that the app keeps beside the pictures themselves, which tests of the gallery damage.
FILES = (
    "desktop.sqlite3",
    "desktop.sqlite3-wal",
    "desktop.sqlite3-shm",
    "desktop.lock",
    "identity.pem",
    "profile.json",
    "pins.json",
    f"desktop-purchases/{PURCHASE}.json",
    f"packages/{PACKAGE}/owned.json",
    "cache/thumbs",
    "cache/samples",
)


def folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "somebodys.txt").write_text("somebody's")


def unreadable(path: Path) -> None:
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("nothing is unreadable for the administrator")


def written_by_a_newer_version(path: Path) -> None:
    if path.name == "desktop.sqlite3":
        connection = sqlite3.connect(path)
        connection.execute("pragma user_version=99")
        connection.close()
    elif path.suffix == ".json":
        newer = json.loads(path.read_text()) | {"schema": 99, "creators": {"a": {"b": []}}, "title": ["another kind"]}
        path.write_text(json.dumps(newer))
    else:
        path.write_bytes(b"ARTRATOR 99\n" + path.read_bytes())


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "noise": lambda path: path.write_bytes(random.Random(7).randbytes(path.stat().st_size)),
    "folder": folder_in_its_place,
    "unreadable": unreadable,
    "newer": written_by_a_newer_version,
}


def pending(order: str = ORDER) -> PendingOrder:
    return PendingOrder(
        order=order,
        registry=URL,
        listing="maker/emoji",
        creator_key="key",
        quote="q",
        max_price=2_000_000,
        package=f"sha256:{PACKAGE}",
        request=f"sha256:{order}",
        measures={},
        body={"package": f"sha256:{PACKAGE}", "inputs": {"prompt": "a cat"}},
        salt=bytes(32),
        node={},
        files={"ab" * 32: b"a file of the request"},
        created_at=time.time(),
    )


def picture(number: int, folder: Path) -> ImageRecord:
    return ImageRecord(
        id=0, order_id=f"order-{number}", position=0, outputs=1, listing="maker/emoji", version="1.0.0", title="Emoji",
        task="text-to-image", package=f"sha256:{PACKAGE}", prompt=f"cat {number}", inputs={"prompt": "cat"}, source="",
        node="n", node_name="seoul", descriptor={"a": "b" * 400}, receipt={"a": "b" * 400}, acknowledgement={},
        cost=2_000_000, seconds=1.0, favourite=False, sha256="cd" * 32, size=100, width=8, height=8,
        path=str(folder / f"{number}.png"), created_at=1_700_000_000.0 + number,
    )  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile as a ``kill -9`` leaves it: an order is paid, and stands in the database's log only."""
    work, folder = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("profile") / "home"
    PrivateKey.generate().save(work / "identity.pem")
    profile = Profile(work)
    profile.configure(registry_url=URL, handle="mina", display_name="Mina")
    profile.pin_root(URL, PrivateKey.generate().public.encode())
    profile.pin_creator(URL, "maker", PrivateKey.generate().public)
    Purchases(work / "desktop-purchases").save(
        PendingPurchase(PURCHASE, URL, "maker/emoji", "1.0.0", f"sha256:{PACKAGE}", {}, "key", 5, time.time())
    )
    owned = {"digest": f"sha256:{PACKAGE}", "listing": "maker/emoji", "version": "1.0.0", "title": {"en": "E"},
             "creator_key": "k", "order": PURCHASE, "registry": URL, "size": 5, "arrived_at": 5.0}  # fmt: skip
    for name, text in (
        (f"packages/{PACKAGE}/owned.json", json.dumps(owned)),
        ("desktop.lock", "999999\nsomething\nsomewhere\n"),
        ("cache/thumbs", "no folder"),
        ("cache/samples", "no folder"),
    ):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    database = Database(work / "desktop.sqlite3")
    for number in range(300):
        row = picture(number, work)
        database.write(lambda c, row=row: images.add(c, row)).result()  # type: ignore[misc]
    database.close()
    database = Database(work / "desktop.sqlite3")
    OrderBox(database).save(pending())
    database.write(lambda c: drafts.save(c, "maker/emoji", {"values": {"prompt": "a cat"}})).result()
    database.write(lambda c: errands.begin(c, URL, "topup", {"rail": "bank"})).result()
    database.write(lambda c: waiting.save(c, "job", URL, {"title": "x"}, {"a": b"b"})).result()
    shutil.copytree(work, folder)
    database.close()
    return folder


@pytest.fixture
def profile(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ARTRATOR_REGISTRY", raising=False)
    return Path(shutil.copytree(sound, tmp_path / "home"))


@pytest.fixture
def told(qtbot: Any) -> Callable[[AppState], ToastStack]:
    windows = []  # a window goes with the last that names it

    def run(state: AppState) -> ToastStack:
        window = QWidget()
        qtbot.addWidget(window)
        windows.append(window)
        toasts = ToastStack(window)
        DamageNotices(state, toasts, window)
        return toasts

    return run


def orders(state: AppState) -> list[str]:
    return [order.order for order in OrderBox(state.database).pending()]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_mended_or_told_and_costs_neither_key_nor_order(
    qtbot: Any, profile: Path, told: Callable[[AppState], ToastStack], name: str, damage: str
) -> None:
    path = profile / name
    key = (profile / "identity.pem").read_bytes()
    DAMAGES[damage](path)
    # Opening a database rewrites the file of its locks, which says nothing that is not in the others.
    harmed = path.read_bytes() if os.access(path, os.R_OK) and path.is_file() and not name.endswith("-shm") else b""
    refused = ""
    try:
        state = open_state(profile)
    except RefusedError as error:
        refused = str(error)
    if refused:
        assert refused.count(". ") == 1, "what is wrong, and what to do"
        assert str(profile) in refused
        assert damage in ("folder", "unreadable", "newer")
        assert not harmed or path.read_bytes() == harmed
        assert (profile / "identity.pem").read_bytes() == key
        return
    try:
        toasts = told(state)
        state.start()
        qtbot.waitUntil(lambda: state.session.needs_onboarding or state.session.failure is not None, timeout=60_000)
        qtbot.waitUntil(lambda: state.gallery.phase in (Phase.READY, Phase.EMPTY, Phase.FAILED), timeout=60_000)
        assert state.gallery.phase is not Phase.FAILED
        if state.session.failure is not None:
            assert state.session.failure.code != "internal"
            assert state.session.failure.message
            assert state.session.failure.cure
        if name in ("identity.pem", "pins.json") and damage in ("truncated", "emptied", "zeroed", "noise", "folder"):
            assert state.session.failure is not None
            assert str(path) in state.session.failure.message
        # A log that ends early is what a power cut leaves of a write: SQLite goes on from before it, and so we do.
        if ORDER not in orders(state) and (name, damage) != ("desktop.sqlite3-wal", "emptied"):
            assert "wallet" in " ".join(toasts.sentences())
        assert name == "identity.pem" or (profile / "identity.pem").read_bytes() == key
        if name.startswith("desktop.sqlite3") and harmed and state.database.damage is not None:
            kept = [file.read_bytes() for file in profile.glob("desktop.damaged-*")]
            assert harmed in kept, "the damaged file is kept as it was"
        if name == "identity.pem" and harmed:
            assert path.read_bytes() == harmed
    finally:
        state.close()


def settle(folder: Path) -> None:
    """Fold the log into the database, as an orderly end does."""
    Database(folder / "desktop.sqlite3").close()


@pytest.mark.parametrize("seed", range(5))
def test_noise_in_some_pages_is_met_sooner_or_later_and_the_next_start_keeps_the_rest(
    qtbot: Any, profile: Path, told: Callable[[AppState], ToastStack], seed: int
) -> None:
    settle(profile)
    path, chance = profile / "desktop.sqlite3", random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(12):
        start = 4096 * chance.randrange(1, len(content) // 4096)
        content[start : start + 4096] = chance.randbytes(4096)
    path.write_bytes(content)
    said: list[str] = []
    for _start in range(2):
        state = open_state(profile)
        try:
            toasts = told(state)
            state.gallery.start()
            qtbot.waitUntil(lambda state=state: state.gallery.phase is not Phase.LOADING, timeout=60_000)
            state.engine.start()
            # Every table in turn, as pages of the app read them.
            for work in (images.totals, drafts.newest, lambda c: waiting.load(c, URL),
                         lambda c: images.records(c, range(301))):  # fmt: skip
                try:
                    state.database.read(work).result(60)
                except sqlite3.DatabaseError:
                    qtbot.waitUntil(lambda toasts=toasts: any(toasts.sentences()), timeout=60_000)
            said += toasts.sentences()
            here = orders(state)
            found = state.gallery.totals.count
        finally:
            state.close()
    assert state.gallery.phase in (Phase.READY, Phase.EMPTY), "the second start has nothing left to mend"
    assert here == [ORDER] or any("wallet" in each for each in said)
    assert found == 300 or said


def test_what_is_damaged_while_the_app_runs_is_told_and_rescued_at_the_next_start(
    qtbot: Any, profile: Path, told: Callable[[AppState], ToastStack]
) -> None:
    settle(profile)
    path = profile / "desktop.sqlite3"
    content = bytearray(path.read_bytes())
    # The pages in the middle belong to the pictures; what is small and vital lies at both ends.
    middle = len(content) // 4096 // 2 * 4096
    content[middle : middle + 8 * 4096] = random.Random(1).randbytes(8 * 4096)
    path.write_bytes(content)
    state = open_state(profile)
    toasts = told(state)
    assert toasts.sentences() == []
    failures: list[Any] = []
    state.engine.start()
    state.engine.follow(state.database.read(lambda c: images.records(c, range(301))), None, failures.append)
    qtbot.waitUntil(lambda: bool(failures), timeout=60_000)
    assert failures[0].code == "store_damaged"
    qtbot.waitUntil(lambda: bool(toasts.sentences()), timeout=60_000)
    assert "open it again" in toasts.sentences()[0]
    state.close()
    again = open_state(profile)
    try:
        damage = again.database.damage
        assert damage is not None
        assert damage.kept.is_file()
        assert 200 < damage.pictures < 300
        assert damage.orders == 1
        assert orders(again) == [ORDER]
        sentence = told(again).sentences()[0]
        assert str(damage.pictures) in sentence
        assert damage.kept.name in sentence
    finally:
        again.close()
    third = open_state(profile)
    assert third.database.damage is None
    third.close()


@pytest.mark.parametrize("step", ["before", "between", "after"])
def test_a_start_that_is_killed_while_it_mends_loses_nothing(
    profile: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    settle(profile)
    path = profile / "desktop.sqlite3"
    (profile / "desktop.sqlite3-damaged").touch()
    replaced = Path.replace

    def kill(self: Path, target: Path) -> Path:
        if step == "before" or (step == "after" and self != path):
            raise KeyboardInterrupt
        replaced(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", kill)
    with pytest.raises(KeyboardInterrupt):
        Database(path)
    monkeypatch.undo()
    database = Database(path)
    try:
        assert database.damage is not None
        assert (database.damage.pictures, database.damage.orders) == (300, 1)
        assert [order.order for order in OrderBox(database).pending()] == [ORDER]
    finally:
        database.close()


def test_an_order_that_cannot_be_read_hides_no_other_and_is_told_once(
    qtbot: Any, profile: Path, told: Callable[[AppState], ToastStack]
) -> None:
    state = open_state(profile)
    try:
        toasts = told(state)
        OrderBox(state.database).save(pending("77777777-2222-4333-8444-555555555555"))
        state.database.write(
            lambda c: c.execute("update outbox set pending = '{', context = '[' where order_id = ?", (ORDER,))
        ).result()
        state.engine.start()
        counts: list[int] = []
        state.jobs.unreadable.connect(counts.append)
        for _ in range(2):
            with qtbot.waitSignal(state.jobs.changed if state.jobs.all() else state.jobs.added, timeout=60_000):
                state.jobs.take_up()
        assert counts == [1]
        assert [job.order for job in state.jobs.all()] == ["77777777-2222-4333-8444-555555555555"]
        assert "wallet" in toasts.sentences()[0]
        assert state.database.read(lambda c: c.execute("select count(*) from outbox").fetchone()[0]).result() == 2
    finally:
        state.close()


def test_damaged_rows_take_nothing_else_with_them(profile: Path) -> None:
    database = Database(profile / "desktop.sqlite3")
    try:
        for text in ("{not json", "[" * 100_000, '"a"', '{"values": [], "pictures": 5}'):

            def damage(connection: sqlite3.Connection, text: str = text) -> None:
                connection.execute("update image set receipt = ?, inputs = ? where id = 7", (text, text))
                connection.execute("update image set title = cast(x'ff80' as text) where id = 8")
                connection.execute("update draft set inputs = ?", (text,))
                connection.execute("update errand set body = ?", (text,))
                connection.execute("update waiting set request = ?", ("{",))

            database.write(damage).result()
            found = database.read(lambda c: images.records(c, range(301))).result()
            assert len(found) == 300
            assert found[7].prompt == "cat 6"
            assert database.read(lambda c: drafts.load(c, "maker/emoji")).result() == {}
            assert database.read(lambda c: errands.listed(c, URL, "topup", time.time() + 9)).result()[0][1] is not None
            assert database.read(lambda c: waiting.load(c, URL)).result() == []
    finally:
        database.close()


def test_a_lost_profile_is_asked_for_again_and_the_key_stays(qtbot: Any, profile: Path) -> None:
    (profile / "profile.json").write_text("{")
    state = open_state(profile)
    window = Shell(state)
    qtbot.addWidget(window)
    try:
        assert window.page_id == "onboarding"
        page: Any = window.page("onboarding")
        assert page.key_choice.button("new").text() == "Use the key that is here"
        assert "profile.json" in page.registry_field.note.text()
        kept = Profile(profile)
        with pytest.raises(ArtratorError, match=r"profile\.json"):
            kept.configure(registry_url=URL)
        aside = kept.put_aside()
        assert aside is not None
        assert aside.read_text() == "{"
        kept.configure(registry_url=URL)
        assert kept.put_aside() is None
        assert kept.registry_url == URL
    finally:
        window.pixmaps.close()
        state.close()


@pytest.mark.parametrize("text", ["[]", '{"registries": []}', '{"creators": {"a": 5}}', "null"])
def test_damaged_pins_are_not_taken_for_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pins.json").write_text(text)
    profile = Profile(tmp_path)
    key = PrivateKey.generate().public
    for part, pin in (("registries", lambda: profile.pin_root(URL, key.encode())),
                      ("creators", lambda: profile.pin_creator(URL, "a", key))):  # fmt: skip
        if part in text or "{" not in text:
            with pytest.raises(ArtratorError, match=r"pins\.json cannot be read"):
                pin()
    assert (tmp_path / "pins.json").read_text() == text


def test_it_is_told_in_korean_as_well(qtbot: Any, profile: Path, told: Callable[[AppState], ToastStack]) -> None:
    (profile / "desktop.sqlite3").write_bytes(b"noise" * 1000)
    i18n.install("ko")
    state = open_state(profile)
    try:
        assert "지갑" in told(state).sentences()[0]
    finally:
        state.close()


def test_a_damaged_sample_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    sound = b"a picture"
    asked: list[str] = []

    class Registry:
        async def sample(self, key: str) -> bytes:
            asked.append(key)
            return sound

    media: Any = Media.__new__(Media)
    key = f"/v1/samples/{hashlib.sha256(sound).hexdigest()}.png"
    network: Any = SimpleNamespace(registry=Registry())
    for number, content in enumerate((b"", bytes(9), b"a pictur", sound)):
        path = tmp_path / f"{number}.png"
        path.write_bytes(content)
        assert asyncio.run(media._bring(network, key, path)) == str(path)
        assert path.read_bytes() == sound
    assert len(asked) == 3
