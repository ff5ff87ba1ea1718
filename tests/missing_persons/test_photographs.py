"""The photograph mill: clean pictures out of good files, a plain refusal of all others."""

import hashlib
import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from casa.missing_persons.photographs import (
    MAX_THUMBNAIL_BYTES,
    SIZES,
    Photograph,
    PhotographError,
    Rendition,
    mill,
    mill_safely,
)
from casa.missing_persons.pictures import MAX_BYTES, MAX_JPEG_PIXELS, MAX_PIXELS

pillow_heif.register_heif_opener()

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")
SECRET = b"SECRET-PLACE"
RED, GREEN, BLUE, GREY = (230, 20, 20), (20, 200, 20), (20, 20, 230), (128, 128, 128)
UPRIGHT = (RED, GREEN, BLUE, GREY)
"""The corners from the upper left one clockwise."""

# Where the first row and the first column of what is stored belong: Exif 2.32, tag 274.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def corners(width: int = 300, height: int = 200) -> Image.Image:
    """A picture with a colour of its own in each corner."""
    image = Image.new("RGB", (width, height))
    left, top = width // 2, height // 2
    boxes = ((0, 0), (left, 0), (left, top), (0, top))
    for colour, (x, y) in zip(UPRIGHT, boxes, strict=True):
        image.paste(colour, (x, y, x + width - left, y + height - top))
    return image


def stored(image: Image.Image, orientation: int) -> Image.Image:
    """The pixels as a camera that is held so would store them."""
    rows, columns = SIDES[orientation]
    pixels = np.asarray(image)
    if rows in ("left", "right"):
        pixels = pixels.transpose(1, 0, 2)
    if rows in ("bottom", "right"):
        pixels = pixels[::-1]
    if columns in ("bottom", "right"):
        pixels = pixels[:, ::-1]
    return Image.fromarray(np.ascontiguousarray(pixels))


def shown(rendition: Rendition) -> Image.Image:
    image = Image.open(io.BytesIO(rendition.data))
    assert image.format is not None
    assert image.get_format_mimetype() == rendition.mime_type
    assert image.mode == "RGB"
    assert image.size == (rendition.width, rendition.height)
    return image


