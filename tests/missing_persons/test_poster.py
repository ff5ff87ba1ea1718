"""A poster is one page that says what is known, in each language, and its code is read."""

import tomllib
from datetime import UTC, date, datetime
from importlib.resources import files
from io import BytesIO

import msgspec
import pypdf
import pytest
import segno
import zxingcpp
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from casa.alerts.phrases import LANGUAGES
from casa.missing_persons import fitting
from casa.missing_persons.facts import CATEGORIES
from casa.missing_persons.poster import MOST_URL, PhotographError, PosterFacts, _runs, poster

FACTS = PosterFacts(
    category="missing_child",
    full_name="Kezia Baptiste",
    case_number="TT-2026-00417",
    agency="Police Service",
    issued=date(2026, 8, 1),
    url="https://casa.example.org/missing/417",
    contact="tips@example.org",
    age=12,
    sex="female",
    height=152,
    build="slim",
    hair="black",
    eyes="brown",
    clothing="blue uniform",
    marks="scar",
    known_as="Kezi",
    complexion="dark",
    speaks="Sranan Tongo",
    medical_need="insulin",
    suspect="grey beard",
    vehicle="Toyota Probox",
    last_seen=datetime(2026, 7, 31, 15, 20, tzinfo=UTC),
    last_known_location="Frederick Street",
)
SAID = [
    "Kezia Baptiste",
    "TT-2026-00417",
    "Police Service",
    "01/08/2026",
    "https://casa.example.org/missing/417",
    "tips@example.org",
    "12",
    "152 cm",
    "slim",
    "black",
    "brown",
    "blue uniform",
    "scar",
    "Kezi",
    "dark",
    "Sranan Tongo",
    "insulin",
    "grey beard",
    "Toyota Probox",
    "31/07/2026 15:20",
    "Frederick Street",
]


def a_photograph(size=(90, 120), form="JPEG", **options):
    shown = BytesIO()
    Image.new("RGB", size, (90, 120, 150)).save(shown, form, **options)
    return shown.getvalue()


def pages(document):
    return [
        " ".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(document)).pages
    ]


def said_by(facts=FACTS, photograph=None, language="en"):
    (page,) = pages(poster(facts, photograph, language))
    return page


def words_of(language):
    source = files("casa.missing_persons").joinpath("data", f"poster.{language}.toml")
    return tomllib.loads(source.read_text("utf-8"))


def shape(value):
    return {name: shape(one) for name, one in value.items()} if isinstance(value, dict) else str


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("photograph", [None, a_photograph()])
def test_a_poster_says_all_facts_in_each_language(language, photograph):
    page = said_by(FACTS, photograph, language)
    words = words_of(language)
    for text in (*SAID, words["headline"], words["news"], *words["facts"].values()):
        assert text in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_all_words(language):
    words = words_of(language)
    assert shape(words) == shape(words_of("en"))
    assert "{age}" in words["years"]
    assert "{number}" in words["case_number"]
    assert "{date}" in words["issued"]
    assert all(fitting.printable(text) == text for text in words["facts"].values())
    assert words["headlines"].keys() <= set(CATEGORIES)


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_has_a_headline(category):
    words = words_of("en")
    page = said_by(msgspec.structs.replace(FACTS, category=category))
    assert words["headlines"].get(category, "MISSING") in page


def test_what_is_not_known_has_no_row():
    page = said_by(msgspec.structs.replace(FACTS, hair=None, eyes=" ", height=None, last_seen=None))
    for label in ("Hair", "Eyes", "Height", "Last seen"):
        assert label not in page


def test_names_of_any_script_can_be_read():
    page = said_by(msgspec.structs.replace(FACTS, full_name="Nguyễn Şerife 李明 \u202e😀\x00"))
    assert "Nguyễn Şerife" in page
    assert "LiMing" in page


wordy = st.text(max_size=30) | st.text(max_size=300).map(lambda text: text * 8)
wordy = wordy | st.integers(1, 900).map(lambda length: "W" * length)


