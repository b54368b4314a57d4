"""The receipt: the strip that says whether it holds, and the dialog that shows what was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from artrator_desktop.ui.text import short_digest
from artrator_desktop.ui.widgets import Button, Card, ElidedLabel, IconLabel, Label, TextArea

if TYPE_CHECKING:
    from artrator_desktop.state.receipts import Check, Verdict


def check_words(check: Check) -> str:
    """Return what a check means, as a sentence about this picture."""
    translate = QCoreApplication.translate
    words = {
        "node": translate("Receipt", "The creator vouches for the node"),
        "receipt": translate("Receipt", "The node signed the receipt for this order"),
        "model": translate("Receipt", "It was made by exactly the model that was bought"),
        "picture": translate("Receipt", "The picture on this computer is the one that was delivered"),
        "acknowledgement": translate("Receipt", "Your own signature says that it arrived whole"),
    }
    return words.get(check.name, check.name)


def verdict_words(verdict: Verdict) -> str:
    """Return the outcome in a few words."""
    translate = QCoreApplication.translate
    if verdict.made_here and verdict.holds:
        return translate("Receipt", "Made on this computer")
    if verdict.made_here:
        return translate("Receipt", "The file was changed since it was made")
    return (
        translate("Receipt", "Receipt verified") if verdict.holds else translate("Receipt", "The receipt does not hold")
    )


class ReceiptStrip(Card):
    """Green when everything holds, red when anything does not."""

    details = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("well", parent, inset=12, gap=0)
        self._icon = IconLabel("shield-check", 18, "text_dim")
        self.title = Label("", "strong")
        self.digest = ElidedLabel("", "mono")
        self.button = Button(self.tr("Details"), "ghost")
        self.button.clicked.connect(self.details)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.digest)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        row.addWidget(self.button)
        self.column.addLayout(row)
        self.show_verdict(None)

    def show_verdict(self, verdict: Verdict | None) -> None:
        """Show the outcome, or that it is being checked."""
        self.button.setEnabled(verdict is not None)
        if verdict is None:
            self.set_look("well")
            self._icon.set_icon("receipt", "text_dim")
            self.title.setText(self.tr("Checking the receipt…"))
            self.title.set_role("dim")
            self.digest.hide()
            return
        self.set_look("strip-ok" if verdict.holds else "strip-bad")
        self._icon.set_icon("shield-check" if verdict.holds else "triangle-alert", "ok" if verdict.holds else "bad")
        if verdict.made_here:
            self.set_look("well" if verdict.holds else "strip-bad")
            self._icon.set_icon("laptop" if verdict.holds else "triangle-alert", "text_dim" if verdict.holds else "bad")
        self.title.setText(verdict_words(verdict))
        self.title.set_role("bad" if not verdict.holds else "strong" if verdict.made_here else "ok")
        self.digest.setText(short_digest(verdict.digest))
        self.digest.setVisible(bool(verdict.digest))
        self.setAccessibleName(f"{self.title.text()} {verdict.digest}")


class ReceiptDialog(QDialog):
    """What was checked, and the receipt itself."""

    def __init__(self, verdict: Verdict, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Record of the run") if verdict.made_here else self.tr("Receipt"))
        self.resize(640, 620)
        self._document = verdict.document
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addWidget(Label(verdict_words(verdict), "title"))
        for check in verdict.checks:
            row = QHBoxLayout()
            row.setSpacing(10)
            icon = "circle-check" if check.holds else "circle-alert"
            row.addWidget(IconLabel(icon, 16, "ok" if check.holds else "bad"))
            words = QVBoxLayout()
            words.setSpacing(1)
            words.addWidget(Label(check_words(check), "body" if check.holds else "bad", wrap=True))
            detail = ElidedLabel(check.detail, "mono")
            words.addWidget(detail)
            row.addLayout(words, 1)
            column.addLayout(row)
        name = self.tr("What was run") if verdict.made_here else self.tr("What the node signed")
        column.addWidget(Label(name, "label"))
        text = TextArea(name)
        text.setPlainText(verdict.document)
        text.setReadOnly(True)
        text.setObjectName("code")
        column.addWidget(text, 1)
        copy = Button(self.tr("Copy"), "plain", "copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._document))
        close = Button(self.tr("Close"), "primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        close.setFocus()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        column.addLayout(buttons)
