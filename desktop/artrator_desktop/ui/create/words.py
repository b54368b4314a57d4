"""How a job stands, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from artrator_desktop.state.job import JobPhase, Money
from artrator_desktop.ui.text import duration, short_price

if TYPE_CHECKING:
    from artrator_desktop.state import Job


def headline(job: Job, count: int = 1) -> str:
    """Return the title of the stage: what is going on with these pictures."""
    match job.phase:
        case JobPhase.DONE:
            return QCoreApplication.translate("JobWords", "Done")
        case JobPhase.FAILED:
            return QCoreApplication.translate("JobWords", "No picture this time")
        case JobPhase.CANCELLED:
            return QCoreApplication.translate("JobWords", "Cancelled")
        case JobPhase.STALLED:
            if job.failure is not None and job.failure.code == "disk_full":
                return QCoreApplication.translate("JobWords", "Waiting for room on the disk")
            if job.failure is not None and job.failure.code == "folder_unwritable":
                return QCoreApplication.translate("JobWords", "Waiting for a folder to save in")
            return QCoreApplication.translate("JobWords", "Waiting for the connection")
    if job.cancelling:
        return QCoreApplication.translate("JobWords", "Cancelling")
    if job.unanswered:
        return QCoreApplication.translate("JobWords", "Waiting for the node")
    if count > 1:
        return QCoreApplication.translate("JobWords", "Generating {count} images").format(count=count)
    return QCoreApplication.translate("JobWords", "Generating")


def status(job: Job, ahead: int = 0) -> str:
    """Return one line: where it is, how far, how long. ``ahead`` counts jobs that wait here before it."""
    translate = QCoreApplication.translate
    node = translate("JobWords", "Node {name}").format(name=job.node) if job.node else ""
    if job.unanswered:
        return _join(node, translate("JobWords", "does not answer; it is asked again"), money(job))
    match job.phase:
        case JobPhase.WAITING:
            if ahead:
                return translate("JobWords", "Waiting · {count} before it · nothing is held yet").format(count=ahead)
            return translate("JobWords", "Waiting · nothing is held yet")
        case JobPhase.PREPARING:
            return translate("JobWords", "Checking the price")
        case JobPhase.QUEUED:
            return _join(node, _place(job), _about(job.expected_seconds))
        case JobPhase.RUNNING:
            return _join(node, _step(job), _left(job.seconds_left))
        case JobPhase.FETCHING:
            return _join(node, translate("JobWords", "fetching the picture"))
        case JobPhase.STALLED:
            return job.failure.happened if job.failure is not None else ""
        case JobPhase.DONE:
            seconds = max((image.seconds for image in job.images), default=0.0)
            return _join(node, duration(seconds) if seconds else "", money(job))
        case JobPhase.FAILED:
            return job.failure.happened if job.failure is not None else ""
    return money(job)


def short_status(job: Job, ahead: int = 0) -> str:
    """Return the line of the queue: "Running · 61 %", "Waiting · 2 ahead · ~20 s"."""
    translate = QCoreApplication.translate
    if job.cancelling and not job.ended:
        return translate("JobWords", "Cancelling")
    if job.unanswered:
        return translate("JobWords", "Waits for the node")
    match job.phase:
        case JobPhase.RUNNING:
            share = f"{job.share:.0%}" if job.total else ""
            return _join(translate("JobWords", "Running"), share, _left(job.seconds_left))
        case JobPhase.QUEUED:
            return _join(translate("JobWords", "Waiting"), _place(job), _about(job.expected_seconds))
        case JobPhase.WAITING:
            before = translate("JobWords", "{count} before it").format(count=ahead) if ahead else ""
            return _join(translate("JobWords", "Waiting"), before)
        case JobPhase.STALLED:
            if job.failure is not None and job.failure.code == "disk_full":
                return translate("JobWords", "Waits for room on the disk")
            if job.failure is not None and job.failure.code == "folder_unwritable":
                return translate("JobWords", "Waits for a folder to save in")
            return translate("JobWords", "Waits for the connection")
        case JobPhase.FAILED:
            return _join(translate("JobWords", "Failed"), _back(job))
        case JobPhase.CANCELLED:
            return _join(translate("JobWords", "Cancelled"), _back(job))
    return status(job, ahead)


def money(job: Job) -> str:
    """Return what happened to the money."""
    translate = QCoreApplication.translate
    match job.money:
        case Money.NONE if job.paid_by == "here":
            return translate("JobWords", "made on this computer")
        case Money.PAID:
            return _paid(job)
        case Money.RELEASED if not job.hold:
            return translate("JobWords", "nothing was charged")
        case Money.HELD if not job.hold:
            return translate("JobWords", "costs nothing")
        case Money.RELEASED:
            return translate("JobWords", "nothing was charged; {amount} are back").format(amount=short_price(job.hold))
        case Money.HELD:
            return translate("JobWords", "{amount} held").format(amount=short_price(job.hold))
    return translate("JobWords", "nothing was charged")


def cancel_words(hold: int) -> str:
    """Return the caption of the button that ends jobs and gives their holds back."""
    if not hold:
        return QCoreApplication.translate("JobWords", "Cancel")
    return QCoreApplication.translate("JobWords", "Cancel and release {amount}").format(amount=short_price(hold))


def _back(job: Job) -> str:
    if job.money is Money.RELEASED and job.hold:
        return QCoreApplication.translate("JobWords", "{amount} back").format(amount=short_price(job.hold))
    return money(job)


def _paid(job: Job) -> str:
    if job.missing:
        part = QCoreApplication.translate("JobWords", "{made} of {ordered} pictures").format(
            made=len(job.images), ordered=len(job.images) + job.missing
        )
        return _join(part, _price(job))
    return _price(job)


def _price(job: Job) -> str:
    translate = QCoreApplication.translate
    match job.paid_by:
        case "pass" if not job.charged:
            return translate("JobWords", "from your pass")
        case "free" | "own" if not job.charged:
            return translate("JobWords", "free")
    return translate("JobWords", "paid {amount}").format(amount=short_price(job.charged))


def _place(job: Job) -> str:
    if job.position is None:
        return QCoreApplication.translate("JobWords", "ordered")
    if job.position == 0:
        return QCoreApplication.translate("JobWords", "next in line")
    return QCoreApplication.translate("JobWords", "{count} ahead").format(count=job.position)


def _about(seconds: float | None) -> str:
    return QCoreApplication.translate("JobWords", "about {time}").format(time=duration(seconds)) if seconds else ""


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return QCoreApplication.translate("JobWords", "{time} left").format(time=duration(max(round(seconds), 1)))


def _step(job: Job) -> str:
    if not job.total:
        return QCoreApplication.translate("JobWords", "running")
    return QCoreApplication.translate("JobWords", "step {done} of {total}").format(done=job.done, total=job.total)


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
