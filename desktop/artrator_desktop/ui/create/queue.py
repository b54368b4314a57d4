"""The queue at the right: every job that has not ended or ended badly, and the newest pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from artrator_desktop.state.job import JobPhase
from artrator_desktop.state.pictures import thumbnail_path
from artrator_desktop.ui.create.words import cancel_words, short_status
from artrator_desktop.ui.paint import text
from artrator_desktop.ui.text import short_price, tip
from artrator_desktop.ui.theme import font, theme
from artrator_desktop.ui.theme.fonts import SEMIBOLD
from artrator_desktop.ui.theme.tokens import L, M, S
from artrator_desktop.ui.widgets import Button, Card, IconButton, Label, PageScroll, Picture, mark_focus

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, ImageRecord, Job
    from artrator_desktop.ui.images import Pixmaps

#: Its width and how many tiles lie side by side; the second where the page is narrow.
_WIDE, _NARROW = (292, 3), (212, 2)
_JUST_MADE = 9
_REFRESH_MS = 100
#: Rows that are shown; a row is a dozen widgets, and nobody reads three hundred.
_ROWS = 40


class _Words(QWidget):
    """Title, status and bar of a row, painted: labels would lay the column out anew at every step of every job."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._line = ""
        self._role = "text_dim"
        self._share: float | None = None
        self.setMinimumHeight(48)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_words(self, line: str, role: str, share: float | None) -> None:
        """Show a status in a colour, and a bar if there is a share."""
        self._line, self._role, self._share = line, role, share
        self.setToolTip(tip(line))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the two lines and the bar, in the middle of the height."""
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = 38 if self._share is None else 48
        top, width = (self.height() - height) / 2, float(self.width())
        text(painter, QRectF(0, top, width, 19), self._title, font(13, SEMIBOLD), tokens.text)
        text(painter, QRectF(0, top + 20, width, 17), self._line, font(12), getattr(tokens, self._role))
        if self._share is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.border))
            bar = QRectF(0, top + 42, width, 6)
            painter.drawRoundedRect(bar, 3, 3)
            if self._share > 0:
                painter.setBrush(QColor(tokens.accent))
                painter.drawRoundedRect(QRectF(0, bar.y(), max(width * self._share, 6), 6), 3, 3)


class JobRow(Card):
    """One job: its model, how it stands, a bar, and the cross that cancels or dismisses it."""

    opened = Signal(str)
    crossed = Signal(str)

    def __init__(self, job: Job, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__("card", parent, inset=10, gap=0)
        self.job = job.id
        self._shown: tuple[object, ...] = ()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.cover = Picture(pixmaps, job.title, radius=8)
        self.cover.setFixedSize(QSize(48, 48))
        self.cover.set_key(job.cover)
        self.words = _Words(f"{job.title} ×{job.expected}" if job.expected > 1 else job.title)
        self.cross = IconButton("x", self.tr("Cancel"), size=28, glyph=16)
        self.cross.clicked.connect(lambda: self.crossed.emit(self.job))
        row = QHBoxLayout()
        row.setSpacing(M)
        row.addWidget(self.cover)
        row.addWidget(self.words, 1)
        row.addWidget(self.cross)
        self.column.addLayout(row)

    def set_narrow(self, narrow: bool) -> None:
        """Leave the picture away where the words need its room."""
        self.cover.setVisible(not narrow)

    def show_job(self, job: Job, ahead: int) -> None:
        """Show how it stands."""
        line = short_status(job, ahead)
        share = job.share if job.phase in (JobPhase.RUNNING, JobPhase.FETCHING) else None
        shown = (job.phase, job.cancelling, share, line)
        if shown == self._shown:
            return
        self._shown = shown
        self.words.show_words(line, "bad" if job.phase is JobPhase.FAILED else "text_dim", share)
        name = self.tr("Dismiss") if job.ended else cancel_words(job.hold)
        self.cross.setAccessibleName(name)
        self.cross.setToolTip(name)
        self.cross.setEnabled(not job.cancelling)
        self.setAccessibleName(f"{job.title}: {line}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show this job in the middle."""
        self.opened.emit(self.job)
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do the same with Enter or Space, and cancel with Delete."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            self.opened.emit(self.job)
        elif event.key() == Qt.Key.Key_Delete:
            self.crossed.emit(self.job)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring if the keyboard led here."""
        super().focusInEvent(event)
        mark_focus(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        mark_focus(self, event)


class QueuePanel(QFrame):
    """The right column.

    Signals:
        opened: A job was chosen. picked: a finished picture was chosen. gallery: the whole gallery is wanted.
        dropped: A picture file was dropped, for its settings.
    """

    opened = Signal(str)
    picked = Signal(object)
    gallery = Signal()
    dropped = Signal(str)

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setFixedWidth(_WIDE[0])
        self._columns = _WIDE[1]
        self._is_narrow = False
        self.setAcceptDrops(True)
        self._app = app
        self._pixmaps = pixmaps
        self._rows: dict[str, JobRow] = {}
        self._tiles: list[Picture] = []
        self._records: list[ImageRecord] = []
        self.nothing = Label(self.tr("Nothing is on its way."), "dim")
        self.more = Label("", "meta")
        self._jobs = QVBoxLayout()
        self._jobs.setSpacing(S + 2)
        self.made = Button(self.tr("Gallery"), "ghost")
        self.made.clicked.connect(self.gallery)
        self._grid = QGridLayout()
        self._grid.setSpacing(S)
        self._grid.setColumnStretch(3, 1)
        self.hint = Label(self.tr("Drop an image here to reuse its settings"), "caption", wrap=True)
        area = PageScroll(side=18, top=24, bottom=16)
        area.column.setSpacing(M)
        title = QHBoxLayout()
        title.addWidget(Label(self.tr("Queue"), "section"), 1)
        area.column.addLayout(title)
        self.left = Card("strip-tint", inset=12, gap=S)
        self.left_words = Label("", "meta", wrap=True)
        run = Button(self.tr("Run them"), "soft")
        run.clicked.connect(app.jobs.run_left)
        drop = Button(self.tr("Forget them"), "ghost")
        drop.clicked.connect(app.jobs.forget_left)
        choice = QHBoxLayout()
        choice.addWidget(run)
        choice.addWidget(drop)
        choice.addStretch(1)
        self.left.column.addWidget(self.left_words)
        self.left.column.addLayout(choice)
        area.column.addWidget(self.left)
        area.column.addWidget(self.nothing)
        area.column.addLayout(self._jobs)
        area.column.addWidget(self.more)
        area.column.addSpacing(L)
        second = QHBoxLayout()
        self._made_title = Label(self.tr("Just made"), "section")
        second.addWidget(self._made_title, 1)
        second.addWidget(self.made)
        area.column.addLayout(second)
        area.column.addLayout(self._grid)
        area.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(area, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(18, 8, 18, 18)
        foot.addWidget(self.hint)
        column.addLayout(foot)
        # Twenty jobs report at once; their rows are brought up to date together.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._refresh_jobs)
        jobs = app.jobs
        for signal in (jobs.added, jobs.ended, jobs.removed):
            signal.connect(self._at_once)
        jobs.changed.connect(self._changed)
        app.gallery.changed.connect(self._refresh_made)
        jobs.left_changed.connect(self._show_left)
        self._show_left()
        self._refresh_jobs()
        self._refresh_made()

    def set_narrow(self, narrow: bool) -> None:
        """Take less room, or all that it likes."""
        width, self._columns = _NARROW if narrow else _WIDE
        self.setFixedWidth(width)
        for number in range(len(self._tiles)):
            self._place(number)
        for row in self._rows.values():
            row.set_narrow(narrow)
        self._is_narrow = narrow

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome a picture file."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.hint.set_role("strong")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Cool down."""
        self.hint.set_role("caption")
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the first file."""
        self.hint.set_role("caption")
        for url in event.mimeData().urls():
            if url.isLocalFile():
                event.acceptProposedAction()
                self.dropped.emit(url.toLocalFile())
                return

    def _show_left(self) -> None:
        left = self._app.jobs.left
        self.left.setVisible(bool(left))
        words = self.tr("%Ln job(s) waited here when Artrator ended. Nothing was held for them.", "", len(left))
        price = short_price(sum(request.price for _job, request in left))
        self.left_words.setText(" ".join((words, self.tr("Together they cost up to {amount}.").format(amount=price))))

    def _changed(self, _job: str) -> None:
        if not self._soon.isActive():
            self._soon.start(_REFRESH_MS)

    def _at_once(self, _job: str) -> None:
        # A press may add hundreds: what is new is shown at once, and once for all of them.
        self._soon.start(0)

    def _refresh_jobs(self) -> None:
        everything = [job for job in self._app.jobs.all() if not job.ended or job.phase is JobPhase.FAILED]
        shown = _first(everything)
        wanted = {job.id for job in shown}
        for gone in [each for each in self._rows if each not in wanted]:
            row = self._rows.pop(gone)
            self._jobs.removeWidget(row)
            row.hide()
            row.deleteLater()
        ahead = 0
        for place, job in enumerate(shown):
            row = self._rows.get(job.id) or self._add(job, place)
            row.show_job(job, ahead)
            if job.phase is JobPhase.WAITING:
                ahead += 1
        self.nothing.setVisible(not shown)
        more = len(everything) - len(shown)
        self.more.setVisible(bool(more))
        self.more.setText(self.tr("and %Ln more", "", more))

    def _add(self, job: Job, place: int) -> JobRow:
        row = JobRow(job, self._pixmaps)
        row.opened.connect(self.opened)
        row.crossed.connect(self._crossed)
        row.set_narrow(self._is_narrow)
        self._rows[job.id] = row
        self._jobs.insertWidget(place, row)
        return row

    def _crossed(self, job: str) -> None:
        found = self._app.jobs.get(job)
        if found is not None and found.ended:
            self._app.jobs.dismiss(job)
        else:
            self._app.jobs.cancel(job)

    def _refresh_made(self) -> None:
        self._records = self._app.gallery.newest[:_JUST_MADE]
        for number, record in enumerate(self._records):
            if number == len(self._tiles):
                self._add_tile()
            tile = self._tiles[number]
            thumbnail = thumbnail_path(self._app.gallery.cache, record.sha256)
            # The cache may have been emptied; the picture itself does as well, only slower.
            tile.set_key(str(thumbnail) if thumbnail.is_file() else record.path)
            tile.setAccessibleName(record.prompt or record.title)
            tile.setToolTip(tip(record.prompt or record.title))
            tile.show()
        for tile in self._tiles[len(self._records) :]:
            tile.hide()
        for widget in (self._made_title, self.made):
            widget.setVisible(bool(self._records))

    def _add_tile(self) -> None:
        number = len(self._tiles)
        tile = Picture(self._pixmaps, "", radius=8, clickable=True)
        tile.setFixedSize(QSize(78, 78))
        tile.clicked.connect(lambda: self.picked.emit(self._records[number]))
        self._tiles.append(tile)
        self._place(number)

    def _place(self, number: int) -> None:
        self._grid.addWidget(self._tiles[number], number // self._columns, number % self._columns)


def _first(jobs: list[Job]) -> list[Job]:
    """Those that there are rows for, in their order: what goes on before what has failed."""
    if len(jobs) <= _ROWS:
        return jobs
    chosen = {job.id for job in sorted(jobs, key=lambda job: job.ended)[:_ROWS]}
    return [job for job in jobs if job.id in chosen]
