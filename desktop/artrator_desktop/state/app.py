"""The whole observable state of the desktop.

Start-up: ``AppState(data_dir)`` opens the local database and reads the settings (milliseconds); the window is painted;
``start()`` starts the engine, which imports the network libraries in its own thread, connects, and takes up again the
orders that were on their way when the application was closed or killed. ``close()`` undoes it all.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs
from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.catalogue import Catalogue
from artrator_desktop.state.companions import Companions
from artrator_desktop.state.create import Create
from artrator_desktop.state.disputes import Disputes
from artrator_desktop.state.earnings import Earnings
from artrator_desktop.state.engine import Engine
from artrator_desktop.state.gallery import Gallery
from artrator_desktop.state.job import Places
from artrator_desktop.state.jobs import Jobs
from artrator_desktop.state.library import Library
from artrator_desktop.state.media import Media
from artrator_desktop.state.node_watch import NodeWatch
from artrator_desktop.state.passes import Passes
from artrator_desktop.state.plugins import PluginList
from artrator_desktop.state.session import Session
from artrator_desktop.state.settings import Settings, default_data_dir
from artrator_desktop.state.store import Database
from artrator_desktop.state.store.errands import Errands
from artrator_desktop.state.style import Style
from artrator_desktop.state.topups import TopUps
from artrator_desktop.state.wallet import Wallet


class AppState(QObject):
    """What the widgets bind to."""

    #: The database was found damaged while the application runs; one that was found at the start is its ``damage``.
    damaged = Signal()

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        cache_dir: Path | None = None,
        engine: Engine | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._closed = False
        folder = data_dir if data_dir is not None else default_data_dir()
        # A profile of one's own (a demo, a test) keeps its cache beside it.
        own_cache = folder / "cache" if folder != default_data_dir() else None
        cache = cache_dir or own_cache or platformdirs.user_cache_path("Artrator", appauthor=False)
        self.database = Database(folder / "desktop.sqlite3")
        self.engine = engine if engine is not None else Engine(self)
        self.database.on_damage = lambda: self.engine.post(self.damaged.emit)
        self.settings = Settings(folder, self.database, self.engine, self)
        self.session = Session(self.settings, self.engine, self)
        self.catalogue = Catalogue(self.session, self)
        errands = Errands(self.database)
        self.wallet = Wallet(self.session, self.database, self)
        self.topups = TopUps(self.session, errands, self)
        self.topups.paid.connect(lambda _topup: self.wallet.refresh())
        self.passes = Passes(self.session, errands, self)
        self.passes.bought.connect(lambda _pass: self.wallet.refresh())
        self.topups.paid.connect(lambda _topup: self.passes.refresh())  # a rail may have sold one
        self.library = Library(self.session, folder, self)
        self.library.bought.connect(lambda _package: self.wallet.refresh())
        self.library.arrived.connect(lambda _owned: self.wallet.refresh_soon())
        self.disputes = Disputes(self.session, self.database, self)
        self.disputes.said.connect(lambda _dispute: self.wallet.refresh_soon())
        self.earnings = Earnings(self.session, errands, self)
        self.earnings.done.connect(lambda _what: self.wallet.refresh_soon())
        self.media = Media(self.session, self.engine, cache, self)
        self.jobs = Jobs(
            self.session, self.engine, lambda: Places(self.settings.pictures_dir, cache, self.database), self
        )
        self.jobs.money_moved.connect(self.wallet.refresh_soon)
        self.jobs.ended.connect(self._job_ended)
        self.companions = Companions(self.session, self)
        self.create = Create(
            self.session, self.engine, self.database, self.jobs, self.companions, self.library, cache, self
        )
        self.style = Style(self.session, self.create, self.jobs, self.engine, self)
        self.gallery = Gallery(self.database, self.engine, self.settings, cache, self)
        self.jobs.made.connect(lambda _records: self.gallery.refresh_soon())
        self.node = NodeWatch(self.settings, self.engine, folder, self)
        self.plugins = PluginList(self.engine, self)

    def _job_ended(self, _job: str) -> None:
        if self.passes.mine:  # what the run was worth is counted there
            self.passes.refresh()

    def start(self) -> None:
        """Start the engine and connect; call it after the first paint."""
        self.engine.start()
        self.gallery.start()
        self.session.start()

    def close(self) -> None:
        """Save the draft, end the engine, then the database. What is unfinished is taken up again at the next start."""
        if self._closed:
            return
        self._closed = True
        self.create.save_draft()
        self.engine.close()
        self.database.close()
