"""Films through the whole chain: many pictures up to a node, many back, paid by the pixel; the how-to as written."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from federation import Federation, Person, copy_example, federation
from PIL import Image

from artrator.clients.buyer import Stage
from artrator.clients.registry import RegistryClient
from artrator.demo.services import environment
from artrator.errors import ArtratorError, Code
from artrator.frames import read_film

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "examples" / "stylise-video" / "package" / "samples"
COUNT = 12


@pytest.fixture(scope="module")
def atelier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A federation that paints clips at 5 credits a megapixel-frame."""
    folder = tmp_path_factory.mktemp("films")
    with federation(folder) as it:
        it.publish(copy_example("stylise-video", folder / "packages"), "--base", "1", "--price", "pixel=5/1000000")
        it.start_node()
        yield it


@pytest.fixture(scope="module")
def artist(atelier: Federation) -> Person:
    return atelier.person("mina", 1000)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample clip and its paintings, small enough for a test."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "clip").mkdir()
    for number in range(1, COUNT + 1):
        with Image.open(SAMPLES / f"frame-{number:02d}.jpg") as frame:
            frame.resize((128, 72)).save(folder / "clip" / f"{number}.png")
    for number in (1, COUNT):
        with Image.open(SAMPLES / f"painted-{number:02d}.jpg") as painted:
            painted.resize((128, 72)).save(folder / f"painted-{number:02d}.png")
            painted.resize((128, 72)).save(folder / f"painted-{number:02d}.jpg")
    return folder


def given(small: Path, frames: list[bytes] | None = None) -> dict[str, bytes | list[bytes]]:
    clip = frames or [(small / "clip" / f"{number}.png").read_bytes() for number in range(1, COUNT + 1)]
    return {"frames": clip, "keyframes": [(small / f"painted-{n:02d}.png").read_bytes() for n in (1, COUNT)]}


@pytest.mark.skipif(sys.platform == "win32", reason="the page shows a POSIX shell")
def test_the_how_to_works_as_written(atelier: Federation, artist: Person, small: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "stylise-a-video.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)).replace("ATELIER", "atelier")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mine = dict(environment(artist.profile.folder)) | {"PATH": path}
    done = subprocess.run(["bash", "-euc", script], cwd=small, env=mine, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    film = read_film(small / "film.webp")
    assert len(film.frames) == COUNT
    assert film.rate == pytest.approx(12, rel=0.01)
    assert (small / "film.receipt.json").exists()


@pytest.mark.parametrize("name", ["out.mp4", "out"])
def test_a_film_goes_in_and_comes_out_as_movie_and_as_folder(
    artist: Person, small: Path, name: str, tmp_path: Path
) -> None:
    """Three frames: the chain is the same for more."""
    made = artist.run(
        "generate", "atelier/stylise-video",
        *(f"--file=frames={small / 'clip' / f'{number}.png'}" for number in (1, 2, 3)),
        f"--file=keyframes={small / 'painted-01.png'}", "--set=quality=fast", f"--video={tmp_path / name}", "--rate=25",
    )  # fmt: skip
    assert made.returncode == 0, shlex.join(made.args) + made.stderr
    assert len(read_film(tmp_path / name).frames) == 3


def test_a_film_is_paid_by_its_pixels_and_every_frame_is_signed_for(
    atelier: Federation, artist: Person, small: Path
) -> None:
    result = artist.buy("atelier/stylise-video", {"keyframe_numbers": "1, 12", "seed": 3}, given(small))
    assert result.charged == 1_000_000 + 5 * COUNT * 128 * 72
    assert [delivered.output.name for delivered in result.outputs] == [f"frames-{n}" for n in range(1, COUNT + 1)]
    assert len(result.receipt.outputs) == COUNT
    assert result.settled
    first = Image.open(io.BytesIO(result.outputs[0].data)).convert("RGB")
    assert first.tobytes() == Image.open(small / "painted-01.png").convert("RGB").tobytes()
    assert "no difference" in atelier.audit()


@pytest.mark.slow
def test_two_hundred_frames_go_through(artist: Person, small: Path) -> None:
    """Most of them masked, so that the test is about the way and not about the work."""
    frames = []
    for number in range(200):
        with Image.open(small / "clip" / f"{number % COUNT + 1}.png") as frame:
            buffer = io.BytesIO()
            frame.resize((64, 36)).rotate(number * 0.1).save(buffer, "PNG")
            frames.append(buffer.getvalue())
    mask = io.BytesIO()
    black = Image.new("L", (64, 36))
    black.paste(255, (20, 10, 36, 26))
    black.save(mask, "PNG")
    files: dict[str, bytes | list[bytes]] = {"frames": frames, "keyframes": [frames[0]], "masks": [mask.getvalue()]}
    result = artist.buy("atelier/stylise-video", {"quality": "fast"}, files)
    assert len(result.outputs) == 200
    assert result.settled


def test_a_wrong_number_is_told_and_costs_nothing(artist: Person, small: Path) -> None:
    before = artist.balance()
    with pytest.raises(ArtratorError, match="keyframe_numbers: 13 is no frame; there are 12") as caught:
        artist.buy("atelier/stylise-video", {"keyframe_numbers": "1, 13"}, given(small))
    assert caught.value.code is Code.INPUT_INVALID
    after = artist.balance()
    assert (after.available, after.held) == (before.available, before.held)


def test_a_film_shows_previews_and_can_be_cancelled_inside(artist: Person, small: Path) -> None:
    large = []
    for number in range(1, COUNT + 1):
        with Image.open(SAMPLES / f"frame-{number:02d}.jpg") as frame:
            buffer = io.BytesIO()
            frame.resize((960, 540)).save(buffer, "JPEG", quality=90)
            large.append(buffer.getvalue())

    async def work(client: RegistryClient) -> list[Stage]:
        buyer = artist.buyer(client)
        listing = await client.listing("atelier/stylise-video")
        prepared = buyer.prepare(listing, {"keyframe_numbers": "1"}, {"frames": large, "keyframes": [large[0]]})
        seen = []
        async with contextlib.aclosing(buyer.run(prepared, await buyer.quote(prepared))) as updates:
            async for update in updates:
                seen.append(update.stage)
                if update.stage is Stage.PREVIEW:
                    for pending in await asyncio.to_thread(buyer.pending):
                        await buyer.cancel(pending)
        return seen

    before = artist.balance()
    with pytest.raises(ArtratorError) as caught:
        artist.ask(work)
    assert caught.value.code is Code.JOB_CANCELLED
    Federation.wait_for(lambda: artist.balance().available == before.available, "the hold was not released")
