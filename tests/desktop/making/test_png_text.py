"""Settings inside a PNG: in, out, and never harm."""

from __future__ import annotations

import io

import PIL.Image
from buyer_double import plain_picture
from hypothesis import given
from hypothesis import strategies as st

from artrator_desktop.state import png_text

SETTINGS = {"listing": "a/b", "inputs": {"prompt": "안개 낀 산", "seed": 7}}


def test_what_goes_in_comes_out_and_other_programs_can_read_it() -> None:
    saved = png_text.embed(plain_picture(1), SETTINGS)
    assert png_text.read(saved) == SETTINGS
    picture = PIL.Image.open(io.BytesIO(saved))
    picture.load()
    assert "안개" in picture.text["artrator"]


def test_taking_it_out_gives_back_every_byte() -> None:
    original = plain_picture(2)
    assert png_text.strip(png_text.embed(png_text.embed(original, SETTINGS), {"listing": "c/d"})) == original


def test_what_is_not_a_png_is_left_alone() -> None:
    assert png_text.embed(b"\xff\xd8 a jpeg", SETTINGS) == b"\xff\xd8 a jpeg"
    assert png_text.read(b"") is None


@given(st.integers(0, 400), st.binary(max_size=40))
def test_damage_is_never_more_than_nothing(place: int, junk: bytes) -> None:
    saved = png_text.embed(plain_picture(1), SETTINGS)
    bent = saved[:place] + junk + saved[place + len(junk) :]
    assert png_text.read(bent) is None or isinstance(png_text.read(bent), dict)
    png_text.strip(bent)


def test_a_chunk_of_nested_brackets_is_refused() -> None:
    import struct
    import zlib

    body = b"artrator\x00\x00\x00\x00\x00" + b"[" * 100_000
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    plain = plain_picture(1)
    assert png_text.read(plain[:-12] + chunk + plain[-12:]) is None
