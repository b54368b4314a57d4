"""Messages about jobs that end while one looks at another page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from artrator_desktop.state.job import JobPhase
from artrator_desktop.ui.text import credits_text

if TYPE_CHECKING:
    from artrator_desktop.state import AppState
    from artrator_desktop.ui.widgets import ToastStack


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
