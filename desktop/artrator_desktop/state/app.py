"""The whole observable state of the desktop.

Start-up: ``AppState(data_dir)`` opens the local database and reads the settings (milliseconds); the window is painted;
``start()`` starts the engine, which imports the network libraries in its own thread, connects, and takes up again the
orders that were on their way when the application was closed or killed. ``close()`` undoes it all.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs
from PySide6.QtCore import QObject

from artrator_desktop.state.catalogue import Catalogue
from artrator_desktop.state.companions import Companions
from artrator_desktop.state.create import Create
from artrator_desktop.state.engine import Engine
from artrator_desktop.state.gallery import Gallery
from artrator_desktop.state.job import Places
from artrator_desktop.state.jobs import Jobs
from artrator_desktop.state.media import Media
from artrator_desktop.state.node_watch import NodeWatch
from artrator_desktop.state.plugins import PluginList
from artrator_desktop.state.session import Session
from artrator_desktop.state.settings import Settings, default_data_dir
from artrator_desktop.state.store import Database
from artrator_desktop.state.wallet import Wallet


class AppState(QObject):
    """What the widgets bind to."""

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
        self.settings = Settings(folder, self.database, self.engine, self)
        self.session = Session(self.settings, self.engine, self)
        self.catalogue = Catalogue(self.session, self)
        self.wallet = Wallet(self.session, self)
        self.media = Media(self.session, self.engine, cache, self)
        self.jobs = Jobs(
            self.session, self.engine, lambda: Places(self.settings.pictures_dir, cache, self.database), self
        )
        self.jobs.money_moved.connect(self.wallet.refresh_soon)
        self.companions = Companions(self.session, self)
        self.create = Create(self.session, self.engine, self.database, self.jobs, self.companions, cache, self)
        self.gallery = Gallery(self.database, self.engine, self.settings, cache, self)
        self.jobs.made.connect(lambda _records: self.gallery.refresh())
        self.node = NodeWatch(self.settings, self.engine, self)
        self.plugins = PluginList(self.engine, self)

    def start(self) -> None:
        """Start the engine and connect; call it after the first paint."""
        self.engine.start()
        self.gallery.refresh()
        self.session.start()

    def close(self) -> None:
        """Save the draft, end the engine, then the database. What is unfinished is taken up again at the next start."""
        if self._closed:
            return
        self._closed = True
        self.create.save_draft()
        self.engine.close()
        self.database.close()
