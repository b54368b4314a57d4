"""Who sells, as tax law asks: the form, whose Korean number is checked while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from artrator_desktop.state.earnings import business_number_is_valid
from artrator_desktop.ui.theme.tokens import M
from artrator_desktop.ui.widgets import AskingSheet, Card, ComboBox, Field, Label, LineEdit, Switch

if TYPE_CHECKING:
    from artrator_desktop.state import AppState, Failure

#: ISO 3166 alpha-2, those with a tax rule we know or many people first; any other can be typed.
_COUNTRIES: Final = (
    "KR",
    "US",
    "JP",
    "DE",
    "FR",
    "GB",
    "ES",
    "IT",
    "NL",
    "PL",
    "SE",
    "CA",
    "AU",
    "IN",
    "BR",
    "SG",
    "TW",
)


def seller_state(state: str) -> tuple[str, str]:
    """Return how the verification stands, and its tone."""
    translate = QCoreApplication.translate
    return {
        "none": (translate("Seller", "Not filled in"), "neutral"),
        "submitted": (translate("Seller", "Being checked"), "warn"),
        "verified": (translate("Seller", "Verified"), "ok"),
        "rejected": (translate("Seller", "Sent back"), "bad"),
    }.get(state, (state, "neutral"))


def country_name(code: str) -> str:
    """Return a country's name in the language in force."""
    territory = QLocale.codeToTerritory(code)
    if territory == QLocale.Country.AnyTerritory:
        return code
    if QLocale().language() == QLocale.Language.Korean:
        own = {"KR": "대한민국", "US": "미국", "JP": "일본", "DE": "독일", "FR": "프랑스", "GB": "영국", "ES": "스페인",
               "IT": "이탈리아", "NL": "네덜란드", "PL": "폴란드", "SE": "스웨덴", "CA": "캐나다", "AU": "호주",
               "IN": "인도", "BR": "브라질", "SG": "싱가포르", "TW": "대만"}  # fmt: skip
        return own.get(code, QLocale.territoryToString(territory))
    return QLocale.territoryToString(territory)


class SellerSheet(AskingSheet):
    """The form of a seller's profile."""

    def __init__(self, app: AppState, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Who sells"),
            self.tr("Only the registry’s operator sees this. Selling models to keep opens once it was checked."),
            parent,
            width=560,
        )
        self._app = app
        seller = app.earnings.seller
        profile = seller.profile if seller is not None else None

        def line(name: str, value: str, length: int = 200, placeholder: str = "") -> tuple[LineEdit, Field]:
            edit = LineEdit(name, placeholder)
            edit.setMaxLength(length)
            edit.setText(value)
            edit.textChanged.connect(lambda _text: self._check())
            return edit, Field(name, edit)

        self.name, self.name_field = line(self.tr("Legal name"), profile.legal_name if profile else "")
        self.representative, representative = line(self.tr("Represented by"), profile.representative if profile else "")
        self.country = ComboBox(self.tr("Country"))
        code = profile.country if profile else QLocale.system().name().rpartition("_")[2][:2].upper()
        codes = list(_COUNTRIES) if code in _COUNTRIES or len(code) != 2 else [code, *_COUNTRIES]
        self.country.set_choices([(each, country_name(each)) for each in codes], code)
        self.country.currentIndexChanged.connect(lambda _index: self._check())
        self.number, self.number_field = line(
            self.tr("Business registration number"), profile.business_number if profile else "", 20, "000-00-00000"
        )
        self.vat = Switch(self.tr("My prices contain VAT that I declare"), profile.vat_registered if profile else False)
        self.vat_box = Card("well", inset=12, gap=0)
        row = QHBoxLayout()
        row.setSpacing(M)
        row.addWidget(Label(self.tr("My prices contain VAT that I declare"), "body", wrap=True), 1)
        row.addWidget(self.vat)
        self.vat_box.column.addLayout(row)
        self.vat_number, self.vat_number_field = line(self.tr("VAT number"), profile.vat_number if profile else "", 20)
        self.address, address = line(self.tr("Address"), profile.address if profile else "", 500)
        self.email, self.email_field = line(self.tr("E-mail for invoices"), profile.email if profile else "")
        self.reason = Card("strip-bad", inset=12, gap=0)
        self._reason = Label("", "body", wrap=True)
        self.reason.column.addWidget(self._reason)
        self.reason.setVisible(seller is not None and seller.state.value == "rejected" and bool(seller.reason))
        self._reason.setText(seller.reason if seller is not None else "")
        where = Field(self.tr("Country"), self.country)
        self.column.addWidget(self.reason)
        for pair in ((self.name_field, representative), (where, self.number_field, self.vat_number_field)):
            both = QHBoxLayout()
            both.setSpacing(M)
            for field in pair:
                both.addWidget(field, 1, Qt.AlignmentFlag.AlignTop)
            self.column.addLayout(both)
        for part in (self.vat_box, address, self.email_field, self.problem):
            self.column.addWidget(part)
        cancel = self.add_button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.go = self.add_button(self.tr("Send for checking"), "primary")
        self.go.clicked.connect(self._press)
        app.earnings.done.connect(self._done)
        app.earnings.refused.connect(self._refused)
        self._check()

    def _check(self) -> None:
        korean = self.country.value() == "KR"
        self.number_field.setVisible(korean)
        self.vat_number_field.setVisible(not korean)
        number = self.number.text().strip()
        good_number = not korean or business_number_is_valid(number)
        typed = len([c for c in number if c.isdigit()]) >= 10
        wrong = self.tr("This is no business registration number: its last digit does not fit.")
        self.number_field.set_error(wrong if korean and typed and not good_number else "")
        email = self.email.text().strip()
        good_email = not email or ("@" in email[1:-1] and " " not in email)
        self.email_field.set_error("" if good_email else self.tr("This is no e-mail address."))
        self.go.setEnabled(bool(self.name.text().strip()) and good_number and good_email)
        self.fit()

    def _press(self) -> None:
        korean = self.country.value() == "KR"
        self._app.earnings.set_seller(
            {
                "legal_name": self.name.text().strip(),
                "representative": self.representative.text().strip(),
                "country": self.country.value(),
                "address": self.address.text().strip(),
                "email": self.email.text().strip(),
                "business_number": "".join(c for c in self.number.text() if c.isdigit()) if korean else "",
                "vat_registered": self.vat.isChecked(),
                "vat_number": "" if korean else self.vat_number.text().strip(),
            }
        )

    def _done(self, what: str) -> None:
        if what == "seller":
            self.accept()

    def _refused(self, what: str, failure: Failure) -> None:
        if what == "seller":
            self.complain(failure.sentence)
