"""Films in and out: every kind comes back with its frames and its rate, and what is wrong names the frame."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from packages import MANIFEST, encoded, noise

from artrator import ArtratorError, Code
from artrator.cli.generate import read_files
from artrator.frames import Film, FilmLimits, is_film, read_film, write_film
from artrator.frames.sequence import natural
from artrator.inputs import decode_image
from artrator.package import read_manifest

SIZE = 64, 48


def picture(number: int, size: tuple[int, int] = SIZE) -> npt.NDArray[np.uint8]:
    """Smooth colours that change from frame to frame."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    planes = [x * 255 // width, y * 255 // height, np.full((height, width), 20 * number)]
    return np.stack(planes, -1).astype(np.uint8)


def png(array: npt.NDArray[np.uint8], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


FRAMES = [png(picture(number)) for number in range(6)]


def close(film: Film, most: float) -> bool:
    found = [decode_image(frame).astype(int) for frame in film.frames]
    return len(found) == len(FRAMES) and all(
        np.abs(a - picture(number)).mean() < most for number, a in enumerate(found)
    )


def refusal(path: Path, limits: FilmLimits | None = None) -> ArtratorError:
    with pytest.raises(ArtratorError) as caught:
        read_film(path, limits or FilmLimits())
    assert path.name in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("name", "most"), [("film.mp4", 8), ("film.gif", 8), ("film.webp", 5), ("film.zip", 0.01), ("film", 0.01)]
)
@pytest.mark.parametrize("rate", [24.0, 30000 / 1001, 12.5])
def test_what_is_written_is_read_again_with_its_rate(tmp_path: Path, name: str, most: float, rate: float) -> None:
    write_film(tmp_path / name, FRAMES, rate)
    assert is_film(tmp_path / name)
    film = read_film(tmp_path / name)
    assert close(film, most)
    if name in ("film.zip", "film"):
        assert list(film.frames) == FRAMES
        assert film.rate is None
    else:
        # A GIF counts in hundredths of a second, so six frames are right to within one of them.
        assert film.rate == pytest.approx(rate, rel=0.05 if name.endswith("gif") else 0.01)


def test_a_film_of_odd_sides_keeps_every_pixel(tmp_path: Path) -> None:
    frames = [png(picture(number, (61, 45))) for number in range(3)]
    write_film(tmp_path / "odd.mp4", frames, 25)
    first = decode_image(read_film(tmp_path / "odd.mp4").frames[0])
    assert first.shape == (46, 62, 3)
    assert np.abs(first[:45, :61].astype(int) - picture(0, (61, 45))).mean() < 10


