"""Pages that promise tests name tests that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
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


def test_some_page_of_the_reference_names_every_command_and_its_options() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")]
    count = 0
    for words, command in _leaves(["artrator"], main):
        name = " ".join(words)
        told = "".join(page for page in pages if re.search(rf"{name}(?![\w-])", page))
        assert told, name
        for parameter in command.params:
            long = [each for each in parameter.opts if each.startswith("--")]
            assert not long or any(re.search(rf"{each}(?![\w-])", told) for each in long), (name, parameter.name)
        count += 1
    assert count > 60


def _leaves(words: list[str], command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            yield from _leaves([*words, name], found)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_the_design_pages_name_every_part_of_the_house() -> None:
    design = ROOT / "docs" / "design"
    contract = (design / "contract.md").read_text(encoding="utf-8").split("## Modules of `artrator`")[1]
    rows = " ".join(re.findall(r"^\| (.*?) \|", contract.split("\n### ")[0], flags=re.MULTILINE))
    for part in _parts(ROOT / "protocol" / "artrator"):
        assert re.search(rf"`{part}[`/]", rows), f"contract.md lacks artrator.{part}"
    architecture = (design / "architecture.md").read_text(encoding="utf-8")
    for part in _parts(ROOT / "registry" / "artrator_registry", folders_only=True):
        assert re.search(rf"[` ]{part}/", architecture), f"architecture.md lacks the registry's {part}"
    for folder in (ROOT / "tests").iterdir():
        if folder.is_dir() and any(folder.glob("*.py")):
            assert re.search(rf"[`/{{,]{folder.name}[/,}}]", architecture), f"architecture.md lacks tests/{folder.name}"


def _parts(package: Path, *, folders_only: bool = False) -> list[str]:
    """The modules and subpackages of a package that have a name for others."""
    folders = [found.parent.name for found in package.glob("*/__init__.py")]
    return folders if folders_only else folders + [file.stem for file in package.glob("[a-z]*.py")]


def test_every_command_on_a_page_exists_with_its_options() -> None:
    """What pages show in blocks is what people type; a command or an option of before must not stay there."""
    count = 0
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
            typed = re.search(r"(?:^|\$ |\$\(|/)artrator ([a-z].*)", line.partition(" #")[0])
            if typed is None:
                continue
            words = shlex.split(typed[1].rstrip("&)"))
            command: click.Command = main
            while isinstance(command, click.Group) and words:
                found = command.get_command(click.Context(main), words[0])
                if found is None:
                    break
                command, words = found, words[1:]
            assert words == [] or not isinstance(command, click.Group) or command.invoke_without_command, line
            known = {name for parameter in command.params for name in parameter.opts}
            unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
            assert not unknown, f"{page.name}: {line}"
            count += 1
    assert count > 100
