"""The tour without a screen: one paid job of each example, with its picture, its receipt and what it cost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from artrator.cli._prices import paid
from artrator.cli._session import make_buyer
from artrator.cli.account import print_statement, without_holds
from artrator.cli.generate import write_result
from artrator.clients.buyer import Buyer
from artrator.clients.registry import RegistryClient
from artrator.demo.catalogue import examples_folder
from artrator.demo.stage import BUYER, CREATOR, Stage
from artrator.money import format_credits
from artrator.profile import Profile

PROMPTS = ("a smiling cat", "red apple", "a green frog", "pizza")


async def tour(stage: Stage, output: Path, started: float, say: Callable[[str], None]) -> None:
    """Buy emoji, enlarge them, paint a photo; then show both statements. ``started`` is when the demo was called."""
    async with RegistryClient(stage.registry_url, stage.buyer.identity) as client:
        buyer = await make_buyer(client, stage.buyer)
        for number, prompt in enumerate(PROMPTS):
            path = output / f"emoji-{prompt.replace(' ', '-')}.png"
            small = await _buy(buyer, "emoji", {"prompt": prompt}, {}, path, say, f"emoji: {prompt}")
            if number == 0:
                say(f"first picture {time.monotonic() - started:.1f} s after the start")
            large = path.with_name(f"{path.stem}-x4.png")
            await _buy(buyer, "upscale-x4", {}, {"image": small}, large, say, "upscale-x4: the same, x4")
        photo = (examples_folder() / "painterly" / "photo.png").read_bytes()
        title = "painterly: a photo, painted"
        await _buy(buyer, "painterly", {}, {"image": photo}, output / "painterly.png", say, title)
    Console().print(f"\nPictures and receipts are in {output.resolve()}\n")
    for profile, name in ((stage.buyer, f"{BUYER}, the buyer"), (stage.creator, f"{CREATOR}, the creator")):
        await _statement(stage, profile, name)


async def _buy(
    buyer: Buyer,
    name: str,
    inputs: Mapping[str, object],
    files: Mapping[str, bytes],
    path: Path,
    say: Callable[[str], None],
    title: str,
) -> bytes:
    """Buy one job, write its outputs and papers to ``path``, and return the first output."""
    listing = await buyer.registry.listing(f"{CREATOR}/{name}")
    prepared = buyer.prepare(listing, inputs, files)
    quote = await buyer.quote(prepared)
    begun = time.monotonic()
    picture = b""
    async with contextlib.aclosing(buyer.run(prepared, quote)) as updates:
        async for update in updates:
            if (result := update.result) is not None:
                write_result(result, path, default=name)
                picture = result.outputs[0].data
                # The buyer has checked signature, order, ticket, package, request and output digests by now.
                say(
                    f"{title}: {time.monotonic() - begun:.1f} s, {paid(result.charged, result.paid_by)}, receipt "
                    f"verified ({result.receipt.package[:19]}… on {result.node}, {result.receipt.runtime})"
                )
    return picture


async def _statement(stage: Stage, profile: Profile, name: str) -> None:
    async with RegistryClient(stage.registry_url, profile.identity) as client:
        balance = await client.balance()
        held = f", {format_credits(balance.held)} on hold" if balance.held else ""
        title = f"Statement of {name}: {format_credits(balance.available)} credits{held}"
        # A creator who never bought anything would be shown an empty table.
        if lines := without_holds((await client.statement(limit=60)).lines):
            print_statement(lines, title=title)
        if balance.earnings or balance.pending:
            pending = f", {format_credits(balance.pending)} pending" if balance.pending else ""
            title = f"Earnings of {name}: {format_credits(balance.earnings)} credits{pending}"
            print_statement((await client.statement(of="earnings", limit=60)).lines, title=title)
