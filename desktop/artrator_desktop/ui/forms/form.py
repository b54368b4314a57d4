"""The form of a package: a field for each input, the rarely needed ones folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from artrator_desktop.state.inputs import FILE_TYPES, Problem
from artrator_desktop.ui.forms.base import InputField
from artrator_desktop.ui.forms.images import ImageInput, ImagesInput
from artrator_desktop.ui.forms.mask import MaskInput
from artrator_desktop.ui.forms.numbers import NumberInput, SeedInput, StopsInput, SwitchInput, few_stops
from artrator_desktop.ui.forms.text import ChoiceInput, TextInput
from artrator_desktop.ui.forms.words import problem_words
from artrator_desktop.ui.theme import set_icon
from artrator_desktop.ui.widgets import Button

if TYPE_CHECKING:
    from artrator.manifest import InputSpec
    from artrator_desktop.state import Create
    from artrator_desktop.state.inputs import Picture


class ManifestForm(QWidget):
    """Shows ``create``'s listing and values, and gives what is typed back to it; ``without`` some types of inputs."""

    def __init__(self, create: Create, parent: QWidget | None = None, *, without: frozenset[str] = frozenset()) -> None:
        super().__init__(parent)
        self._create = create
        self._without = without
        self.fields: dict[str, InputField] = {}
        self.touched: set[str] = set()
        self.complain = False
        self._before: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(18)
        self.more = Button(self.tr("More settings"), "ghost")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._unfold)
        self.advanced = QWidget()
        self._advanced = QVBoxLayout(self.advanced)
        self._advanced.setContentsMargins(0, 0, 0, 0)
        self._advanced.setSpacing(18)
        create.values_changed.connect(self._show_values)
        create.chosen.changed.connect(self._show_pictures)
        create.chosen.refused.connect(self._refuse)
        create.problems_changed.connect(self._show_problems)
        self.rebuild()

    def rebuild(self) -> None:
        """Draw the fields of the open listing."""
        for field in self.fields.values():
            field.hide()
            field.deleteLater()
        while self._column.takeAt(0) is not None:
            pass
        self.fields = {}
        self.touched = set()
        self.complain = False
        specs = {name: spec for name, spec in self._create.specs().items() if str(spec.type) not in self._without}
        for spec in specs.values():
            field = self._make(spec)
            self.fields[spec.name] = field
            (self._advanced if spec.advanced else self._column).addWidget(field)
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(self.advanced)
        self._column.addStretch(1)
        self.more.setVisible(any(spec.advanced for spec in specs.values()))
        self._unfold(self.more.isChecked())
        self._show_values()
        for name, spec in specs.items():
            if spec.type in FILE_TYPES:
                self._show_pictures(name)
        self._order_tabs()

    def follow(self, before: QWidget) -> None:
        """Stand after a widget in the order of the Tab key, also with fields that are made later."""
        self._before = before
        self._order_tabs()

    def complain_about_all(self) -> None:
        """Show everything that is wrong, also in fields that were not touched yet, and go to the first."""
        self.complain = True
        self._show_problems()
        for name in self._create.problems():
            field = self.fields.get(name)
            if field is not None:
                if self._create.specs()[name].advanced:
                    self.more.setChecked(True)
                control = field.field.control if field.field is not None else field
                control.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def show_drawn(self, inputs: dict[str, Any]) -> None:
        """Tell the seed fields which numbers a job drew."""
        for name, field in self.fields.items():
            seed = inputs.get(name)
            if isinstance(field, SeedInput) and isinstance(seed, int) and self._create.values.get(name) is None:
                field.show_drawn(seed)

    def _make(self, spec: InputSpec) -> InputField:
        field: InputField
        match str(spec.type):
            case "text":
                field = TextInput(spec)
            case "choice":
                field = ChoiceInput(spec)
            case "boolean":
                field = SwitchInput(spec)
            case "image":
                field = self._image(ImageInput(spec))
            case "mask":
                field = self._image(MaskInput(spec, self._picture_below))
            case "images":
                field = self._image(ImagesInput(spec))
            case "integer" if spec.random:
                field = SeedInput(spec)
            case "integer" if few_stops(spec):
                field = StopsInput(spec)
            case _:
                field = NumberInput(spec)
        name = spec.name

        def edited(value: object) -> None:
            self.touched.add(name)
            self._create.set_value(name, value)

        field.edited.connect(edited)
        return field

    def _image(self, field: ImageInput) -> ImageInput:
        name = field.name

        def touch() -> None:
            self.touched.add(name)

        for signal in (field.file_chosen, field.files_chosen, field.image_pasted, field.cleared):
            signal.connect(touch)
        field.file_chosen.connect(lambda path: self._create.chosen.add_file(name, path))
        field.files_chosen.connect(lambda paths: self._create.chosen.add_files(name, paths))
        if isinstance(field, ImagesInput):
            field.removed.connect(lambda place: self._create.chosen.remove(name, place))
        field.image_pasted.connect(lambda image: self._create.chosen.add_image(name, image))
        field.cleared.connect(lambda: self._create.chosen.clear(name))
        return field

    def _unfold(self, on: bool) -> None:
        set_icon(self.more, "chevron-down" if on else "chevron-right", size=16)
        self.more.setAccessibleDescription(self.tr("unfolded") if on else self.tr("folded"))
        self.advanced.setVisible(on and self.more.isVisibleTo(self))

    def _show_values(self) -> None:
        for name, field in self.fields.items():
            if name in self._create.values:
                field.show_value(self._create.values[name])
        self._show_problems()

    def _show_pictures(self, name: str) -> None:
        if name in self.fields:
            self.fields[name].show_value(self._create.chosen.pictures.get(name, ()))
        for field in self.fields.values():
            if isinstance(field, MaskInput):
                field.show_source()

    def _picture_below(self) -> Picture | None:
        """Return the picture that a mask is painted over: the first one of the form."""
        chosen = self._create.chosen.pictures.get(self._create.chosen.first, [])
        return chosen[0] if chosen else None

    def _refuse(self, name: str, problem: Problem) -> None:
        field = self.fields.get(name)
        if isinstance(field, ImageInput):
            field.refuse(problem)

    def _show_problems(self) -> None:
        problems = self._create.problems()
        for name, field in self.fields.items():
            problem = problems.get(name)
            # An empty field is not an error until someone tries to go on without it.
            quiet = problem is not None and problem.kind == "required" and not self.complain
            field.show_problem(problem_words(problem) if problem is not None and not quiet else "")

    def _order_tabs(self) -> None:
        # A widget that is made later stands last in the order of its window.
        previous = self._before if self._before is not None and self._before.window() is self.window() else None
        specs = self._create.specs()
        plain = [field for name, field in self.fields.items() if not specs[name].advanced]
        advanced = [field for name, field in self.fields.items() if specs[name].advanced]
        for part in (*plain, self.more, *advanced):
            for control in (part, *part.findChildren(QWidget)):
                # A list's drop-down is a window of its own and has no place in this order.
                if control.focusPolicy() & Qt.FocusPolicy.TabFocus and control.window() is self.window():
                    if previous is not None:
                        QWidget.setTabOrder(previous, control)
                    previous = control
