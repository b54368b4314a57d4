"""Messages that belong to no page: jobs that end elsewhere, what can be taken back, and what is damaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from artrator_desktop.state.engine import STORE_DAMAGED
from artrator_desktop.state.job import JobPhase
from artrator_desktop.ui.text import credits_text

if TYPE_CHECKING:
    from artrator_desktop.state import AppState
    from artrator_desktop.state.store.database import Damage
    from artrator_desktop.ui.widgets import Toast, ToastStack


Show = Callable[[str, object], object]


class JobNotices(QObject):
    """Says that a picture is there, or why not, and leads to it; silent while the Create page is in view."""

    def __init__(self, app: AppState, toasts: ToastStack, page: Callable[[], str], show: Show, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = app.jobs
        self._toasts = toasts
        self._page = page
        self._show = show
        app.jobs.ended.connect(self._ended)

    def _ended(self, name: str) -> None:
        job = self._jobs.get(name)
        if job is None or self._page() in {"create", "onboarding"}:
            return
        if job.phase is JobPhase.DONE:
            amount = credits_text(job.charged)
            words = self.tr("{title} is ready. Paid {amount}.").format(title=job.title, amount=amount)
            if job.missing:
                made = len(job.images)
                words = self.tr("{title} made {made} of {ordered} pictures. Paid {amount} for those.").format(
                    title=job.title, made=made, ordered=made + job.missing, amount=amount
                )
            image = job.images[0].id if job.images else ""
            self._toasts.say("ok", words, self.tr("Show")).clicked.connect(
                lambda: self._show("gallery", {"image": image})
            )
        elif job.phase is JobPhase.FAILED:
            reason = job.failure.sentence if job.failure is not None else ""
            words = self.tr("{title} failed. {reason}").format(title=job.title, reason=reason)
            self._toasts.say("bad", words, self.tr("Show")).clicked.connect(lambda: self._show("create", {"job": name}))


class UndoNotices(QObject):
    """Says what was deleted for as long as it can be taken back, and takes it back."""

    def __init__(self, app: AppState, toasts: ToastStack, parent: QObject) -> None:
        super().__init__(parent)
        self._gallery = app.gallery
        self._jobs = app.jobs
        self._toasts = toasts
        self._shown: Toast | None = None
        app.gallery.trash_changed.connect(self._show_trash)
        app.gallery.undeletable.connect(self._undeletable)
        app.jobs.left_dropped.connect(self._dropped)

    def _show_trash(self) -> None:
        if self._shown is not None:
            self._shown.close_now()
        count = len(self._gallery.trashed)
        if count:
            words = self.tr("%Ln picture(s) deleted, with their receipts.", "", count)
            self._shown = self._toasts.say("info", words, self.tr("Undo"), lasting=True)
            self._shown.clicked.connect(self._gallery.restore)
            self._shown.gone.connect(self._forget)

    def _forget(self) -> None:
        self._shown = None

    def _dropped(self, count: int) -> None:
        words = self.tr("%Ln waiting job(s) forgotten.", "", count)
        self._toasts.say("info", words, self.tr("Undo")).clicked.connect(self._jobs.take_left_back)

    def _undeletable(self, count: int) -> None:
        words = self.tr(
            "%Ln picture(s) could not be deleted; let Artrator write in their folder and delete again.", "", count
        )
        self._toasts.say("warn", words)


class DamageNotices(QObject):
    """Says what of this computer's files is damaged, what is left of it, and what to do; stays until it is closed."""

    def __init__(self, app: AppState, toasts: ToastStack, parent: QObject) -> None:
        super().__init__(parent)
        self._app = app
        self._toasts = toasts
        app.damaged.connect(self._damaged)
        app.jobs.unreadable.connect(self._unreadable)
        if app.database.damage is not None:
            self._mended(app.database.damage)

    def _mended(self, damage: Damage) -> None:
        words = self.tr(
            "Artrator’s database was damaged. Saved from it: %Ln picture(s) of the gallery; orders on their way: "
            "{orders}. Look into the wallet for other runs: what is held comes back by itself, and a run without a "
            "picture can be disputed. The damaged file is kept as {name}.",
            "",
            damage.pictures,
        )
        self._toasts.say("bad", words.format(orders=damage.orders, name=damage.kept.name))

    def _damaged(self) -> None:
        self._toasts.say("bad", STORE_DAMAGED.sentence)

    def _unreadable(self, count: int) -> None:
        words = self.tr(
            "%Ln order(s) on their way are damaged on this computer and cannot be fetched. Look into the wallet: what "
            "is held comes back by itself, and a run without a picture can be disputed there.",
            "",
            count,
        )
        self._toasts.say("bad", words)
