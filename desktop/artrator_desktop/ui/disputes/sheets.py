"""The two sheets of a dispute: the buyer's and the creator's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from artrator_desktop.ui.disputes.words import reason_name, reasons, state_line
from artrator_desktop.ui.text import credits_text, day
from artrator_desktop.ui.theme.tokens import M, S
from artrator_desktop.ui.widgets import (
    AskingSheet,
    Card,
    Choice,
    ChoiceList,
    Facts,
    Field,
    IconLabel,
    Label,
    Sheet,
    Switch,
    TextArea,
)

if TYPE_CHECKING:
    from artrator.messages.disputes import Dispute
    from artrator_desktop.state import AppState, Failure


class DisputeSheet(Sheet):
    """What is wrong with a delivery: said once, then how it stands."""

    said = Signal(str, str)

    def __init__(self, app: AppState, order: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Something is wrong"), "", parent, width=540)
        self._disputes = app.disputes
        self._order = order
        self._name = title
        self.reasons = ChoiceList(self.tr("What is wrong"), columns=2)
        self.reasons.set_choices([Choice(value, name, note) for value, name, note in reasons()])
        self.words = TextArea(self.tr("In your own words"), self.tr("What you expected, and what came instead"))
        self.words.setFixedHeight(84)
        self.reveal = Switch(self.tr("Show my request"))
        self.reveal.toggled.connect(self._show_request)
        self.request = TextArea(self.tr("What would be seen"))
        self.request.setReadOnly(True)
        self.request.setFixedHeight(120)
        self.problem = Card("strip-bad", inset=10, gap=0)
        self._problem = Label("", "meta", wrap=True)
        self.problem.column.addWidget(self._problem)
        self.form = self._make_form()
        self.standing = QWidget()
        self._standing = QVBoxLayout(self.standing)
        self._standing.setContentsMargins(0, 0, 0, 0)
        self._standing.setSpacing(M)
        self.column.addWidget(self.form)
        self.column.addWidget(self.standing)
        close = self.add_button(self.tr("Close"))
        close.clicked.connect(self.reject)
        self.send = self.add_button(self.tr("Send"), "primary")
        self.send.clicked.connect(self._send)
        self._disputes.known.connect(self._known)
        self._disputes.changed.connect(self._busy)
        self._disputes.refused.connect(self._refused)
        self.problem.hide()
        self.refresh()

    def refresh(self) -> None:
        """Show the form, or what was said."""
        standing = self._disputes.standings.get(self._order)
        dispute = standing.dispute if standing is not None else None
        self.form.setVisible(dispute is None)
        self.standing.setVisible(dispute is not None)
        self.send.setVisible(dispute is None)
        if dispute is not None:
            self.title.setText(self.tr("Dispute about {title}").format(title=self._name))
            self.setWindowTitle(self.title.text())
            self.subtitle.hide()
            _fill(self._standing, dispute)
        else:
            self.title.setText(self.tr("Something is wrong"))
            self.subtitle.show()
            until = standing.order.dispute_until if standing is not None else None
            words = self._name
            if standing is not None:
                money = credits_text(standing.order.charged)
                words = self.tr("{title} · {amount} in question").format(title=self._name, amount=money)
            self.send.setEnabled(standing is not None)
            if until is not None:
                words += " · " + self.tr("possible until {day}").format(day=day(until))
            self.subtitle.setText(words)
            proof = standing.proof if standing is not None else None
            self.reveal.setEnabled(proof is not None)
            self.no_proof.setVisible(proof is None)
            if proof is not None:
                self.request.setPlainText(_pretty(proof.request))
        self._show_request()

    def _make_form(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        column.addWidget(self.reasons)
        column.addWidget(Field(self.tr("In your own words"), self.words))
        box = Card("well", inset=12, gap=S)
        row = QHBoxLayout()
        row.setSpacing(M)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Label(self.tr("Show my request"), "strong"))
        words.addWidget(
            Label(
                self.tr(
                    "The creator and the registry’s operator then see exactly the text below, and can check that it is "
                    "what you bought. Pictures you sent are named by their digest only. Without it they see no prompt."
                ),
                "meta",
                wrap=True,
            )
        )
        row.addLayout(words, 1)
        row.addWidget(self.reveal)
        box.column.addLayout(row)
        box.column.addWidget(self.request)
        self.no_proof = Label(self.tr("The request is not on this computer, so it cannot be shown."), "caption")
        box.column.addWidget(self.no_proof)
        column.addWidget(box)
        column.addWidget(
            Label(
                self.tr("The creator can answer or give the money back at once; otherwise the operator decides."),
                "caption",
                wrap=True,
            )
        )
        column.addWidget(self.problem)
        return holder

    def _show_request(self) -> None:
        self.request.setVisible(self.reveal.isChecked())
        self.fit()
        if self.reveal.isChecked():
            self.area.ensureWidgetVisible(self.request)

    def _send(self) -> None:
        self.problem.hide()
        self._disputes.open(
            self._order, self.reasons.value(), self.words.toPlainText().strip()[:2000], reveal=self.reveal.isChecked()
        )

    def _known(self, order: str) -> None:
        if order == self._order:
            self.refresh()

    def _busy(self) -> None:
        self.send.setEnabled(not self._disputes.busy)

    def _refused(self, failure: Failure) -> None:
        self._problem.setText(failure.sentence)
        self.problem.show()
        self.fit()


class AnswerSheet(AskingSheet):
    """What a buyer says of one of one's own models, and the answer to it."""

    def __init__(self, app: AppState, dispute: Dispute, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("A buyer objects"), dispute.listing, parent, width=540)
        self._disputes = app.disputes
        self._order = dispute.order
        self.said = QWidget()
        self._said = QVBoxLayout(self.said)
        self._said.setContentsMargins(0, 0, 0, 0)
        self._said.setSpacing(M)
        _fill(self._said, dispute)
        self.words = TextArea(self.tr("Your answer"), self.tr("What you know about this delivery"))
        self.words.setFixedHeight(96)
        self.give_back = Switch(self.tr("Give the money back"))
        self.give_back.toggled.connect(self._name_button)
        self.form = QWidget()
        column = QVBoxLayout(self.form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        column.addWidget(Field(self.tr("Your answer"), self.words))
        box = Card("well", inset=12, gap=0)
        row = QHBoxLayout()
        row.setSpacing(M)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Label(self.tr("Give the money back"), "strong"))
        note = self.tr("{amount} return to the buyer, and the dispute is over.")
        words.addWidget(Label(note.format(amount=credits_text(dispute.amount)), "meta", wrap=True))
        row.addLayout(words, 1)
        row.addWidget(self.give_back)
        box.column.addLayout(row)
        column.addWidget(box)
        column.addWidget(self.problem)
        self.column.addWidget(self.said)
        self.column.addWidget(self.form)
        self.form.setVisible(dispute.state.value == "open")
        close = self.add_button(self.tr("Close"))
        close.clicked.connect(self.reject)
        self.send = self.add_button("", "primary")
        self.send.clicked.connect(self._send)
        self.send.setVisible(dispute.state.value == "open")
        self._name_button()
        self._disputes.said.connect(self._done)
        self._disputes.refused.connect(self._refused)
        self._disputes.changed.connect(self._free)
        self.words.setFocus(Qt.FocusReason.OtherFocusReason)
        self.fit()

    def _free(self) -> None:
        self.send.setEnabled(not self._disputes.busy)

    def _name_button(self) -> None:
        self.send.setText(self.tr("Give back") if self.give_back.isChecked() else self.tr("Answer"))

    def _send(self) -> None:
        text = self.words.toPlainText().strip()[:2000]
        if not text and not self.give_back.isChecked():
            self.complain(self.tr("Say something, or give the money back."))
            return
        self._disputes.answer(self._order, text, give_back=self.give_back.isChecked())

    def _done(self, dispute: Dispute) -> None:
        if dispute.order == self._order:
            self.accept()

    def _refused(self, failure: Failure) -> None:
        self.complain(failure.sentence)


