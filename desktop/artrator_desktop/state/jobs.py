"""The jobs: submitting, following, cancelling, and taking up what a closed or killed application left behind."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from artrator_desktop.state.engine import Engine
from artrator_desktop.state.job import Job, JobPhase, JobRequest, Money, Places
from artrator_desktop.state.latest import Latest
from artrator_desktop.state.payment import Budget
from artrator_desktop.state.phase import Failure
from artrator_desktop.state.session import Session
from artrator_desktop.state.store import waiting

if TYPE_CHECKING:
    from artrator.clients.orders import PendingOrder
    from artrator.local import LocalEngine, OwnedPackage
    from artrator_desktop.state.local_run import LocalRun
    from artrator_desktop.state.network import Network
    from artrator_desktop.state.purchase import End, Purchase
    from artrator_desktop.state.store.orders import OrderBox

#: Jobs on their way at once. More would only wait at the nodes, with their money held.
_AT_ONCE: Final = 4
#: Ended jobs stay in the list this long in number; the pictures themselves are in the gallery.
_KEPT: Final = 50
#: A stalled job is taken up again after this long, even if the connection never seemed lost.
_AGAIN_MS: Final = 10_000


@dataclass
class _Run:
    """The engine's side of a job: exists from submission to end."""

    purchase: Purchase | LocalRun | None = None
    cancelled: bool = False

    def is_for(self, request: str) -> bool:
        """Whether it follows the order of this request."""
        return self.purchase is not None and self.purchase.request == request


