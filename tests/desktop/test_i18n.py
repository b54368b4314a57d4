"""Nothing is shown untranslated."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication

from artrator_desktop import i18n


def messages(path: Path) -> list[tuple[str, ET.Element]]:
    # The catalogues are our own files.
    root = ET.parse(path).getroot()
    return [
        (f"{context.findtext('name')}: {message.findtext('source')}", message)
        for context in root.iter("context")
        for message in context.iter("message")
    ]


@pytest.mark.parametrize("code", i18n.LANGUAGES)
def test_no_text_of_a_catalogue_is_unfinished_or_left_over(code: str) -> None:
    rows = messages(i18n.CATALOGUES / f"artrator_{code}.ts")
    assert rows
    bad = [name for name, message in rows if message.find("translation").get("type")]  # type: ignore[union-attr]
    assert bad == []


def test_korean_keeps_every_place_holder() -> None:
    import re

    for name, message in messages(i18n.CATALOGUES / "artrator_ko.ts"):
        wanted = set(re.findall(r"\{\w+\}|%L?n", message.findtext("source") or ""))
        translation = message.find("translation")
        assert translation is not None
        forms = [form.text or "" for form in translation.iter("numerusform")] or [translation.text or ""]
        for form in forms:
            assert set(re.findall(r"\{\w+\}|%L?n", form)) == wanted, name


def test_korean_never_offers_two_particles_to_choose_from() -> None:
    rows = messages(i18n.CATALOGUES / "artrator_ko.ts")
    said = ["".join(message.find("translation").itertext()) for _, message in rows]  # type: ignore[union-attr]
    assert [words for words in said if "(가)" in words or "(를)" in words or "(는)" in words or "(으)" in words] == []


@pytest.mark.parametrize("code", i18n.LANGUAGES)
def test_the_catalogue_holds_every_text_of_the_code(code: str, tmp_path: Path) -> None:
    committed = i18n.CATALOGUES / f"artrator_{code}.ts"
    fresh = tmp_path / committed.name
    shutil.copy(committed, fresh)
    sources = sorted(str(path) for path in i18n.HERE.rglob("*.py"))
    tool = Path(sys.executable).parent / "pyside6-lupdate"
    plural = ["-pluralonly"] if code == "en" else []
    subprocess.run(
        [str(tool), "-no-obsolete", "-locations", "none", *plural, *sources, "-ts", str(fresh)],
        check=True,
        capture_output=True,
    )
    known = {name for name, _ in messages(committed)}
    found = {name for name, _ in messages(fresh)}
    assert found - known == set(), "run `python -m artrator_desktop.i18n` and translate"
    assert known - found == set(), "run `python -m artrator_desktop.i18n`"


def test_no_text_hides_in_an_f_string_where_the_collector_does_not_look() -> None:
    import ast

    hidden = []
    for path in sorted(i18n.HERE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
                names = [getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls]
                hidden += [f"{path.name}:{node.lineno}" for name in names if name in {"tr", "translate"}]
    assert hidden == []


def test_the_compiled_catalogues_speak(qapp: object) -> None:
    i18n.install("ko")
    assert QCoreApplication.translate("Navigation", "Wallet") == "지갑"
    assert QCoreApplication.translate("DiscoverPage", "%Ln model(s)", "", 1284) == "모델 1,284개"
    i18n.install("en")
    assert QCoreApplication.translate("DiscoverPage", "%Ln model(s)", "", 1) == "1 model"
    assert QCoreApplication.translate("DiscoverPage", "%Ln model(s)", "", 1284) == "1,284 models"
