"""Plugins: the backends that are installed on this computer, told without importing any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator_desktop.state import Phase
from artrator_desktop.state.plugin_words import broken_words, own_words
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.text import tip
from artrator_desktop.ui.theme.tokens import PAGE_SIDE, M, S
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    IconLabel,
    Label,
    PageHeader,
    PageScroll,
    Pill,
    Skeleton,
    StatePanel,
)

if TYPE_CHECKING:
    from artrator.plugins import PluginInfo
    from artrator_desktop.state import AppState


class PluginsPage(Page):
    """One card a plugin: what it provides, what it may do, and why it cannot be used if it cannot."""

    page_id: ClassVar[str] = "plugins"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._plugins = app.plugins
        self._shown: object = None
        header = PageHeader(
            self.tr("Plugins"),
            self.tr("Backends run models on a node, each in a process of its own."),
        )
        refresh = Button(self.tr("Look again"), icon="refresh-cw")
        refresh.clicked.connect(self._plugins.refresh)
        header.controls.addWidget(refresh)
        self.area = PageScroll()
        self.area.column.setSpacing(M)
        self.panel = StatePanel()
        self.panel.primary.connect(self._plugins.refresh)
        self.loading = QWidget()
        waiting = QVBoxLayout(self.loading)
        waiting.setContentsMargins(PAGE_SIDE, 0, PAGE_SIDE, 0)
        waiting.setSpacing(M)
        for _ in range(3):
            waiting.addWidget(Skeleton(84, radius=12))
        waiting.addStretch(1)
        self.stack = QStackedWidget()
        for part in (self.area, self.panel, self.loading):
            self.stack.addWidget(part)
        self.lay_out(header, self.stack)
        self._plugins.changed.connect(self.refresh)
        self.refresh()

    def activate(self, **_arguments: object) -> None:
        """Look again: one may have been installed in a terminal."""
        self._plugins.refresh()

    def refresh(self) -> None:
        """Show what was found."""
        rows = list(self._plugins.rows)
        phase = self._plugins.phase
        if rows:
            if rows != self._shown:
                self._shown = rows
                self._show(rows)
            self.stack.setCurrentWidget(self.area)
        elif phase in {Phase.IDLE, Phase.LOADING}:
            self.stack.setCurrentWidget(self.loading)
        elif phase is Phase.FAILED:
            failure = self._plugins.failure
            self.panel.show_state(
                "circle-alert",
                self.tr("The plugins could not be listed"),
                failure.sentence if failure is not None else "",
                self.tr("Look again"),
                failed=True,
            )
            self.stack.setCurrentWidget(self.panel)
        else:
            self.panel.show_state(
                "puzzle",
                self.tr("No plugin is installed"),
                self.tr("Buying needs none. A node gets one with “artrator plugins install NAME”."),
                self.tr("Look again"),
            )
            self.stack.setCurrentWidget(self.panel)

    def _show(self, rows: list[PluginInfo]) -> None:
        column = self.area.column
        while (item := column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for row in rows:
            column.addWidget(self._card(row))
        column.addStretch(1)

    def _card(self, plugin: PluginInfo) -> Card:
        card = Card("card", inset=18, gap=10)
        name = Label(plugin.distribution, "name")
        version = Label(plugin.version, "meta")
        origin = self.tr("Built in") if plugin.origin == "built-in" else self.tr("Environment of its own")
        top = QHBoxLayout()
        top.setSpacing(S + 2)
        top.addWidget(IconLabel("puzzle", 18, "bad" if plugin.error else "on_tint"))
        top.addWidget(name)
        top.addWidget(version)
        top.addStretch(1)
        top.addWidget(Pill(origin))
        top.addWidget(Pill(self.tr("Broken"), "bad") if plugin.error else Pill(self.tr("Ready"), "ok"))
        card.column.addLayout(top)
        if plugin.summary:
            card.column.addWidget(Label(own_words(plugin.summary), "dim", wrap=True))
        if plugin.error:
            card.column.addWidget(Label(broken_words(plugin), "bad", wrap=True).selectable())
        pills = QHBoxLayout()
        pills.setSpacing(6)
        for backend in plugin.backends:
            pills.addWidget(Pill(backend, "accent"))
        names = {"network": self.tr("network"), "gpu": self.tr("GPU"), "files": self.tr("a folder of its own")}
        for want in plugin.wants.names():
            allowed = want in plugin.allowed.names()
            words = self.tr("may use: {what}") if allowed else self.tr("asks for: {what}")
            pill = Pill(words.format(what=names.get(want, want)), "neutral" if allowed else "warn")
            pill.setToolTip(tip(own_words(plugin.wants.reasons.get(want, ""))))
            pills.addWidget(pill)
        pills.addStretch(1)
        card.column.addLayout(pills)
        card.setAccessibleName(f"{plugin.distribution} {plugin.version}")
        return card
