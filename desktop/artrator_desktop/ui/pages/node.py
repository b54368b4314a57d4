"""My node: how the node on this computer is, read from its public health page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator.manifest import pick
from artrator_desktop.i18n import language
from artrator_desktop.state import Phase
from artrator_desktop.state.advice_words import said
from artrator_desktop.state.failure_words import told
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.listings.delegate import state_words
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.pages.node_machine import MachineCard
from artrator_desktop.ui.pages.node_rules import HoldStrip, PauseButton, ResumeButton, RulesCard, standing
from artrator_desktop.ui.text import bytes_text, duration
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, L, M
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    ElidedLabel,
    IconLabel,
    Label,
    Line,
    PageHeader,
    PageScroll,
    Pill,
    Skeleton,
    StatCard,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator.messages.node import Health, PackageHealth
    from artrator_desktop.state import AppState

# Often enough to feel live; the page is asked only while someone looks at it.
_EVERY_MS: Final = 3000
#: Below this the sensors stand under the rest; beside it they take as much as one of the four cards above.
_NARROW: Final = 1000
_MACHINE: Final = 282
#: Qt's own word for no limit.
_ANY_WIDTH: Final = (1 << 24) - 1


class NodePage(Page):
    """Status, what is running, and the packages it serves."""

    page_id: ClassVar[str] = "node"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._watch = app.node
        self._shown: object = None
        self._warned: list[str] = []
        self.header = PageHeader(self.tr("My node"))
        self.status = Pill()
        self.status.hide()
        self.header.beside_title.insertWidget(1, self.status)
        refresh = Button(self.tr("Refresh"), icon="refresh-cw")
        refresh.clicked.connect(self._watch.probe)
        self.pause, self.resume = PauseButton(self._watch), ResumeButton(self._watch)
        for button in (self.pause, self.resume):
            button.hide()
            self.header.controls.addWidget(button)
        self.header.controls.addWidget(refresh)
        self._watch.refused.connect(self.complain)
        self.running = StatCard("play", "on_tint", self.tr("Running"))
        self.done = StatCard("images", "ok", self.tr("Delivered"))
        self.pace = StatCard("zap", "warn", self.tr("Typical time"))
        self.memory = StatCard("hard-drive", "text_dim", self.tr("Model memory"))
        stats = QHBoxLayout()
        stats.setSpacing(M + 2)
        for card in (self.running, self.done, self.pace, self.memory):
            stats.addWidget(card, 1)
        self.warnings = Card("strip-warn", inset=M, gap=4)
        self.warnings.hide()
        self.packages = Card("card", inset=0, gap=0)
        self.hold, self.rules, self.machine = HoldStrip(), RulesCard(), MachineCard()
        left = QVBoxLayout()
        left.setSpacing(M + 2)
        for part in (self.rules, self.warnings, Label(self.tr("What it serves"), "section"), self.packages):
            left.addWidget(part)
        left.addStretch(1)
        self._below = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._below.setSpacing(M + 2)
        self._below.addLayout(left, 1)
        self._below.addWidget(self.machine, 0, Qt.AlignmentFlag.AlignTop)
        self.area = PageScroll()
        self.area.column.addWidget(self.hold)
        self.area.column.addLayout(stats)
        self.area.column.addLayout(self._below)
        self.area.column.addStretch(1)
        self.panel = StatePanel()
        self.panel.primary.connect(self._watch.probe)
        self.panel.secondary.connect(lambda: self.navigate.emit("settings", {}))
        self.loading = QWidget()
        waiting = QVBoxLayout(self.loading)
        waiting.setContentsMargins(PAGE_SIDE, 0, PAGE_SIDE, 0)
        waiting.addWidget(Skeleton(110, radius=12))
        waiting.addStretch(1)
        self.stack = QStackedWidget()
        for state in (self.area, self.panel, self.loading):
            self.stack.addWidget(state)
        self.lay_out(self.header, self.stack)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._watch.probe)
        self._watch.changed.connect(self.refresh)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the sensors beside the rest only where there is room for both."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        direction = QBoxLayout.Direction
        self._below.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        self.machine.setMinimumWidth(0 if narrow else _MACHINE)
        self.machine.setMaximumWidth(_ANY_WIDTH if narrow else _MACHINE)

    def activate(self, **_arguments: object) -> None:
        """Ask now, and again while the page is shown."""
        self._watch.probe()
        self._timer.start()

    def leave(self) -> None:
        """Stop asking."""
        self._timer.stop()

    def refresh(self) -> None:
        """Show what the node said."""
        health = self._watch.health
        self.status.setVisible(health is not None)
        mine, hold = health is not None and self._watch.mine, health.hold if health is not None else None
        paused = hold is not None and hold.kind == "paused"
        self.pause.setVisible(mine and not paused)
        self.resume.setVisible(mine and paused)
        if health is not None:
            self._show(health)
            self.stack.setCurrentWidget(self.area)
        elif self._watch.phase in {Phase.IDLE, Phase.LOADING}:
            self.stack.setCurrentWidget(self.loading)
        else:
            self.header.subtitle.setText("")
            self._show_absence()

    def _show_absence(self) -> None:
        url = self.app.settings.node_url
        if self._watch.phase is Phase.EMPTY:
            self.panel.show_state(
                "server",
                self.tr("No node is running here"),
                self.tr("Nothing answers at {url}. With “artrator node serve” your machine offers your own models "
                        "and earns credits.").format(url=url),
                self.tr("Look again"),
                self.tr("Change the address"),
            )  # fmt: skip
        else:
            failure = self._watch.failure
            self.panel.show_state(
                "circle-alert",
                self.tr("The node could not be read"),
                failure.sentence if failure is not None else "",
                self.tr("Look again"),
                self.tr("Change the address"),
                failed=True,
            )
        self.stack.setCurrentWidget(self.panel)

    def _show(self, health: Health) -> None:
        words, tone = {
            "serving": (self.tr("Online · accepting jobs"), "ok"),
            "draining": (self.tr("Finishing its jobs"), "warn"),
        }.get(health.state, (self.tr("Starting"), "warn"))
        if health.hold is not None:
            words, tone = standing(health.hold), "warn"
        self.status.set_tone(words, tone)
        self.hold.show_hold(health.hold)
        self.rules.show_rules(health)
        self.machine.show_machine(health.machine)
        up = self.tr("up {time}").format(time=duration(max(time.time() - health.started_at, 0)))
        models = self.tr("%Ln model(s)", "", len(health.packages))
        # "auto" is a setting, and says nothing of the machine.
        device = "" if health.device == "auto" else health.device
        self.header.subtitle.setText(" · ".join(part for part in (health.name, device, models, up) if part))
        self.running.show_value(f"{health.running}", self.tr("{count} waiting").format(count=health.queued))
        done = sum(package.jobs_done for package in health.packages)
        failed = sum(package.jobs_failed for package in health.packages)
        self.done.show_value(f"{done:,}", self.tr("{count} failed").format(count=f"{failed:,}"))
        times = [package.run_seconds for package in health.packages if package.run_seconds]
        self.pace.show_value(
            duration(sum(times) / len(times)) if times else "–", self.tr("a run, over all models") if times else ""
        )
        memory = sum(package.memory_bytes for package in health.packages)
        receipts = self.tr("%Ln receipt(s) waiting for the registry", "", health.outbox) if health.outbox else ""
        self.memory.show_value(bytes_text(memory), receipts)
        # The page is read every few seconds; rows are rebuilt only when they say something new.
        warnings = [said(advice) for advice in health.advice] or list(health.warnings)
        if warnings != self._warned:
            self._warned = warnings
            self._show_warnings(warnings)
        if list(health.packages) != self._shown:
            self._shown = list(health.packages)
            self._show_packages(list(health.packages))

    def _show_warnings(self, warnings: list[str]) -> None:
        _empty(self.warnings)
        for sentence in warnings:
            line = QHBoxLayout()
            line.setSpacing(M)
            line.addWidget(IconLabel("triangle-alert", 16, "warn"))
            line.addWidget(Label(sentence, "body", wrap=True), 1)
            holder = QWidget()
            holder.setLayout(line)
            line.setContentsMargins(0, 0, 0, 0)
            self.warnings.column.addWidget(holder)
        self.warnings.setVisible(bool(warnings))

    def _show_packages(self, packages: list[PackageHealth]) -> None:
        _empty(self.packages)
        for index, package in enumerate(packages):
            if index:
                self.packages.column.addWidget(Line())
            self.packages.column.addWidget(self._row(package))
        self.packages.setVisible(bool(packages))

    def _row(self, package: PackageHealth) -> QWidget:
        words, role = state_words(package.state)
        name = ElidedLabel(f"{pick(package.title, language())} {package.version}", "strong")
        parts = [package.backend, package.runtime]
        if package.memory_bytes:
            parts.append(bytes_text(package.memory_bytes))
        trouble = told(package.error_code or "", package.error, "")[0] if package.error else ""
        detail = ElidedLabel(trouble or " · ".join(part for part in parts if part), "bad" if trouble else "dim")
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(name)
        left.addWidget(detail)
        done = self.tr("%Ln delivered", "", package.jobs_done)
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(L, M, L, M)
        line.setSpacing(L)
        line.addWidget(IconLabel("package", 20, "on_tint"))
        line.addLayout(left, 1)
        # Columns of one width, so that rows can be compared.
        for label, width in (
            (Label(done, "dim"), 120),
            (Label(duration(package.run_seconds) if package.run_seconds else "", "strong"), 76),
        ):
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            label.setMinimumWidth(width)
            line.addWidget(label)
        state = QWidget()
        state.setMinimumWidth(104)
        right = QHBoxLayout(state)
        right.setContentsMargins(0, 0, 0, 0)
        right.addStretch(1)
        right.addWidget(Pill(words, role if role in {"ok", "warn"} else "neutral"))
        line.addWidget(state)
        return holder


def _empty(card: Card) -> None:
    while (item := card.column.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
