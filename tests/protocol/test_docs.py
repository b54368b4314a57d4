"""Pages that promise tests name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click

from artrator.cli import main

ROOT = Path(__file__).parents[2]


def test_every_row_of_the_threats_page_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "design" / "threats.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| who |")]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[a-z_/]+\.py)`", row)
        assert named, row
        for name in named:
            assert (ROOT / name).is_file(), name


def _options(words: list[str]) -> set[str]:
    command: click.Command | None = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(main), word)
    assert command is not None, words
    long = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    return long - {"--help"}


def test_the_commands_page_has_every_option_of_every_buyers_command() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `artrator ([a-z ]+?)(?: \[?[A-Z]+\]?)?` \|[^|]*\| ([^|]+) \|$", page, flags=re.MULTILINE)
    for words, options in rows:
        assert set(re.findall(r"--[a-z-]+", options)) == _options(words.split()), words
    listed = {words.split()[0] for words, _ in rows} | set(re.findall(r"`artrator ([a-z]+)`", page))
    assert listed == set(main.list_commands(click.Context(main)))


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
