"""CAP 1.2 as it leaves: valid by OASIS's schema, each field as section 3 wants it, and back."""

from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from casa.alerts.message import Circle, Reference, Value
from casa.exchange.cap import CapError, from_xml, to_xml
from casa.geography.shapes import WORLD
from tests.exchange.messages import (
    CATEGORIES,
    CERTAINTIES,
    MESSAGES,
    MSG_TYPES,
    RESPONSE_TYPES,
    RING,
    SENT,
    SEVERITIES,
    STATUSES,
    URGENCIES,
    a_message,
    an_area,
    an_info,
)

CAP = {"c": "urn:oasis:names:tc:emergency:cap:1.2"}
SCHEMA = etree.XMLSchema(etree.fromstring(files("casa.exchange").joinpath("data/CAP-v1.2.xsd").read_bytes()))  # noqa: E501  # fmt: skip


def written(message):
    """The tree of a message, once OASIS's schema has accepted it."""
    root = etree.fromstring(to_xml(message))
    SCHEMA.assertValid(root)
    return root


def told(root, path):
    """The texts at a path such as ``info/area/polygon``."""
    return [
        one.text for one in root.findall("/".join(f"c:{step}" for step in path.split("/")), CAP)
    ]


def refusal(message):
    with pytest.raises(CapError) as refused:
        to_xml(message)
    return refused.value.errors


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MESSAGES)
def test_any_message_is_valid_and_comes_back_as_it_was(message):
    document = to_xml(message)
    SCHEMA.assertValid(etree.fromstring(document))
    assert from_xml(document, bounds=WORLD) == message


def test_the_full_message_comes_back_as_it_was():
    assert from_xml(to_xml(a_message())) == a_message()


def test_the_document_is_utf_8_in_cap_s_namespace():
    document = to_xml(a_message())
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<alert xmlns=")
    assert etree.fromstring(document).nsmap == {None: CAP["c"]}
    assert "Crue soudaine à Kingston".encode() in document


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("identifier", ["9d1f6b9c-2"]),
        ("sender", ["met@jm.example"]),
        ("sent", ["2026-08-01T19:00:07-00:00"]),
        ("status", ["Actual"]),
        ("msgType", ["Update"]),
        ("source", ["Duty forecaster"]),
        ("scope", ["Public"]),
        ("code", ["IPAWSv1.0", "two words"]),
        ("note", ["Second message"]),
        (
            "references",
            [
                "met@jm.example,9d1f6b9c-1,2026-08-01T18:00:07-00:00 "
                "odpem@jm.example,77,2026-08-01T17:00:07-00:00"
            ],
        ),
        ("incidents", ['beryl "Hope River 2026"']),
        ("info/language", ["en-JM"]),
        ("info/category", ["Met", "Safety"]),
        ("info/event", ["Flash flood"]),
        ("info/responseType", ["Evacuate", "Avoid"]),
        ("info/urgency", ["Immediate"]),
        ("info/severity", ["Extreme"]),
        ("info/certainty", ["Observed"]),
        ("info/eventCode/valueName", ["SAME"]),
        ("info/eventCode/value", ["FFW"]),
        ("info/effective", ["2026-08-01T19:00:07-00:00"]),
        ("info/onset", ["2026-08-01T19:05:07-00:00"]),
        ("info/expires", ["2026-08-02T01:00:07-00:00"]),
        ("info/senderName", ["Meteorological Service"]),
        ("info/headline", ["Flash flood in Kingston"]),
        ("info/description", ["The Hope River & its gullies\nrise <fast>."]),
        ("info/instruction", ["Go to high ground."]),
        ("info/web", ["https://alerts.example/a?b=1&c=2"]),
        ("info/contact", ["+1 876 555 0100"]),
        ("info/parameter/valueName", ["river", "casa:kind", "casa:thread", "casa:sequence"]),
        ("info/parameter/value", ["Hope", "disaster", "9d1f6b9c-1", "42"]),
        ("info/resource/resourceDesc", ["Map"]),
        ("info/resource/mimeType", ["image/png"]),
        ("info/resource/size", ["4096"]),
        ("info/resource/uri", ["https://alerts.example/map.png"]),
        ("info/resource/digest", ["da39a3ee5e6b4b0d3255bfef95601890afd80709"]),
        ("info/area/areaDesc", ["Kingston and St. Andrew"]),
        (
            "info/area/polygon",
            ["17.9,-76.9 17.9,-76.7 18.1,-76.7 18.1,-76.9 17.9,-76.9"],
        ),
        ("info/area/circle", ["17.97,-76.79 4.5"]),
        ("info/area/geocode/valueName", ["ISO 3166-2"]),
        ("info/area/geocode/value", ["JM-01"]),
        ("info/area/altitude", ["0"]),
        ("info/area/ceiling", ["1000"]),
    ],
)
def test_each_field_is_written_as_cap_wants(path, texts):
    assert told(written(a_message(info=(an_info(),))), path) == texts