def colour(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    found = image.getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(found, tuple)
    return tuple(int(band) for band in found)


def like(found: tuple[int, ...], meant: tuple[int, ...], within: int = 24) -> bool:
    return all(abs(one - other) <= within for one, other in zip(found, meant, strict=True))


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The markers of a JPEG and what they hold; it ends with its last one."""
    assert data.startswith(b"\xff\xd8")
    at = 2
    while True:
        assert data[at] == 0xFF
        marker = data[at + 1]
        if marker == 0xD9:
            assert at + 2 == len(data)
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length
        while marker == 0xDA and (data[at] != 0xFF or data[at + 1] in (0, *range(0xD0, 0xD8))):
            at += 1


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a WebP, which ends with the last one."""
    assert data[:4] + data[8:12] == b"RIFFWEBP"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    at = 12
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    assert at == len(data)


def check_bare(rendition: Rendition) -> None:
    """Structure and pixels are all that a rendition holds."""
    if rendition.mime_type == "image/webp":
        assert [name for name, _ in chunks(rendition.data)] == [b"VP8 "]
        return
    found = list(segments(rendition.data))
    # JFIF 1.01 without units, of density 1, with a thumbnail of 0 × 0.
    assert found[0] == (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    assert {marker for marker, _ in found[1:]} <= {0xDB, 0xC0, 0xC2, 0xC4, 0xDA}


def check(photograph: Photograph, width: int, height: int) -> None:
    """All renditions are there, sized, bare and decodable."""
    kinds = [(one.size, one.mime_type) for one in photograph.renditions]
    assert kinds == [(size, kind) for size in SIZES for kind in ("image/webp", "image/jpeg")]
    for one in photograph.renditions:
        scale = min(1, one.size / max(width, height))
        assert abs(one.width - width * scale) <= 1
        assert abs(one.height - height * scale) <= 1
        assert max(one.width, one.height) <= one.size
        assert one.digest == hashlib.sha256(one.data).hexdigest()
        assert one.size > SIZES[-1] or len(one.data) <= MAX_THUMBNAIL_BYTES == 10_000
        check_bare(one)
        shown(one).load()


def check_upright(photograph: Photograph) -> None:
    for one in photograph.renditions:
        image = shown(one)
        places = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
        for meant, (x, y) in zip(UPRIGHT, places, strict=True):
            assert like(colour(image, x, y), meant), one


def first(data: bytes) -> Image.Image:
    return shown(mill(data).renditions[0])


def refusal(data: bytes) -> str:
    """What a refused file's sender is told: one plain sentence."""
    with pytest.raises(PhotographError) as caught:
        mill(data)
    said = str(caught.value)
    assert said.endswith(".")
    assert "Error" not in said
    return said


def settle(data: bytes) -> Photograph | None:
    """A clean picture or none; any exception but the one for that fails the test."""
    try:
        photograph = mill(data)
    except PhotographError:
        return None
    for one in photograph.renditions:
        check_bare(one)
    return photograph


def chunk(name: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png(
    width: int, height: int, pixels: bytes, *more: bytes, kind: int = 0, bits: int = 8
) -> bytes:
    """A PNG by hand; ``pixels`` are lines, each behind its filter's byte."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + body


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def resized(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header says another size."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


@cache
def sample(kind: str) -> bytes:
    return encode(corners(), kind)


@cache
def swapped_profile() -> bytes:
    """A profile as sRGB's whose red is that one's blue, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile.replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"????", b"bXYZ")
    )


def exif(orientation: int | None = None) -> bytes:
    """Metadata with a place and a comment, as a camera writes them."""
    made = Image.Exif()
    if orientation:
        made[274] = orientation
    made[270] = SECRET.decode()
    made[36867] = "2024:01:01 10:00:00"
    made.get_ifd(0x8825).update({1: "N", 2: (18.0, 1.0, 2.0), 3: "W", 4: (76.0, 48.0, 9.0)})
    return made.tobytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_is_milled_into_all_renditions(kind: str) -> None:
    photograph = mill(encode(corners(2000, 1500), kind))
    check(photograph, 2000, 1500)
    check_upright(photograph)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", SIDES)
def test_a_picture_is_set_upright(kind: str, orientation: int) -> None:
    data = encode(stored(corners(), orientation), kind, exif=exif(orientation))
    photograph = mill(data)
    check(photograph, 300, 200)
    check_upright(photograph)


def test_a_large_picture_is_set_upright_too() -> None:
    data = encode(stored(corners(4000, 3000), 6), "JPEG", exif=exif(6))
    photograph = mill(data)
    check(photograph, 4000, 3000)
    check_upright(photograph)


@pytest.mark.parametrize("orientation", [b"\0\x09", b"\0\0", b"\xff\xff"])
def test_an_unknown_orientation_changes_nothing(orientation: bytes) -> None:
    tag = b"\x01\x12\0\x03\0\0\0\x01" + orientation + b"\0\0"
    body = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + tag + b"\0\0\0\0"
    check_upright(mill(with_segment(sample("JPEG"), 0xE1, body)))


# AVIF's writer refuses to write rubbish.
@pytest.mark.parametrize("kind", FORMATS[:-1])
@pytest.mark.parametrize("rubbish", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\xff\xff", b"\0" * 500])
def test_broken_metadata_are_no_reason_to_refuse(kind: str, rubbish: bytes) -> None:
    if kind == "JPEG":
        data = with_segment(sample(kind), 0xE1, b"Exif\0\0" + rubbish)
    elif kind == "PNG":
        data = sample(kind)[:33] + chunk(b"eXIf", rubbish) + sample(kind)[33:]
    else:
        data = encode(corners(), kind, exif=rubbish or b"Exif")
    check_upright(mill(data))


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_pixels_goes_out(kind: str) -> None:
    secret = SECRET.decode()
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"
    options: dict[str, Any] = {
        "exif": exif(),
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Comment", secret)
        info.add_text("Author", f"<script>alert('{secret}')</script>", zip=True)
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options |= {"pnginfo": info, "dpi": (300, 300)}
    else:
        options["xmp"] = xmp
    if kind == "JPEG":
        options |= {"comment": SECRET, "dpi": (300, 300)}
    data = encode(corners(), kind, **options)
    if kind == "JPEG":
        data = with_segment(data, 0xED, b"Photoshop 3.0\x008BIM" + SECRET)
        data = with_segment(data, 0xE0, b"JFXX\0\x10" + SECRET)
    assert SECRET in data
    photograph = mill(data + SECRET)
    check(photograph, 300, 200)
    check_upright(photograph)
    for one in photograph.renditions:
        for trace in (SECRET, b"Exif", b"EXIF", b"XMP", b"ns.adobe.com", b"xmpmeta", b"8BIM"):
            assert trace not in one.data
        for trace in (b"ICC_PROFILE", b"ICCP", b"Photoshop", b"JFXX", b"script", b"acsp", b"VP8X"):
            assert trace not in one.data
        assert not shown(one).getexif()
        assert set(shown(one).info) <= {
            *("jfif", "jfif_version", "jfif_unit", "jfif_density"),
            *("loop", "background", "timestamp", "duration"),
        }


@pytest.mark.parametrize("kind", FORMATS)
def test_colours_are_converted_to_srgb(kind: str) -> None:
    image = Image.new("RGB", (64, 64), (250, 10, 10))
    data = encode(image, kind, icc_profile=swapped_profile())
    assert like(colour(first(data), 0.5, 0.5), (10, 10, 250))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("profile", [b"rubbish", b"\0" * 128, b"acsp" * 1000, b"\xff" * 3000])
def test_a_broken_profile_is_as_none(kind: str, profile: bytes) -> None:
    check_upright(mill(encode(corners(), kind, icc_profile=profile)))


def test_a_profile_of_other_channels_is_as_none() -> None:
    grey = Image.new("L", (64, 64), 50)
    found = first(encode(grey, "JPEG", icc_profile=swapped_profile()))
    assert like(colour(found, 0.5, 0.5), (50, 50, 50))


def test_cmyk_becomes_rgb() -> None:
    data = encode(Image.new("CMYK", (64, 64), (255, 0, 0, 0)), "JPEG")
    assert like(colour(first(data), 0.5, 0.5), (0, 255, 255))
    check_upright(mill(encode(corners().convert("CMYK"), "JPEG")))


@pytest.mark.parametrize(
    ("kind", "samples", "meant"),
    [
        (0, (0x4000,), (64, 64, 64)),
        (2, (0xF000, 0x8000, 0x1000), (240, 128, 16)),
        (4, (0x4000, 0xFFFF), (64, 64, 64)),
        (4, (0x4000, 0), (255, 255, 255)),
        (6, (0xF000, 0x8000, 0x1000, 0xFFFF), (240, 128, 16)),
        (6, (0xF000, 0x8000, 0x1000, 0), (255, 255, 255)),
    ],
)
@pytest.mark.parametrize("side", [64, 2000])
def test_16_bits_become_8(
    kind: int, samples: tuple[int, ...], meant: tuple[int, ...], side: int
) -> None:
    line = b"\0" + struct.pack(f">{len(samples)}H", *samples) * side
    found = first(png(side, side, line * side, kind=kind, bits=16))
    assert like(colour(found, 0.5, 0.5), meant, within=4)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(64, 48), (2000, 1500)])
def test_every_mode_becomes_rgb(mode: str, size: tuple[int, int]) -> None:
    image = Image.new("L", size, "white").convert(mode)
    photograph = mill(encode(image, "PNG"))
    check(photograph, *size)
    assert like(colour(shown(photograph.renditions[0]), 0.5, 0.5), (255, 255, 255), within=3)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
def test_what_is_transparent_is_white(kind: str) -> None:
    image = corners().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 150, 100))
    found = first(encode(image, kind))
    assert like(colour(found, 0.2, 0.2), (255, 255, 255))
    assert like(colour(found, 0.8, 0.2), GREEN)


