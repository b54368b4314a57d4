# SPDX-License-Identifier: Apache-2.0
"""Builds the training set: captioned 32x32 emoji in three drawing styles.

Pictures come from npm packages that ``fetch`` downloads with ``npm pack``; nothing of them is kept in this
repository.  Run ``python data.py --work DIR --text-encoder FILE --tokenizer FILE``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colour import HUES, dominant_colour, repaint
from concepts import REPAINTED, Entry, captions, is_kept, repainted_captions, sampling_weight
from text import TextEncoder

IMAGE_SIZE = 32

PACKAGES = (
    "emoji-datasource-google@16.0.0",  # Noto Emoji, Apache-2.0
    "emoji-datasource-twitter@16.0.0",  # Twemoji, CC-BY 4.0
    "@lobehub/fluent-emoji-3d@1.1.0",  # Microsoft Fluent Emoji, MIT
    "emojibase-data@17.0.0",  # labels and tags, MIT
)

STYLE_SOURCES = (  # style, folder of its pictures, file suffix; the order of the one-hot style input
    ("noto", "emoji-datasource-google-16.0.0/img/google/64", ".png"),
    ("twemoji", "emoji-datasource-twitter-16.0.0/img/twitter/64", ".png"),
    ("fluent", "lobehub-fluent-emoji-3d-1.1.0/assets", ".webp"),
)

REPAINTED_WEIGHT = 0.5
"""How often a repainted drawing is shown, relative to an ordinary object."""


def fetch(folder: Path) -> None:
    """Download and unpack the npm packages into ``folder`` unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        stem = package.removeprefix("@").replace("/", "-").replace("@", "-")
        if (folder / stem).exists():
            continue
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
        with tarfile.open(folder / f"{stem}.tgz") as archive:
            # The emoji-datasource packages also hold other sizes and sheets: 64 pixels suffice.
            wanted = [m for m in archive.getmembers() if "/img/" not in m.name or "/64/" in m.name]
            for member in wanted:
                member.name = member.name.removeprefix("package/")
            archive.extractall(folder / stem, members=wanted, filter="data")


def load_picture(path: Path) -> NDArray[np.uint8]:
    """Read an RGBA picture, lay it on white and scale it to ``[32, 32, 3]`` uint8 RGB."""
    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    canvas = Image.new("RGBA", picture.size, "white")
    canvas.alpha_composite(picture)
    return np.asarray(canvas.convert("RGB").resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS))


def find_picture(folder: Path, hexcode: str, suffix: str) -> Path | None:
    """Find an emoji's file; packages disagree on the variation selector FE0F in names."""
    code = hexcode.lower()
    for candidate in (code, f"{code}-fe0f", code.replace("-fe0f", "")):
        if (folder / (candidate + suffix)).exists():
            return folder / (candidate + suffix)
    return None


def build(packages: Path, encoder: TextEncoder, output: Path) -> None:
    """Write the training set to ``output`` (npz).

    Arrays: ``images [n, 32, 32, 3] uint8``, ``style [n] int64``, ``label [n]`` text, ``weight [n] float32`` (sampling),
    ``embeddings [c, 384] float16`` (one a distinct caption), ``captions [c]`` text, and ``caption_ids`` with
    ``caption_weights`` ``[n, k]``: the captions of each picture, padded with weight 0.
    """
    entries: list[Entry] = json.loads((packages / "emojibase-data-17.0.0/en/data.json").read_text("utf-8"))
    images, styles, labels, weights, picture_captions = [], [], [], [], []
    for entry in filter(is_kept, entries):
        for index, (_, folder, suffix) in enumerate(STYLE_SOURCES):
            path = find_picture(packages / folder, entry["hexcode"], suffix)
            if path is None:
                continue
            picture = load_picture(path)
            colour = dominant_colour(picture)
            versions = [(picture, sampling_weight(entry), captions(entry, colour))]
            if entry["label"] in REPAINTED:
                versions += [
                    (repainted, REPAINTED_WEIGHT, repainted_captions(entry, other))
                    for other in HUES
                    if other != colour and (repainted := repaint(picture, other)) is not None
                ]
            for pixels, weight, own_captions in versions:
                images.append(pixels)
                styles.append(index)
                labels.append(entry["label"])
                weights.append(weight)
                picture_captions.append(own_captions)
    table = {text: row for row, text in enumerate(sorted({text for own in picture_captions for text, _ in own}))}
    width = max(map(len, picture_captions))
    caption_ids = np.zeros((len(images), width), np.int64)
    caption_weights = np.zeros((len(images), width), np.float32)
    for row, own in enumerate(picture_captions):
        caption_ids[row, : len(own)] = [table[text] for text, _ in own]
        caption_weights[row, : len(own)] = [weight for _, weight in own]
    print(f"{len(images)} pictures of {len(set(labels))} emoji, {len(table)} captions", flush=True)
    np.savez_compressed(
        output,
        images=np.stack(images),
        style=np.array(styles),
        label=np.array(labels),
        weight=np.array(weights, np.float32),
        captions=np.array(list(table)),
        caption_ids=caption_ids,
        caption_weights=caption_weights,
        embeddings=encoder.encode(list(table)).astype(np.float16),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for packages and the training set")
    parser.add_argument("--text-encoder", type=Path, required=True, help="MiniLM ONNX file")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of MiniLM")
    arguments = parser.parse_args()
    fetch(arguments.work / "npm")
    encoder = TextEncoder(arguments.text_encoder, arguments.tokenizer)
    build(arguments.work / "npm", encoder, arguments.work / "emoji.npz")


if __name__ == "__main__":
    main()
