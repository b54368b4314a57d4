"""Images from strangers: decoded rightly, or refused with one of three codes; nothing else ever comes out."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import encoded, noise
from PIL import ImageCms

from artrator import ArtratorError, Code
from artrator.inputs import MAX_IMAGE_BYTES, MAX_PIXELS, decode_image, image_size
from artrator.inputs.images import media_type
from artrator.manifest import InputSpec, InputType

PICTURE = noise()
PIXELS = np.asarray(PICTURE)


def spec(kind: InputType = InputType.IMAGE, **how: object) -> InputSpec:
    return InputSpec("start", kind, {"en": "Start"}, **how)  # type: ignore[arg-type]


def refusal(data: bytes, wanted: InputSpec | None = None) -> ArtratorError:
    with pytest.raises(ArtratorError) as caught:
        decode_image(data, wanted)
    assert caught.value.cure
    return caught.value


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, data: bytes = b"", extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_come_back_exactly(image_format: str) -> None:
    decoded = decode_image(encoded(PICTURE, image_format))
    assert decoded.dtype == np.uint8
    assert decoded.flags.writeable
    np.testing.assert_array_equal(decoded, PIXELS)


def test_lossless_webp_comes_back_exactly() -> None:
    np.testing.assert_array_equal(decode_image(encoded(PICTURE, "WEBP", lossless=True)), PIXELS)


def test_jpeg_comes_back_nearly() -> None:
    smooth = PICTURE.resize((3, 2)).resize((48, 32), PIL.Image.Resampling.BICUBIC)
    near = decode_image(encoded(smooth, "JPEG", quality=95, subsampling=0)).astype(int)
    assert np.abs(near - np.asarray(smooth)).max() < 16


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(buffer.getvalue())[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_turned_the_picture_comes_upright(orientation: int) -> None:
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a[::-1], -1)[:, ::1],
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    stored = PIL.Image.fromarray(np.ascontiguousarray(undo(PIXELS)))
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_image(encoded(stored, "PNG", exif=exif))
    if orientation == 7:  # transverse: flipped along the other diagonal
        np.testing.assert_array_equal(decoded, np.asarray(stored.transpose(PIL.Image.Transpose.TRANSVERSE)))
    else:
        np.testing.assert_array_equal(decoded, PIXELS)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_broken_camera_notes_do_not_spoil_a_picture() -> None:
    data = encoded(PICTURE, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert decode_image(data).shape == (32, 48, 3)


def test_sixteen_bits_are_rounded_and_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(16, 16)
    decoded = decode_image(encoded(PIL.Image.fromarray(ramp), "PNG"))
    np.testing.assert_array_equal(decoded[..., 0].ravel(), np.arange(256))


def test_sixteen_bit_colour_is_read() -> None:
    rows = b"".join(b"\x00" + struct.pack(">6H", 65_535, 32_896, 0, 257, 514, 771) for _ in range(2))
    decoded = decode_image(png(2, 2, depth=16, data=rows))
    assert decoded[0].tolist() == [[255, 128, 0], [1, 2, 3]]


def test_grey_palette_and_one_bit_become_colour() -> None:
    for mode in ("L", "P", "1"):
        converted = PICTURE.convert(mode)
        np.testing.assert_array_equal(decode_image(encoded(converted)), np.asarray(converted.convert("RGB")))


def test_transparency_lies_over_white_for_images_and_over_black_for_masks() -> None:
    clear = PIL.Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    clear.putpixel((0, 0), (10, 20, 30, 255))
    assert decode_image(encoded(clear))[1, 1].tolist() == [255, 255, 255]
    assert decode_image(encoded(clear))[0, 0].tolist() == [10, 20, 30]
    white = PIL.Image.new("RGBA", (4, 4), (255, 255, 255, 0))
    white.putpixel((0, 0), (255, 255, 255, 255))
    mask = decode_image(encoded(white), spec(InputType.MASK))
    assert mask.shape == (4, 4)
    assert mask[0, 0] == 255
    assert mask[1, 1] == 0


def test_palettes_with_a_clear_colour_are_laid_over_white() -> None:
    palette = PIL.Image.new("P", (2, 2), 1)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    assert decode_image(encoded(palette, "PNG", transparency=1))[0, 0].tolist() == [255, 255, 255]
    assert decode_image(encoded(palette, "GIF", transparency=0))[0, 0].tolist() == [200, 0, 0]


def test_alpha_is_kept_where_the_model_wants_it() -> None:
    layered = PICTURE.convert("RGBA")
    layered.putalpha(77)
    decoded = decode_image(encoded(layered), spec(alpha=True))
    assert decoded.shape == (32, 48, 4)
    np.testing.assert_array_equal(decoded[..., :3], PIXELS)
    assert decode_image(encoded(PICTURE), spec(alpha=True))[..., 3].min() == 255


def test_inks_become_light() -> None:
    paper = PIL.Image.new("CMYK", (2, 2), (0, 0, 0, 0))
    paper.putpixel((0, 0), (0, 0, 0, 255))
    decoded = decode_image(encoded(paper, "TIFF"))
    assert decoded[0, 0].tolist() == [0, 0, 0]
    assert decoded[1, 1].tolist() == [255, 255, 255]


def _linear_profile() -> bytes:
    """sRGB's own colours with a straight curve: every middle tone must become lighter in sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    for i in range(count):
        tag, offset, size = struct.unpack(">4sII", profile[132 + 12 * i : 144 + 12 * i])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            straight = b"curv" + bytes(4) + struct.pack(">I", 0)
            profile[offset : offset + len(straight)] = straight[:size]
        if tag == b"desc":
            profile[offset : offset + size] = profile[offset : offset + size].replace(b"R\x00G\x00B", b"X\x00Y\x00Z")
    return bytes(profile)


