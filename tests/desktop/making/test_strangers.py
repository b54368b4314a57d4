"""What comes from strangers: pictures, titles, settings. None of it may do more than be shown."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from buyer_double import plain_picture

from artrator_desktop.state import AppState, pictures, png_text
from artrator_desktop.ui.images import read_covering
from artrator_desktop.ui.text import straight, tip
from artrator_desktop.ui.widgets import ElidedLabel, Label

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'


def bomb(side: int) -> bytes:
    """A PNG header that promises side x side pixels, with next to nothing behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def test_only_pictures_that_nodes_make_are_decoded(qapp: Any, tmp_path: Path) -> None:
    assert not pictures.decode(plain_picture(1)).isNull()
    gif = io.BytesIO()
    PIL.Image.new("RGB", (9, 9)).save(gif, "GIF")
    for data in (SVG, gif.getvalue(), b"", b"\x89PNG"):
        assert pictures.decode(data).isNull()
        disguised = tmp_path / "sample.png"
        disguised.write_bytes(data)
        assert pictures.decode_file(disguised).isNull()
        from PySide6.QtCore import QSize

        assert read_covering(str(disguised), QSize(64, 64)).isNull()


def test_a_bomb_is_refused_by_its_header(qapp: Any) -> None:
    assert pictures.decode(bomb(20_000)).isNull()
    assert pictures.decode(bomb(3000), 640, pixels=4_000_000).isNull()


def test_html_in_a_title_stays_words(qtbot: Any) -> None:
    evil = '<img src="file:///etc/passwd"> a title that is much too long for the little room it has'
    assert tip(evil).startswith("<p>&lt;img")
    label = ElidedLabel(evil)
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.show()
    assert "<img" not in label.toolTip()
    assert label.textFormat().name == "PlainText"


@pytest.mark.parametrize("listing", ["../v1/account", "a/b/c", "a/../b", "A/b", "", 7, None, "a/b?x=1"])
def test_a_picture_cannot_name_a_path_on_the_registry(
    qtbot: Any, app: AppState, opened: Any, tmp_path: Path, listing: object
) -> None:
    opened()
    path = tmp_path / "evil.png"
    path.write_bytes(png_text.embed(plain_picture(1), {"listing": listing, "inputs": {"prompt": "x"}}))
    with qtbot.waitSignal(app.create.nothing_inside, timeout=60_000):
        app.create.reuse_file(str(path))
    assert app.create.listing == "atelier/emoji"


def test_a_title_cannot_turn_the_words_after_it_around(qtbot: Any) -> None:
    label = Label("Emoji \u202e· 0 credits")
    qtbot.addWidget(label)
    assert label.text() == "Emoji · 0 credits"
    assert straight("שלום \u2066a\u2069") == "שלום a"
    assert straight("مرحبا") == "مرحبا"
