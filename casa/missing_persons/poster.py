"""A poster of a missing person to print and hang up: one A4 page as PDF, whatever is said on it.

Each text has a box that it shrinks to fit; at its smallest it is cut at a word, with an ellipsis.
The typeface is Roboto, embedded: a PDF's own typefaces hold Latin-1 only, and people's names in
the region don't keep to that (Şerife, Nguyễn, Wójcik). Other scripts are transliterated.
"""

from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from io import BytesIO

import msgspec
import segno
from fpdf import FPDF
from PIL import Image, ImageOps

from casa.alerts.phrases import phrases
from casa.missing_persons import fitting
from casa.missing_persons.fitting import Box

MOST_URL = 500
"""Characters: with more, the code's squares are too small to be read from a wall."""
MOST_PIXELS = 60_000_000
_SIDE = 1_400
"""Pixels: what the longer side of a photograph needs at 300 dots an inch."""

_RED, _BLACK, _WHITE, _GREY = (176, 0, 32), (0, 0, 0), (255, 255, 255), (90, 90, 90)
_QUIET = 4
"""Modules that ISO/IEC 18004 wants empty around a QR code."""

_FACTS = (
    "build", "complexion", "hair", "eyes", "clothing", "marks", "speaks", "medical_need",
    "suspect", "vehicle",
)  # fmt: skip


class PosterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a poster says, in its language. ``height`` is in centimetres; ``last_seen`` is in local
    time.

    ``category`` is one of ``casa.missing_persons.facts.CATEGORIES``; ``url`` is where the case's
    living page stands; ``contact`` says whom to call, and where.
    """

    category: str
    full_name: str
    case_number: str
    agency: str
    issued: date
    url: str
    contact: str
    age: int | None = None
    sex: str | None = None
    height: int | None = None
    build: str | None = None
    complexion: str | None = None
    hair: str | None = None
    eyes: str | None = None
    clothing: str | None = None
    marks: str | None = None
    known_as: str | None = None
    speaks: str | None = None
    medical_need: str | None = None
    suspect: str | None = None
    vehicle: str | None = None
    last_seen: datetime | None = None
    last_known_location: str | None = None


class PhotographError(ValueError):
    """The photograph is not a JPEG that can be shown."""


def poster(facts: PosterFacts, photograph: bytes | None, language: str) -> bytes:
    """The PDF in one of ``casa.alerts.phrases.LANGUAGES``; the same facts give the same bytes.

    The photograph is drawn anew, so that nothing but the picture is published: a camera writes
    the place where it was taken into the file.

    Raises:
        PhotographError: when the photograph isn't a JPEG or has more than ``MOST_PIXELS``.
        ValueError: when ``url`` is longer than ``MOST_URL``.
    """
    if len(facts.url) > MOST_URL:
        raise ValueError(f"the address has {len(facts.url)} characters: give at most {MOST_URL}")
    words = phrases("casa.missing_persons", f"poster.{language}")
    common = phrases("casa.missing_persons", language)
    pdf = _page(facts, language)
    category = common["category"][facts.category]
    _band(pdf, words["headlines"].get(facts.category, words["headline"]), category)
    _name(pdf, facts, words["years"])
    left = 15.0
    if photograph is not None:
        _photograph(pdf, photograph, facts.full_name)
        left = 103.0
    rows = _rows(facts, words["facts"], common["sex"])
    fitting.table(pdf, Box(left, 85, 195 - left, 108), rows, largest=20, smallest=8)
    pdf.set_text_color(_BLACK)
    fitting.text(pdf, Box(15, 197, 180, 14), common["instruction"], largest=13, smallest=8)
    pdf.set_text_color(_RED)
    fitting.text(pdf, Box(15, 212, 180, 20), facts.contact, largest=26, smallest=9, bold=True)
    _foot(pdf, facts, words)
    return bytes(pdf.output())


def _page(facts: PosterFacts, language: str) -> FPDF:
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    for style, face in (("", "Regular"), ("B", "Bold")):
        pdf.add_font(fitting.FAMILY, style, _face(face))
    pdf.set_creation_date(datetime.combine(facts.issued, time(), UTC))
    pdf.set_lang(language)
    pdf.set_title(fitting.printable(facts.full_name)[:200])
    pdf.add_page()
    return pdf


@cache
def _face(name: str) -> str:
    return str(files("font_roboto").joinpath("files", f"Roboto-{name}.ttf"))


def _band(pdf: FPDF, headline: str, category: str) -> None:
    pdf.set_fill_color(_RED)
    pdf.rect(0, 0, 210, 54, style="F")
    pdf.set_text_color(_WHITE)
    box = Box(10, 7, 190, 32)
    fitting.text(pdf, box, headline, largest=84, smallest=24, bold=True, centred=True)
    fitting.text(pdf, Box(10, 41, 190, 10), category, largest=20, smallest=10, centred=True)


def _name(pdf: FPDF, facts: PosterFacts, years: str) -> None:
    pdf.set_text_color(_BLACK)
    box = Box(10, 57, 190, 18)
    fitting.text(pdf, box, facts.full_name, largest=40, smallest=14, bold=True, centred=True)
    if facts.age is not None:
        age = years.format(age=facts.age)
        fitting.text(pdf, Box(10, 75, 190, 8), age, largest=18, smallest=10, centred=True)


def _photograph(pdf: FPDF, data: bytes, name: str) -> None:
    """Whole, as large as its box allows, in the middle of it."""
    box = Box(15, 85, 82, 108)
    try:
        with Image.open(BytesIO(data), formats=("JPEG",)) as found:
            if found.width * found.height > MOST_PIXELS:
                raise PhotographError(f"has more than {MOST_PIXELS} pixels")
            upright = ImageOps.exif_transpose(found).convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as fault:
        raise PhotographError(f"is not a JPEG that can be read: {fault}") from None
    upright.thumbnail((_SIDE, _SIDE))
    shown = BytesIO()
    upright.save(shown, "JPEG", quality=88)
    scale = min(box.width / upright.width, box.height / upright.height)
    width, height = upright.width * scale, upright.height * scale
    x, y = box.x + (box.width - width) / 2, box.y + (box.height - height) / 2
    pdf.image(shown, x=x, y=y, w=width, h=height, alt_text=fitting.printable(name)[:200])


def _rows(
    facts: PosterFacts, labels: dict[str, str], sexes: dict[str, str]
) -> list[tuple[str, str]]:
    seen = facts.last_seen
    said = {
        "known_as": facts.known_as or "",
        "sex": sexes.get(facts.sex or "", ""),
        "height": _height(facts.height),
        **{name: getattr(facts, name) or "" for name in _FACTS},
        "last_seen": f"{seen:%d/%m/%Y %H:%M}" if seen else "",
        "last_known_location": facts.last_known_location or "",
    }
    return [(labels[name], text) for name, text in said.items() if text.strip()]


def told(facts: PosterFacts, language: str) -> list[tuple[str, str]]:
    """What is said of the person besides the name and age: labels and texts in ``language``."""
    words = phrases("casa.missing_persons", f"poster.{language}")
    return _rows(facts, words["facts"], phrases("casa.missing_persons", language)["sex"])


def _height(centimetres: int | None) -> str:
    """Feet and inches too, in which people of the region give heights in several states."""
    if centimetres is None:
        return ""
    feet, inches = divmod(round(centimetres / 2.54), 12)
    return f"{centimetres} cm ({feet}′{inches}″)"


def _foot(pdf: FPDF, facts: PosterFacts, words: dict[str, str]) -> None:
    pdf.set_draw_color(_GREY)
    pdf.line(15, 235, 195, 235)
    _code(pdf, Box(14, 238, 46, 46), facts.url)
    pdf.set_text_color(_BLACK)
    fitting.text(pdf, Box(64, 240, 131, 8), words["news"], largest=13, smallest=8, bold=True)
    pdf.set_text_color(_GREY)
    fitting.text(pdf, Box(64, 248, 131, 12), facts.url, largest=11, smallest=6)
    pdf.set_text_color(_BLACK)
    number = words["case_number"].format(number=facts.case_number)
    fitting.text(pdf, Box(64, 261, 131, 7), number, largest=12, smallest=7, bold=True)
    fitting.text(pdf, Box(64, 268, 131, 8), facts.agency, largest=12, smallest=7)
    issued = words["issued"].format(date=f"{facts.issued:%d/%m/%Y}")
    fitting.text(pdf, Box(64, 276, 131, 7), issued, largest=11, smallest=7)


def _code(pdf: FPDF, box: Box, url: str) -> None:
    """The QR code in squares drawn by the printer, which no scaling blurs."""
    matrix = segno.make_qr(url, error="m").matrix
    side = box.width / (len(matrix) + 2 * _QUIET)
    pdf.set_fill_color(_BLACK)
    for down, row in enumerate(matrix, _QUIET):
        for along, length in _runs(bytes(row)):
            x, y = box.x + (along + _QUIET) * side, box.y + down * side
            pdf.rect(x, y, length * side, side, style="F")


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Where dark modules begin, and how many follow each other: seams between them would show."""
    found: list[tuple[int, int]] = []
    for at, dark in enumerate(row):
        if dark and found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((at, 1))
    return found
