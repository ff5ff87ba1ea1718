"""Bodies for FCM: what they carry, and that they always fit."""

import json
import math
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casa.alerts.exercise import marked
from casa.alerts.message import Area, Circle, Info, Message, Resource, Value
from casa.delivery.fcm import body, collapse_key, departure
from casa.delivery.fitting import TooLarge, cut, weight
from casa.delivery.frames import frame
from tests.doubles.fcm_schema import payload_size, violations

MOMENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


PLATFORMS = ("android", "ios", "web")


def sent(message, platform="android", languages=("en",), make=body, moment=MOMENT):
    template = make(message, languages=languages, platform=platform, moment=moment)
    return json.loads(template.for_token("phone-1"))["message"]


def changed(message, **info):
    blocks = tuple(msgspec.structs.replace(one, **info) for one in message.info)
    return msgspec.structs.replace(message, info=blocks)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("make", [body, departure])
def test_fcm_finds_nothing_wrong(message, platform, make):
    assert violations(sent(message, platform, make=make)) == []


def test_data_is_in_cap_words(message):
    data = sent(message, languages=("ht", "en"))["data"]
    area = json.loads(data.pop("area"))
    assert data == {
        "sequence": "41",
        "identifier": message.identifier,
        "thread": message.thread,
        "msg_type": "Alert",
        "status": "Actual",
        "kind": "disaster",
        "severity": "Extreme",
        "urgency": "Immediate",
        "certainty": "Observed",
        "language": "ht",
        "expires": "2026-07-01T18:00:00+00:00",
        "headline": "Inondasyon toudenkou nan Kingston",
        "description": "Ravin Sandy Gully a debòde.",
        "instruction": "Monte sou yon kote ki wo kounye a.",
    }
    assert area["geocode"] == ["JM-01"]
    assert area["circle"] == [[-76.8, 18.0, 500]]
    ring = shapely.Polygon(message.area[0].polygon[0])
    assert shapely.from_geojson(json.dumps(area["shape"])).equals(ring)


def test_a_device_is_spliced_in_safely(message):
    template = body(message, languages=("en",), platform="android", moment=MOMENT)
    for device in ("abc:DEF-1_2", 'x","topic":"all', "é\\\n"):
        assert json.loads(template.for_token(device))["message"]["token"] == device
        found = json.loads(template.for_fid(device))["message"]
        assert found["fid"] == device
        assert "token" not in found


def test_each_platform_keeps_to_the_collapse_key_and_the_time(message):
    key = collapse_key(message.thread)
    android = sent(message)["android"]
    assert (android["collapse_key"], android["ttl"], android["priority"]) == (key, "21600s", "high")
    apns = sent(message, "ios")["apns"]
    assert apns["headers"]["apns-collapse-id"] == key
    assert apns["headers"]["apns-expiration"] == str(int(message.info[0].expires.timestamp()))
    web = sent(message, "web")["webpush"]
    assert web["headers"] == {"Topic": key, "TTL": "21600", "Urgency": "high"}
    later = msgspec.structs.replace(message, identifier="another", msg_type="Update", sequence=50)
    assert sent(later)["android"]["collapse_key"] == key


def test_the_time_to_live_stays_within_what_fcm_takes(message):
    long = changed(message, expires=MOMENT + timedelta(days=90))
    assert sent(long)["android"]["ttl"] == "2419200s"
    assert sent(message, moment=MOMENT + timedelta(days=1))["android"]["ttl"] == "0s"


@pytest.mark.parametrize(
    ("status", "msg_type", "severity", "level"),
    [
        ("Actual", "Alert", "Extreme", "critical"),
        ("Actual", "Update", "Severe", "time-sensitive"),
        ("Actual", "Alert", "Moderate", "active"),
        ("Actual", "Cancel", "Extreme", "active"),
        ("Exercise", "Alert", "Extreme", "active"),
    ],
)
def test_only_a_real_grave_danger_breaks_through_silence(
    message, status, msg_type, severity, level
):
    one = msgspec.structs.replace(
        changed(message, severity=severity), status=status, msg_type=msg_type
    )
    aps = sent(one, "ios")["apns"]["payload"]["aps"]
    assert aps["interruption-level"] == level
    assert ("critical" in aps["sound"]) == (level == "critical")


