"""docs/reference/registry.md names every command, every option of serve, and every route."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from registry_world import World

from artrator_registry.cli import registry

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "registry.md").read_text(encoding="utf-8")


def test_every_command_and_option_is_documented() -> None:
    for name, command in registry.commands.items():
        assert f"artrator registry {name}" in PAGE
        assert command.help, name
    serve = registry.commands["serve"]
    for option in serve.params:
        assert isinstance(option, click.Option)
        assert any(f"`{spelling}`" in PAGE for spelling in option.opts), option.name


@pytest.mark.anyio
async def test_every_route_is_documented(world: World) -> None:
    async with world.http() as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    told = set(re.findall(r"/v1/[\w/{}.-]+", PAGE))
    shape = {re.sub(r"{[^}]+}", "{}", path) for path in told}
    for path in paths:
        found = re.sub(r"{[^}]+}", "{}", path)
        assert found in shape or found.startswith("/v1/samples/"), path
