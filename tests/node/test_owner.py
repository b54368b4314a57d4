"""The owner's rules on a node that serves: what holds, how fast, what becomes of the jobs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from toy_node import ToyNode

from artrator.clients.node import NodeClient
from artrator.errors import ArtratorError, Code
from artrator.messages.node import EventKind, JobState
from artrator.node_controls import NodeControls, Pause


def refused(node: ToyNode, **how: object) -> ArtratorError:
    with pytest.raises(ArtratorError) as caught:
        node.run({"steps": 1}, **how)
    return caught.value


def tell(node: ToyNode, *words: str) -> subprocess.CompletedProcess[str]:
    """The owner's command, to this node."""
    return node.command(*words, "--url", node.url)


def wait_for_hold(node: ToyNode, kind: str | None) -> None:
    def holds() -> bool:
        hold = node.ask(lambda client: client.health()).hold
        return (hold.kind if hold is not None else None) == kind

    node.wait_for(holds, f"the node never came to hold for {kind}")


def test_a_pause_refuses_buyers_finishes_what_runs_and_ends_when_the_owner_says_so(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node(jobs_per_package=1)
    node.start()

    async def work(client: NodeClient) -> None:
        running, waiting = node.request({"do": "slow", "steps": 100}), node.request({"steps": 1})
        await node.submit(client, running)
        async for event in client.events(running.job):
            if event.kind is EventKind.STARTED:
                break
        await node.submit(client, waiting)
        controls = NodeControls(node.data)
        await asyncio.to_thread(controls.pause, Pause(asked_at=time.time()))
        events = await node.finished(client, running.job)
        assert events[-1].kind is EventKind.DONE
        assert [event.kind for event in events].count(EventKind.STARTED) == 1
        assert (await client.job(waiting.job)).state is JobState.QUEUED
        with pytest.raises(ArtratorError) as caught:
            await node.submit(client, node.request({"steps": 1}))
        assert caught.value.code is Code.NODE_PAUSED
        assert caught.value.details["retry_after"] >= 2
        node.wait_for(lambda: node.registry.heartbeats[-1]["accepting"] is False, "the registry was not told")
        async with asyncio.timeout(240):  # its memory was the owner's meanwhile
            while (await client.health()).packages[0].state != "cold":
                await asyncio.sleep(0.05)
        controls.resume()
        assert (await node.finished(client, waiting.job))[-1].kind is EventKind.DONE
        node.wait_for(lambda: node.registry.heartbeats[-1]["accepting"] is True, "the registry was not told")

        controls.pause(Pause(asked_at=time.time()))
        async with asyncio.timeout(240):
            while (await client.health()).packages[0].state != "cold":
                await asyncio.sleep(0.05)
            controls.resume()
            while (await client.health()).packages[0].state != "warm":  # before anybody asks for it
                await asyncio.sleep(0.05)

    node.ask(work)


def test_a_pause_that_cannot_wait_puts_running_jobs_back_and_they_are_done_afterwards(
    make_node: Callable[..., ToyNode],
) -> None:
    node = make_node()
    node.start()

    async def work(client: NodeClient) -> None:
        controls = NodeControls(node.data)
        request = node.request({"do": "slow", "steps": 400})
        await node.submit(client, request)
        async for event in client.events(request.job):
            if event.kind is EventKind.PROGRESS:
                break
        for _ in range(3):  # more often than a job may lose its worker
            controls.pause(Pause(asked_at=time.time(), now=True))
            while (await client.job(request.job)).state is not JobState.QUEUED:
                await asyncio.sleep(0.05)
            while (await client.health()).packages[0].state != "cold":  # its memory is the owner's now
                await asyncio.sleep(0.05)
            controls.resume()
            async for event in client.events(request.job):
                if event.kind is EventKind.STARTED:
                    break
            while (await client.job(request.job)).state is not JobState.RUNNING:
                await asyncio.sleep(0.05)
        await client.cancel(request.job)
        assert (await node.finished(client, request.job))[-1].kind is EventKind.CANCELLED

    node.ask(work)
    node.wait_for(lambda: len(node.registry.claims) == 1, "the receipt did not arrive")


def test_a_pause_longer_than_a_tickets_time_gives_the_hold_back_at_once(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()

    async def work(client: NodeClient) -> None:
        request = node.request({"do": "slow", "steps": 2000})
        await node.submit(client, request)
        async for event in client.events(request.job):
            if event.kind is EventKind.STARTED:
                break
        await asyncio.to_thread(tell, node, "pause", "--for", "2h", "--now")
        events = await node.finished(client, request.job)
        assert events[-1].kind is EventKind.FAILED
        job = await client.job(request.job)
        assert job.error is not None
        assert job.error["code"] == "node_paused"
        node.wait_for(lambda: request.job in node.registry.claims, "the hold was not released")

    node.ask(work)
    assert 7000 < int(str(refused(node).details["retry_after"])) <= 7200


def test_what_a_command_says_is_so_when_it_returns(make_node: Callable[..., ToyNode]) -> None:
    """The node answers at another port than its settings say, and its commands find it by its folder."""
    node = make_node()

    def status() -> tuple[str, object]:
        text = node.command("status").stdout.splitlines()
        return text[1] + text[2], json.loads(node.command("status", "--json").stdout)["health"]["hold"]

    node.start()
    first, hold = status()
    assert first.startswith("serving on cpu")
    assert hold is None
    assert node.command("pause", "--for", "2h").stdout.startswith("paused until ")
    first, hold = status()
    assert first.startswith("paused on cpu"), first
    assert "You paused it. Until " in first
    asked = hold["facts"]["asked_at"]  # type: ignore[index]
    # Another pause in place of the first: what is told is of this one.
    assert node.command("pause").stdout == "paused until you run `artrator node resume`\n"
    first, hold = status()
    assert "You paused it. Until" not in first
    assert hold["facts"]["asked_at"] > asked  # type: ignore[index]
    assert node.command("resume").stdout == "not paused; the node takes jobs\n"
    assert status()[0].startswith("serving on cpu")
    node.stop()
    assert "the node is not serving now" in node.command("pause").stdout
    assert "not serving: start it" in node.command("status").stdout


def test_a_node_that_listens_and_says_nothing_is_not_said_to_be_away(node: ToyNode) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        told = node.command("status", "--url", url).stdout
        assert f"The node at {url} does not answer." in told
        assert "not serving" not in told
        assert "jobs in the journal" in told
        done = node.command("resume", "--url", url)
        assert done.returncode != 0
        assert "does not answer" in done.stderr


def test_another_nodes_folder_does_not_pause_this_one(node: ToyNode, make_node: Callable[..., ToyNode]) -> None:
    """An answer comes, but not to what was asked."""
    other = make_node()
    (other.data / "keys" / "tls.crt").write_bytes((node.data / "keys" / "tls.crt").read_bytes())
    done = other.command("pause", "--url", node.url)
    assert done.returncode != 0
    assert "did not notice the pause" in done.stderr


def test_a_pause_survives_a_restart_and_ends_by_itself(make_node: Callable[..., ToyNode]) -> None:
    node = make_node()
    node.start()
    done = tell(node, "pause")
    assert (done.returncode, "paused until you run" in done.stdout) == (0, True), done.stdout + done.stderr
    node.kill()
    node.start()
    assert refused(node).code is Code.NODE_PAUSED
    # The file is the whole interface: another program of the owner may write it.
    now = time.time()
    NodeControls(node.data).pause(Pause(asked_at=now, until=now + 1.5))
    wait_for_hold(node, None)
    assert node.run({"steps": 1}).state is JobState.DELIVERED


@pytest.mark.parametrize("text", ["{", '{"asked_at": -1}', '{"asked_at": 1, "until": "soon"}', "[]", "\x00" * 5000])
def test_a_pause_that_nobody_can_read_holds_until_the_owner_resumes(node: ToyNode, text: str) -> None:
    file = node.data / "controls" / "pause.json"
    file.write_text(text)
    try:
        wait_for_hold(node, "paused")
        hold = node.ask(lambda client: client.health()).hold
        assert hold is not None
        assert "resume" in hold.reason
    finally:
        NodeControls(node.data).resume()
    wait_for_hold(node, None)


def test_outside_its_hours_the_node_takes_nothing_and_says_when_it_will(make_node: Callable[..., ToyNode]) -> None:
    now = datetime.now().astimezone()
    opens, closes = now + timedelta(hours=3), now + timedelta(hours=5)
    node = make_node(hours=[f"{opens:%H:%M}-{closes:%H:%M}"], grace_seconds=0)
    node.start()
    error = refused(node)
    assert error.code is Code.NODE_PAUSED
    assert 3 * 3600 - 120 < int(str(error.details["retry_after"])) <= 3 * 3600
    node.wait_for(lambda: bool(node.registry.heartbeats), "no heartbeat came")
    assert node.registry.heartbeats[-1]["accepting"] is False
    hold = node.ask(lambda client: client.health()).hold
    assert hold is not None
    assert hold.kind == "hours"


def test_a_ticket_that_reaches_over_the_end_of_the_hours_is_refused_and_buyers_are_sent_elsewhere(
    make_node: Callable[..., ToyNode],
) -> None:
    now = datetime.now().astimezone()
    opens, closes = now - timedelta(hours=1), now + timedelta(minutes=10)
    node = make_node(hours=[f"{opens:%H:%M}-{closes:%H:%M}"], grace_seconds=30)
    node.start()
    assert node.run({"steps": 1}, finish_by=int(time.time()) + 120).state is JobState.DELIVERED
    node.wait_for(lambda: node.registry.heartbeats[-1]["accepting"] is True, "the node is not open")
    error = refused(node, finish_by=int(time.time()) + 700)
    assert error.code is Code.NODE_PAUSED
    assert 500 < int(str(error.details["retry_after"])) <= 640
    node.wait_for(lambda: node.registry.heartbeats[-1]["accepting"] is False, "buyers are still sent here")


def test_a_program_of_the_owners_list_goes_before_the_node(make_node: Callable[..., ToyNode], tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    assert sleep is not None
    game = tmp_path / "artrator-game-of-a-long-name"
    shutil.copy(sleep, game)
    node = make_node(pause_for=["Artrator-Game-Of-A-Long-Name.exe"])
    node.start()

    async def work(client: NodeClient) -> None:
        request = node.request({"do": "slow", "steps": 100})
        await node.submit(client, request)
        async for event in client.events(request.job):
            if event.kind is EventKind.PROGRESS:
                break
        playing = subprocess.Popen([game, "600"])
        try:
            while (await client.job(request.job)).state is JobState.RUNNING:
                await asyncio.sleep(0.05)
            hold = (await client.health()).hold
            assert hold is not None
            assert hold.kind == "program"
            while (await client.health()).packages[0].state != "cold":  # its memory is the game's now
                await asyncio.sleep(0.05)
        finally:
            playing.kill()
            playing.wait()
        assert (await node.finished(client, request.job))[-1].kind is EventKind.DONE

    node.ask(work)


def test_a_restarted_node_does_not_take_an_old_wish_for_a_new_one(tmp_path: Path) -> None:
    controls = NodeControls(tmp_path)
    controls.introduce("sha256:a", "https://127.0.0.1:8443")
    controls.introduce("sha256:a", "https://127.0.0.1:9000")
    assert (controls.node, controls.url) == ("sha256:a", "https://127.0.0.1:9000")
    file = controls.release("toy")
    (controls.folder / "release-broken.json").write_text("{")
    assert controls.take_releases() == ["toy"]
    assert controls.take_releases() == []
    assert not file.exists()
    assert list(controls.folder.glob("release-*")) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows says who may write by other means")
def test_a_control_that_another_account_could_have_written_is_none(tmp_path: Path) -> None:
    controls = NodeControls(tmp_path)
    controls.pause(Pause(asked_at=1.0))
    assert controls.read() is not None
    pause = controls.folder / "pause.json"
    assert pause.stat().st_mode & 0o077 == 0
    assert controls.folder.stat().st_mode & 0o077 == 0
    pause.chmod(0o666)
    with pytest.raises(ArtratorError):
        controls.read()
    pause.unlink()
    pause.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text('{"asked_at": 1}')
    with pytest.raises(ArtratorError):
        controls.read()
    pause.unlink()
    os.mkfifo(pause)  # nobody ever writes into it
    with pytest.raises(ArtratorError):
        controls.read()
    controls.resume()
    assert controls.read() is None


def test_what_makes_no_sense_is_not_written(tmp_path: Path) -> None:
    controls = NodeControls(tmp_path)
    for until in (1.0, 0.5, 1e12, float("inf")):
        with pytest.raises((ArtratorError, ValueError)):
            controls.pause(Pause(asked_at=1.0, until=until))
    assert controls.read() is None
