"""The first start: which registry, which key, which name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from artrator_desktop import i18n
from artrator_desktop.ui.images import Pixmaps
from artrator_desktop.ui.pages.base import Page
from artrator_desktop.ui.theme.tokens import L, M, S
from artrator_desktop.ui.widgets import (
    Button,
    Card,
    ElidedLabel,
    Field,
    Label,
    LineEdit,
    Segmented,
)
from artrator_desktop.ui.widgets.brand import Brand, StepDots

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, Failure

_WIDTH: Final = 480
_LAST: Final = 2


class OnboardingPage(Page):
    """Three short steps; the account is made at the end of the last one."""

    page_id: ClassVar[str] = "onboarding"

    def __init__(self, app: AppState, pixmaps: Pixmaps, parent: QWidget | None = None) -> None:
        super().__init__(app, pixmaps, parent)
        self._key_path: Path | None = None
        self.language = Segmented([("en", "English"), ("ko", "한국어")], i18n.language(), self.tr("Language"))
        self.language.setFixedWidth(200)
        self.language.chosen.connect(lambda value: app.settings.set("language", value))
        # The tallest step's height, so that the card does not jump from step to step.
        self.steps = QStackedWidget()
        self.steps.setMinimumHeight(236)
        self.dots = StepDots(_LAST + 1)
        for step in (self._registry_step(), self._key_step(), self._name_step()):
            self.steps.addWidget(step)
        self.problem = Label("", "bad", wrap=True)
        self.problem.hide()
        self.back = Button(self.tr("Back"), "ghost", "arrow-left")
        self.back.clicked.connect(lambda: self._go(self.steps.currentIndex() - 1))
        self.next = Button("", "primary").tall()
        self.next.setMinimumWidth(180)
        self.next.clicked.connect(self._next)

        card = Card("card", inset=32, gap=L)
        card.setFixedWidth(_WIDTH)
        card.column.addWidget(self.dots)
        card.column.addWidget(self.steps)
        card.column.addWidget(self.problem)
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addStretch(1)
        buttons.addWidget(self.next)
        card.column.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setSpacing(L + S)
        column.addStretch(2)
        column.addWidget(Brand(), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.language, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        app.session.onboarded.connect(self._done)
        app.session.onboarding_failed.connect(self._failed)
        self._go(0)

    def activate(self, **arguments: object) -> None:
        """Put the cursor where one begins, or goes on."""
        key, step = arguments.get("key"), arguments.get("step")
        if "registry" in arguments:
            self.registry.setText(str(arguments["registry"]))
            self.name.setText(str(arguments.get("name", "")))
        if isinstance(key, Path):
            self.key_choice.set_value("file")
            self._key_chosen("file")
            self._key_path = key
            self.key_file.setText(str(key))
        self._go(step if isinstance(step, int) else self.steps.currentIndex())

    def keep(self) -> dict[str, object]:
        """Keep what was typed."""
        return {
            "registry": self.registry.text(),
            "name": self.name.text(),
            "key": self._key_path,
            "step": self.steps.currentIndex(),
        }

    @property
    def _has_key(self) -> bool:
        return (self.app.settings.data_dir / "identity.pem").exists()

    def _registry_step(self) -> QWidget:
        self.registry = LineEdit("", "https://registry.example.org")
        self.registry.setText(self.app.settings.registry_url)
        self.registry.returnPressed.connect(self._next)
        help_ = self.tr("You get it from the people who run your community.")
        profile = self.app.settings.data_dir / "profile.json"
        if self._has_key and profile.exists() and not self.app.settings.registry_url:
            help_ = self.tr("{path} does not name it any more. Your key is untouched.").format(path=profile)
        self.registry_field = Field(self.tr("Registry address"), self.registry, help_)
        self.registry.setAccessibleName(self.tr("Registry address"))
        return _step(
            self.tr("Which registry do you use?"),
            self.tr("A registry keeps accounts, listings and credits. What you make goes straight to the creator’s "
                    "machine: the registry never sees it."),
            self.registry_field,
        )  # fmt: skip

    def _key_step(self) -> QWidget:
        # A key that is here is never replaced: without a registry it is still an account.
        new = self.tr("Use the key that is here") if self._has_key else self.tr("Make a new key")
        self.key_choice = Segmented([("new", new), ("file", self.tr("Use my key file"))], "new", self.tr("Key"))
        self.key_choice.chosen.connect(self._key_chosen)
        self.key_file = ElidedLabel("", "meta", mode=Qt.TextElideMode.ElideMiddle)
        self.browse = Button(self.tr("Choose a file…"), "plain", "key-round")
        self.browse.clicked.connect(self._browse)
        self.browse.hide()
        place = self.tr("It is kept in {folder}") if self._has_key else self.tr("It will be kept in {folder}")
        self.key_place = Label(place.format(folder=self.app.settings.data_dir), "caption", wrap=True)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        column.addWidget(self.key_choice)
        line = QHBoxLayout()
        line.addWidget(self.browse)
        line.addWidget(self.key_file, 1)
        column.addLayout(line)
        column.addWidget(self.key_place)
        return _step(
            self.tr("Your key is your account"),
            self.tr("No password, no e-mail: a key on this computer signs for you. Keep a copy of its file."),
            holder,
        )

    def _name_step(self) -> QWidget:
        self.name = LineEdit("", self.tr("For example: Ha-eun"))
        self.name.setMaxLength(80)
        self.name.returnPressed.connect(self._next)
        self.name_field = Field(
            self.tr("Display name"), self.name, self.tr("Creators see it on your orders. Any name will do.")
        )
        self.name.setAccessibleName(self.tr("Display name"))
        return _step(self.tr("What shall we call you?"), self.tr("Almost there."), self.name_field)

    def _go(self, step: int) -> None:
        step = min(max(step, 0), _LAST)
        self.steps.setCurrentIndex(step)
        self.dots.set_current(step)
        self.problem.hide()
        self.back.setVisible(step > 0)
        self.next.setText(self.tr("Start") if step == _LAST else self.tr("Continue"))
        field = (self.registry, self.key_choice.button(self.key_choice.value()), self.name)[step]
        field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _next(self) -> None:
        step = self.steps.currentIndex()
        if step == 0 and not self._registry_is_good():
            return
        if step == 1 and self.key_choice.value() == "file" and self._key_path is None:
            self._complain(self.tr("Choose the file of your key first, or make a new one."))
            return
        if step < _LAST:
            self._go(step + 1)
            return
        name = self.name.text().strip()
        if not name:
            self.name_field.set_error(self.tr("Type a name first."))
            return
        self.name_field.set_error("")
        self._busy(True)
        self.app.session.create_account(self.registry.text().strip(), name, "", self._key_path)

    def _registry_is_good(self) -> bool:
        address = self.registry.text().strip()
        good = address.startswith(("http://", "https://")) and len(address) > len("https://")
        self.registry_field.set_error("" if good else self.tr("An address begins with https:// or http://."))
        return good

    def _key_chosen(self, value: str) -> None:
        self.browse.setVisible(value == "file")
        self.key_file.setVisible(value == "file")
        self.key_place.setVisible(value == "new")
        if value == "new":
            self._key_path = None
            self.key_file.setText("")
        self.problem.hide()

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Your key file"), "", self.tr("Keys (*.pem)"))
        if path:
            self._key_path = Path(path)
            self.key_file.setText(path)
            self.problem.hide()

    def _busy(self, busy: bool) -> None:
        self.next.setEnabled(not busy)
        self.back.setEnabled(not busy)
        self.steps.setEnabled(not busy)
        self.next.setText(self.tr("Connecting…") if busy else self.tr("Start"))
        if busy:
            self.problem.hide()

    def _complain(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()

    def _done(self) -> None:
        self._busy(False)
        self.say.emit("ok", self.tr("Welcome, {name}.").format(name=self.app.session.display_name))
        self.navigate.emit("discover", {})

    def _failed(self, failure: Failure) -> None:
        self._busy(False)
        # An unreachable registry is mended where its address was typed.
        if failure.code == "registry_unreachable":
            self._go(0)
        self._complain(failure.sentence)


def _step(title: str, text: str, body: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(M)
    column.addWidget(Label(title, "title", wrap=True))
    column.addWidget(Label(text, "dim", wrap=True))
    column.addSpacing(S)
    column.addWidget(body)
    column.addStretch(1)
    return holder
