"""Create: the chosen listing, the form's values, the price before one presses, and the press."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state import pictures as picture_files
from artrator_desktop.state.chosen import Chosen
from artrator_desktop.state.companions import Companions
from artrator_desktop.state.detail import ListingDetail, fetch_detail
from artrator_desktop.state.engine import Call, Engine
from artrator_desktop.state.inputs import FILE_TYPES, Picture, Problem, accepted, defaults, value_problem
from artrator_desktop.state.job import JobRequest
from artrator_desktop.state.jobs import Jobs
from artrator_desktop.state.library import Library
from artrator_desktop.state.payment import Budget, Payment, payment
from artrator_desktop.state.phase import Failure, Phase
from artrator_desktop.state.quoting import Quoting
from artrator_desktop.state.session import Session
from artrator_desktop.state.store import Database, drafts

if TYPE_CHECKING:
    from artrator.local import OwnedPackage
    from artrator.manifest import InputSpec
    from artrator_desktop.state.network import Network

#: A pause in typing this long is a moment to save.
_DRAFT_MS: Final = 1000
COUNTS: Final = (1, 2, 4, 8)
#: What a listing's name looks like: a file from a stranger must not make up a path on the registry.
_LISTING: Final = re.compile(r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}")


@dataclass
class _Snapshot:
    """What ``undo`` brings back."""

    detail: ListingDetail | None
    values: dict[str, Any]
    pictures: dict[str, list[Picture]]


@dataclass
class _Wish:
    """What is to be filled in once the listing has arrived."""

    listing: str
    values: Mapping[str, Any] = field(default_factory=dict)
    picture: str = ""


class Create(QObject):
    """The form's state. ``values`` has no file inputs: their pictures are ``chosen``."""

    #: Another listing, or another version of it: the form is drawn anew.
    listing_changed = Signal()
    #: Values were set from outside the form (settings reused, undone): show them.
    values_changed = Signal()
    problems_changed = Signal()
    #: Settings were taken from a picture; ``undo`` brings the old ones back.
    reused = Signal(str)
    #: A dropped picture has no settings inside: its file name.
    nothing_inside = Signal(str)
    submitted = Signal(object)

    def __init__(
        self,
        session: Session,
        engine: Engine,
        database: Database,
        jobs: Jobs,
        companions: Companions,
        library: Library,
        cache: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._engine = engine
        self._database = database
        self._jobs = jobs
        self._companions = companions
        self._library = library
        #: Run on this computer what can be run here; the person may choose to buy the run all the same.
        self.prefers_here = True
        self.phase = Phase.IDLE
        self.failure: Failure | None = None
        self.listing = ""
        self.detail: ListingDetail | None = None
        self.values: dict[str, Any] = {}
        self.chosen = Chosen(engine, cache / "pasted", self)
        self.chosen.changed.connect(self._touch)
        self.count = 1
        self.quoting = Quoting(session, self)
        self._undo: _Snapshot | None = None
        self._opening: Call[Any] | None = None
        self._wish: _Wish | None = None
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(_DRAFT_MS)
        self._autosave.timeout.connect(self.save_draft)
        session.online.connect(self._online)

    # --- the listing

    def open(
        self, listing: str, version: str | None = None, *, values: Mapping[str, Any] | None = None, picture: str = ""
    ) -> None:
        """Choose a listing; its draft comes back, then ``values`` over it, then ``picture`` as its first image."""
        if self.detail is not None and listing == self.listing and version is None and self.phase is Phase.READY:
            self._fill(_Wish(listing, values or {}, picture))
            return
        self.save_draft()
        if self._opening is not None:
            self._opening.cancel()
        if listing != self.listing:
            self.detail = None
        self.listing = listing
        self.phase = Phase.LOADING
        self.failure = None
        self._wish = _Wish(listing, values or {}, picture)
        self.listing_changed.emit()

        async def work(network: Network) -> tuple[ListingDetail, dict[str, Any]]:
            draft = asyncio.wrap_future(self._database.write(lambda c: drafts.load(c, listing)))
            return await fetch_detail(network, listing, version), await draft

        self._opening = self._session.call(work, self._opened, self._failed)

    def reopen_last(self) -> None:
        """Open the listing that was worked on last, if none is open."""
        if self.listing:
            return
        last = self._database.read_now(drafts.newest)
        if last:
            self.open(last)

    def _opened(self, result: tuple[ListingDetail, dict[str, Any]]) -> None:
        self._opening = None
        self.detail, draft = result
        manifest = self.detail.manifest
        self._companions.learn(self.listing, self.detail)
        self.values = defaults(manifest) | accepted(manifest, draft.get("values", {}))
        self.chosen.begin(manifest.inputs)
        self._undo = None
        self.phase = Phase.READY
        self.listing_changed.emit()
        self.chosen.take_draft(draft)
        self._touch()
        wish, self._wish = self._wish, None
        if wish is not None and wish.listing == self.listing:
            self._fill(wish)

    def _failed(self, failure: Failure) -> None:
        self._opening = None
        self.failure = failure
        self.phase = Phase.FAILED
        self.listing_changed.emit()

    def _online(self) -> None:
        if self.phase is Phase.FAILED and self.listing:
            wish = self._wish or _Wish(self.listing)
            self.open(self.listing, values=wish.values, picture=wish.picture)
        self.quoting.again()

    def _fill(self, wish: _Wish) -> None:
        if wish.values:
            self._remember()
            self._apply(wish.values)
        if wish.picture and self.chosen.first:
            self.chosen.set_file(self.chosen.first, wish.picture)

    # --- values

    def specs(self) -> Mapping[str, InputSpec]:
        """The inputs of the open listing, in the manifest's order."""
        return self.detail.manifest.inputs if self.detail is not None else {}

    def set_value(self, name: str, value: Any) -> None:
        """A value from the form."""
        if name in self.values and self.values[name] != value:
            self.values[name] = value
            self._touch()

    def set_count(self, count: int) -> None:
        """How many pictures one press makes."""
        if count != self.count:
            self.count = count
            self.problems_changed.emit()

    @property
    def count_input(self) -> str:
        """The input that says how many pictures one run makes, or an empty text: it is priced by itself."""
        if self.detail is None or all(output.type != "images" for output in self.detail.manifest.outputs.values()):
            return ""
        specs = self.specs()
        alone = [unit.factors[0] for unit in self.detail.manifest.cost.units if len(unit.factors) == 1]
        names = [name for name in alone if name in specs and specs[name].type == "integer"]
        return names[0] if len(names) == 1 else ""

    @property
    def expected(self) -> int:
        """How many pictures one run makes, as far as the form tells."""
        value = self.values.get(self.count_input)
        return value if isinstance(value, int) and value > 0 else 1

    @property
    def can_repeat(self) -> bool:
        """Whether it makes sense to run the same request several times.

        Runs differ only if a seed is drawn for each; and a package that makes several pictures at once does it better.
        """
        if self.count_input:
            return False
        return any(spec.random and self.values.get(name) is None for name, spec in self.specs().items())

    @property
    def runs(self) -> int:
        """How many jobs the button starts."""
        return self.count if self.can_repeat else 1

    def problems(self) -> dict[str, Problem]:
        """What keeps the request from being sent, by input."""
        pictures = self.chosen.problems()
        found = {}
        for name, spec in self.specs().items():
            files = spec.type in FILE_TYPES
            problem = pictures.get(name) if files else value_problem(spec, self.values.get(name))
            if problem is not None:
                found[name] = problem
        return found

    # --- reuse and undo

    def reuse_file(self, path: str) -> None:
        """Take the settings from inside a saved picture; ``undo`` brings the old ones back."""
        name = Path(path).name

        async def work() -> dict[str, Any] | None:
            return await self._engine.decode(picture_files.read_settings, Path(path))

        def done(found: dict[str, Any] | None) -> None:
            listing = found.get("listing") if found else None
            inputs = found.get("inputs") if found else None
            if not isinstance(listing, str) or not isinstance(inputs, dict) or not _LISTING.fullmatch(listing):
                self.nothing_inside.emit(name)
                return
            self.reuse(listing, inputs, name)

        self._engine.call(work, done, lambda _failure: self.nothing_inside.emit(name))

    def reuse(self, listing: str, inputs: Mapping[str, Any], origin: str = "") -> None:
        """Take settings; pictures are not among them."""
        self.open(listing, values=inputs)
        self.reused.emit(origin)

    @property
    def can_undo(self) -> bool:
        """Whether settings were taken that can be given back."""
        return self._undo is not None

    def undo(self) -> None:
        """Bring back what the form held before settings were reused."""
        if self._undo is None:
            return
        snapshot, self._undo = self._undo, None
        self.values = dict(snapshot.values)
        self.values_changed.emit()
        self.chosen.restore(snapshot.pictures)
        self._touch()

    def _remember(self) -> None:
        self._undo = _Snapshot(self.detail, dict(self.values), self.chosen.copies())

    def _apply(self, values: Mapping[str, Any]) -> None:
        if self.detail is not None:
            self.values |= accepted(self.detail.manifest, values)
            self.values_changed.emit()
            self._touch()

    # --- the press

    @property
    def kept(self) -> OwnedPackage | None:
        """The open listing's package on this computer, if it was bought to keep."""
        return self._library.kept.get(self.detail.listing.card.package) if self.detail is not None else None

    @property
    def here(self) -> bool:
        """Whether the press runs on this computer."""
        return self.prefers_here and self.kept is not None

    def set_here(self, on: bool) -> None:
        """Run on this computer, or buy the run."""
        self.prefers_here = on
        self.problems_changed.emit()

    @property
    def payment(self) -> Payment | None:
        """How the button's press would be paid, or None while its price is unknown.

        While a changed form waits for its quote, the one before still says what pays it, and the creator's offer how
        much: nothing dearer than what is shown here is ever bought.
        """
        price, quote = self.quoting.price, self.quoting.quote
        if self.here:
            return Payment("here", self.runs, price or 0, self.runs, 0)
        if price is None:
            return None
        if quote is None:
            return Payment("credits", self.runs, price, 0, price * self.runs)
        return payment(quote, self.runs, price)

    @property
    def price(self) -> int | None:
        """The most that the button's press can hold, in micro-credits, or None while it is unknown."""
        return self.payment.cap if self.payment is not None else None

    @property
    def ready(self) -> bool:
        """Whether the button can be pressed: nothing is wrong, and somebody can serve it at a known price."""
        served = self.here or self.quoting.phase is Phase.READY
        return self.phase is Phase.READY and served and not self.problems()

    def generate(self, title: str = "") -> list[str]:
        """Buy what the form says; the new jobs' ids, or nothing if it is not ready.

        Args:
            title: The listing's name in the person's language, for the queue and the gallery.
        """
        paying = self.payment
        if not self.ready or self.detail is None or paying is None:
            return []
        chosen = self.chosen.pictures
        request = self.request(self.detail, self.values, chosen, paying.limit, paying.cap, self.expected, title)
        started = self._jobs.submit([request] * self.runs)
        self.save_draft()
        self.quoting.again()
        self.submitted.emit(started)
        return started

    def request(
        self,
        detail: ListingDetail,
        values: Mapping[str, Any],
        pictures: Mapping[str, Sequence[Picture]],
        limit: int,
        cap: int,
        expected: int,
        title: str,
    ) -> JobRequest:
        """One run of the open listing: at most ``limit`` micro-credits, and with its companions at most ``cap``."""
        files: dict[str, bytes | Sequence[bytes]] = {}
        for name, chosen in pictures.items():
            if chosen:
                several = self.chosen.several(name)
                files[name] = [each.data for each in chosen] if several else chosen[0].data
        source = pictures.get(self.chosen.first, ())
        return JobRequest(
            listing=detail.listing,
            title=title or detail.manifest.title.get("en", self.listing),
            inputs={name: value for name, value in values.items() if not self._left_out(name, value)},
            files=files,
            price=limit,
            source=source[0].path if source else "",
            expected=expected,
            budget=Budget(cap),
            kept=self.kept if self.here else None,
        )

    def _left_out(self, name: str, value: Any) -> bool:
        """A seed to be drawn, and an optional text that was left empty."""
        return value is None or (value == "" and not self.specs()[name].required)

    # --- what follows every change

    def _touch(self) -> None:
        self._autosave.start()
        self.problems_changed.emit()
        if self.detail is not None:
            self.quoting.ask(self.detail, self.values, self.chosen.pictures)

    def save_draft(self) -> None:
        """Write what was typed, now."""
        self._autosave.stop()
        if self.detail is None or self.phase is not Phase.READY:
            return
        listing = self.listing
        draft = {"values": dict(self.values), "saved_at": time.time(), **self.chosen.draft()}
        self._database.write(lambda connection: drafts.save(connection, listing, draft))
