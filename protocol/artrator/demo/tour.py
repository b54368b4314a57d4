"""The tour without a screen: one paid job of each example, with its picture, its receipt and what it cost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from artrator.cli._session import make_buyer
from artrator.cli.account import print_statement, without_holds
from artrator.cli.generate import write_outputs
from artrator.clients.buyer import Buyer, Result
from artrator.clients.registry import RegistryClient
from artrator.demo.catalogue import examples_folder
from artrator.demo.stage import BUYER, CREATOR, Stage
from artrator.errors import ArtratorError, Code
from artrator.money import format_credits
from artrator.profile import Profile

PROMPTS = ("a smiling cat", "red apple", "a green frog", "pizza")


async def tour(stage: Stage, output: Path, started: float, say: Callable[[str], None]) -> None:
    """Buy emoji, enlarge them, paint a photo; then show both statements. ``started`` is when the demo was called."""
    async with RegistryClient(stage.registry_url, stage.buyer.identity) as client:
        buyer = await make_buyer(client, stage.buyer)
        for number, prompt in enumerate(PROMPTS):
            small = await _buy(buyer, "emoji", {"prompt": prompt}, {}, say, f"emoji: {prompt}")
            path = write_outputs(small, output / f"emoji-{prompt.replace(' ', '-')}.png", default="emoji")[0]
            if number == 0:
                say(f"first picture {time.monotonic() - started:.1f} s after the start")
            large = await _buy(buyer, "upscale-x4", {}, {"image": path.read_bytes()}, say, "upscale-x4: the same, x4")
            write_outputs(large, path.with_name(f"{path.stem}-x4.png"), default="upscale-x4")
        photo = (examples_folder() / "painterly" / "photo.png").read_bytes()
        painted = await _buy(buyer, "painterly", {}, {"image": photo}, say, "painterly: a photo, painted")
        write_outputs(painted, output / "painterly.png", default="painterly")
    Console().print(f"\nPictures and receipts are in {output.resolve()}\n")
    for profile, name in ((stage.buyer, f"{BUYER}, the buyer"), (stage.creator, f"{CREATOR}, the creator")):
        await _statement(stage, profile, name)


async def _buy(
    buyer: Buyer,
    name: str,
    inputs: Mapping[str, object],
    files: Mapping[str, bytes],
    say: Callable[[str], None],
    title: str,
) -> Result:
    listing = await buyer.registry.listing(f"{CREATOR}/{name}")
    prepared = buyer.prepare(listing, inputs, files)
    quote = await buyer.quote(prepared)
    begun = time.monotonic()
    async with contextlib.aclosing(buyer.run(prepared, quote)) as updates:
        async for update in updates:
            if update.result is not None:
                result = update.result
                paid = format_credits(result.charged)
                # The buyer has checked signature, order, ticket, package, request and output digests by now.
                say(
                    f"{title}: {time.monotonic() - begun:.1f} s, {paid} credits, receipt verified "
                    f"({result.receipt.package[:19]}… on {result.node}, {result.receipt.runtime})"
                )
                return result
    raise ArtratorError(Code.INTERNAL, "The job ended without a result.")


async def _statement(stage: Stage, profile: Profile, name: str) -> None:
    async with RegistryClient(stage.registry_url, profile.identity) as client:
        balance = await client.balance()
        held = f", {format_credits(balance.held)} on hold" if balance.held else ""
        earned = f", {format_credits(balance.pending)} earned and pending" if balance.pending else ""
        title = f"Statement of {name}: {format_credits(balance.available)} credits{held}{earned}"
        print_statement(without_holds((await client.statement(limit=60)).lines), title=title)