@pytest.mark.parametrize("size", [(64, 64), (2000, 2000)])
def test_a_palette_may_be_transparent(size: tuple[int, int]) -> None:
    image = Image.new("P", size, 1)
    image.putpalette([*RED, *GREEN])
    image.paste(0, (0, 0, size[0] // 2, size[1]))
    found = first(encode(image, "PNG", transparency=0))
    assert like(colour(found, 0.2, 0.5), (255, 255, 255))
    assert like(colour(found, 0.8, 0.5), GREEN)


def test_a_key_colour_is_transparent() -> None:
    image = corners()
    found = first(encode(image, "PNG", transparency=RED))
    assert like(colour(found, 0.2, 0.2), (255, 255, 255))
    grey = Image.new("L", (64, 64), 7)
    assert like(colour(first(encode(grey, "PNG", transparency=7)), 0.5, 0.5), (255, 255, 255))


def test_a_thumbnail_of_noise_is_small() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    check(mill(encode(Image.fromarray(noise), "PNG")), 700, 700)
    small = Image.fromarray(noise[:96, :96])
    check(mill(encode(small, "PNG")), 96, 96)


def test_the_same_file_gives_the_same_renditions() -> None:
    assert mill(sample("JPEG")) == mill(sample("JPEG")) == mill_safely(sample("JPEG"))


def test_a_picture_behind_the_first_of_a_jpeg_is_left_out() -> None:
    other = Image.new("RGB", (300, 200), "black")
    data = encode(corners(), "MPO", save_all=True, append_images=[other])
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 2
    check_upright(mill(data))


@pytest.mark.parametrize("primary", [0, 1])
def test_of_the_pictures_of_a_heic_the_one_to_be_shown_is_taken(primary: int) -> None:
    other = Image.new("RGB", (300, 200), "black")
    pictures = [corners(), other] if primary == 0 else [other, corners()]
    data = encode(
        pictures[0], "HEIF", save_all=True, append_images=pictures[1:], primary_index=primary
    )
    assert len(pillow_heif.open_heif(data)) == 2
    check_upright(mill(data))


def test_a_container_s_brands_tell_avif_from_heic() -> None:
    data = sample("AVIF")
    assert data[4:12] == b"ftypavif"
    check_upright(mill(data[:8] + b"mif1" + data[12:]))
    check_upright(mill(sample("HEIF")[:8] + b"mif1" + sample("HEIF")[12:]))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_what_moves_is_refused(kind: str) -> None:
    more = [Image.new("RGB", (300, 200), shade) for shade in ("white", "black")]
    data = encode(corners(), kind, save_all=True, append_images=more)
    assert "one still photograph" in refusal(data)


def test_a_sequence_is_refused() -> None:
    data = sample("HEIF")
    for brand in (b"hevc", b"msf1"):
        assert "one still photograph" in refusal(data[:8] + brand + data[12:])


def moving_gif() -> bytes:
    frames = [Image.new("RGB", (64, 64), shade) for shade in ("white", "black")]
    return encode(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'><script/></svg>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
        b"PK\x03\x04" + b"\0" * 100,
        b"\x7fELF" + b"\0" * 100,
        b"GIF89a=1;alert(1);//" + b"\0" * 100,
        b"#!/bin/sh\nexit 0\n",
        encode(corners(), "GIF"),
        moving_gif(),
        encode(corners(), "BMP"),
        encode(corners(), "TIFF"),
        encode(corners(), "ICO"),
        b" " + sample("JPEG"),
    ],
)
def test_what_is_no_allowed_picture_is_refused(data: bytes) -> None:
    assert "JPEG, PNG, WebP, AVIF or HEIC" in refusal(data)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "appended", [b"PK\x03\x04 a ZIP" + SECRET, b"<script>" + SECRET, sample("PNG"), b"\0" * 9999]
)
def test_what_is_appended_is_left_out(kind: str, appended: bytes) -> None:
    photograph = settle(sample(kind) + appended)
    if photograph is not None:
        check_upright(photograph)
    else:
        assert kind in ("WEBP", "HEIF", "AVIF")