def test_what_is_not_said_has_no_element():
    bare = a_message(
        sequence=None, source=None, note="", code=(), references=(), incidents=(), area=(),
        info=(
            an_info(
                response_type=(), event_code=(), effective=None, onset=None, sender_name=None,
                description=None, instruction=" ", web=None, contact="", parameter=(), resource=(),
            ),
        ),
    )  # fmt: skip
    root = written(bare)
    assert [etree.QName(one).localname for one in root] == [
        "identifier", "sender", "sent", "status", "msgType", "scope", "info",
    ]  # fmt: skip
    assert [etree.QName(one).localname for one in root[-1]] == [
        "language", "category", "category", "event", "urgency", "severity", "certainty", "expires",
        "headline", "parameter", "parameter",
    ]  # fmt: skip


def test_the_area_is_in_every_info():
    root = written(a_message())
    areas = [etree.tostring(one) for one in root.findall("c:info/c:area", CAP)]
    assert len(areas) == 2
    assert areas[0] == areas[1]


@pytest.mark.parametrize(("field", "choices"), [("status", STATUSES), ("msg_type", MSG_TYPES)])
def test_every_word_of_the_alert(field, choices):
    for word in choices:
        message = a_message(**{field: word})
        assert from_xml(to_xml(message)) == message
    assert refusal(a_message(**{field: "Bogus"}))[0][0] in ("/alert/status", "/alert/msgType")


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("category", [(word,) for word in CATEGORIES]),
        ("response_type", [(word,) for word in RESPONSE_TYPES]),
        ("urgency", URGENCIES),
        ("severity", SEVERITIES),
        ("certainty", CERTAINTIES),
    ],
)
def test_every_word_of_an_info(field, choices):
    for word in choices:
        message = a_message(info=(an_info(**{field: word}),))
        assert from_xml(to_xml(message)) == message


def test_a_fault_of_the_schema_names_its_place():
    ((where, detail),) = refusal(a_message(info=(an_info(), an_info("fr", severity="Bad"))))
    assert where == "/alert/info[2]/severity"
    assert "'Bad'" in detail
    assert "Extreme" in detail


def test_an_info_without_a_category_is_refused():
    assert refusal(a_message(info=(an_info(category=()),)))


def test_times_are_whole_seconds_of_utc():
    kingston = timezone(timedelta(hours=-5))
    sent = datetime(2026, 8, 1, 23, 59, 59, 999999, tzinfo=kingston)
    root = written(a_message(sent=sent))
    assert told(root, "sent") == ["2026-08-02T04:59:59-00:00"]
    assert from_xml(to_xml(a_message(sent=sent))).sent == datetime(
        2026, 8, 2, 4, 59, 59, tzinfo=UTC
    )


def test_a_time_without_offset_is_refused():
    assert "no offset" in refusal(a_message(sent=datetime(2026, 8, 1)))[0][1]  # noqa: DTZ001


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a<b", "a&b", "a\tb", "a\x00b", "a\xa0b"])
def test_names_hold_no_spaces_commas_or_markup(name):
    assert refusal(a_message(identifier=name))[0][0] == "/alert/identifier"
    assert refusal(a_message(sender=name))[0][0] == "/alert/sender"
    earlier = Reference("met@jm.example", name, SENT)
    assert refusal(a_message(references=(earlier,)))[0][0] == "/alert/references[1]/identifier"


def test_characters_that_xml_forbids_are_dropped_from_texts():
    message = a_message(info=(an_info(headline="Go\x00 \x0bnow\x1b\ufffe\ud800!"),))
    assert told(written(message), "info/headline") == ["Go now!"]


