"""The demo's people and their machines: an operator, a creator with a node, a buyer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from artrator.clients.registry import RegistryClient
from artrator.demo.catalogue import (
    EXAMPLES,
    MORE,
    MORE_BACKEND,
    PLAN_ALLOWANCE,
    PLAN_NAME,
    PLAN_PRICE,
    PLAN_TITLE,
    Example,
    signed_copy,
)
from artrator.demo.services import Service, artrator
from artrator.documents import Plan
from artrator.errors import ArtratorError, Code
from artrator.messages.payouts import SellerProfile, SellerState
from artrator.money import MICRO, format_credits
from artrator.package import verify
from artrator.plugins import find_backend
from artrator.profile import Profile, write_atomically

#: What the buyer starts with.
_CREDITS = 500
#: By then the desktop is open, and its first pictures have been loaded.
_LATER_SECONDS = 5.0
#: What `artrator registry` ends with where its folder is of another version.
_OTHER_VERSION = 78
CREATOR = "atelier"
BUYER = "mina"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """A demo that runs."""

    registry_url: str
    buyer: Profile
    creator: Profile
    node: Service
    registry: Service
    node_url: str


def _ports(folder: Path) -> dict[str, int]:
    """The ports of this demo: the same ones every time, unless somebody else took them."""
    path = folder / "ports.json"
    ports = json.loads(path.read_text()) if path.exists() else {}
    for name in ("registry", "node"):
        if not _free(ports.get(name, 0)):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports[name] = probe.getsockname()[1]
    write_atomically(path, json.dumps(ports).encode())
    return {name: int(port) for name, port in ports.items()}


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return port != 0


@contextlib.contextmanager
def _registry(folder: Path, port: int) -> Iterator[Service]:
    """The operator's registry, once it answers."""
    operator = folder / "operator"
    registry = Service(
        "registry",
        *("registry", "serve", "--init", "--data", str(operator / "registry"), "--port", str(port)),
        home=operator,
        log=folder / "logs" / "registry.log",
    )
    try:
        registry.wait()
        yield registry
    finally:
        registry.stop()


@contextlib.contextmanager
def stage(folder: Path, say: Say, *, reset: bool = False, more: bool = False) -> Iterator[Stage]:
    """Run the demo's registry and node in ``folder`` for as long as the block lasts.

    Args:
        folder: Everything lies there.
        say: Told how it goes.
        reset: Begin anew.
        more: Publish the examples of plugins too, a little later and beside the block.
    """
    if reset:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    ports = _ports(folder)
    operator, creator, buyer = folder / "operator", Profile(folder / CREATOR), Profile(folder / BUYER)
    registry_data, node_data = str(operator / "registry"), str(creator.folder / "node")
    with contextlib.ExitStack() as running:
        say("starting the registry …")
        try:
            registry = running.enter_context(_registry(folder, ports["registry"]))
        except ArtratorError as error:
            if error.details.get("exit") != _OTHER_VERSION:
                raise
            # Its credits were worth nothing, but its keys and pictures may be somebody's memories.
            kept = folder.with_name(f"{folder.name}-{time.strftime('%Y%m%d-%H%M%S')}")
            folder.rename(kept)
            folder.mkdir(parents=True)
            say(f"the demo of another version is kept as {kept}; this one begins anew")
            ports = _ports(folder)
            creator, buyer = Profile(folder / CREATOR), Profile(folder / BUYER)
            registry = running.enter_context(_registry(folder, ports["registry"]))
        url = f"http://127.0.0.1:{ports['registry']}"
        _introduce(creator, url, CREATOR, "Atelier")
        _introduce(buyer, url, BUYER, "Mina")
        _give_credits(buyer, url, registry_data, operator, say)

        say("starting the creator's node …")
        if not (creator.folder / "node").exists():
            artrator(
                *("node", "init", "--name", "Atelier's desk", "--registry", url, "--data", node_data),
                *("--host", "127.0.0.1", "--port", str(ports["node"])),
                home=creator.folder,
            )
        node = Service(
            "node",
            *("node", "serve", "--data", node_data, "--registry", url, "--port", str(ports["node"])),
            home=creator.folder,
            log=folder / "logs" / "node.log",
        )
        running.callback(node.stop)
        listed = asyncio.run(_listed(url))

        def publish(example: Example) -> None:
            package = signed_copy(example, folder / "packages", creator.identity)
            if listed.get(example.name) == verify(package, creator.identity.public).digest:
                return  # an earlier run published this very package
            say(f"publishing {CREATOR}/{example.name} …")
            arguments = ("node", "publish", str(package), *example.terms, "--registry", url, "--data", node_data)
            artrator(*arguments, home=creator.folder)

        for example in EXAMPLES:
            publish(example)
        asyncio.run(_sell_passes(creator, url))
        node_url = node.wait()
        asyncio.run(_until_online(url))
        if more:
            operate = ("registry", "sellers", "verify", CREATOR, "--data", registry_data)
            running.callback(_publish_later(publish, lambda: artrator(*operate, home=operator), say))
        yield Stage(url, buyer, creator, node, registry, node_url)
        say("stopping the node and the registry …")


