"""docs/reference/node.md names every command, option, setting, route, metric and file of a node, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from node_openapi import node_openapi

from artrator_node.cli import node
from artrator_node.config import Paths, Settings
from artrator_node.connections.crowd import Crowd
from artrator_node.metrics import Metrics

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "node.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("name", sorted(node.commands))
def test_every_command_and_option_is_documented(name: str) -> None:
    told = _section("Commands")
    assert f"`artrator node {name}" in told
    assert node.commands[name].help
    for option in node.commands[name].params:
        if isinstance(option, click.Option):
            assert any(spelling in told for spelling in option.opts if spelling.startswith("--")), option.name


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    rows = re.findall(
        r"^\| ((?:`[a-z_0-9]+`(?:, )?)+) \|\s*([^|]*?)\s*\|", _section("Settings: `node.toml`"), re.MULTILINE
    )
    told = {name: default for names, default in rows for name in re.findall(r"`([a-z_0-9]+)`", names)}
    assert set(told) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, bool):
            assert told[name] == str(field.default).lower(), name
        elif isinstance(field.default, (int, float)):
            assert f"{field.default:g}" in re.findall(r"[\d.]+", told[name]), name


def test_every_route_is_documented_and_no_other() -> None:
    paths = node_openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    told = re.findall(r"(GET|PUT|DELETE|POST) (/(?:v1|metrics)[\w/{}]*)", _section("HTTP API"))
    assert {f"{method} {path}" for method, path in told} == routes | {"GET /metrics"}


def test_every_metric_is_documented_and_no_other() -> None:
    metrics = Metrics()
    metrics.watch_connections(Crowd(10))
    kinds = {"counter": "_total"}
    known = {family.name + kinds.get(family.type, "") for family in metrics.registry.collect()}
    told: set[str] = set()
    for name in re.findall(r"`(?:…|artrator_node)(_[a-z_{},]+?)(?:\{(?:rule|part)\})?`", _section("Watching it")):
        before, choices, after = re.fullmatch(r"([a-z_]*)(?:\{([a-z_,]+)\})?([a-z_]*)", name).groups()  # type: ignore[union-attr]
        told |= {f"artrator_node{before}{choice}{after}" for choice in (choices or "").split(",")}
    assert told == known


def test_every_file_of_its_folder_is_documented(tmp_path: Path) -> None:
    told = _section("Its folder") + "`node.toml`"
    paths = Paths(tmp_path)
    names = [name for name, value in vars(Paths).items() if isinstance(value, property)]
    assert len(names) > 8
    for name in names:
        where = getattr(paths, name).relative_to(tmp_path).as_posix()
        assert f"`{where}`" in told or f"`{where}/`" in told, where