class _Quote(TextArea):
    """What somebody else wrote: as it is, breaking where it must, and no taller than a few lines."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name)
        self.setPlainText(text)
        self.setReadOnly(True)
        lines = sum(1 + len(line) // 64 for line in text.splitlines()[:10])
        self.setFixedHeight(22 + 19 * min(max(lines, 1), 7))


def _fill(column: QVBoxLayout, dispute: Dispute) -> None:
    """Show all that was said."""
    while (item := column.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
    words, role = state_line(dispute)
    look = {"ok": "strip-ok", "warn": "strip-warn"}.get(role, "well")
    strip = Card(look, inset=12, gap=0)
    row = QHBoxLayout()
    row.setSpacing(10)
    icon = {"ok": "circle-check", "warn": "clock"}.get(role, "scale")
    row.addWidget(IconLabel(icon, 18, role if role != "dim" else "text_dim"))
    row.addWidget(Label(words, "body", wrap=True), 1)
    strip.column.addLayout(row)
    column.addWidget(strip)
    facts = Facts()
    translate = QCoreApplication.translate
    rows = [
        (translate("Dispute", "Reason"), reason_name(dispute.reason.value)),
        (translate("Dispute", "In question"), credits_text(dispute.amount)),
        (translate("Dispute", "Opened"), day(dispute.opened_at)),
    ]
    if dispute.evidence_fits is not None:
        fits = (
            translate("Dispute", "shown, and it is what was bought")
            if dispute.evidence_fits
            else translate("Dispute", "shown, but it does not fit")
        )
        rows.append((translate("Dispute", "Request"), fits))
    facts.show_rows(rows)
    column.addWidget(facts)
    for name, text in (
        (translate("Dispute", "The buyer said"), dispute.text),
        (
            translate("Dispute", "The request"),
            _pretty(dispute.evidence.request) if dispute.evidence is not None else "",
        ),
        (translate("Dispute", "The creator answered"), dispute.answer or ""),
        (translate("Dispute", "The operator noted"), dispute.note),
    ):
        if text:
            column.addWidget(Label(name, "label"))
            column.addWidget(_Quote(name, text))


def _pretty(request: str) -> str:
    """Return a canonical request with line breaks; what is not JSON stays as it is."""
    try:
        return json.dumps(json.loads(request), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):  # whoever wrote it may have meant to break this
        return request