def test_an_exercise_says_so_in_the_readers_language(message):
    """Its texts are marked when it is published; the notification shows them as they are."""
    infos = tuple(marked(info, "Exercise") for info in message.info)
    one = msgspec.structs.replace(message, status="Exercise", info=infos)
    shown = sent(one, "web", languages=("ht",))
    assert shown["webpush"]["notification"]["title"].startswith("EGZÈSIS EGZÈSIS EGZÈSIS: ")
    assert shown["webpush"]["notification"]["body"].startswith("EGZÈSIS EGZÈSIS EGZÈSIS: ")
    assert shown["data"]["status"] == "Exercise"


def test_an_exercise_that_says_so_is_not_marked_again(message):
    said = "EXERCISE EXERCISE EXERCISE: Flood watch"
    one = msgspec.structs.replace(changed(message, headline=said), status="Exercise")
    assert sent(one, "web")["webpush"]["notification"]["title"] == said


def test_whom_it_no_longer_concerns_is_told_so_quietly(message):
    update = msgspec.structs.replace(message, msg_type="Update")
    one = sent(update, "ios", languages=("ht",), make=departure)
    assert one["data"]["departed"] == "true"
    assert "area" not in one["data"]
    assert one["apns"]["payload"]["aps"]["alert"]["body"].startswith("Alèt sa a pa konsène")
    assert one["apns"]["payload"]["aps"]["interruption-level"] == "active"
    assert one["apns"]["headers"]["apns-collapse-id"] == collapse_key(message.thread)


def coast(vertices: int) -> tuple[tuple[float, float], ...]:
    """A jagged ring of so many corners around (-72, 18)."""
    turns = [2 * math.pi * n / vertices for n in range(vertices)]
    ring = [
        (-72 + (1 + 0.2 * (n % 2)) * math.cos(turn), 18 + (1 + 0.2 * (n % 2)) * math.sin(turn))
        for n, turn in enumerate(turns)
    ]
    return (*ring, ring[0])


@pytest.mark.parametrize("vertices", [60, 500, 3000])
def test_a_coarser_shape_still_holds_the_whole_area(message, vertices):
    ring = coast(vertices)
    one = msgspec.structs.replace(message, area=(Area(area_desc="Coast", polygon=(ring,)),))
    found = sent(one)
    area = json.loads(found["data"]["area"])
    assert found["data"]["instruction"] == message.info[0].instruction
    kept = shapely.from_geojson(json.dumps(area["shape"]))
    assert kept.buffer(1e-5).contains(shapely.Polygon(ring))  # five decimals: a metre


def test_what_gives_way_goes_in_order(message):
    """The shape first, then the description, then the instruction, at last the shape for a box."""
    rings = tuple(
        tuple((x + i, y) for x, y in ((-80, 15), (-79.7, 15), (-79.7, 15.3), (-80, 15)))
        for i in range(20)
    )
    area = (Area(area_desc="Many", polygon=rings),)
    texts = [("d " * 300, "i " * 100), ("d " * 1300, "i " * 100), ("d " * 4000, "i " * 1500)]
    found = []
    for description, instruction in texts:
        one = changed(message, description=description, instruction=instruction)
        data = sent(msgspec.structs.replace(one, area=area))["data"]
        found.append((
            "shape" in json.loads(data["area"]),
            data["description"] == description,
            data["instruction"] == instruction,
        ))  # fmt: skip
    assert found == [(True, True, True), (True, False, True), (True, False, False)]
    triangle = ((-80, 15), (-79.95, 15), (-79.9, 15.2), (-80, 15))
    many = tuple(tuple((x + i, y + j) for x, y in triangle) for i in range(24) for j in range(10))
    data = sent(msgspec.structs.replace(message, area=(Area(area_desc="M", polygon=many),)))["data"]
    assert list(json.loads(data["area"])) == ["bbox"]
    assert data["description"] == message.info[0].description


def test_too_many_places_become_their_states(message):
    codes = tuple(Value("ISO 3166-2", f"JM-{n:03}-{'x' * 20}") for n in range(200))
    one = msgspec.structs.replace(message, area=(Area(area_desc="All", geocode=codes),))
    assert json.loads(sent(one)["data"]["area"]) == {"geocode": ["JM"]}