def test_a_kind_is_known_by_content_and_not_by_name(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", FRAMES)
    (tmp_path / "film.mp4").rename(tmp_path / "film.png")
    assert close(read_film(tmp_path / "film.png"), 8)
    (tmp_path / "one.mp4").write_bytes(FRAMES[0])
    assert not is_film(tmp_path / "one.mp4")


def test_people_count_frame_2_before_frame_10() -> None:
    assert natural(["f10.png", "f2.png", "F1.png", "g.png"]) == ["F1.png", "f2.png", "f10.png", "g.png"]


def test_a_folder_holds_pictures_and_what_else_lies_there_is_left_alone(tmp_path: Path) -> None:
    for number, frame in enumerate(FRAMES):
        (tmp_path / f"shot_{number + 8}.png").write_bytes(frame)
    (tmp_path / "notes.txt").write_text("not a frame")
    (tmp_path / ".hidden.png").write_bytes(b"not a frame")
    (tmp_path / "folder.png").mkdir()
    assert list(read_film(tmp_path).frames) == FRAMES


def test_a_zip_of_a_folder_made_on_a_mac_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("shot/", b"")
        for number, frame in enumerate(FRAMES):
            archive.writestr(f"shot/{number}.png", frame)
            archive.writestr(f"__MACOSX/shot/._{number}.png", b"fork")
    assert list(read_film(tmp_path / "a.zip").frames) == FRAMES


def test_a_broken_frame_in_the_middle_is_named(tmp_path: Path) -> None:
    write_film(tmp_path / "film", FRAMES)
    (tmp_path / "film" / "0004.png").write_bytes(FRAMES[3][: len(FRAMES[3]) // 2])
    error = refusal(tmp_path / "film")
    assert error.code is Code.IMAGE_CORRUPT
    assert "frame 4 (0004.png)" in error.message


def test_a_broken_frame_in_a_zip_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number, frame in enumerate(FRAMES):
            archive.writestr(f"{number}.png", frame if number != 2 else frame[:-30])
    assert "frame 3 (2.png)" in refusal(tmp_path / "a.zip").message
    write_film(tmp_path / "b.zip", FRAMES)
    data = bytearray((tmp_path / "b.zip").read_bytes())
    data[len(FRAMES[0]) + 200] ^= 0xFF  # within the second frame, whose checksum the archive knows
    (tmp_path / "b.zip").write_bytes(data)
    assert "frame 2 cannot be taken out of the zip file" in refusal(tmp_path / "b.zip").message


def test_a_movie_that_breaks_off_is_refused(tmp_path: Path) -> None:
    frames = [png(picture(number, (160, 96))) for number in range(12)]
    write_film(tmp_path / "film.mp4", frames, 24)
    data = (tmp_path / "film.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    assert refusal(tmp_path / "cut.mp4").code is Code.IMAGE_CORRUPT
    (tmp_path / "noise.mp4").write_bytes(data[:12] + bytes(2000))
    assert refusal(tmp_path / "noise.mp4").code is Code.IMAGE_CORRUPT


def test_an_animation_that_breaks_off_is_refused_with_the_frame(tmp_path: Path) -> None:
    write_film(tmp_path / "film.gif", FRAMES)
    data = (tmp_path / "film.gif").read_bytes()
    (tmp_path / "film.gif").write_bytes(data[: len(data) // 2])
    assert "frame " in refusal(tmp_path / "film.gif").message


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    write_film(tmp_path / "film", FRAMES)
    (tmp_path / "film" / "0003.png").write_bytes(png(picture(1, (32, 32))))
    assert "frame 3 (0003.png) is 32 x 32 pixels, the first frame 64 x 48" in refusal(tmp_path / "film").message


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "film.webp", "film.zip", "film"])
def test_more_than_may_be_is_refused_whatever_the_kind(tmp_path: Path, name: str) -> None:
    write_film(tmp_path / name, FRAMES)
    assert "has 6 frames; at most 5" in refusal(tmp_path / name, FilmLimits(frames=5)).message
    large = refusal(tmp_path / name, FilmLimits(pixels=3000))
    assert large.code is Code.IMAGE_TOO_LARGE
    assert "64 x 48; at most 3000 pixels" in large.message
    assert "more than 10000 pixels in all" in refusal(tmp_path / name, FilmLimits(total_pixels=10_000)).message
    assert "takes more than 0 MiB" in refusal(tmp_path / name, FilmLimits(total_bytes=200)).message


def test_an_empty_folder_or_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no frames" in refusal(tmp_path / "empty").message
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    assert "holds no frames" in refusal(tmp_path / "a.zip").message


def test_a_zip_bomb_is_refused_without_being_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.png", "w") as file:
        for _ in range(80):
            file.write(bytes(1 << 20))
    assert "a.png has more than" in refusal(tmp_path / "a.zip").message


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    write_film(tmp_path / "a.zip", FRAMES[:1])
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    assert "cannot be taken out" in refusal(tmp_path / "a.zip").message


def test_a_playlist_never_reaches_the_decoder(tmp_path: Path) -> None:
    """It names addresses and other files, which a decoder would open."""
    (tmp_path / "film.mp4").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n")
    assert not is_film(tmp_path / "film.mp4")
    assert refusal(tmp_path / "film.mp4").code is Code.IMAGE_CORRUPT


def test_a_png_that_claims_a_thousand_million_pixels_is_refused_by_its_header(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 20_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "1.png").write_bytes(bomb)
    assert "frame 1 (1.png)" in refusal(tmp_path / "film").message


def test_without_opencv_movies_are_refused_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "film.mp4", FRAMES)
    monkeypatch.setitem(sys.modules, "cv2", None)
    for work in (lambda: read_film(tmp_path / "film.mp4"), lambda: write_film(tmp_path / "b.mp4", FRAMES)):
        with pytest.raises(ArtratorError, match=r"OpenCV is needed") as caught:
            work()
        assert "artrator[video]" in (caught.value.cure or "")


@pytest.mark.parametrize("name", ["film.avi", "film.mov", "film.png"])
def test_other_endings_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtratorError, match="films are not written as"):
        write_film(tmp_path / name, FRAMES)
    assert list(tmp_path.iterdir()) == []


def test_a_film_without_frames_or_with_unlike_ones_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ArtratorError, match="there are no frames"):
        write_film(tmp_path / "a.gif", [])
    for name in ("a.gif", "a.mp4", "a.webp"):
        with pytest.raises(ArtratorError, match="Frame 2 has another size"):
            write_film(tmp_path / name, [FRAMES[0], png(picture(0, (32, 32)))])
        assert not (tmp_path / name).exists()


def test_the_command_line_takes_a_film_where_several_images_belong(tmp_path: Path) -> None:
    manifest = read_manifest(MANIFEST)
    write_film(tmp_path / "film.webp", FRAMES[:3], 15)
    given = read_files(manifest, [f"frames={tmp_path / 'film.webp'}"])
    assert len(given.files["frames"]) == 3
    assert given.rate == pytest.approx(15, rel=0.01)
    (tmp_path / "one.png").write_bytes(encoded(noise()))
    plain = read_files(manifest, [f"frames={tmp_path / 'one.png'}", f"frames={tmp_path / 'one.png'}"])
    assert plain.files == {"frames": [encoded(noise())] * 2}
    write_film(tmp_path / "long.zip", FRAMES)
    with pytest.raises(ArtratorError, match="has 6 frames; at most 3"):
        read_files(manifest, [f"frames={tmp_path / 'long.zip'}"])
    with pytest.raises(ArtratorError, match="cannot be read"):
        read_files(manifest, [f"frames={tmp_path / 'nothing'}"])
