"""A job that is followed while its node comes and goes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from artrator.clients import following as module
from artrator.clients.following import Following
from artrator.clients.news import Stage
from artrator.clients.node import JobEvent
from artrator.errors import ArtratorError, Code
from artrator.messages import registry as m
from artrator.messages.node import EventKind, JobState

_GONE = ArtratorError(Code.NODE_UNREACHABLE, "The node does not answer.")


@dataclass
class Node:
    """What its streams bring before the connection is lost, and what it answers when it is asked for the job."""

    streams: list[list[JobEvent]]
    answers: list[ArtratorError | None]
    asked_after: list[int] = field(default_factory=list)
    state: JobState = JobState.RUNNING

    async def events(self, _order: str, *, after: int, seconds: float) -> AsyncGenerator[JobEvent, None]:
        assert seconds > 0
        self.asked_after.append(after)
        for event in self.streams.pop(0):
            yield event
        if self.streams:
            raise _GONE

    async def job(self, _order: str) -> Any:
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer
        return SimpleNamespace(state=self.state)


class Registry:
    """Still holds the money."""

    async def get_order(self, _order: str) -> Any:
        return SimpleNamespace(state=m.OrderState.HELD)


def follow(node: Node) -> list[JobEvent | Stage]:
    placed: Any = None  # only sending asks for it

    async def run() -> list[JobEvent | Stage]:
        registry: Any = Registry()
        pending: Any = SimpleNamespace(order=str(uuid.uuid4()))
        ticket: Any = SimpleNamespace(iat=0, finish_by=600)
        client: Any = node
        following = Following(registry, client, pending, placed, ticket)
        return [event async for event in following.events(None)]

    return asyncio.run(run())


def test_a_node_that_answers_anything_is_found_before_it_has_news() -> None:
    begun, done = JobEvent(1, EventKind.STARTED, {}), JobEvent(2, EventKind.DONE, {})
    node = Node([[begun], [done]], [_GONE, None])
    assert follow(node) == [begun, Stage.LOST, Stage.LOST, Stage.FOUND, done]
    assert node.asked_after == [0, 1]  # while it does not answer no stream is asked for


def test_a_refusal_is_an_answer_too() -> None:
    done = JobEvent(1, EventKind.DONE, {})
    node = Node([[], [done]], [ArtratorError(Code.RATE_LIMITED, "Not so fast.")])
    assert follow(node) == [Stage.LOST, Stage.FOUND, done]


class Slept:
    """A clock of a computer that sleeps for an hour once it has been looked at so often."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def monotonic(self) -> float:
        self.looks -= 1
        return 0.0 if self.looks > 0 else 3600.0


@pytest.mark.parametrize("looks", [3, 4])
def test_what_a_node_finished_while_we_slept_counts_and_not_our_clock(
    monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    monkeypatch.setattr(module, "time", Slept(looks))
    begun, done = JobEvent(1, EventKind.STARTED, {}), JobEvent(2, EventKind.DONE, {})
    node = Node([[begun, done], [begun, done]], [None], state=JobState.DELIVERED)
    assert follow(node)[-1] == done


@pytest.mark.parametrize("answer", [None, _GONE])
def test_a_node_that_has_not_finished_either_is_given_up(
    monkeypatch: pytest.MonkeyPatch, answer: ArtratorError | None
) -> None:
    monkeypatch.setattr(module, "time", Slept(3))
    with pytest.raises(ArtratorError) as caught:
        follow(Node([[JobEvent(1, EventKind.STARTED, {})]], [answer]))
    assert caught.value.code is Code.JOB_DEADLINE