def test_a_message_that_cannot_fit_says_so(message):
    with pytest.raises(TooLarge):
        sent(changed(message, headline="x" * 5000))


def test_cutting_keeps_words_whole():
    assert cut("Monte sou yon kote ki wo", 100) == "Monte sou yon kote ki wo"
    assert cut("Monte sou yon kote", 15) == "Monte sou…"
    assert cut("Debòde 👩🏽‍🚒👩🏽‍🚒", 12) == "Debòde…"
    assert cut("Anticonstitutionnellement", 10) == ""


words = st.text(
    st.one_of(
        st.sampled_from('abcdeèòéàç ñ   \n"\\/👩🏽‍🚒🌀🇭🇹…'),
        st.characters(exclude_categories=("Cs", "Cc")),
    ),
    max_size=60,
)
headlines = words.map(lambda text: text[:160])
long_texts = st.builds(lambda text, n: (text * n)[:8000], words, st.integers(0, 200))
longitudes, latitudes = st.floats(-90, -55), st.floats(5, 28)
rings = st.lists(st.tuples(longitudes, latitudes), min_size=3, max_size=80).map(
    lambda ring: (*ring, ring[0])
)
areas = st.builds(
    Area,
    area_desc=words,
    polygon=st.lists(rings, max_size=6).map(tuple),
    circle=st.lists(
        st.builds(Circle, longitudes, latitudes, st.floats(0, 500_000)), max_size=30
    ).map(tuple),
    geocode=st.lists(
        st.builds(
            Value,
            st.sampled_from(["ISO 3166-2", "UGC"]),
            st.from_regex(r"(JM|HT|TT)-[A-Z0-9]{2,3}", fullmatch=True),
        ),
        max_size=30,
    ).map(tuple),
)
infos = st.builds(
    Info,
    language=st.sampled_from(["en", "ht", "fr-HT", "nl", "pap"]),
    category=st.just(("Met",)),
    event=words,
    urgency=st.just("Immediate"),
    severity=st.sampled_from(["Extreme", "Minor"]),
    certainty=st.just("Observed"),
    expires=st.just(MOMENT + timedelta(hours=1)),
    headline=headlines,
    description=st.none() | long_texts,
    instruction=st.none() | long_texts,
)
messages = st.builds(
    Message,
    identifier=st.text("0123456789abcdef-", min_size=1, max_size=80),
    thread=st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable()),
    kind=st.just("disaster"),
    sequence=st.integers(1, 2**63),
    sender=st.just("met@example.org"),
    sent=st.just(MOMENT),
    status=st.sampled_from(["Actual", "Exercise", "Test"]),
    msg_type=st.sampled_from(["Alert", "Update", "Cancel"]),
    info=st.lists(infos, min_size=1, max_size=2).map(tuple),
    area=st.lists(areas, min_size=1, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages, st.sampled_from(PLATFORMS))
def test_any_message_fits_with_its_headline_whole(message, platform):
    one = sent(message, platform, languages=("ht",))
    assert violations(one) == []
    assert payload_size(one) <= 4000
    data, info = one["data"], message.info_for(("ht",))
    assert (data["headline"], data["identifier"]) == (info.headline, message.identifier)
    for name in ("description", "instruction"):
        whole, kept = getattr(info, name) or "", data[name]
        assert kept in ("", whole) or whole[len(kept[:-1])].isspace()
        assert kept in ("", whole) or whole.startswith(kept[:-1])
    json.loads(data["area"])


@given(words, st.integers(0, 80))
def test_a_cut_text_is_never_heavier_than_its_room(text, room):
    assert weight(cut(text, room)) <= room


def test_the_smallest_picture_goes_along(message):
    base = "https://casa.example.org/media/a"
    pictures = tuple(
        Resource(resource_desc="Photograph", mime_type=kind, size=size, uri=f"{base}-{size}")
        for kind, size in (("image/jpeg", 90_000), ("image/webp", 4_000), ("text/html", 10))
    )
    one = changed(message, resource=pictures)
    for platform in ("android", "ios", "web"):
        assert sent(one, platform)["data"]["thumbnail"] == f"{base}-4000"
    assert frame(one, ["en"], True)["thumbnail"] == f"{base}-4000"
    assert "thumbnail" not in sent(message, "android")["data"]
    assert frame(message, ["en"], True)["thumbnail"] is None