def test_an_embedded_profile_is_converted_to_srgb() -> None:
    grey = PIL.Image.new("RGB", (2, 2), (55, 55, 55))
    assert decode_image(encoded(grey, "PNG", icc_profile=_linear_profile()))[0, 0, 0] > 100
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode_image(encoded(grey, "PNG", icc_profile=srgb))[0, 0].tolist() == [55, 55, 55]
    assert decode_image(encoded(grey, "PNG", icc_profile=b"broken"))[0, 0].tolist() == [55, 55, 55]


@pytest.mark.parametrize(
    ("width", "height"), [(100_000, 100_000), (16_000, 16_000), (10_000, 9_000), (9_000, 9_000), (65_535, 1)]
)
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    assert refusal(png(width, height, data=bytes(1000))).code is Code.IMAGE_TOO_LARGE


def test_a_bomb_of_text_in_a_small_picture_is_refused() -> None:
    bomb = chunk(b"zTXt", b"note\x00\x00" + zlib.compress(bytes(200_000_000), 9))
    assert refusal(png(4, 4, data=bytes(52), extra=bomb)).code is Code.IMAGE_CORRUPT


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    data = encoded(PICTURE, "JPEG", progressive=True)
    scan = data[data.index(b"\xff\xda") : -2]
    assert refusal(data[:-2] + scan * 200 + data[-2:]).code is Code.IMAGE_TOO_LARGE