@settings(max_examples=20, deadline=None)
@given(st.lists(wordy, min_size=10, max_size=10), st.sampled_from(LANGUAGES), st.booleans())
def test_it_is_one_page_whatever_is_said(texts, language, shown):
    names = ("full_name", "case_number", "agency", "contact", "build", "hair", "eyes", "clothing")
    names = (*names, "marks", "last_known_location")
    facts = msgspec.structs.replace(FACTS, **dict(zip(names, texts, strict=True)))
    assert len(pages(poster(facts, a_photograph() if shown else None, language))) == 1


def test_long_texts_are_cut_at_a_word():
    long = "blue uniform with white socks " * 60
    page = said_by(
        msgspec.structs.replace(FACTS, clothing=long, marks=long, last_known_location=long)
    )
    assert page.count("…") == 3
    assert all(
        page[:at].endswith(("blue ", "uniform ", "with ", "white ", "socks "))
        for at in range(len(page))
        if page[at] == "…"
    )
    assert "31/07/2026 15:20" in page


def test_text_stays_within_its_box(monkeypatch):
    drawn = []
    write = FPDF.text
    monkeypatch.setattr(
        FPDF,
        "text",
        lambda pdf, x, y, text: (
            drawn.append((x, y, x + pdf.get_string_width(text))) or write(pdf, x, y, text)
        ),
    )
    long = "unbreakable" * 40 + " word" * 90
    names = ("full_name", "case_number", "agency", "contact", "clothing", "marks", "hair", "eyes")
    said_by(msgspec.structs.replace(FACTS, **dict.fromkeys(names, long)), a_photograph())
    assert all(x >= 10 and right <= 200.1 and 0 < y < 290 for x, y, right in drawn)


@pytest.mark.parametrize("url", [FACTS.url, "https://casa.example.org/" + "x" * 400])
def test_the_code_is_the_url(url):
    matrix = segno.make_qr(url, error="m").matrix
    side = len(matrix) + 8
    picture = Image.new("L", (side, side), 255)
    for down, row in enumerate(matrix, 4):
        for along, length in _runs(bytes(row)):
            for at in range(along, along + length):
                picture.putpixel((at + 4, down), 0)
    found = zxingcpp.read_barcode(picture.resize((side * 6, side * 6), Image.Resampling.NEAREST))
    assert found is not None
    assert found.text == url


def test_every_run_of_the_code_is_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(FPDF, "rect", lambda pdf, *box, **style: drawn.append(box))
    poster(FACTS, None, "en")
    matrix = segno.make_qr(FACTS.url, error="m").matrix
    assert len(drawn) == 1 + sum(len(_runs(bytes(row))) for row in matrix)
    assert all(x >= 14 and y >= 238 and x + width <= 60 for x, y, width, _ in drawn[1:])


def test_too_long_an_address_is_refused():
    with pytest.raises(ValueError, match="address"):
        poster(msgspec.structs.replace(FACTS, url="x" * (MOST_URL + 1)), None, "en")


def test_the_same_facts_give_the_same_bytes():
    assert poster(FACTS, a_photograph(), "ht") == poster(FACTS, a_photograph(), "ht")


def test_a_photograph_stands_upright_without_what_the_camera_wrote():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "taken-at-home"
    document = poster(FACTS, a_photograph((120, 90), exif=exif), "en")
    (page,) = pypdf.PdfReader(BytesIO(document)).pages
    (image,) = page.images
    assert image.image.size == (90, 120)
    assert b"taken-at-home" not in image.data


@pytest.mark.parametrize(
    "data", [b"", b"no picture", a_photograph(form="PNG"), a_photograph()[:300]]
)
def test_what_is_no_jpeg_is_refused(data):
    with pytest.raises(PhotographError):
        poster(FACTS, data, "en")


def test_too_great_a_photograph_is_refused():
    with pytest.raises(PhotographError, match="pixels"):
        poster(FACTS, a_photograph((9_000, 7_000)), "en")