def test_a_page_in_a_comment_is_left_out() -> None:
    page = b"<html><script>" + SECRET + b"</script></html>"
    photograph = mill(with_segment(sample("JPEG"), 0xFE, page))
    check_upright(photograph)
    assert not any(b"script" in one.data for one in photograph.renditions)


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (0, 0, "damaged"),
        (1, 1, "at least 32 pixels"),
        (31, 32, "at least 32 pixels"),
        (1_000_000, 1, "at least 32 pixels"),
        (1_000_000, 32, "too long and narrow"),
        (32, 1025, "too long and narrow"),
        (1_000_000, 202, "megapixels"),
        (30_000, 30_000, "megapixels"),
        (16384, 12289, "megapixels"),
        (2**31 - 1, 2**31 - 1, "megapixels"),
    ],
)
def test_bounds_hold_before_pixels_are_decoded(width: int, height: int, said: str) -> None:
    found = [png(width, height, b"\0" * 100)]
    if max(width, height) < 65536:
        found.append(resized(sample("JPEG"), width, height))
    if 0 < max(width, height) < 1 << 14:
        bits = (width - 1) | (height - 1) << 14
        body = b"VP8L" + struct.pack("<IBI", 5, 0x2F, bits) + b"\0" * 9
        found.append(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    if max(width, height) < 65536 and min(width, height) > 0:
        size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        body = b"VP8X" + struct.pack("<II", 10, 0) + size + b"\0" * 20
        found.append(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    # To decoders a file without a height and width is no picture at all.
    for bomb in found:
        assert said in refusal(bomb)


@pytest.mark.parametrize(("width", "height"), [(8192, 6145), (16384, 12288)])
def test_only_a_jpeg_may_have_more_than_50_megapixels(width: int, height: int) -> None:
    assert "at most 50 megapixels" in refusal(png(width, height, b"\0" * 100))
    assert "megapixels" not in refusal(resized(sample("JPEG"), width, height)[:400])


def test_a_picture_at_the_bounds_is_taken() -> None:
    check(mill(png(32, 32, (b"\0" + b"\x80" * 32) * 32)), 32, 32)
    check(mill(png(1024, 32, (b"\0" + b"\x80" * 1024) * 32)), 1024, 32)


def test_a_panorama_of_a_whole_turn_is_taken() -> None:
    photograph = mill(encode(corners(16_000, 1_500), "JPEG"))
    check(photograph, 16_000, 1_500)
    check_upright(photograph)


def test_a_file_too_long_is_refused() -> None:
    data = sample("JPEG") + b"\0" * MAX_BYTES
    assert "at most 40 MB" in refusal(data)
    with pytest.raises(PhotographError, match="at most 40 MB"):
        mill_safely(data)


def ispe(data: bytes, width: int, height: int) -> bytes:
    """A HEIC whose container says another size."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def test_a_heic_that_says_another_size_is_harmless() -> None:
    data = encode(corners(2048, 1024), "HEIF")
    assert "50 megapixels" in refusal(ispe(data, 30_000, 20_000))
    for size in ((64, 64), (1, 1), (0, 0), (2048, 2048), (2**32 - 1, 2**32 - 1)):
        settle(ispe(data, *size))


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_files_are_harmless(kind: str) -> None:
    image = Image.effect_noise((160, 120), 60).convert("RGB")
    data = encode(image, kind, exif=exif(6), icc_profile=swapped_profile())
    lengths = [*range(0, 64), *range(64, len(data), max(1, len(data) // 150))]
    refused = sum(settle(data[:length]) is None for length in lengths)
    assert refused >= len(lengths) - 2
    assert settle(data) is not None


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMATS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255))))
def test_spoilt_files_are_harmless(kind: str, spots: list[tuple[float, int]]) -> None:
    data = bytearray(sample(kind))
    for where, value in spots:
        data[int(where * (len(data) - 1))] = value
    settle(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([0, 3, 12, 16, 24, 40, 64]), st.sampled_from(FORMATS), st.binary())
def test_random_files_are_harmless(kept: int, kind: str, rest: bytes) -> None:
    settle(sample(kind)[:kept] + rest)


MEASURE = """
import json, resource, sys, time
from casa.missing_persons.photographs import PhotographError, mill_safely
began = time.monotonic()
try:
    made = mill_safely(sys.stdin.buffer.read(), **json.loads(sys.argv[1]))
    said = [[one.width, one.height] for one in made.renditions]
except PhotographError as error:
    said = str(error)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([said, time.monotonic() - began, peak]))
"""


def measured(data: bytes, **limits: float) -> tuple[Any, float, int]:
    """What a mill says to a file, its seconds, and the most bytes of memory it held."""
    # Measured from a small process: a child counts as large as whoever starts it.
    command = [sys.executable, "-c", MEASURE, json.dumps(limits)]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=100)
    said, seconds, peak = json.loads(done.stdout)
    return said, seconds, peak


def bombs() -> dict[str, bytes]:
    lines = b"\0" * (30_000 * 3_751)
    flood = zlib.compress(b"\0" * 300_000_000, 9)
    webp = b"VP8L" + struct.pack("<IBI", 5, 0x2F, (1 << 28) - 1) + b"\0" * 9
    plain = (b"\0" + b"\x80" * 64) * 64
    return {
        "PNG of 900 megapixels": png(30_000, 30_000, lines, bits=1),
        "PNG with text of 300 MB": png(64, 64, plain, chunk(b"zTXt", b"a\0\0" + flood)),
        "PNG with a profile of 300 MB": png(64, 64, plain, chunk(b"iCCP", b"a\0\0" + flood)),
        "PNG with lines behind its last": png(64, 64, plain + lines),
        "JPEG of 4295 megapixels": resized(sample("JPEG"), 65_535, 65_535),
        "WebP of 268 megapixels": b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
        "HEIC of 600 megapixels": ispe(sample("HEIF"), 30_000, 20_000),
        "AVIF of 600 megapixels": ispe(sample("AVIF"), 30_000, 20_000),
    }


@pytest.mark.parametrize(("name", "bomb"), bombs().items(), ids=lambda one: str(one)[:30])
def test_bombs_take_neither_memory_nor_time(name: str, bomb: bytes) -> None:
    said, seconds, peak = measured(bomb)
    assert isinstance(said, str) or name in (
        "PNG with a profile of 300 MB",
        "PNG with lines behind its last",
    )
    assert peak < 150_000_000
    assert seconds < 10


def endless_jpeg() -> bytes:
    """A progressive JPEG whose scans are short to write and long to read."""
    jpeg = encode(Image.new("L", (8000, 6000), 128), "JPEG", progressive=True)
    scan = jpeg.rindex(b"\xff\xda")
    tables = jpeg.rindex(b"\xff\xc4", 0, scan)
    return jpeg[:tables] + jpeg[tables:-2] * 3000 + jpeg[-2:]


def test_a_mill_that_runs_on_is_stopped() -> None:
    said, seconds, peak = measured(endless_jpeg(), seconds=2)
    assert "too long" in said
    assert seconds < 8
    assert peak < 800_000_000


def test_a_mill_that_wants_more_memory_is_stopped() -> None:
    data = png(6000, 6000, (b"\0" + b"\x80" * 24_000) * 6000, kind=6)
    said, _, peak = measured(data, memory=250_000_000)
    assert "too much memory" in said
    assert peak < 250_000_000
    said, _, peak = measured(data)
    assert said[0] == [1600, 1600]
    assert peak < 800_000_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF", "AVIF"])
def test_the_largest_picture_keeps_within_the_limits(kind: str) -> None:
    image = corners(8192, 6144)
    assert image.width * image.height == MAX_PIXELS
    options = {
        "JPEG": {"progressive": True, "subsampling": 0},
        "PNG": {"compress_level": 1},
        "HEIF": {"quality": 30, "tile_size": 512},
        "AVIF": {"quality": 30, "speed": 10},
    }[kind]
    said, seconds, peak = measured(encode(image, kind, **options))
    assert said[0] == [1600, 1200]
    assert seconds < 20
    assert peak < 800_000_000


def test_a_jpeg_of_200_megapixels_is_made_smaller_as_it_is_decoded() -> None:
    image = corners(16384, 12288)
    assert image.width * image.height == MAX_JPEG_PIXELS
    said, seconds, peak = measured(encode(image, "JPEG", quality=50))
    assert said[0] == [1600, 1200]
    assert seconds < 20
    assert peak < 300_000_000


def test_a_mill_apart_says_what_is_wrong() -> None:
    with pytest.raises(PhotographError, match="JPEG, PNG, WebP, AVIF or HEIC"):
        mill_safely(b"hello")
    with pytest.raises(PhotographError, match="at least 32 pixels"):
        mill_safely(png(1, 1, b"\0\0"))
    with pytest.raises(PhotographError, match="damaged"):
        mill_safely(sample("PNG")[:200])


def test_a_mill_that_does_not_start_is_no_picture_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="does not start"):
        mill_safely(sample("JPEG"))


def test_a_mill_that_crashes_is_the_picture_s_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    crash = tmp_path / "python"
    crash.write_text("#!/bin/sh\nprintf mill\nkill -SEGV $$\n")
    crash.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(crash))
    with pytest.raises(PhotographError, match="too much memory"):
        mill_safely(sample("JPEG"))


def test_a_mill_knows_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("CASA_SECRET", SECRET.decode())
    spy = tmp_path / "python"
    spy.write_text(f"#!/bin/sh\nenv >{tmp_path}/environment\n")
    spy.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(spy))
    with pytest.raises(RuntimeError):
        mill_safely(sample("JPEG"))
    assert SECRET not in (tmp_path / "environment").read_bytes()


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, sys, time
from casa.missing_persons.photographs import mill_safely
data, ticks = sys.stdin.buffer.read(), []
def tick():
    while True:
        ticks.append(time.monotonic())
        gevent.sleep(0.005)
ticker = gevent.spawn(tick)
mills = [gevent.spawn(mill_safely, data) for _ in range(4)]
made = [one.get() for one in mills]
ticker.kill()
assert all(one == made[0] for one in made)
print(len(made[0].renditions), len(ticks))
"""


def test_a_server_under_gevent_keeps_serving() -> None:
    data = encode(corners(3000, 2000), "PNG")
    done = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT], input=data, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    renditions, ticks = done.stdout.split()
    assert int(renditions) == 6
    assert int(ticks) >= 10