def _flooded(image_format: str, at: int, piece: bytes) -> bytes:
    whole = encoded(noise(8, 8), image_format)
    return whole[:at] + piece * (1_000_000 // len(piece)) + whole[at:]


@pytest.mark.parametrize(
    "data",
    [
        _flooded("PNG", 33, b"\0\0\0\0aaAa" + zlib.crc32(b"aaAa").to_bytes(4, "big")),
        _flooded("PNG", -12, b"\0\0\0\0aaAa" + zlib.crc32(b"aaAa").to_bytes(4, "big")),
        _flooded("JPEG", 2, b"\xff\xe5\0\2"),
        _flooded("JPEG", 2, b"\xff"),
        b"GIF89a\x08\0\x08\0\0\0\0" + b"\x21\xfe\0" * 100_000 + b"\x2c\0\0\0\0\x08\0\x08\0\0\2\2\x4c\1\0;",
    ],
    ids=["before the pixels", "behind the pixels", "empty segments", "fill bytes", "empty blocks"],
)
def test_a_picture_of_very_many_empty_pieces_is_refused(data: bytes) -> None:
    with pytest.raises(ArtratorError, match="pieces") as caught:
        decode_image(data)
    assert caught.value.code is Code.IMAGE_TOO_LARGE


def test_a_large_picture_in_small_pieces_is_read() -> None:
    whole = encoded(noise(1000, 1000))
    begin = whole.index(b"IDAT") - 4
    pixels = b"".join(data for data in _idats(whole))
    pieces = [pixels[at : at + 2048] for at in range(0, len(pixels), 2048)]
    made = b"".join(
        len(piece).to_bytes(4, "big") + b"IDAT" + piece + zlib.crc32(b"IDAT" + piece).to_bytes(4, "big")
        for piece in pieces
    )
    assert len(pieces) > 1000
    assert np.array_equal(decode_image(whole[:begin] + made + whole[-12:]), decode_image(whole))


def _idats(png: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            yield png[at + 8 : at + 8 + size]
        at += 12 + size


def test_too_many_bytes_are_refused_unread() -> None:
    assert refusal(bytes(MAX_IMAGE_BYTES + 1)).code is Code.IMAGE_TOO_LARGE


@pytest.mark.parametrize(
    ("limits", "code", "named"),
    [
        ({"max_side": 47}, Code.IMAGE_TOO_LARGE, "at most 47"),
        ({"max_pixels": 1535}, Code.IMAGE_TOO_LARGE, "at most 1535"),
        ({"min_side": 33}, Code.INPUT_INVALID, "at least 33"),
    ],
)
def test_the_limits_of_an_input_are_named(limits: dict[str, int], code: Code, named: str) -> None:
    error = refusal(encoded(PICTURE), spec(**limits))
    assert error.code is code
    assert named in error.message
    assert "48 x 32" in error.message
    assert error.details == {"input": "start"}


def test_no_manifest_lifts_the_hard_limits() -> None:
    generous = spec(max_side=65_535, max_pixels=2**32)
    error = refusal(png(9_000, 9_000), generous)
    assert error.code is Code.IMAGE_TOO_LARGE
    assert str(MAX_PIXELS) in error.message


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_cut_off_file_is_refused(image_format: str) -> None:
    data = encoded(PICTURE, image_format)
    for length in (1, 10, len(data) // 4, len(data) // 2):
        assert refusal(data[:length]).code is Code.IMAGE_CORRUPT


@pytest.mark.parametrize("image_format", ["PPM", "ICO", "TGA", "PDF", "EPS", "SGI", "PCX", "DDS"])
def test_other_formats_are_refused(image_format: str) -> None:
    assert refusal(encoded(PICTURE, image_format)).code is Code.IMAGE_CORRUPT


@pytest.mark.parametrize("mode", ["I", "F"])
def test_samples_without_a_white_are_refused(mode: str) -> None:
    error = refusal(encoded(PICTURE.convert("L").convert(mode), "TIFF"))
    assert error.code is Code.IMAGE_CORRUPT
    assert "32-bit" in error.message


@pytest.mark.parametrize("data", [b"", b"\x00", b"hello", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"GIF89a" + bytes(20)])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    assert refusal(data).code is Code.IMAGE_CORRUPT


def test_size_and_type_come_from_the_content() -> None:
    for image_format in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        data = encoded(PICTURE, image_format)
        assert image_size(data) == (48, 32)
        assert media_type(data) == f"image/{image_format.lower()}"


_REAL = [
    encoded(PICTURE, "PNG"),
    encoded(PICTURE.convert("P"), "PNG", transparency=3),
    encoded(PICTURE.convert("LA"), "PNG"),
    encoded(PICTURE, "JPEG", progressive=True),
    encoded(PICTURE.convert("CMYK"), "JPEG"),
    encoded(PICTURE, "WEBP"),
    encoded(PICTURE.convert("RGBA"), "WEBP", lossless=True),
    encoded(PICTURE, "GIF"),
    encoded(PICTURE, "BMP"),
    encoded(PICTURE, "TIFF", compression="tiff_lzw"),
    encoded(PICTURE, "TIFF", compression="tiff_adobe_deflate"),
    encoded(PICTURE, "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(_REAL),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=0, max_size=6)), min_size=1, max_size=5),
    st.floats(0, 1),
    st.sampled_from([None, spec(), spec(alpha=True), spec(InputType.MASK), spec(min_side=8, max_pixels=10**6)]),
)
def test_flipped_bytes_give_a_picture_or_a_catalogue_error(
    data: bytes, edits: list[tuple[float, bytes]], keep: float, wanted: InputSpec | None
) -> None:
    broken = bytearray(data)
    for where, new in edits:
        at = int(where * len(broken))
        broken[at : at + len(new)] = new
    if keep < 0.3:
        broken = broken[: int(len(broken) * (keep + 0.7))]
    try:
        decoded = decode_image(bytes(broken), wanted)
    except ArtratorError as error:
        caught: ArtratorError | None = error
    else:
        caught = None
        assert decoded.dtype == np.uint8
        assert decoded.ndim == (2 if wanted is not None and wanted.type is InputType.MASK else 3)
    assert caught is None or caught.code in (Code.IMAGE_CORRUPT, Code.IMAGE_TOO_LARGE, Code.INPUT_INVALID)
