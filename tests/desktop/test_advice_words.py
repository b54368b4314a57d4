"""What a node and plugins say is told in the language of the interface, as far as it is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from artrator.errors import ArtratorError, Code
from artrator.messages.node import Advice
from artrator_desktop import i18n
from artrator_desktop.state.advice_words import said
from artrator_desktop.state.plugin_words import own_words
from artrator_node import advice

ROOT = Path(__file__).parents[2]
LACKS = [
    "The owner switched confinement off: a worker can do whatever the node can.",
    "The worker is not fully confined: [Errno 1] Operation not permitted.",
    "Whether workers are confined on this machine could not be tried: no reason.",
    "This system does not let a worker be kept to some of the processors.",
    "This kernel has no Landlock: a worker can read every file that you can read.",
    "A resource limit of the worker could not be set: [Errno 22] Invalid argument.",
    "macOS: memory and threads of a worker are not limited here.",
    "The memory of a worker on a GPU is limited by watching it only: drivers map more than they use.",
    "Windows: files, network and system calls of a worker are not confined here.",
    "System calls are not restricted on riscv64.",
    "Something that a later version found out.",
]


@pytest.fixture
def korean(qapp: object) -> Iterator[None]:
    i18n.install("ko")
    yield
    i18n.install("en")


def spoken() -> list[Advice]:
    """One of every kind that a node gives."""
    broken = ArtratorError(Code.REGISTRY_UNREACHABLE, "Nobody answers.")
    return [
        *map(advice.of_lack, LACKS),
        *advice.of_registry(broken),
        *advice.of_sensors(["max_card_watts"]),
        Advice(code="clock", message="It is late.", facts={"seconds": -3600}),
        Advice(code="clock", message="It is early.", facts={"seconds": 3600}),
        Advice(code="fallback", message="It fell.", facts={"package": "emoji", "wanted": "cuda:0", "runtime": "cpu"}),
        Advice(code="package", message="x", facts={"package": "emoji", "error": "disk_full", "message": "y"}),
        Advice(code="pin", message="z", facts={"package": "emoji"}),
        Advice(code="runtime", message="w", facts={"error": "backend_runtime_broken", "message": "v"}),
    ]


@pytest.mark.parametrize("given", spoken(), ids=lambda given: given.code)
def test_every_warning_of_a_node_is_told_in_korean(given: Advice, korean: None) -> None:
    words = said(given)
    assert any("가" <= letter <= "힣" for letter in words)
    assert "{" not in words
    for value in given.facts.values():  # a name is never lost
        if isinstance(value, str) and value in {"emoji", "macOS", "max_card_watts", "cuda:0"}:
            assert value in words


def test_the_reference_names_every_code_of_a_warning() -> None:
    page = (ROOT / "docs" / "reference" / "node.md").read_text(encoding="utf-8")
    table = page[page.index("| `code` | facts |") :]
    named = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))))
    assert {given.code for given in spoken()} == named - {"code"}


def test_a_clock_that_is_behind_is_not_said_to_be_ahead(korean: None) -> None:
    assert "3600초 느립니다" in said(Advice(code="clock", message="", facts={"seconds": -3600}))
    assert "3600초 빠릅니다" in said(Advice(code="clock", message="", facts={"seconds": 3600}))


def test_what_is_not_known_or_names_too_little_is_told_as_it_came(korean: None) -> None:
    assert said(Advice(code="brand_new", message="Something new.")) == "Something new."
    assert said(Advice(code="pin", message="Look at `pin`.")) == "Look at “pin”."
    assert said(Advice(code="clock", message="Late {0.__class__}.", facts={})) == "Late {0.__class__}."
    assert "{0.__class__}" in said(Advice(code="pin", message="", facts={"package": "{0.__class__}"}))


def test_in_english_a_node_speaks_for_itself(qapp: object) -> None:
    i18n.install("en")
    assert said(advice.of_lack(LACKS[4])) == LACKS[4]


@pytest.mark.parametrize("plugin", ["diffusion", "ebsynth", "onnx"])
def test_our_own_plugins_present_themselves_in_korean(plugin: str, korean: None) -> None:
    folder = ROOT / "plugins" / plugin
    summary = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["description"]
    wants = tomllib.loads((folder / f"artrator_{plugin}" / "artrator-plugin.toml").read_text(encoding="utf-8"))
    for sentence in (summary, *wants["reasons"].values()):
        assert any("가" <= letter <= "힣" for letter in own_words(sentence)), sentence


def test_another_plugin_speaks_for_itself(korean: None) -> None:
    assert own_words("An old photo’s tone.") == "An old photo’s tone."