@pytest.mark.parametrize(
    "text",
    [
        "🌀⛈️ 👩🏽‍🚒",
        "تحذير من الفيضانات \u202eRTL\u202c",
        "Alèt! Ale nan yon kote ki wo; pa janbe dlo k ap kouri.",
        "¡Evacúe! « Évacuez » – ‘nu’",
        "]]><script>&amp;</script>",
        "line\r\nbreak\tand tab ",
        "\x85\u2028\x7f",
    ],
)
def test_awkward_texts_come_back_as_they_were(text):
    message = a_message(note=text, info=(an_info(description=text, event=text),))
    assert from_xml(to_xml(message)) == message


def test_numbers_have_no_exponent_and_an_end():
    place = Circle(-1e-7, 12.34567891234, 0.0014)
    message = a_message(area=(an_area(circle=(place,)),))
    assert told(written(message), "info/area/circle")[0] == "12.3456789,-0.0000001 0.000001"
    (area,) = from_xml(to_xml(message), bounds=WORLD).area
    assert area.circle == (Circle(-1e-7, 12.3456789, 0.001),)


@pytest.mark.parametrize(
    ("changes", "where", "detail"),
    [
        ({"polygon": (RING[:-1],)}, "polygon", "closed"),
        ({"polygon": (RING[:2],)}, "polygon", "at least 4"),
        ({"polygon": ((*RING[:3], (float("nan"), 18.0), RING[0]),)}, "polygon", "position"),
        ({"polygon": ((*RING[:3], (-181.0, 18.0), RING[0]),)}, "polygon", "outside"),
        ({"circle": (Circle(-76.0, 91.0, 1.0),)}, "circle", "outside"),
        ({"circle": (Circle(-76.0, 18.0, -1.0),)}, "circle", "below 0"),
        ({"circle": (Circle(-76.0, 18.0, float("inf")),)}, "circle", "circle"),
        ({"circle": (Circle(-76.0, 18.0, 3e7),)}, "circle", "half the way"),
        ({"altitude": None}, "ceiling", "altitude"),
    ],
)
def test_shapes_that_are_none_are_refused(changes, where, detail):
    found = refusal(a_message(area=(an_area(**changes),), info=(an_info(),)))
    assert found[0][0] == f"/alert/info/area/{where}"
    assert detail in found[0][1]


@pytest.mark.parametrize("height", [float("nan"), float("inf"), 1e300, -1e7])
def test_a_height_that_is_no_number_is_refused(height):
    assert refusal(a_message(area=(an_area(altitude=height),)))


def test_an_alert_that_is_not_public_is_refused():
    assert refusal(a_message(scope="Restricted"))[0][0] == "/alert/scope"


def test_an_alert_without_info_is_refused():
    assert refusal(a_message(info=())) == [("/alert", "needs an info")]


def test_parameters_can_not_pose_as_casa_s_own():
    message = a_message(info=(an_info(parameter=(Value("casa:kind", "accident"),)),))
    assert refusal(message)[0][0] == "/alert/info[1]/parameter"


@pytest.mark.parametrize("name", ['say "go"', ""])
def test_an_incident_that_quotes_can_not_hold_is_refused(name):
    assert "double quote" in refusal(a_message(incidents=(name,)))[0][1]


def test_all_faults_are_told_at_once():
    faults = refusal(
        a_message(area=(an_area(polygon=(RING[:-1],)), an_area(circle=(Circle(0, 91, 1),))))
    )
    assert [where for where, _ in faults] == [
        "/alert/info[1]/area[1]/polygon", "/alert/info[1]/area[2]/circle",
        "/alert/info[2]/area[1]/polygon", "/alert/info[2]/area[2]/circle",
    ]  # fmt: skip


def test_a_draft_has_no_sequence():
    draft = a_message(sequence=None)
    assert "casa:sequence" not in told(written(draft), "info/parameter/valueName")
    assert from_xml(to_xml(draft)) == draft


def test_the_message_itself_is_not_changed():
    message = a_message()
    before = msgspec.json.encode(message)
    to_xml(message)
    assert msgspec.json.encode(message) == before