class Jobs(QObject):
    """Jobs by id, oldest first."""

    added = Signal(str)
    changed = Signal(str)
    ended = Signal(str)
    removed = Signal(str)
    #: Pictures were saved: a list of ``ImageRecord``.
    made = Signal(object)
    #: Money was held, released or paid.
    money_moved = Signal()
    #: Jobs were found that waited when the application ended, or they are gone again; see ``left``.
    left_changed = Signal()
    #: Jobs that were left waiting were dropped; ``take_left_back`` undoes it.
    left_dropped = Signal(int)
    #: So many orders on their way are damaged on this computer and cannot be taken up; told once a run.
    unreadable = Signal(int)

    def __init__(
        self, session: Session, engine: Engine, places: Callable[[], Places], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._engine = engine
        self._places = places
        self._jobs: dict[str, Job] = {}
        self._runs: dict[str, _Run] = {}
        self._box: OrderBox | None = None
        self._told: frozenset[str] = frozenset()
        self._local: LocalEngine | None = None
        #: Jobs that waited here when the application ended; nothing is held for them, and nothing is bought unasked.
        self.left: list[tuple[str, JobRequest]] = []
        self._dropped: list[tuple[str, JobRequest]] = []
        session.online.connect(self._look_for_left)
        engine.at_farewell(self._close_local)
        self._gate: asyncio.Semaphore | None = None
        self._news = Latest(self)
        self._news.arrived.connect(self._take_news)
        session.online.connect(self.take_up)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.take_up)

    def all(self) -> list[Job]:
        """Every job that is still shown, oldest first."""
        return list(self._jobs.values())

    def active(self) -> list[Job]:
        """Those that have not ended."""
        return [job for job in self._jobs.values() if not job.ended]

    def batch(self, name: str) -> list[Job]:
        """The jobs of one press of the button."""
        return [job for job in self._jobs.values() if job.batch == name]

    def get(self, job: str) -> Job | None:
        """One job."""
        return self._jobs.get(job)

    def submit(self, requests: Sequence[JobRequest]) -> list[str]:
        """Buy; returns the new jobs' ids. They share a batch."""
        batch = str(uuid.uuid4())
        return [self._submit(request, batch) for request in requests]

    def cancel(self, job: str) -> None:
        """Ask for an end; what is held is released. Harmless for a job that has ended."""
        found, run = self._jobs.get(job), self._runs.get(job)
        if found is None or found.ended or found.cancelling:
            return
        self._change(job, cancelling=True)
        if run is not None:
            run.cancelled = True
            self._engine.soon(lambda: run.purchase.cancel() if run.purchase is not None else None)
        elif found.phase is JobPhase.STALLED:
            self.take_up()

    def dismiss(self, job: str) -> None:
        """Take an ended job off the list."""
        found = self._jobs.get(job)
        if found is not None and found.ended:
            del self._jobs[job]
            self.removed.emit(job)

    def run_left(self) -> None:
        """Buy what was left waiting, for at most what its button said."""
        found, self.left = self.left, []
        if found:
            total = sum(request.price for _job, request in found)
            budget = Budget(total)
            self._forget([job for job, _request in found])
            self.submit([replace(request, budget=budget) for _job, request in found])
        self.left_changed.emit()

    def forget_left(self) -> None:
        """Drop what was left waiting; it can be taken back until the application ends."""
        self._dropped, self.left = self.left, []
        self._forget([job for job, _request in self._dropped])
        self.left_changed.emit()
        self.left_dropped.emit(len(self._dropped))

    def take_left_back(self) -> None:
        """Let wait again what was dropped last."""
        found, self._dropped = self._dropped, []
        for job, request in found:
            self._keep_waiting(job, request)
        self.left = [*found, *self.left]
        self.left_changed.emit()

    def take_up(self) -> None:
        """Follow every order that has not reached its end and that nobody follows: at start, and after a stall."""

        async def work(network: Network) -> Sequence[tuple[PendingOrder, Mapping[str, Any]]]:
            box = self._order_box()
            found = await asyncio.to_thread(box.interrupted)
            return [(pending, facts) for pending, facts in found if pending.registry == network.url]

        # An order that cannot be looked for now is still paid for.
        self._session.call(work, self._taken_up, lambda _failure: self._again.start())

    # --- submitting

    def _submit(self, request: JobRequest, batch: str) -> str:
        card = request.listing.card
        job = Job(
            id=str(uuid.uuid4()),
            batch=batch,
            listing=card.listing,
            version=card.version,
            title=request.title,
            task=card.task,
            cover=card.samples[0] if card.samples else "",
            phase=JobPhase.WAITING,
            hold=request.price,
            inputs=dict(request.inputs),
            created_at=time.time(),
            source=request.source,
            expected=request.expected,
            paid_by="here" if request.kept is not None else "",
        )
        facts = {
            "listing": job.listing,
            "version": job.version,
            "title": job.title,
            "task": job.task,
            "cover": job.cover,
            "price": job.hold,
            "batch": batch,
            "source": job.source,
            "expected": job.expected,
            "created_at": job.created_at,
        }

        async def work(purchase: Purchase | LocalRun) -> End:
            return await purchase.buy(request, facts)

        if request.kept is None:  # a run of one's own costs nothing but the press
            self._keep_waiting(job.id, request)
        self._start(job, work, request.kept)
        return job.id

    def _taken_up(self, found: Sequence[tuple[PendingOrder, Mapping[str, Any]]]) -> None:
        from artrator_desktop.state.purchase import facts_of

        if self._box is not None and (fresh := self._box.unreadable - self._told):
            self._told |= fresh
            self.unreadable.emit(len(fresh))
        followed = {job.order: job.id for job in self._jobs.values()}
        for pending, kept in found:
            facts = facts_of(pending) | dict(kept)
            known = followed.get(pending.order, "")
            if known in self._runs or any(run.is_for(pending.request) for run in self._runs.values()):
                continue
            if any(self._may_be_for(job, pending) for job in self._runs):
                self._again.start()  # whose it is will be known in a moment
                continue
            job = self._jobs.get(known) or _job_of(pending, facts)
            self._start(replace(job, phase=JobPhase.QUEUED, money=Money.HELD, failure=None), _resume(pending, facts))

    def _may_be_for(self, job: str, pending: PendingOrder) -> bool:
        """Whether a job that is still being prepared may be the one that made this order."""
        purchase = self._runs[job].purchase
        if self._jobs[job].paid_by == "here" or self._jobs[job].order:  # it has none, or has its own
            return False
        return (purchase is None or not purchase.request) and self._jobs[job].listing == pending.listing

    def _start(self, job: Job, work: Any, kept: OwnedPackage | None = None) -> None:
        run = _Run(cancelled=job.cancelling)
        new = job.id not in self._jobs
        self._jobs[job.id] = job
        self._runs[job.id] = run
        (self.added if new else self.changed).emit(job.id)
        self._session.call(
            lambda network: self._carry(network, job.id, run, work, kept),
            lambda end: self._end(job.id, end),
            lambda failure: self._fail(job.id, failure),
        )
        self._trim()

    async def _carry(self, network: Network, job: str, run: _Run, work: Any, kept: OwnedPackage | None) -> End:
        from artrator_desktop.state.local_run import LocalRun
        from artrator_desktop.state.purchase import End, Purchase

        if self._gate is None:
            self._gate = asyncio.Semaphore(_AT_ONCE)
        async with self._gate:
            self._forget([job])  # from here on it is on its way, and the order is written down before it is sent
            if run.cancelled and not self._is_resumed(job):
                return End(JobPhase.CANCELLED, Money.NONE)

            def report(**changes: object) -> None:
                for name, value in changes.items():
                    self._news.put((job, name), value)

            if kept is not None:
                run.purchase = LocalRun(self._engine, self._local_engine(), kept, self._places(), report)
            else:
                run.purchase = Purchase(network, self._order_box(), self._engine, self._places(), report)
            if run.cancelled:
                run.purchase.cancel()
            end: End = await work(run.purchase)
            return end

    def _keep_waiting(self, job: str, request: JobRequest) -> None:
        registry, plain = self._session.registry_url, _plain(request)
        self._places().database.write(lambda c: waiting.save(c, job, registry, plain, request.files))

    def _forget(self, jobs: Sequence[str]) -> None:
        self._places().database.write(lambda connection: waiting.forget(connection, jobs))

    def _look_for_left(self) -> None:
        registry, running = self._session.registry_url, set(self._jobs)

        def done(rows: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
            found = [(job, _request(plain, files)) for job, plain, files in rows if job not in running]
            self.left = [(job, request) for job, request in found if request is not None]
            self.left_changed.emit()

        self._engine.follow(self._places().database.read(lambda connection: waiting.load(connection, registry)), done)

    def _is_resumed(self, job: str) -> bool:
        found = self._jobs.get(job)
        return found is not None and bool(found.order)

    def _local_engine(self) -> LocalEngine:
        if self._local is None:
            from artrator.local import LocalEngine

            self._local = LocalEngine()
        return self._local

    async def _close_local(self) -> None:
        if self._local is not None:
            await self._local.close()

    def _order_box(self) -> OrderBox:
        if self._box is None:
            from artrator_desktop.state.store.orders import OrderBox

            self._box = OrderBox(self._places().database)
        return self._box

    # --- news

    def _take_news(self, news: Mapping[tuple[str, str], Any]) -> None:
        grouped: dict[str, dict[str, Any]] = {}
        for (job, name), value in news.items():
            grouped.setdefault(job, {})[name] = value
        for job, changes in grouped.items():
            if job in self._runs:
                self._change(job, **changes)
                if "money" in changes:
                    self.money_moved.emit()

    def _change(self, job: str, **changes: Any) -> None:
        if job in self._jobs:
            self._jobs[job] = replace(self._jobs[job], **changes)
            self.changed.emit(job)

    def _end(self, job: str, end: End) -> None:
        self._news.flush()
        self._runs.pop(job, None)
        stalled = end.phase is JobPhase.STALLED
        self._change(
            job,
            phase=end.phase,
            money=end.money,
            charged=end.charged,
            failure=end.failure,
            images=end.images,
            missing=end.missing,
            texts=end.texts,
            preview=self._jobs[job].preview if stalled else None,
            cancelling=self._jobs[job].cancelling and stalled,
        )
        self.money_moved.emit()
        if end.images:
            self.made.emit(list(end.images))
        if stalled:
            self._again.start()
        else:
            self.ended.emit(job)

    def _fail(self, job: str, failure: Failure) -> None:
        """It never got as far as an order: the network itself could not be made."""
        from artrator_desktop.state.purchase import End

        self._end(job, End(JobPhase.FAILED, Money.NONE, failure=failure))

    def _trim(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.ended]
        for job in ended[: max(len(ended) - _KEPT, 0)]:
            self.dismiss(job)


def _resume(pending: PendingOrder, facts: Mapping[str, Any]) -> Any:
    async def work(purchase: Purchase) -> End:
        return await purchase.resume(pending, facts)

    return work


def _plain(request: JobRequest) -> dict[str, Any]:
    """A request without its files, as JSON."""
    return {
        "listing": request.listing.model_dump(mode="json"),
        "title": request.title,
        "inputs": dict(request.inputs),
        "price": request.price,
        "source": request.source,
        "expected": request.expected,
    }


def _request(plain: Mapping[str, Any], files: Mapping[str, Any]) -> JobRequest | None:
    """A request as it was, or None if an older application wrote it in another way."""
    from artrator.messages.registry import Listing

    try:
        return JobRequest(
            listing=Listing.model_validate(plain["listing"]),
            title=str(plain["title"]),
            inputs=dict(plain["inputs"]),
            files=files,
            price=int(plain["price"]),
            source=str(plain["source"]),
            expected=int(plain["expected"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _job_of(pending: PendingOrder, facts: Mapping[str, Any]) -> Job:
    return Job(
        id=str(uuid.uuid4()),
        batch=str(facts.get("batch") or pending.order),
        listing=pending.listing,
        version=str(facts.get("version") or ""),
        title=str(facts.get("title") or pending.listing.rpartition("/")[2]),
        task=str(facts.get("task") or ""),
        cover=str(facts.get("cover") or ""),
        phase=JobPhase.QUEUED,
        hold=int(facts.get("price") or pending.max_price),
        inputs=dict(facts.get("inputs") or {}),
        created_at=float(facts.get("created_at") or pending.created_at),
        order=pending.order,
        money=Money.HELD,
        resumed=True,
        source=str(facts.get("source") or ""),
        expected=int(facts.get("expected") or 1),
        paid_by=str(facts.get("paid_by") or ""),
    )
