"""What every command says of itself: each option has words, and each first sentence fits the list of commands."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click
import pytest

from artrator.cli.main import _COMMANDS


def below(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), child)
            assert found is not None
            yield from below(found, f"{name} {child}")


def every() -> Iterator[tuple[str, click.Command]]:
    for name, (target, _) in sorted(_COMMANDS.items()):
        module, _, attribute = target.partition(":")
        yield from below(getattr(importlib.import_module(module), attribute), name)


COMMANDS = list(every())


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_option_and_every_command_has_words(name: str, command: click.Command) -> None:
    silent = [option.name for option in command.params if isinstance(option, click.Option) and not option.help]
    assert silent == []
    first = command.get_short_help_str(limit=1000)
    assert 0 < len(first) <= 100
    assert first[0].isupper()
