"""The language of the interface.

Texts are written in English in the code, through `self.tr(…)` or `QCoreApplication.translate(…)`. The catalogues lie
in `assets/i18n`: Korean has everything, English only the plural forms. `python -m artrator_desktop.i18n` collects new
texts from the code and compiles the catalogues.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

HERE: Final = Path(__file__).parent
CATALOGUES: Final = HERE / "assets" / "i18n"
LANGUAGES: Final = ("en", "ko")

_installed: list[QTranslator] = []
_current: list[str] = ["en"]


def resolve(setting: str) -> str:
    """Return the language that a setting ("system", "en", "ko") means on this machine."""
    if setting in LANGUAGES:
        return setting
    for name in QLocale.system().uiLanguages():
        if name.split("-")[0] in LANGUAGES:
            return name.split("-")[0]
    return "en"


def install(setting: str) -> str:
    """Put a language on the application and return its code; widgets made from now on speak it."""
    code = resolve(setting)
    app = QCoreApplication.instance()
    while _installed and app is not None:
        app.removeTranslator(_installed.pop())
    translator = QTranslator()
    if app is not None and translator.load(f"artrator_{code}", str(CATALOGUES)):
        app.installTranslator(translator)
        _installed.append(translator)
    QLocale.setDefault(QLocale(QLocale.Language.Korean if code == "ko" else QLocale.Language.English))
    _current[0] = code
    return code


def language() -> str:
    """Return the code of the language in force, for texts that come in several languages from elsewhere."""
    return _current[0]


def update_catalogues() -> None:
    """Collect texts from the code into the .ts files and compile those."""
    tools = Path(sys.executable).parent
    sources = sorted(str(path) for path in HERE.rglob("*.py"))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    for code in LANGUAGES:
        catalogue = CATALOGUES / f"artrator_{code}.ts"
        plural = ["-pluralonly"] if code == "en" else []
        collect = [tools / "pyside6-lupdate", "-no-obsolete", "-locations", "none", *plural]
        collect += [*sources, "-ts", catalogue, "-target-language", code]
        compile_ = [tools / "pyside6-lrelease", "-silent", catalogue, "-qm", catalogue.with_suffix(".qm")]
        for command in (collect, compile_):
            # The tools lie beside this interpreter and the arguments are our own files.
            subprocess.run([str(part) for part in command], check=True, env=environment)


if __name__ == "__main__":
    update_catalogues()
