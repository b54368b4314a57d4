"""Settings of the desktop: read before the first paint, so with the standard library only."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs
from PySide6.QtCore import QObject, Signal

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.store import Database

log = logging.getLogger(__name__)

#: Where `artrator node serve` answers on this machine unless its owner says otherwise.
LOCAL_NODE: Final = "https://127.0.0.1:8443"
DEFAULTS: Final[dict[str, str]] = {"language": "system", "theme": "system", "node_url": LOCAL_NODE}


def default_data_dir() -> Path:
    """``ARTRATOR_HOME``, else the system's place for application data; as ``artrator.profile.home``."""
    given = os.environ.get("ARTRATOR_HOME")
    return Path(given) if given else platformdirs.user_data_path("Artrator", appauthor=False)


class Settings(QObject):
    """Named values that survive a restart. ``registry_url`` lies in the profile, which other programs share."""

    changed = Signal(str)

    def __init__(self, data_dir: Path, database: Database, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.data_dir = data_dir
        self._database = database
        self._engine = engine
        rows = database.read_now(lambda c: c.execute("select name, value from setting").fetchall())
        self._values: dict[str, object] = {**DEFAULTS, **_readable({row["name"]: row["value"] for row in rows})}
        self._registry_url = os.environ.get("ARTRATOR_REGISTRY") or _profile_url(data_dir)

    @property
    def language(self) -> str:
        """``system``, ``en`` or ``ko``."""
        return str(self._values["language"])

    @property
    def theme(self) -> str:
        """``system``, ``dark`` or ``light``."""
        return str(self._values["theme"])

    @property
    def node_url(self) -> str:
        """The node that the My node page watches; ``ARTRATOR_NODE`` names one until another is set here."""
        given = str(self._values["node_url"])
        return os.environ.get("ARTRATOR_NODE", given) if given == LOCAL_NODE else given

    @property
    def registry_url(self) -> str:
        """The registry, or an empty text before the first sign-in."""
        return self._registry_url

    @property
    def pictures_dir(self) -> Path:
        """Where finished pictures are saved."""
        given = self._values.get("pictures_dir")
        if given:
            return Path(str(given))
        # A profile of one's own (a demo, a test) keeps its pictures beside it.
        if self.data_dir != default_data_dir():
            return self.data_dir / "pictures"
        return platformdirs.user_pictures_path() / "Artrator"

    def get(self, name: str, default: object = None) -> object:
        """Any other setting."""
        return self._values.get(name, default)

    def set(self, name: str, value: object) -> None:
        """Change a setting; it is on disk a moment later."""
        if name == "registry_url":
            self._set_registry(str(value))
        else:
            plain = value if isinstance(value, str | int | float | bool | list | dict) or value is None else str(value)
            if self._values.get(name) == plain:
                return
            self._values[name] = plain
            text = json.dumps(plain, ensure_ascii=False)
            self._database.write(
                lambda c: c.execute("insert or replace into setting (name, value) values (?, ?)", (name, text))
            )
        self.changed.emit(name)

    def _set_registry(self, url: str) -> None:
        self._registry_url = url
        data_dir = self.data_dir

        async def work() -> None:
            from artrator.profile import Profile

            Profile(data_dir).configure(registry_url=url)

        self._engine.call(work)


def _readable(rows: Mapping[str, object]) -> dict[str, object]:
    """The settings that can be read; a damaged one counts as never set, and the window opens all the same."""
    found: dict[str, object] = {}
    for name, text in rows.items():
        try:
            found[name] = json.loads(str(text))
        except (ValueError, RecursionError):
            log.warning("the setting %s is damaged and is not used", name)
    return found


def _profile_url(data_dir: Path) -> str:
    try:
        value = json.loads((data_dir / "profile.json").read_text(encoding="utf-8"))
        return str(value.get("registry_url") or "")
    except (OSError, ValueError, AttributeError):  # no profile yet, or one that the engine will complain about
        return ""