async def _sell_passes(creator: Profile, url: str) -> None:
    """Offer a pass for all that the creator has, and say who sells: whoever sells licences must."""
    key = creator.identity
    async with RegistryClient(url, key) as client:
        if (await client.seller()).state is SellerState.NONE:
            await client.set_seller(
                SellerProfile(legal_name="Atelier (demo)", country="KR", business_number="123-45-67891")
            )
        if not await client.plans(creator=CREATOR):
            plan = Plan(
                creator=key.public.encode(),
                name=PLAN_NAME,
                title=PLAN_TITLE,
                price=PLAN_PRICE * MICRO,
                allowance=PLAN_ALLOWANCE * MICRO,
                issued_at=int(time.time()),
            )
            await client.publish_plan(CREATOR, PLAN_NAME, plan.sign(key))


def _publish_later(publish: Callable[[Example], None], verify: Callable[[], object], say: Say) -> Callable[[], None]:
    """Verify the seller and publish the examples of plugins in a thread; what comes back ends it."""
    over = threading.Event()

    def work() -> None:
        if over.wait(_LATER_SECONDS):
            return
        try:
            verify()
            find_backend(MORE_BACKEND)
            for example in MORE:
                if not over.is_set():
                    publish(example)
        except ArtratorError as error:
            if error.code is not Code.BACKEND_MISSING:
                say(f"not published: {error.message}")

    thread = threading.Thread(target=work, name="publish-later")
    thread.start()

    def end() -> None:
        over.set()
        thread.join()

    return end


def _introduce(profile: Profile, url: str, handle: str, name: str) -> None:
    """Sign a person in for the first time, which makes the account, and pin the registry's root key."""
    profile.configure(registry_url=url, handle=handle, display_name=name)

    async def meet() -> None:
        async with RegistryClient(url, profile.identity, handle=handle, display_name=name) as client:
            profile.pin_root(url, (await client.info()).root_key)
            await client.sign_in()

    asyncio.run(meet())


def _give_credits(buyer: Profile, url: str, registry_data: str, operator: Path, say: Say) -> None:
    async def poor() -> bool:
        async with RegistryClient(url, buyer.identity) as client:
            return (await client.balance()).available < _CREDITS * MICRO // 10

    if asyncio.run(poor()):
        say(f"granting {format_credits(_CREDITS * MICRO)} test credits to {BUYER} …")
        artrator("registry", "grant", BUYER, str(_CREDITS), "--data", registry_data, home=operator)


async def _listed(url: str) -> Mapping[str, str]:
    """The digests of what the creator has published, by name."""
    async with RegistryClient(url) as client:
        cards = (await client.search(limit=48)).items
    return {card.listing.partition("/")[2]: card.package for card in cards if card.creator == CREATOR}


async def _until_online(url: str) -> None:
    """Wait until the registry has heard from the node, and of every example on it."""
    async with RegistryClient(url) as client:
        for _ in range(300):
            cards = (await client.search(limit=48)).items
            served = {card.listing for card in cards if card.nodes}
            if served >= {f"{CREATOR}/{example.name}" for example in EXAMPLES}:
                return
            await asyncio.sleep(0.2)
    raise ArtratorError(
        Code.NO_NODE, "The node did not come online.", cure="Look into logs/node.log in the demo's folder, or --reset."
    )
