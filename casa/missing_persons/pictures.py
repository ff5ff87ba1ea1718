"""A stranger's picture, read within bounds into plain pixels: upright, in 8-bit sRGB.

A file is a JPEG, PNG, WebP, AVIF or HEIC by its content, whatever its name. Its header is judged
before its pixels are decoded. What is returned holds pixels and nothing else of the file.
"""

import struct
from collections.abc import Callable
from io import BytesIO

from PIL import AvifImagePlugin, Image, ImageCms
from PIL.AvifImagePlugin import AvifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

MAX_BYTES = 40_000_000
MAX_PIXELS = 8192 * 6144
"""What cameras sold as of 50 megapixels make at most."""
MAX_JPEG_PIXELS = 16384 * 12288
"""What cameras sold as of 200 megapixels make at most: a JPEG is made smaller as it is decoded."""
MIN_SIDE = 32
MAX_RATIO = 32
"""Panoramas of a whole turn are some 11 times as long as they are wide."""

# A server with many processors would have more threads than the bounded process has room for.
AvifImagePlugin.DEFAULT_MAX_THREADS = 2

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture of an EXIF orientation upright: Exif 2.32, 4.6.4 A, tag 274."""
_ORIENTATION = 274
_PROFILE_SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}
_MAX_PROFILE = 4_000_000
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

_STILL = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif")
_MOVING = (b"hevc", b"hevx", b"hevm", b"hevs", b"msf1", b"avis")
"""Major brands of ISO/IEC 23008-12 and of AVIF 1.1: pictures, and sequences of them."""

_UNKNOWN = (
    "The file is not a JPEG, PNG, WebP, AVIF or HEIC picture: save the photograph as one of these "
    "and send that."
)
DAMAGED = (
    "The picture cannot be read, it is damaged or incomplete: send it again, or save it anew "
    "as a JPEG and send that."
)
COSTLY = (
    "The picture takes too long or too much memory to read: save it anew as a smaller JPEG "
    "and send that."
)
_MOVES = "The file holds several pictures or moves: send one still photograph."


class PhotographError(Exception):
    """Why a file is refused and how to mend it, in a sentence for whoever sent it."""


def read(data: bytes, most: int) -> Image.Image:
    """An upright RGB picture in sRGB, shrunk to ``most`` pixels on its longer side.

    Raises:
        PhotographError: if the file is no picture, or one beyond the bounds above.
    """
    try:
        return _pixels(_open(data), most)
    except PhotographError:
        raise
    except MemoryError as error:
        raise PhotographError(COSTLY) from error
    # Decoders raise whatever comes to their authors' minds, SyntaxError and struct.error included.
    except Exception as error:
        raise PhotographError(DAMAGED) from error


def _open(data: bytes) -> ImageFile:
    """A picture whose header is read and within bounds, and whose pixels are not decoded."""
    check_length(data)
    opener = _opener(data)
    # Its decoder makes room for all pixels when it is opened, so the header comes first.
    if opener is WebPImageFile:
        _check_size(*_webp_size(data))
    image = opener(BytesIO(data))
    _check_size(*image.size, most=_most_pixels(image))
    # The pictures of a HEIC do not follow each other in time: it says which of them is the one to
    # be shown, and that is the one that it is opened at.
    if getattr(image, "n_frames", 1) > 1 and not isinstance(image, HeifImageFile):
        raise PhotographError(_MOVES)
    return image


def _most_pixels(image: ImageFile) -> int:
    return MAX_JPEG_PIXELS if isinstance(image, JpegImageFile) else MAX_PIXELS


def check_length(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise PhotographError(
            f"The file is of {len(data) / 1e6:.1f} MB: send a picture of at most "
            f"{MAX_BYTES // 1_000_000} MB."
        )


def _opener(data: bytes) -> Callable[[BytesIO], ImageFile]:
    """The decoder of a file by its first bytes.

    A JPEG with more pictures behind the first, as phones append for screens of high contrast,
    is read as that first one.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    if data[4:8] == b"ftyp" and data[8:12] in _STILL:
        return AvifImageFile if b"avif" in _brands(data) else HeifImageFile
    if data[4:8] == b"ftyp" and data[8:12] in _MOVING:
        raise PhotographError(_MOVES)
    raise PhotographError(_UNKNOWN)


def _brands(data: bytes) -> list[bytes]:
    """The major and the compatible brands of a file: ISO/IEC 14496-12, section 4.3."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels by the first chunk: RFC 9649, sections 2.5 to 2.7, RFC 6386."""
    kind, head = data[12:16], data[20:30]
    if kind == b"VP8X" and len(head) == 10:
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a" and len(head) == 10:
        width, height = struct.unpack("<HH", head[6:])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and head[:1] == b"\x2f" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise PhotographError(DAMAGED)


def _check_size(width: int, height: int, most: int = MAX_PIXELS) -> None:
    shape = f"The picture is of {width} × {height} pixels"
    if width * height > most:
        raise PhotographError(f"{shape}: send one of at most {most // 1_000_000} megapixels.")
    if min(width, height) < MIN_SIDE:
        raise PhotographError(f"{shape}: send one of at least {MIN_SIDE} pixels on each side.")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise PhotographError(
            f"{shape}, too long and narrow: send one that is at most {MAX_RATIO} times as long "
            "as it is wide."
        )


def _pixels(image: ImageFile, most: int) -> Image.Image:
    # Shrunk first of all, as the rest then takes a fraction of the time and memory.
    if isinstance(image, JpegImageFile):
        image.draft(None, _fitting(image.size, most))
    image.load()
    # The container of a HEIC states a size that its coded picture need not have.
    _check_size(*image.size)
    turn = _TURNS.get(_orientation(image))
    small = shrunk(_deep(image), most)
    if turn is not None:
        small = small.transpose(turn)
    plain = _in_srgb(_on_white(small), image.info.get("icc_profile"))
    # Writers take up what a picture's ``info`` holds, comments included: only pixels go across.
    return Image.frombytes("RGB", plain.size, plain.tobytes())


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    # Broken metadata is no reason to refuse a good picture.
    except Exception:
        return 1


def _deep(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be shrunk: whole bytes, and no palette."""
    if image.mode.startswith("I;16"):
        high = 0 if image.mode.endswith("B") else 1
        return Image.frombytes("L", image.size, image.tobytes()[high::2])
    if image.mode in ("LA", "RGBA", "L", "RGB", "CMYK") and "transparency" not in image.info:
        return image
    if image.mode == "La":
        return image.convert("LA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _fitting(size: tuple[int, int], most: int) -> tuple[int, int]:
    scale = min(1.0, most / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrunk(image: Image.Image, most: int) -> Image.Image:
    size = _fitting(image.size, most)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    white = Image.new(image.mode[:-1], image.size, "white")
    white.paste(image.convert(white.mode), mask=image.getchannel("A"))
    return white


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """The picture in sRGB; one whose profile is missing, broken or of other channels as it is."""
    if isinstance(profile, bytes) and len(profile) <= _MAX_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if _PROFILE_SPACES.get(source.profile.xcolor_space) == image.mode:
                meant = ImageCms.Intent.RELATIVE_COLORIMETRIC
                image = ImageCms.profileToProfile(image, source, _SRGB, meant, "RGB") or image
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass
    return image.convert("RGB")
